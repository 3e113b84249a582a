"""A true swap is laid where dst's face is, and the rest of the way where the swap's is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy.mean_face import MEAN_FACE_68_IN_SPACE
from understudy.measure.pictures import psnr
from understudy.measure.placed import laid_on, moved_to_fit, without_rim

_SIDE = 128
_FLAT = MEAN_FACE_68_IN_SPACE[:, :2]
_POINTS = (_FLAT - _FLAT.mean(0)) / np.ptp(_FLAT[:, 0]) * 56 + [64, 64]
_OFF = np.array([4.0, 2.0])


def _face(points: np.ndarray, *, blur_px: float = 0.8) -> np.ndarray:
    picture = np.full((_SIDE * 4, _SIDE * 4, 3), 60, np.uint8)
    for part, colour in ((range(17), 190), (range(36, 42), 30), (range(42, 48), 30), (range(48, 60), 110)):
        hull = cv2.convexHull((points[list(part)] * 4).astype(np.int32))
        cv2.fillConvexPoly(picture, hull, (colour, colour - 20, colour - 30))
    small = cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return cv2.GaussianBlur(small, (0, 0), blur_px)


def _mask() -> np.ndarray:
    mask = np.zeros((_SIDE, _SIDE), np.float32)
    mask[30:98, 34:94] = 1
    return mask


@pytest.mark.parametrize("away", [(4.0, 0.0), (-2.5, 3.5)])
def test_a_true_face_that_lies_elsewhere_is_laid_on_dsts(away: tuple[float, float]) -> None:
    turn = cv2.getRotationMatrix2D((_SIDE / 2, _SIDE / 2), 6, 1.08)
    elsewhere = _POINTS @ turn[:, :2].T + turn[:, 2] + away
    there, wanted = _face(elsewhere), _face(_POINTS)
    assert psnr(there, wanted, _mask()) < 20
    assert psnr(laid_on(there, elsewhere, _POINTS), wanted, _mask()) > 28


def test_a_sharp_face_that_lies_elsewhere_is_better_than_a_blurred_one_once_it_is_moved() -> None:
    truth, mask = _face(_POINTS), _mask()
    sharp, blurred = _face(_POINTS + _OFF), _face(_POINTS + _OFF, blur_px=4)
    assert psnr(blurred, truth, mask) > psnr(sharp, truth, mask)
    fitted = {name: moved_to_fit(truth, made, mask) for name, made in (("sharp", sharp), ("blurred", blurred))}
    assert psnr(sharp, fitted["sharp"], mask) > psnr(blurred, fitted["blurred"], mask) + 6


@pytest.mark.parametrize("scale, is_src", [((1.0, 1.0), True), ((1.1, 0.94), False)])
def test_a_face_of_other_proportions_fits_only_where_the_truth_may_be_stretched(
    scale: tuple[float, float], is_src: bool
) -> None:
    truth, mask = _face(_POINTS), _mask()
    made = _face((_POINTS - 64) * scale + [66.0, 63.0])
    likeness = {on: psnr(made, moved_to_fit(truth, made, mask, stretched=on), mask) for on in (True, False)}
    assert likeness[True] > 28
    assert (likeness[False] > 28) is is_src


def test_pictures_without_anything_in_common_stay() -> None:
    flat = np.full((_SIDE, _SIDE, 3), 90, np.uint8)
    np.testing.assert_allclose(moved_to_fit(flat, flat, _mask()), flat / 255, atol=1e-6)


def test_a_rim_is_as_wide_as_the_face_is_large() -> None:
    small, large = np.zeros((200, 200), np.float32), np.zeros((200, 200), np.float32)
    small[80:120, 80:120] = 1
    large[20:180, 20:180] = 1
    assert without_rim(small).sum() == 38**2 and without_rim(large).sum() == 148**2
