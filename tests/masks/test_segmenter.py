"""One suite over every segmenter: what each must do with a face, covered and bare, and with nonsense."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest

from understudy import geometry
from understudy.actors.identity import DEMO_DST, DEMO_SRC
from understudy.actors.performance import dst_track
from understudy.actors.render import render
from understudy.faces.align import crop
from understudy.masks.hull import hull_mask
from understudy.masks.segmenter import SEGMENTERS, Segmenter

SIZE = 128


@cache
def faces() -> tuple[np.ndarray, np.ndarray]:
    """Crops and landmarks of two rendered people."""
    shown = [render(who, dst_track(60, 7)[30], size_px=160) for who in (DEMO_DST, DEMO_SRC)]
    matrices = [geometry.crop_from_frame(r.landmarks_68, face_type="full", size_px=SIZE) for r in shown]
    crops = np.stack([crop(r.rgb, m, SIZE) for r, m in zip(shown, matrices, strict=True)])
    points = [geometry.transform_points(m, r.landmarks_68) for r, m in zip(shown, matrices, strict=True)]
    return crops, np.stack(points)


@pytest.fixture(params=SEGMENTERS)
def segmenter(request: pytest.FixtureRequest) -> Segmenter:
    return SEGMENTERS[request.param]("cpu")


def inside(points: np.ndarray) -> np.ndarray:
    return hull_mask(points, SIZE, SIZE) > 0.99


def test_a_bare_face_is_skin_with_its_eyes_and_mouth_and_the_room_is_not(segmenter: Segmenter) -> None:
    crops, points = faces()
    masks = segmenter.segment(crops, points)
    assert masks.shape == (2, SIZE, SIZE) and masks.dtype == np.float32
    assert masks.min() >= 0 and masks.max() <= 1
    for mask, landmarks in zip(masks, points, strict=True):
        assert mask[inside(landmarks)].mean() > 0.95
        for x, y in (landmarks[36:42].mean(0), landmarks[42:48].mean(0), landmarks[60:68].mean(0)):
            assert mask[int(y), int(x)] > 0.9
        assert mask[:6, :12].max() < 0.05 and mask[-4:, :20].max() < 0.05


@pytest.mark.parametrize("color", [(30, 30, 36), (40, 90, 200)])
def test_what_covers_a_face_is_left_out(segmenter: Segmenter, color: tuple[int, int, int]) -> None:
    crops, points = faces()
    covered = crops.copy()
    cover = np.zeros((SIZE, SIZE), np.uint8)
    cv2.circle(cover, (int(points[0, 48, 0]) - 14, int(points[0, 48, 1])), 16, 1, -1)
    covered[0][cover > 0] = color
    mask = segmenter.segment(covered, points)[0]
    core = cv2.erode(cover, np.ones((7, 7), np.uint8)) > 0
    assert mask[core].mean() < 0.2
    away = inside(points[0]) & (cv2.dilate(cover, np.ones((9, 9), np.uint8)) == 0)
    assert mask[away].mean() > 0.93


def test_a_face_looks_the_same_alone_and_in_a_batch(segmenter: Segmenter) -> None:
    crops, points = faces()
    together = segmenter.segment(crops, points)
    np.testing.assert_allclose(segmenter.segment(crops[1:], points[1:])[0], together[1], atol=1e-5)


def test_of_no_faces_there_are_no_masks(segmenter: Segmenter) -> None:
    crops, points = faces()
    masks = segmenter.segment(crops[:0], points[:0])
    assert masks.shape == (0, SIZE, SIZE) and masks.dtype == np.float32


def test_it_follows_the_light_of_the_face(segmenter: Segmenter) -> None:
    """Half as bright and warmer: the same person under another lamp."""
    crops, points = faces()
    lit = np.clip(crops * np.array([0.55, 0.45, 0.35]), 0, 255).astype(np.uint8)
    for mask, landmarks in zip(segmenter.segment(lit, points), points, strict=True):
        assert mask[inside(landmarks)].mean() > 0.93


@pytest.mark.parametrize("level", [0, 255])
def test_pictures_without_a_face_give_numbers_too(segmenter: Segmenter, level: int) -> None:
    crops, points = faces()
    masks = segmenter.segment(np.full_like(crops, level), points)
    assert np.isfinite(masks).all()
    noise = np.random.default_rng(0).integers(0, 256, crops.shape).astype(np.uint8)
    assert np.isfinite(segmenter.segment(noise, points - 500)).all()
