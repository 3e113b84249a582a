"""Claims about rasterising: the quick way for small triangles finds what the plain one finds."""

from __future__ import annotations

import numpy as np

from understudy.actors.raster import fragments, fragments_of_small, grid_triangles, nearest

SIZE = 64


def _bumpy_sheet() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A wavy grid that runs out of the picture, with triangles from less than a pixel to dozens wide."""
    rng = np.random.default_rng(3)
    across = np.concatenate([np.linspace(-20, 30, 60), np.linspace(31, 90, 5)])
    down = np.concatenate([np.linspace(-5, 40, 50), np.linspace(44, 80, 4)])
    x, y = np.meshgrid(across, down)
    xy = np.stack([x, y], -1) + rng.normal(0, 0.2, (*x.shape, 2))
    depth = 20 * np.sin(x / 9) * np.cos(y / 7)
    return xy.reshape(-1, 2).astype(np.float32), depth.ravel().astype(np.float32), grid_triangles(*x.shape)


def test_the_quick_way_finds_the_same_fragments_with_the_same_weights_and_depth() -> None:
    xy, depth, triangles = _bumpy_sheet()
    plain = fragments(xy, depth, triangles, width=SIZE, height=SIZE)
    quick = fragments_of_small(xy, depth, triangles, width=SIZE, height=SIZE)
    keys = [f.triangle * SIZE * SIZE + f.pixel for f in (plain, quick)]
    both, at_plain, at_quick = np.intersect1d(*keys, return_indices=True)
    # Rounding may give a pixel on an edge to either neighbour.
    assert len(both) > 0.998 * max(len(keys[0]), len(keys[1])) > 1000
    assert np.abs(plain.weights[at_plain] - quick.weights[at_quick]).max() < 0.01
    assert np.abs(plain.depth[at_plain] - quick.depth[at_quick]).max() < 0.1


def test_both_ways_show_the_same_surface() -> None:
    xy, depth, triangles = _bumpy_sheet()
    seen = [
        nearest(way(xy, depth, triangles, width=SIZE, height=SIZE), pixels=SIZE * SIZE)
        for way in (fragments, fragments_of_small)
    ]
    assert (seen[0].pixel == seen[1].pixel).all() and len(seen[0].pixel) > 0.9 * SIZE * SIZE
    assert (seen[0].triangle != seen[1].triangle).mean() < 0.002


def test_nothing_that_faces_away_or_lies_outside_gives_fragments() -> None:
    xy, depth, triangles = _bumpy_sheet()
    away = fragments_of_small(xy, depth, triangles[:, ::-1], width=SIZE, height=SIZE)
    assert len(away.pixel) < 0.02 * SIZE * SIZE
    outside = fragments_of_small(xy - 500, depth, triangles, width=SIZE, height=SIZE)
    assert len(outside.pixel) == 0
