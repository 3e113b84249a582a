"""What a merge decides to do, without doing it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.merging.conftest import Painter, landmarks, record
from understudy.facesets.record import Polygon, StoredMask
from understudy.facesets.store import StoredFace
from understudy.media.opening import open_clip
from understudy.merging.journal import Journal
from understudy.merging.options import MergeOptions
from understudy.merging.plan import MergePlan, planned, reason_ranges

CORNERS = [(50.0, 40.0), (60.0, 40.0), (60.0, 50.0)]


def stored(frame: int, x: float = 60.0, *, track: int = 0, clip: str = "dst", **changes: Any) -> StoredFace:
    made = record(frame, landmarks(x), track=track, clip=clip).model_copy(update=changes)
    return StoredFace(f"{clip}-{frame}", Path(f"{frame}.jpg"), made)


@pytest.fixture
def plan_of(movie: Path, tmp_path: Path):
    def made(faces: list[StoredFace], **values) -> MergePlan:
        predictor = values.pop("predictor", Painter())
        clip_name = values.pop("clip_name", None)
        with open_clip(movie) as clip:
            return planned(
                clip,
                faces,
                predictor=predictor,
                options=MergeOptions(**values),
                clip_name=clip_name,
                journal=Journal(tmp_path),
            )

    return made


def test_everything_is_to_do_at_first(plan_of) -> None:
    plan = plan_of([stored(5), stored(1)])
    assert plan.todo == {1, 5} and list(plan.faces) == [1, 5] and plan.done == 0


def test_fingerprints_depend_on_everything_that_changes_pixels(plan_of) -> None:
    faces = [stored(1)]
    marks = [
        plan.fingerprints[1]
        for plan in (
            plan_of(faces),
            plan_of(faces, blur=0.2),
            plan_of(faces, predictor=Painter(sha256="1" * 64)),
            plan_of([stored(1, 61)]),
            plan_of([stored(1, track=2)]),
            plan_of([stored(1, brows_up=0.0)]),
            plan_of([stored(1, polygons=[Polygon(kind="exclude", points=CORNERS)])]),
            plan_of([stored(1, polygons=[Polygon(kind="include", points=CORNERS)])]),
            plan_of([stored(1), stored(2)]),  # a neighbour steadies its colours
        )
    ]
    assert len(set(marks)) == len(marks)


def test_fingerprints_depend_on_nothing_else(plan_of) -> None:
    assert plan_of([stored(1)]).fingerprints == plan_of([stored(1)], batch=32).fingerprints
    far = plan_of([stored(1), stored(7)], steady_frames=2).fingerprints[1]
    assert plan_of([stored(1)], steady_frames=2).fingerprints[1] == far
    plain = {"color": "none", "steady_mask": 0, "steady_face": 0}
    near = plan_of([stored(1), stored(2)], **plain).fingerprints[1]
    assert plan_of([stored(1)], **plain).fingerprints[1] == near


def test_a_stored_mask_counts_where_the_mask_asks_for_it(plan_of) -> None:
    made = StoredMask(size_px=8, mask_from_frame=[[1.0, 0, 0], [0, 1.0, 0]], png_base64="AA")
    kept = [stored(1, masks={"xseg": made})]
    changed = [stored(1, masks={"xseg": made.model_copy(update={"png_base64": "BB"})})]
    assert plan_of(kept, mask="seg-dst").fingerprints != plan_of(changed, mask="seg-dst").fingerprints
    assert plan_of(kept).fingerprints == plan_of(changed).fingerprints


def test_neighbours_count_as_far_as_the_mask_is_steadied(plan_of) -> None:
    alone, near = [stored(1)], [stored(1), stored(4)]
    for frames, same in ((3, False), (2, True)):
        plans = [plan_of(faces, color="none", steady_mask=frames) for faces in (alone, near)]
        assert (plans[0].fingerprints[1] == plans[1].fingerprints[1]) == same


def test_neighbours_are_read_only_as_far_as_they_matter(plan_of, tmp_path: Path) -> None:
    faces = [stored(k) for k in range(8)]
    first = plan_of(faces, steady_frames=2)
    journal = Journal(tmp_path)
    for frame, mark in first.fingerprints.items():
        if frame != 6:
            (tmp_path / f"{frame:06d}.png").write_bytes(b"x")
            journal.remember(frame, mark)
    journal.save()
    plan = plan_of(faces, steady_frames=2)
    assert plan.todo == {6} and plan.needed == {4, 5, 6, 7}


def test_faces_of_other_clips_are_not_taken(plan_of) -> None:
    assert set(plan_of([stored(1), stored(2, clip="other")], clip_name="dst").faces) == {1}


def test_equal_reasons_in_a_row_become_one_range() -> None:
    entries = [{"frame": f, "reason": r} for f, r in ((0, "a"), (1, "a"), (2, "b"), (5, "b"), (6, "b"))]
    assert reason_ranges(entries) == [
        {"first": 0, "last": 1, "reason": "a"},
        {"first": 2, "last": 2, "reason": "b"},
        {"first": 5, "last": 6, "reason": "b"},
    ]
    assert reason_ranges([]) == []
