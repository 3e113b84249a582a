"""The mask that our own face network sees, laid into crops of any size."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.facesets.extraction.stand_in import FACE, Drawn, frame_with
from tests.facesets.extraction.stand_in_reader import BlobReader
from understudy.faces.dense.reading_crop import frame_from_crop_of_points
from understudy.geometry import transform_points
from understudy.masks.dense import DenseSegmenter


@pytest.fixture
def segmenter() -> DenseSegmenter:
    return DenseSegmenter(BlobReader())


def drawn(face: Drawn, size_px: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A crop, its landmarks, and where its face is."""
    crop = frame_with([face], width=size_px, height=size_px)
    truth = np.ptp(crop.astype(int), axis=2) > 25
    truth[:2] = False  # where the drawn clips say who is there
    return crop, FACE * face.side + [face.x, face.y], truth


@pytest.mark.parametrize(("size_px", "side"), [(64, 30), (128, 60), (256, 130)])
def test_the_mask_lies_where_the_face_is_at_every_size(segmenter, size_px, side):
    crop, points, truth = drawn(Drawn(size_px // 2 + 3, size_px // 2 - 2, side), size_px)
    (mask,) = segmenter.segment(crop[None], points[None])
    assert mask.dtype == np.float32 and mask.shape == truth.shape
    assert mask.min() >= 0 and mask.max() <= 1
    both, either = (mask > 0.5) & truth, (mask > 0.5) | truth
    assert both.sum() / either.sum() > 0.94
    x, y = np.argwhere(mask > 0.5).mean(0)[::-1] - np.argwhere(truth).mean(0)[::-1]
    assert np.hypot(x, y) < 0.02 * side, "not half a pixel off"


def test_a_turned_face_is_shown_upright_and_its_mask_is_turned_back(segmenter):
    crop, points, truth = drawn(Drawn(64, 64, 60), 128)
    turn = cv2.getRotationMatrix2D((63.5, 63.5), -50, 1.0)
    turned = cv2.warpAffine(crop, turn, (128, 128), borderValue=(110, 110, 110))
    angle = np.radians(50)
    linear = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    (mask,) = segmenter.segment(turned[None], ((points - 64) @ linear.T + 64)[None])
    there = cv2.warpAffine(truth.astype(np.float32), turn, (128, 128)) > 0.5
    assert ((mask > 0.5) & there).sum() / ((mask > 0.5) | there).sum() > 0.93


def test_a_mask_that_fills_its_square_ends_with_it():
    class Everywhere(BlobReader):
        def read(self, crops):
            reading = super().read(crops)
            reading.masks[:] = 1
            return reading

    crop, points, _ = drawn(Drawn(128, 128, 40), 256)
    (mask,) = DenseSegmenter(Everywhere()).segment(crop[None], points[None])
    assert mask[128, 128] > 0.99
    assert mask[:, [0, -1]].max() == 0 == mask[[0, -1]].max()


def test_a_brow_that_the_network_takes_for_hair_is_filled_and_a_hole_in_the_cheek_is_not():
    class Holes(BlobReader):
        def read(self, crops):
            reading = super().read(crops)
            for mask, points in zip(reading.masks, reading.points_px, strict=True):
                # Of both sides, for it is also shown the face in a mirror.
                for of_points in ([19], [24], [3, 31], [13, 35]):
                    x, y = points[of_points].mean(0).astype(int)
                    mask[y - 3 : y + 3, x - 5 : x + 5] = 0.1
            return reading

    crop, points, _ = drawn(Drawn(64, 64, 80), 128)
    (mask,) = DenseSegmenter(Holes()).segment(crop[None], points[None])
    (x, y), (cheek_x, cheek_y) = points[19].astype(int), points[[3, 31]].mean(0).astype(int)
    assert mask[y + 1, x] > 0.9
    assert mask[cheek_y, cheek_x] < 0.5


def test_the_mask_is_the_mean_of_a_look_and_of_a_nearer_one_in_a_mirror():
    class LeftHalf(BlobReader):
        def read(self, crops):
            shown.append(crops)
            reading = super().read(crops)
            reading.masks[:] = 0
            reading.masks[:, :, :64] = 1
            return reading

    shown: list[np.ndarray] = []
    crop, points, _ = drawn(Drawn(64, 64, 60), 128)
    (mask,) = DenseSegmenter(LeftHalf()).segment(crop[None], points[None])
    (looks,) = shown
    first, second = looks[0].astype(float), looks[1, :, ::-1].astype(float)
    nearer = cv2.resize(first[6:-6, 6:-6], (128, 128), interpolation=cv2.INTER_LINEAR)
    assert np.abs(nearer - second).mean() < 4 < np.abs(first - second).mean()
    places = np.array([[[50.0, 60], [78, 60], [4, 60], [124, 60]]])
    in_crop = transform_points(frame_from_crop_of_points(points[None]), places)[0].round().astype(int)
    left, right, far_left, far_right = mask[in_crop[:, 1], in_crop[:, 0]]
    assert left == pytest.approx(0.5, abs=0.02) and right == pytest.approx(0.5, abs=0.02)
    assert far_left > 0.98 and far_right < 0.02, "where the nearer look does not reach, the first alone counts"


def test_no_faces_have_no_masks(segmenter):
    assert segmenter.segment(np.empty((0, 64, 64, 3), np.uint8), np.empty((0, 68, 2))).shape == (0, 64, 64)


@pytest.mark.parametrize("broken", [20.0, np.nan])
def test_landmarks_on_one_spot_have_an_empty_mask_and_other_faces_theirs(segmenter, broken):
    crop, points, _ = drawn(Drawn(64, 64, 60), 128)
    masks = segmenter.segment(np.stack([crop, crop]), np.stack([np.full((68, 2), broken), points]))
    assert masks[0].max() == 0
    np.testing.assert_array_equal(masks[1], segmenter.segment(crop[None], points[None])[0])
