"""Overlay and seamless cloning."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.merging.blending.blend import BlendFailed, overlay, seamless


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
    """A patch that lands one pixel off would show here: this is the jitter of a wrong centre."""
    frame = ground() + 0.1 * np.random.default_rng(0).random((40, 56, 1)).astype(np.float32)
    cloned = seamless(frame, frame, disc(*centre, radius))
    np.testing.assert_allclose(cloned, frame, atol=2.5 / 255)


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
