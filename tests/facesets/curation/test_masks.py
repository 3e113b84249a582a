"""Masks and drawn regions go into faces and out again, each as a step; what was drawn by hand always wins."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from understudy.errors import MasksFull
from understudy.events import StageFinished
from understudy.facesets.curation.history import History
from understudy.facesets.curation.masks import apply_masks, draw, remove_masks, remove_polygons
from understudy.facesets.face_mask import face_mask, mask_that_counts
from understudy.facesets.record import Polygon
from understudy.facesets.store import Faceset
from understudy.geometry import inverse, transform_points


class LeftHalf:
    """Sees the face in the left half of every crop, and notes how many it was shown."""

    def __init__(self) -> None:
        self.looked: list[int] = []

    def segment(self, crops_NHWC: np.ndarray, landmarks_N682: np.ndarray) -> np.ndarray:
        assert landmarks_N682.shape == (len(crops_NHWC), 68, 2)
        self.looked.append(len(crops_NHWC))
        masks = np.zeros(crops_NHWC.shape[:3], np.float32)
        masks[:, :, : masks.shape[2] // 2] = 1
        return masks


def applied(faceset: Faceset, trash: Path, *, name: str = "mine", made_by: str = "1") -> tuple[LeftHalf, int]:
    segmenter = LeftHalf()
    faces = faceset.faces()
    *_, last = apply_masks(faceset, faces, segmenter, name=name, made_by=made_by, trash=trash)
    assert isinstance(last, StageFinished)
    return segmenter, last.summary["faces"]


def region(faceset: Faceset, kind: str, low: float, high: float) -> Polygon:
    """A square of the first face's crop."""
    corners = [(low, low), (high, low), (high, high), (low, high)]
    points = transform_points(inverse(faceset.faces()[0].record.crop_matrix()), corners)
    return Polygon.model_validate({"kind": kind, "points": points.tolist()})


def seen(faceset: Faceset, number: int = 0) -> np.ndarray:
    record = faceset.faces()[number].record
    return face_mask(record, record.crop_matrix(), record.size_px)


def test_an_applied_mask_is_the_faces_mask_and_lies_where_the_segmenter_saw_it(
    faceset: Faceset, trash: Path
) -> None:
    assert applied(faceset, trash)[1] == 8
    for number in range(8):
        mask = seen(faceset, number)
        assert mask[:, :15].min() > 0.99 and mask[:, 17:].max() < 0.01


def test_the_mask_that_was_applied_last_counts_and_the_others_stay(faceset: Faceset, trash: Path) -> None:
    applied(faceset, trash, name="xseg")
    applied(faceset, trash, name="mine")
    record = faceset.faces()[0].record
    assert mask_that_counts(record) == "mine" and set(record.masks) == {"xseg", "mine"}
    again, count = applied(faceset, trash, name="xseg")
    assert again.looked == [] and count == 8  # only which mask counts has changed
    assert mask_that_counts(faceset.faces()[0].record) == "xseg"


def test_faces_are_not_looked_at_again_by_the_same_state_of_a_segmenter(faceset: Faceset, trash: Path) -> None:
    assert sum(applied(faceset, trash)[0].looked) == 8
    again, count = applied(faceset, trash)
    assert again.looked == [] and count == 0
    learned, count = applied(faceset, trash, made_by="2")
    assert sum(learned.looked) == 8 and count == 8


def test_regions_drawn_by_hand_win_over_an_applied_mask(faceset: Faceset, trash: Path) -> None:
    face = faceset.faces()[0].name
    drawn = {face: [region(faceset, "exclude", 4, 12), region(faceset, "include", 2, 30)]}
    list(draw(faceset, drawn, trash=trash))
    applied(faceset, trash)
    mask = seen(faceset)
    assert mask[20, 25] == 1 and mask[8, 8] == 0 and mask[20, 31] == 0
    assert [polygon.kind for polygon in faceset.faces()[0].record.polygons] == ["include", "exclude"]


def test_new_regions_take_the_place_of_old_ones_unless_these_are_kept(faceset: Faceset, trash: Path) -> None:
    face, one, two = faceset.faces()[0].name, region(faceset, "include", 2, 9), region(faceset, "include", 3, 9)
    list(draw(faceset, {face: [one]}, trash=trash))
    list(draw(faceset, {face: [two]}, trash=trash))
    assert faceset.faces()[0].record.polygons == [two]
    for _ in range(2):
        list(draw(faceset, {face: [one]}, trash=trash, keep_others=True))
    assert faceset.faces()[0].record.polygons == [two, one]


def test_masks_and_regions_come_out_and_undo_brings_them_back(faceset: Faceset, trash: Path) -> None:
    list(draw(faceset, {faceset.faces()[0].name: [region(faceset, "include", 2, 9)]}, trash=trash))
    applied(faceset, trash)
    whole = [face.record for face in faceset.faces()]
    list(remove_masks(faceset, faceset.faces(), name="mine", trash=trash))
    assert not any(face.record.masks or face.record.mask_used for face in faceset.faces())
    assert faceset.faces()[0].record.polygons
    list(remove_polygons(faceset, faceset.faces(), trash=trash))
    assert not faceset.faces()[0].record.polygons
    history = History(faceset.folder, trash)
    history.undo()
    history.undo()
    faceset.refresh()
    assert [face.record for face in faceset.faces()] == whole


def test_taking_out_one_mask_leaves_the_others(faceset: Faceset, trash: Path) -> None:
    applied(faceset, trash, name="a")
    applied(faceset, trash, name="b")
    list(remove_masks(faceset, faceset.faces(), name="b", trash=trash))
    assert mask_that_counts(faceset.faces()[0].record) == "a"
    applied(faceset, trash, name="b")
    list(remove_masks(faceset, faceset.faces(), name="", trash=trash))
    assert not faceset.faces()[0].record.masks


class Noise:
    """A mask that no picture file makes small."""

    def segment(self, crops_NHWC: np.ndarray, landmarks_N682: np.ndarray) -> np.ndarray:
        return np.random.default_rng(0).random((len(crops_NHWC), 256, 256)).astype(np.float32)


def test_a_mask_becomes_as_coarse_as_the_file_needs_and_then_is_refused(faceset: Faceset, trash: Path) -> None:
    one = faceset.faces()[:1]
    list(apply_masks(faceset, one, Noise(), name="n0", made_by="1", trash=trash))
    assert faceset.faces()[0].record.masks["n0"].size_px == 128
    with pytest.raises(MasksFull, match="more than its file has room for"):
        for number in range(1, 20):
            some = faceset.faces()[:1]
            list(apply_masks(faceset, some, Noise(), name=f"n{number}", made_by="1", trash=trash))
    assert {mask.size_px for mask in faceset.faces()[0].record.masks.values()} == {128, 64}


def test_a_drawing_that_no_file_has_room_for_is_refused_and_those_before_it_stay(
    faceset: Faceset, trash: Path
) -> None:
    first, second, *_ = faceset.faces()
    corners = np.random.default_rng(0).uniform(0, 900, (9000, 2)).tolist()
    huge = Polygon.model_validate({"kind": "include", "points": corners})
    small = region(faceset, "include", 2, 9)
    with pytest.raises(MasksFull, match="fewer corners") as refused:
        list(draw(faceset, {first.name: [small], second.name: [huge]}, trash=trash))
    assert refused.value.path == second.path
    assert [len(face.record.polygons) for face in faceset.faces()[:2]] == [1, 0]
