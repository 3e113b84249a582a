"""The membrane solver: exact, at every kind of end, at any size, many at once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from understudy.merging.blending import poisson
from understudy.merging.blending.poisson import Membrane, Rim, changes

CLOSED = (0.5, 0.5, 0.5, 0.5)


def soft_disc(height: int, width: int, *, edge_px: float = 3.0, reach: float = 0.35) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    away = reach * min(height, width) - np.hypot(x - (width - 1) / 2, y - (height - 1) / 2)
    return np.clip(away / edge_px + 0.5, 0, 1).astype(np.float32)


def waves(height: int, width: int, *, seed: int = 0, channels: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    picture = np.zeros((height, width, channels))
    for _ in range(6):
        turn = rng.uniform(-6, 6, (2, channels))
        phase = x[..., None] / width * turn[0] + y[..., None] / height * turn[1]
        picture += np.sin(phase + rng.uniform(0, 6, channels)) / 12
    return (picture + 0.2).astype(np.float32)


def solved_by_elimination(h: np.ndarray, m: np.ndarray, rims: tuple[Rim, Rim, Rim, Rim]) -> np.ndarray:
    """The slow twin: every link put into one dense system, float64. Closed rims lie half a pixel in."""
    height, width = m.shape
    matrix, right = np.zeros((height * width, height * width)), np.zeros((height * width, h.shape[2]))
    for y in range(height):
        for x in range(width):
            for to_y, to_x in ((y + 1, x), (y, x + 1)):
                if to_y < height and to_x < width:
                    a, b = y * width + x, to_y * width + to_x
                    pull = (m[y, x] + m[to_y, to_x]) / 2 * (h[to_y, to_x] - h[y, x])
                    matrix[a, a] += 1
                    matrix[b, b] += 1
                    matrix[a, b] -= 1
                    matrix[b, a] -= 1
                    right[a] -= pull
                    right[b] += pull
    fixed = np.zeros((height, width), bool)
    for line, rim in zip((fixed[0], fixed[-1], fixed[:, 0], fixed[:, -1]), rims, strict=True):
        line |= rim is not None
    free = ~fixed.ravel()
    v = np.zeros_like(right)
    v[free] = np.linalg.solve(matrix[np.ix_(free, free)], right[free])
    return v.reshape(h.shape)


@pytest.mark.parametrize(
    "rims",
    [CLOSED, (None, 0.5, 0.5, 0.5), (0.5, None, 0.5, None), (None, None, 0.5, 0.5), (None, None, None, 0.5)],
)
def test_the_fast_solver_and_elimination_agree_at_every_kind_of_end(rims: tuple[Rim, Rim, Rim, Rim]) -> None:
    h, m = waves(18, 23), soft_disc(18, 23)
    if None in rims:
        m = np.maximum(m, np.float32(0.3) * np.ones_like(m))
        for line, rim in zip((m[0], m[-1], m[:, 0], m[:, -1]), rims, strict=True):
            line *= rim is None
    (change,) = changes([Membrane(h, m, rims)])
    np.testing.assert_allclose(change, solved_by_elimination(h, m, rims), atol=2e-5)


def test_nothing_known_at_any_end_keeps_the_frames_mean() -> None:
    h = waves(16, 16)
    (change,) = changes([Membrane(h, np.ones((16, 16), np.float32), (None, None, None, None))])
    np.testing.assert_allclose(change, h, atol=1e-5)
    (change,) = changes([Membrane(h, soft_disc(16, 16), (None, None, None, None))])
    assert abs((change - soft_disc(16, 16)[..., None] * h).mean()) < 1e-5


def test_a_face_that_differs_by_one_colour_alone_becomes_the_frame() -> None:
    h = np.full((40, 40, 3), (0.3, -0.2, 1.7), np.float32)
    (change,) = changes([Membrane(h, soft_disc(40, 40))])
    np.testing.assert_allclose(change, 0, atol=1e-5)


def test_many_boxes_at_once_are_as_each_alone() -> None:
    sizes = [(20, 33), (41, 24), (12, 12)]
    boxes = [Membrane(waves(h, w, seed=h), soft_disc(h, w)) for h, w in sizes]
    boxes.append(Membrane(np.zeros((9, 9, 3), np.float32), soft_disc(9, 9)))
    for together, one in zip(changes(boxes), boxes, strict=True):
        (alone,) = changes([one])
        assert together.shape == one.difference_HWC.shape
        np.testing.assert_allclose(together, alone, atol=1e-5)


def test_no_boxes_are_no_work() -> None:
    assert changes([]) == []


def test_a_rim_that_moves_slowly_moves_the_result_as_slowly_also_over_a_pixels_edge() -> None:
    """The box grows by a pixel when its rim passes one; what comes out must not leap there."""
    h, weight = waves(40, 40), soft_disc(40, 40, reach=0.3)
    results = []
    for rim in np.arange(0.95, -1.0, -0.1):
        pad = int(rim < 0)
        grown = np.pad(h, ((0, 0), (pad, 0), (0, 0)), mode="edge")
        (change,) = changes(
            [Membrane(grown, np.pad(weight, ((0, 0), (pad, 0))), (0.5, 0.5, float(rim + pad), 0.5))]
        )
        results.append(change[:, pad:])
    steps = [np.abs(b - a)[weight > 0.5].max() for a, b in pairwise(results)]
    assert min(steps) > 0
    assert max(steps) < 3 * float(np.median(steps))


def test_a_large_box_on_a_coarser_grid_is_nearly_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    h, m = waves(400, 360), soft_disc(400, 360, edge_px=9)
    (fine,) = changes([Membrane(h, m)])
    monkeypatch.setattr(poisson, "FINEST_SIDE_PX", 130)
    (coarse,) = changes([Membrane(h, m)])
    away = 255 * np.abs(coarse - fine)
    assert 0 < away.mean() < 0.2 and away[soft_disc(400, 360, reach=0.32) == 1].max() < 1


def test_the_change_keeps_steps_finer_than_a_byte() -> None:
    h, m = waves(30, 30), soft_disc(30, 30)
    (one,), (other,) = changes([Membrane(h, m)]), changes([Membrane(h * np.float32(1.001), m)])
    np.testing.assert_allclose(other, one * 1.001, atol=1e-6)
    assert np.abs(other - one).max() > 1e-5
