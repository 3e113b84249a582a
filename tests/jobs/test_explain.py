"""Looking at single frames of a project."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.merging.conftest import Painter, landmarks
from understudy import geometry
from understudy.errors import OptionInvalid
from understudy.events import Made, StageFinished
from understudy.facesets.record import FaceRecord
from understudy.jobs.explain import explain, previews_of
from understudy.media.opening import open_clip
from understudy.merging.options import MergeOptions
from understudy.project.project import Project


@pytest.fixture
def ready(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose dst clip has one face, and a model that needs no training."""
    monkeypatch.setattr("understudy.training.predictor.load_predictor", lambda *_, **__: Painter())
    with open_clip(project.clip_path("dst")) as clip:
        size = clip.info.width, clip.info.height
    points = landmarks(size[0] / 2, size[1] / 2, width_px=size[0] / 5)
    record = FaceRecord(
        clip="dst",
        frame=1,
        time_s=0.0,
        frame_size=size,
        box_xyxy=(*points.min(0), *points.max(0)),
        score=1.0,
        landmarks_68=[(float(x), float(y)) for x, y in points],
        face_type="full",
        size_px=16,
        crop_from_frame=geometry.crop_from_frame(points, face_type="full", size_px=16).tolist(),
        track=0,
        person=1,
    )
    with project.faceset(*project.faceset_of_clip("dst")) as faceset:
        faceset.add(np.zeros((16, 16, 3), np.uint8), record)
    return project


def test_a_frame_is_explained_in_a_folder_of_its_own_and_nothing_is_merged(ready: Project) -> None:
    events = list(explain(ready, "main", clips=["dst"], frame=1, said={"mask": "dst-hull"}, device="cpu"))
    (made,) = (event for event in events if isinstance(event, Made))
    assert made.path == ready.explained_folder / "dst" / "000001"
    numbers = json.loads((made.path / "numbers.json").read_text())
    assert numbers["settings"]["mask"] == "dst-hull" and len(numbers["faces"]) == 1
    assert isinstance(events[-1], StageFinished)
    assert not (ready.folder / "merged").exists()


def test_a_frame_outside_the_clip_and_a_clip_of_src_are_refused(ready: Project) -> None:
    with pytest.raises(OptionInvalid, match="99"):
        list(explain(ready, "main", clips=["dst"], frame=99, said={}, device="cpu"))
    with pytest.raises(OptionInvalid, match="one dst clip"):
        list(explain(ready, "main", clips=["src"], frame=1, said={}, device="cpu"))


def test_previews_show_the_project_s_clip_under_any_settings(ready: Project) -> None:
    with previews_of(ready, "main", "dst", said={}, device="cpu") as previews:
        shown = previews.preview_frame(1, MergeOptions(mask="dst-hull"))
        assert (shown.picture != shown.plate).any()
        assert (
            previews.preview_frame(0, MergeOptions()).picture == previews.preview_frame(0, MergeOptions()).plate
        ).all()
