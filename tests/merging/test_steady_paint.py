"""What is painted holds still where dst does, goes along with it, and changes where it really changes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy.merging.steady_paint import steadied_paint

SIDE = 96


def cloth(shift_px: float = 0.0, *, seed: int = 3) -> np.ndarray:
    """A drawn texture, moved to the right."""
    noise = np.random.default_rng(seed).random((SIDE, SIDE + 32, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2)
    smooth = (smooth - smooth.min()) / np.ptp(smooth)
    moved = np.array([[1, 0, shift_px - 16], [0, 1, 0]], np.float32)
    return cv2.warpAffine(smooth, moved, (SIDE, SIDE), flags=cv2.INTER_CUBIC).clip(0, 1)


def boiling(frame: int) -> np.ndarray:
    """What a model does wrong in one frame: waves that are others in the next."""
    noise = np.random.default_rng(100 + frame).standard_normal((SIDE, SIDE, 1)).astype(np.float32)
    waves = cv2.GaussianBlur(noise, (0, 0), 3)[..., None]
    return np.repeat(0.04 * waves / waves.std(), 3, axis=2)


def steady(painted: list[np.ndarray], own: list[np.ndarray], *, reach: int = 2) -> np.ndarray:
    """The middle one of five frames."""
    near = [(k - 2, painted[k], own[k]) for k in range(5)]
    return steadied_paint(painted[2], own[2], near, reach=reach)


def error(picture: np.ndarray, truth: np.ndarray) -> float:
    inner = slice(12, -12)
    return float(np.sqrt(np.mean((picture - truth)[inner, inner] ** 2)))


@pytest.mark.parametrize("step_px", [0.0, 1.5, 5.0])
def test_what_boils_is_calmed_and_what_moves_with_dst_is_not_blurred(step_px: float) -> None:
    own = [cloth(step_px * (k - 2)) for k in range(5)]
    truth = [1 - 0.7 * cloth(step_px * (k - 2), seed=3) for k in range(5)]
    painted = [picture + boiling(k) for k, picture in enumerate(truth)]
    before, after = error(painted[2], truth[2]), error(steady(painted, own), truth[2])
    assert after < 0.7 * before
    held = steady(truth, own)
    assert error(held, truth[2]) < 0.006
    if step_px:  # else the test would hold for a plain average
        assert error(np.mean(truth, axis=0), truth[2]) > 0.02


def test_it_reaches_as_far_as_it_is_asked_to() -> None:
    own, truth = [cloth()] * 5, cloth(seed=5)
    painted = [truth + boiling(k) for k in range(5)]
    errors = [error(steady(painted, own, reach=reach), truth) for reach in (0, 1, 2)]
    assert errors[0] > 1.2 * errors[1] > 1.3 * errors[2]
    assert steady(painted, own, reach=0) is painted[2]


@pytest.mark.parametrize("who", ["painted", "own"])
def test_a_place_that_really_changed_is_left_as_it_is(who: str) -> None:
    """A lid that closes in one frame, in what is painted or in dst alone."""
    own, painted = [cloth() for _ in range(5)], [0.6 * cloth(seed=5) + 0.01 * (k % 2) for k in range(5)]
    lid = (slice(36, 60), slice(36, 60))
    changed = painted if who == "painted" else own
    changed[2] = changed[2].copy()
    changed[2][lid] = 0.9
    steadied = steady(painted, own)
    inner = (slice(42, 54), slice(42, 54))
    assert np.abs(steadied - painted[2])[inner].max() < 0.002
    assert np.abs(steadied - painted[2])[70:80, 70:80].min() > 0.003, "elsewhere it is averaged"


def test_neighbours_of_another_size_do_not_count() -> None:
    here = cloth()
    other = cv2.resize(here, (48, 48))
    assert steadied_paint(here, here, [(1, other, other)], reach=2) is here


def test_it_is_the_same_on_however_many_threads() -> None:
    own = [cloth(1.1 * (k - 2)) for k in range(5)]
    painted = [picture + boiling(k) for k, picture in enumerate(own)]
    threads, made = cv2.getNumThreads(), []
    try:
        for count in (1, 4):
            cv2.setNumThreads(count)
            made.append(steady(painted, own))
    finally:
        cv2.setNumThreads(threads)
    np.testing.assert_array_equal(*made)
