"""Overlay and seamless cloning."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy.merging.blending.blend import (
    BlendFailed,
    Cloning,
    inside_weight,
    overlay,
    seamless,
    seamless_all,
)


def ground(*, height: int = 40, width: int = 56) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([0.3 + 0.4 * x / width, 0.2 + 0.5 * y / height, np.full(x.shape, 0.4)], -1).astype(
        np.float32
    )


def disc(x0: float, y0: float, radius: float, *, height: int = 40, width: int = 56) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    return (np.hypot(x - x0, y - y0) <= radius).astype(np.float32)


def test_overlay_weighs_by_the_mask() -> None:
    frame, painted = np.zeros((2, 2, 3), np.float32), np.ones((2, 2, 3), np.float32)
    mask = np.array([[0, 0.25], [0.5, 1]], np.float32)
    np.testing.assert_allclose(overlay(frame, painted, mask)[..., 0], mask)


@pytest.mark.parametrize("centre", [(28, 20), (27, 19), (2, 3), (55, 39), (28, 0)])
@pytest.mark.parametrize("radius", [6.0, 6.5, 9.3])
def test_cloning_a_frame_into_itself_changes_nothing_wherever_the_face_is(
    centre: tuple[int, int], radius: float
) -> None:
    """A patch that lands one pixel off would show here."""
    frame = ground() + 0.1 * np.random.default_rng(0).random((40, 56, 1)).astype(np.float32)
    cloned = seamless(frame, frame, disc(*centre, radius))
    np.testing.assert_array_equal(cloned, frame)


def test_cloning_lets_the_frames_colours_flow_in_and_keeps_the_faces_detail() -> None:
    frame, mask = ground(), disc(28, 20, 12)
    detail = 0.08 * np.sin(np.arange(56))[None, :, None]
    painted = np.clip(ground() * 0.5 + 0.4 + detail, 0, 1).astype(np.float32)
    cloned = seamless(frame, painted, mask)
    inside = disc(28, 20, 8) > 0
    assert np.abs(cloned - frame)[inside].mean() < 0.5 * np.abs(painted - frame)[inside].mean()
    rows = cloned[20, 22:34, 2] - cloned[20, 22:34, 2].mean()
    assert np.corrcoef(rows, detail[0, 22:34, 0])[0, 1] > 0.9


def test_finer_steps_of_a_deep_frame_survive_outside_the_clone() -> None:
    frame = ground() + np.float32(0.0011)
    cloned = seamless(frame, ground(), disc(28, 20, 8))
    outside = disc(28, 20, 12) == 0
    np.testing.assert_allclose(cloned[outside], frame[outside], atol=1e-6)


@pytest.mark.parametrize("radius", [0.0, 1.0])
def test_a_mask_without_room_says_so(radius: float) -> None:
    with pytest.raises(BlendFailed, match="too small"):
        seamless(ground(), ground(), disc(28, 20, radius) if radius else np.zeros((40, 56), np.float32))


def by_opencv(frame: np.ndarray, painted: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The slow twin, in 8 bits."""
    binary = (mask > 0.1).astype(np.uint8) * 255
    x, y, width, height = cv2.boundingRect(binary)
    frame_8, painted_8 = (np.rint(picture * 255).astype(np.uint8) for picture in (frame, painted))
    centre = (x + width // 2, y + height // 2)
    cloned = cv2.seamlessClone(painted_8, frame_8, binary, centre, cv2.NORMAL_CLONE)
    return cloned.astype(np.float32) / 255


def two_pictures(side: int, *, likeness: float = 0.6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A frame and a face in other light, with other features: smooth fields with some detail, 0.1..0.9."""
    rng = np.random.default_rng(seed)

    def field(cells: int) -> np.ndarray:
        coarse = rng.uniform(0, 1, (cells, cells, 3)).astype(np.float32)
        return np.clip(cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC), 0, 1)

    frame, other = (0.1 + 0.55 * field(4) + 0.25 * field(24) for _ in range(2))
    return frame, likeness * frame + (1 - likeness) * other


def soft_oval(side: int, *, x: float = 0.0, edge_px: float = 1.0) -> np.ndarray:
    rows, columns = np.mgrid[0:side, 0:side] + 0.5 - side / 2
    away = (1 - np.hypot((columns - x) / (0.34 * side), rows / (0.42 * side))) * 0.38 * side
    return np.clip(away / edge_px + 0.5, 0, 1).astype(np.float32)


@pytest.mark.parametrize("side", [120, 300, 560])
@pytest.mark.parametrize("edge_share", [0.0, 0.1])
def test_cloning_agrees_with_opencv_within_one_step_of_a_byte_on_average_and_three_at_most(
    side: int, edge_share: float
) -> None:
    frame, painted = two_pictures(side)
    mask = soft_oval(side, edge_px=max(1, edge_share * side))
    away = 255 * np.abs(seamless(frame, painted, mask) - by_opencv(frame, painted, mask))[mask > 0.1]
    assert away.mean() < 1 and np.quantile(away, 0.99) < 3
    assert 255 * np.abs(painted - frame)[mask > 0.1].mean() > 8


@pytest.mark.parametrize("edge_px", [2.0, 12.0])
def test_a_face_that_moves_by_parts_of_a_pixel_moves_the_result_smoothly(edge_px: float) -> None:
    """OpenCV starts from whole pixels of the mask and gives whole steps, so its result shivers."""
    frame, painted = two_pictures(110)
    masks = [soft_oval(110, x=0.13 * step, edge_px=edge_px) for step in range(12)]

    def shiver(clone: object) -> float:
        assert callable(clone)
        shown = np.stack([clone(frame, painted, mask)[40:70, 40:70] for mask in masks])
        return float(np.sqrt((np.diff(shown, n=2, axis=0) ** 2).mean()))

    assert shiver(seamless) < 0.15 * shiver(by_opencv)


def test_many_faces_at_once_are_as_each_alone() -> None:
    clonings = [Cloning(*two_pictures(side, seed=side), soft_oval(side)) for side in (40, 64, 51)]
    for together, one in zip(seamless_all(clonings), clonings, strict=True):
        alone = seamless(one.frame_HWC, one.painted_HWC, one.mask_HW)
        np.testing.assert_allclose(together, alone, atol=1e-5)


def test_a_mask_cut_by_the_frames_edge_asks_nothing_of_what_lies_beyond() -> None:
    """Half a face at the edge looks like the half of a whole face in a frame that goes on as a mirror."""
    pictures = (*two_pictures(160), soft_oval(160))
    whole = [np.concatenate([one[:, 80:][:, ::-1], one[:, 80:]], 1) for one in pictures]
    half = seamless(*(one[:, 80:] for one in pictures))
    np.testing.assert_allclose(half, seamless(*whole)[:, 80:], atol=2e-5)


def test_values_beyond_white_go_through_cloning() -> None:
    frame, painted = two_pictures(64)
    mask = soft_oval(64)
    np.testing.assert_allclose(
        seamless(4 * frame, 4 * painted, mask), 4 * seamless(frame, painted, mask), rtol=1e-4
    )
    assert seamless(4 * frame, 4 * painted, mask).max() > 2


def test_a_large_hard_mask_gets_an_edge_that_the_coarser_grid_can_carry() -> None:
    small, large = soft_oval(200), soft_oval(900)
    assert np.abs(np.diff(inside_weight(small), axis=1)).max() == 1
    assert np.abs(np.diff(inside_weight(large), axis=1)).max() < 0.3
    assert inside_weight(large)[large < 0.1].max() == 0
