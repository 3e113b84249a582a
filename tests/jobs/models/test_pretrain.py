"""A trunk is made of rendered people with their exact masks, and goes on where it stopped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from understudy.errors import FacesetUnusable
from understudy.events import Event, Progress, StageFinished, StageStarted
from understudy.facesets.face_mask import face_mask
from understudy.facesets.store import Faceset
from understudy.jobs.models.pretrain import ACTORS_FOLDER, PretrainRequest, pretrain
from understudy.masks.hull import hull_mask
from understudy.training.keeping.starting import source_in

TINY = {"size_px": 32, "width": 8, "code": 16}


def request(folder: Path, *, people: int = 2, iterations: int = 4) -> PretrainRequest:
    return PretrainRequest(
        folder=folder,
        people=people,
        pictures=2,
        network=TINY,
        processes=1,
        train={"iterations": iterations, "batch_size": 2, "preview_every": 0},
    )


def rendered_pictures(events: list[Event]) -> int:
    starts = [event for event in events if isinstance(event, StageStarted) and event.stage == "render"]
    ends = [event for event in events if isinstance(event, Progress) and event.stage == "render"]
    return len(ends) if starts else 0


def test_a_trunk_of_rendered_people_can_be_started_from_and_renders_nobody_twice(tmp_path: Path) -> None:
    folder = tmp_path / "trunk"
    events = list(pretrain(request(folder)))
    assert rendered_pictures(events) == 2
    assert source_in(folder).iteration == 4
    with Faceset(folder / ACTORS_FOLDER) as faceset:
        faces = faceset.faces()
        assert len(faces) == 4 and len({face.record.person_name for face in faces}) == 2
        record = faces[0].record
        exact = face_mask(record, record.crop_matrix(), 64 * 2)
        points = record.landmarks() @ record.crop_matrix()[:, :2].T + record.crop_matrix()[:, 2]
        hull = hull_mask(points, 128, 128)
        overlap = np.minimum(exact, hull).sum() / hull.sum()
        assert overlap > 0.8 and not np.allclose(exact, hull)
    (part,) = source_in(folder).learnt.footage
    assert (part.clip, part.faces, part.fictional) == (ACTORS_FOLDER, 4, True)
    again = list(pretrain(request(folder)))
    assert rendered_pictures(again) == 0
    assert isinstance(again[-1], StageFinished) and source_in(folder).iteration == 8


def test_without_anybody_to_learn_from_it_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(FacesetUnusable, match="--actors"):
        list(pretrain(request(tmp_path, people=0)))
