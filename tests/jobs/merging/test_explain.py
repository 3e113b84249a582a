"""Looking at single frames of a project."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.jobs.conftest import write_wall
from tests.merging.test_merge import Beginner
from understudy.errors import ClipMissing, OptionInvalid
from understudy.events import Made, Notice, StageFinished
from understudy.jobs.merging.explain import explain, previews_of
from understudy.merging.options import MergeOptions
from understudy.project.project import Project


def test_a_frame_is_explained_in_a_folder_of_its_own_and_nothing_is_merged(ready: Project) -> None:
    events = list(explain(ready, "main", clips=["dst"], frame=1, said={"mask": "dst-hull"}, device="cpu"))
    (made,) = (event for event in events if isinstance(event, Made))
    assert made.path == ready.explained_folder / "dst" / "000001"
    numbers = json.loads((made.path / "numbers.json").read_text())
    assert numbers["settings"]["mask"] == "dst-hull" and len(numbers["faces"]) == 1
    assert isinstance(events[-1], StageFinished)
    assert not (ready.folder / "merged").exists()


def test_an_explanation_says_where_the_hull_stands_in_for_a_mask_that_is_not_learnt(
    ready: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`measure` sends people here to see why the face hardly changed."""
    monkeypatch.setattr("understudy.training.predictor.load_predictor", lambda *_, **__: Beginner())

    def told(mask: str) -> list[str]:
        events = explain(ready, "main", clips=["dst"], frame=1, said={"mask": mask}, device="cpu")
        return [event.text for event in events if isinstance(event, Notice)]

    assert "stands in for the model's mask" in told("learned-prd")[0]
    assert told("dst-hull") == []


def test_a_frame_outside_the_clip_and_a_clip_of_src_are_refused(ready: Project) -> None:
    with pytest.raises(OptionInvalid, match="99"):
        list(explain(ready, "main", clips=["dst"], frame=99, said={}, device="cpu"))
    with pytest.raises(ClipMissing, match="no dst clip called 'src'; it has dst"):
        list(explain(ready, "main", clips=["src"], frame=1, said={}, device="cpu"))


def test_previews_show_the_project_s_clip_under_any_settings(ready: Project) -> None:
    with previews_of(ready, "main", "dst", said={}, device="cpu") as previews:
        shown = previews.preview_frame(1, MergeOptions(mask="dst-hull"))
        assert (shown.picture != shown.plate).any()
        assert (
            previews.preview_frame(0, MergeOptions()).picture == previews.preview_frame(0, MergeOptions()).plate
        ).all()


def test_previews_show_the_plate_that_is_said_in_place_of_dst(ready: Project) -> None:
    with ready.faceset("dst") as dst:
        record = dst.faces()[0].record
    with ready.faceset("src") as src:
        src.add(np.zeros((16, 16, 3), np.uint8), record.model_copy(update={"clip": "src"}))
    write_wall(ready.clip_path("src"), grey=20)  # dst's is lighter
    with previews_of(ready, "main", "dst", said={"plate": "src"}, device="cpu") as previews:
        shown = previews.preview_frame(1, MergeOptions(mask="dst-hull"))
    assert shown.plate.max() < 30 and (shown.picture != shown.plate).any()
