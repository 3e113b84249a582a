"""Merging the true face gives the plate back: every mode, light, depth and mask, at the feather too.

The painted face is dst's own crop, a little finer than the frame, so that all that can differ is what cutting
and warping back lose, and what the steps between add. The plate is as soft as a lens makes it: edges of one
pixel, which only renderers have, lose more.
"""

from __future__ import annotations

from typing import get_args

import cv2
import numpy as np
import pytest

from tests.merging.filmed import filmed
from understudy.color import linear_from_srgb
from understudy.merging.blending.modes import MODES
from understudy.merging.coloring.options import ColorTransferName
from understudy.merging.composite import composite
from understudy.merging.layers import Layers
from understudy.merging.masking.kinds import MASK_KINDS
from understudy.merging.options import MergeOptions

CROP = 96
MOST, MEAN = 5.0, 0.6  # levels of 255, over the pixels that were touched
PAINTING = [name for name, mode in MODES.items() if mode.paints and not (mode.raw or mode.grey)]
MASKS = sorted(MASK_KINDS)


def plate_of(depth: str) -> np.ndarray:
    plate = cv2.GaussianBlur(filmed().plate, (0, 0), 0.8)
    if depth == "8":
        return plate
    if depth == "16":
        return plate.astype(np.uint16) * 257
    linear = linear_from_srgb(plate.astype(np.float32) / 255)
    y, x = np.mgrid[: len(plate), : len(plate)]
    glint = 9 * np.exp(-((x - 44) ** 2 + (y - 34) ** 2) / 8)  # brighter than any model can see
    return (linear + glint[..., None]).astype(np.float32)


def encoded_levels(picture: np.ndarray) -> np.ndarray:
    """Levels of 255 as screens show them, of any frame; beyond white it goes on by the curve."""
    if picture.dtype.kind == "f":
        return 255 * (1.055 * np.maximum(picture.astype(np.float64), 0) ** (1 / 2.4) - 0.055)
    return picture.astype(np.float64) * (255 / np.iinfo(picture.dtype).max)


def away(options: MergeOptions, depth: str = "8") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """By how many levels each touched pixel differs from the plate, its mask, and the whole difference."""
    plate = plate_of(depth)
    face = filmed().painted(plate, options, true=True, size_px=CROP)
    layers = Layers(*plate.shape[:2], faces=False)
    merged = composite(plate, [face], options, watch=layers)
    assert merged.dtype == plate.dtype
    difference = np.abs(encoded_levels(merged) - encoded_levels(plate)).max(-1)
    touched = layers.mask_HW > 0
    return difference[touched], layers.mask_HW[touched], difference


@pytest.mark.parametrize("depth", ["8", "16", "float"])
@pytest.mark.parametrize("light", ["encoded", "linear"])
@pytest.mark.parametrize("mode", PAINTING)
def test_the_true_face_gives_the_plate_back(mode: str, light: str, depth: str) -> None:
    options = MergeOptions(mode=mode, light=light, color="none", mask="learned-prd", blur=0.2)
    levels, mask, everywhere = away(options, depth)
    feather = (mask > 0.02) & (mask < 0.98)
    assert feather.sum() > 300 and (~feather).sum() > 300
    for part in (feather, ~feather):
        assert levels[part].max() < MOST and levels[part].mean() < MEAN
    assert everywhere.max() == levels.max()  # nothing was touched outside the mask


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("mode", ["overlay", "seamless"])
def test_the_true_face_gives_the_plate_back_under_every_mask(mode: str, mask: str) -> None:
    levels, _, _ = away(MergeOptions(mode=mode, mask=mask, color="none", blur=0.2))
    assert levels.max() < MOST and levels.mean() < MEAN


@pytest.mark.parametrize("color", [name for name in get_args(ColorTransferName) if name != "none"])
def test_the_true_face_gives_the_plate_back_through_every_colour_transfer(color: str) -> None:
    """Its statistics are those of the plate, so a transfer has nothing to move."""
    levels, _, _ = away(MergeOptions(color=color, mask="learned-prd", blur=0.2))
    assert levels.max() < MOST and levels.mean() < MEAN
    assert filmed().painted(plate_of("8"), MergeOptions(color=color), true=True, size_px=CROP).tone.known


@pytest.mark.parametrize("mode", ["original", "raw-layers"])
def test_modes_that_leave_the_frame_leave_it_to_the_last_bit(mode: str) -> None:
    for depth in ("8", "16", "float"):
        assert away(MergeOptions(mode=mode, color="none"), depth)[2].max() == 0


def test_the_raw_square_of_the_true_face_gives_the_plate_back() -> None:
    assert away(MergeOptions(mode="raw-rgb"))[2].max() < 2 * MOST  # with the hair in it


def test_the_grey_mode_gives_the_plate_back_where_it_has_no_colours() -> None:
    scene, options = filmed(), MergeOptions(mode="hist-match-bw", color="none")
    grey = np.repeat(plate_of("8")[..., 1:2], 3, axis=-1)
    merged = composite(grey, [scene.painted(grey, options, true=True, size_px=CROP)], options)
    assert np.abs(merged.astype(int) - grey).max() < MOST


def test_another_face_does_not_give_the_plate_back() -> None:
    """Else all of the above would hold for a merge that does nothing."""
    scene, options = filmed(), MergeOptions(color="none", mask="learned-prd")
    merged = composite(scene.plate, [scene.painted(scene.plate, options, true=False, size_px=CROP)], options)
    assert np.abs(merged.astype(int) - scene.plate).max() > 40
