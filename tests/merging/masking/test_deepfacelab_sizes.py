"""Erode, blur and the seam's own erode beside DeepFaceLab's formulas, in the numbers that the guide gives them.

Up to 2019 it counted percents of the mask's size in the frame, with a term that lets kernels grow less than
close-ups do; later pixels of a mask four times as large as the model. Its formulas are written out here.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from tests.merging.conftest import landmarks, record
from understudy import geometry
from understudy.geometry import FaceType
from understudy.masks.hull import hull_mask
from understudy.merging.masking.face_mask import FaceMask, MaskInputs, face_mask
from understudy.merging.masking.options import MaskOptions

SIDES = {"left": (-1, 0), "right": (1, 0), "top": (0, -1), "bottom": (0, 1)}
PLAIN = {"mask": "dst-hull", "erode": 0.0, "erode_hairline": 0.0, "blur": 0.0, "border": 0.01}


def shot(face_px: float) -> tuple[np.ndarray, int]:
    """Landmarks of a face that wide in the middle of a square frame, and the frame's side."""
    side = round(3 * face_px)
    return landmarks(side / 2, side / 2, width_px=face_px), side


def hull(points: np.ndarray, matrix: np.ndarray, side: int) -> np.ndarray:
    return hull_mask(geometry.transform_points(matrix, points), side, side)


def ours(points: np.ndarray, *, face_type: FaceType = "full", size_px: int = 128, **options: Any) -> FaceMask:
    """Our mask of the landmarks' hull."""
    matrix = geometry.crop_from_frame(points, face_type=face_type, size_px=size_px)
    learned = hull(points, matrix, size_px)
    given = MaskInputs(
        record=record(1, points),
        crop_from_frame=matrix,
        paste_from_frame=matrix,
        learned_prd_HW=learned,
        learned_dst_HW=learned,
    )
    return face_mask(given, MaskOptions(**{**PLAIN, **options}))


def in_frame(points: np.ndarray, side: int, mask: np.ndarray, *, face_type: FaceType = "full") -> np.ndarray:
    """A crop's mask where it lies in the frame."""
    matrix = geometry.crop_from_frame(points, face_type=face_type, size_px=len(mask))
    back = geometry.for_pixel_grid(geometry.inverse(matrix))
    return cv2.warpAffine(mask, back, (side, side), flags=cv2.INTER_LINEAR)


def reaches(mask: np.ndarray, *, above: float = 0.5) -> dict[str, float]:
    """From the frame's middle to the mask's edge on every side, in pixels."""
    middle = len(mask) // 2
    row, column = mask[middle] > above, mask[:, middle] > above
    return {
        "left": float(row[:middle].sum()),
        "right": float(row[middle:].sum()),
        "top": float(column[:middle].sum()),
        "bottom": float(column[middle:].sum()),
    }


def moved(before: np.ndarray, after: np.ndarray, *, above: float = 0.5) -> float:
    """By how many pixels the edge went inwards, on the mean of the whole outline."""
    area = (before > above).sum() - (after > above).sum()
    (outline, *_), _ = cv2.findContours(
        (before > above).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    length = cv2.arcLength(outline, True)
    # A strip of width w inside a closed outline of length l covers l·w − π·w², outside of it l·w + π·w².
    return float((length - np.sqrt(length**2 - 4 * np.pi * area)) / (2 * np.pi))


def kernel_px_2019(mask: np.ndarray, value: float) -> int:
    """Their erode in pixels of a kernel, from the shorter side of what is above 0.9 in the frame."""
    *_, width, height = cv2.boundingRect((mask > 0.9).astype(np.uint8))
    short = min(width, height)
    return int(short * (0.126 - short * 0.00004551365) * 0.01 * value)


def box_px_2019(mask: np.ndarray, value: float) -> int:
    """Their blur in pixels of a box."""
    *_, width, height = cv2.boundingRect((mask > 0.9).astype(np.uint8))
    return int(min(width, height) * 0.10 * 0.01 * value)


def eroded_by_kernel(mask: np.ndarray, kernel_px: int) -> np.ndarray:
    change = cv2.erode if kernel_px > 0 else cv2.dilate
    return change(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (abs(kernel_px),) * 2))


@pytest.mark.parametrize("face_px", [80, 160, 320, 640])
@pytest.mark.parametrize("value", [60, 100, -60, -100])
def test_erode_is_what_its_adaptive_percents_of_2019_were(face_px: int, value: int) -> None:
    """Within 20 % and a pixel: one share for all sizes lies in the middle of what their bent curve gives."""
    points, side = shot(face_px)
    whole = hull(points, np.eye(3)[:2], side)
    theirs = moved(whole, eroded_by_kernel(whole, kernel_px_2019(whole, value)))
    plain, changed = (in_frame(points, side, ours(points, erode=e).soft_HW) for e in (0.0, 0.0006 * value))
    assert moved(plain, changed) == pytest.approx(theirs, rel=0.2, abs=1)


@pytest.mark.parametrize("face_px", [80, 160, 320, 640])
@pytest.mark.parametrize("value", [50, -50])
def test_the_seams_own_erode_is_theirs_and_leaves_what_shows(face_px: int, value: int) -> None:
    """What takes part in cloning is what is above 0.1 of the mask, as it was there."""
    points, side = shot(face_px)
    whole = hull(points, np.eye(3)[:2], side)
    theirs = moved(whole, eroded_by_kernel(whole, kernel_px_2019(whole, value)))
    soft = {"erode": 0.02, "blur": 0.1}
    plain, changed = ours(points, **soft), ours(points, **soft, erode_seamless=0.0006 * value)
    np.testing.assert_array_equal(plain.soft_HW, changed.soft_HW)
    seams = [in_frame(points, side, one.seam_HW) for one in (plain, changed)]
    assert moved(*seams, above=0.1) == pytest.approx(theirs, rel=0.2, abs=1)


@pytest.mark.parametrize("face_px", [80, 160, 320, 640])
@pytest.mark.parametrize("value", [60, 100])
def test_blur_is_as_soft_as_its_adaptive_percents_of_2019_were(face_px: int, value: int) -> None:
    points, side = shot(face_px)
    whole = hull(points, np.eye(3)[:2], side)
    theirs = cv2.blur(whole, (box_px_2019(whole, value),) * 2)
    soft = in_frame(points, side, ours(points, blur=0.0014 * value).soft_HW)
    assert np.abs(soft - theirs).max() < 0.12 and np.abs(soft - theirs).mean() < 0.006


def of_later_versions(mask: np.ndarray, erode: int, blur: int) -> np.ndarray:
    """Theirs from 2020 on: a mask of four times the model's size, with room around it of once."""
    size = len(mask)
    large = cv2.resize(mask, (4 * size, 4 * size), interpolation=cv2.INTER_CUBIC)
    large = np.pad(large, size)
    large = eroded_by_kernel(large, erode) if erode else large
    rim = size + blur // 2
    large[:rim] = large[-rim:] = large[:, :rim] = large[:, -rim:] = 0
    if blur:
        large = cv2.GaussianBlur(large, (blur + 1 - blur % 2,) * 2, 0)
    return np.clip(large[size:-size, size:-size], 0, 1)


@pytest.mark.parametrize(
    ("face_type", "wide"), [("half", 1), ("mid-full", 1.19), ("full", 1.6), ("whole", 2.13), ("head", 2.98)]
)
def test_crops_are_as_many_faces_wide_as_the_guide_says(face_type: FaceType, wide: float) -> None:
    points, _ = shot(160)
    matrix = geometry.crop_from_frame(points, face_type=face_type, size_px=256)
    assert 256 / geometry.face_width_px(points, matrix) == pytest.approx(wide, abs=0.01)


@pytest.mark.parametrize("face_type", ["half", "full", "whole", "head"])
@pytest.mark.parametrize("size_px", [96, 224])
@pytest.mark.parametrize(("erode", "blur"), [(0, 60), (20, 0), (20, 60), (50, 100), (-30, 40)])
def test_the_numbers_of_later_versions_make_the_same_mask(
    face_type: FaceType, size_px: int, erode: int, blur: int
) -> None:
    """By the guide's table, of a mask with room around it: a crop's border is ended in another way here."""
    points, _ = shot(160)
    matrix = geometry.crop_from_frame(points, face_type=face_type, size_px=size_px)
    crop_in_faces = size_px / geometry.face_width_px(points, matrix)
    y, x = (np.mgrid[0:size_px, 0:size_px] + 0.5) / size_px - 0.5
    oval = np.clip((0.3 - np.hypot(1.2 * x, y)) * size_px + 0.5, 0, 1).astype(np.float32)
    given = MaskInputs(
        record=record(1, points),
        crop_from_frame=matrix,
        paste_from_frame=matrix,
        learned_prd_HW=oval,
        learned_dst_HW=oval,
    )
    plain: dict[str, Any] = {**PLAIN, "mask": "learned-prd"}
    sizes = {
        "erode": crop_in_faces * erode / (8 * size_px),
        "blur": 0.15 * crop_in_faces * blur / size_px,
    }
    before, mask = (face_mask(given, MaskOptions(**{**plain, **more})).soft_HW for more in ({}, sizes))
    theirs = of_later_versions(oval, erode, blur)
    theirs = cv2.resize(theirs, (len(mask), len(mask)), interpolation=cv2.INTER_AREA)
    away = np.abs(mask - theirs)
    assert moved(before, mask) == pytest.approx(moved(before, theirs), rel=0.07, abs=0.2)
    # A hard edge that lies a part of a pixel elsewhere is far away there.
    assert away.mean() < 0.01 and away.max() < (0.12 if blur else 0.35)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("share", [0.06, -0.06])
@pytest.mark.parametrize("face_px", [60, 240, 720])
def test_a_side_moves_by_its_share_of_the_face_however_large_it_is_in_the_frame(
    face_px: int, share: float, side: str
) -> None:
    points, frame_px = shot(face_px)
    width_px = geometry.face_width_px(points, np.eye(3)[:2])
    plain, changed = (
        reaches(in_frame(points, frame_px, ours(points, **{f"erode_{side}": e}).soft_HW)) for e in (0.0, share)
    )
    moves = {name: plain[name] - changed[name] for name in SIDES}
    assert moves.pop(side) == pytest.approx(share * width_px, rel=0.06, abs=1)
    assert max(map(abs, moves.values())) <= max(1, 0.15 * abs(share) * width_px)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("face_px", [60, 240, 720])
def test_a_side_softens_by_its_share_of_the_face_however_large_it_is_in_the_frame(
    face_px: int, side: str
) -> None:
    """From a fifth to four fifths a Gaussian edge goes 1.683 sigmas, of which a feather has four.

    In a crop with room below the chin: near a crop's border a feather gets narrower.
    """
    points, frame_px = shot(face_px)
    width_px = geometry.face_width_px(points, np.eye(3)[:2])
    mask = ours(points, face_type="whole", blur=0.1, **{f"blur_{side}": 0.15}).soft_HW
    soft = in_frame(points, frame_px, mask, face_type="whole")
    outer, inner = reaches(soft, above=0.2), reaches(soft, above=0.8)
    for name in SIDES:
        share = 0.25 if name == side else 0.1
        assert outer[name] - inner[name] == pytest.approx(1.683 * share * width_px / 4, rel=0.2, abs=1.5), name
