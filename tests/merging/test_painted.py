"""One face before it goes into its frame: its size, its masks, its colours steadied."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.merging.conftest import HEIGHT, WIDTH, drawn_frame, landmarks
from tests.merging.test_composite import PLAIN, face_in
from understudy import geometry
from understudy.faces.align import crop
from understudy.merging.composite import composite
from understudy.merging.light import sight
from understudy.merging.options import MergeOptions
from understudy.merging.painted import own_crop, steadied


def test_erode_and_blur_grow_with_the_face() -> None:
    def share_kept(width_px: float) -> float:
        frame = drawn_frame(1)
        whole = composite(frame, [face_in(frame, landmarks(width_px=width_px))], PLAIN)
        less_options = PLAIN.changed(erode=0.15)
        less = composite(frame, [face_in(frame, landmarks(width_px=width_px), less_options)], less_options)
        return (less != frame).any(-1).sum() / (whole != frame).any(-1).sum()

    assert share_kept(16) == pytest.approx(share_kept(40), abs=0.08)
    assert share_kept(40) < 0.85


def test_face_scale_makes_the_painted_face_larger_about_its_middle() -> None:
    options = PLAIN.changed(mask="learned", blur=0.0, erode_hairline=0.0)
    frame = drawn_frame(1)

    def area(scale: float) -> int:
        scaled = options.changed(face_scale=scale)
        face = face_in(frame, landmarks(), scaled)
        return int((composite(frame, [face], scaled) != frame).any(-1).sum())

    assert area(1.2) / area(1.0) == pytest.approx(1.44, rel=0.08)
    assert area(0.8) / area(1.0) == pytest.approx(0.64, rel=0.08)


@pytest.mark.parametrize("name", ["rct", "light"])
def test_a_small_flicker_in_the_painted_colours_is_steadied_over_neighbours(name: str) -> None:
    options = PLAIN.changed(color=name)
    frame = drawn_frame(1)
    faces = [face_in(frame, landmarks(), options, rgb=(0.5 + 0.01 * (k % 2), 0.4, 0.4)) for k in range(5)]
    neighbours = [(k - 2, face) for k, face in enumerate(faces)]
    steady = steadied(faces[2], neighbours, reach=2).tone.transfer
    both = np.stack([faces[2].tone.transfer, faces[1].tone.transfer])
    assert (steady >= both.min(0) - 1e-4).all() and (steady <= both.max(0) + 1e-4).all()
    assert np.abs(steady - both[0]).max() > 0.2 * np.abs(both[1] - both[0]).max() > 0
    np.testing.assert_array_equal(steadied(faces[2], neighbours, reach=0).tone.transfer, both[0])
    shorter = face_in(frame, landmarks(), options.changed(steady_frames=1), rgb=(0.5, 0.4, 0.4))
    np.testing.assert_array_equal(
        steadied(shorter, neighbours, reach=2).tone.transfer,
        steadied(faces[2], neighbours[1:4], reach=1).tone.transfer,
    )


def test_colours_are_compared_where_the_option_says() -> None:
    frame = drawn_frame(1)
    areas = [
        face_in(frame, landmarks(), PLAIN.changed(color="rct", color_area=kind)).area_HW.sum()
        for kind in ("skin", "mask", "crop")
    ]
    assert areas[0] < areas[1] < areas[2] == 32 * 32


def test_a_mask_is_steadied_as_far_as_its_own_settings_say() -> None:
    frame = drawn_frame(1)
    rows, columns = np.mgrid[0:32, 0:32] + 0.5

    def shown(options: MergeOptions, reach: int = 9) -> np.ndarray:
        dots = [np.clip(9 + k % 2 - np.hypot(columns - 16, rows - 17), 0, 1) for k in range(5)]
        faces = [face_in(frame, landmarks(), options, mask=dot.astype(np.float32)) for dot in dots]
        return steadied(faces[2], [(k - 2, face) for k, face in enumerate(faces)], reach=reach).mask_HW

    still = PLAIN.changed(mask="learned-prd", steady_mask=0, steady_face=0)
    one, two = still.changed(steady_mask=1), still.changed(steady_mask=2)
    sums = [float(shown(options).sum()) for options in (still, two, one)]
    assert sums[0] < sums[1] < sums[2], "the nearest neighbours are the larger ones"
    np.testing.assert_array_equal(shown(two, reach=0), shown(still))
    assert one.reach == 1 and still.reach == 0


def test_what_is_painted_is_steadied_as_far_as_its_own_settings_say() -> None:
    frame = drawn_frame(1)

    def shown(options: MergeOptions) -> float:
        faces = [face_in(frame, landmarks(), options, rgb=(0.5 + 0.02 * (k % 2), 0.4, 0.4)) for k in range(5)]
        steady = steadied(faces[2], [(k - 2, face) for k, face in enumerate(faces)], reach=options.steady_reach)
        return float(steady.painted_HWC[..., 0].mean())

    still = PLAIN.changed(steady_mask=0, steady_face=0)
    reds = [shown(still.changed(steady_face=reach)) for reach in (0, 2, 1)]
    assert reds[0] + 0.002 < reds[1] < reds[2] - 0.0005, "the nearest neighbours are the redder ones"
    assert (still.steady_reach, still.changed(steady_face=3).steady_reach) == (0, 3)
    assert shown(still.changed(steady_face=2, mode="raw-rgb")) == reds[0], "raw is what the model painted"


def test_masks_are_steadied_together_whoever_would_segment_where_nobody_has_to() -> None:
    frame, options = drawn_frame(1), PLAIN.changed(mask="learned-prd", steady_mask=2)
    masks = [np.full((32, 32), value, np.float32) for value in (1.0, 0.96)]
    for formula, same in (("learned-prd", True), ("seg-prd", False)):
        own = options.model_copy(update={"mask": formula})
        faces = [replace(face_in(frame, landmarks(), options, mask=mask), options=own) for mask in masks]
        other = replace(faces[1], options=own.model_copy(update={"segmenter": "another"}))
        here = steadied(faces[0], [(0, faces[0]), (1, other)], reach=2)
        assert (here.mask.seen_HW.min() < 1) == same


def test_only_masks_that_can_move_are_steadied() -> None:
    assert "steady_mask" in MergeOptions(mask="full").idle()
    assert "steady_mask" not in MergeOptions().idle()


@pytest.mark.parametrize("size_px", [16, 32, 96])
@pytest.mark.parametrize("place", [(60, 50), (4, 6), (125, 90), (-30, 40)])
def test_a_crop_of_a_scene_linear_frame_is_that_of_all_the_frame_as_a_model_sees_it(
    place: tuple[float, float], size_px: int
) -> None:
    """Only the part around the face is turned into what models see; it must not show."""
    rng = np.random.default_rng(3)
    frame = (rng.random((HEIGHT, WIDTH, 3)) ** 3 * 4).astype(np.float32)
    matrix = geometry.crop_from_frame(landmarks(*place), face_type="full", size_px=size_px)
    cut = own_crop(frame, matrix, size_px)
    assert cut.dtype == np.uint16
    away = np.abs(cut.astype(int) - crop(sight(frame), matrix, size_px))
    assert away.max() <= 0.01 * 65535  # OpenCV warps to 1/32 px, counted from the picture's corner
    assert away.mean() < 30


def test_what_a_crop_repeats_beyond_the_frame_is_no_colour_of_dst() -> None:
    frame = drawn_frame(1)
    whole, cut = (face_in(frame, landmarks(x, 50), PLAIN.changed(color="rct")) for x in (60, 4))
    assert 0.2 * whole.area_HW.sum() < cut.area_HW.sum() < 0.8 * whole.area_HW.sum()
    assert not cut.area_HW[:, :8].any() and whole.area_HW[:, :10].any()
