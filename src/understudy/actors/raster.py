"""Which triangle is nearest at every pixel: a z-buffer over many small triangles, without a loop over them.

Pixels are measured from the picture's corner: pixel (0, 0) has its centre at (0.5, 0.5).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

_DEPTH_STEPS_PER_MM = 512.0


@dataclass(frozen=True, eq=False)
class Hits:
    """The visible fragments, one per covered pixel, in order of pixel number."""

    pixel: Ints  # (n,) row * width + column
    triangle: Ints  # (n,) index into the triangles given
    weights: Floats  # (n, 3) of the triangle's corners, summing to 1


@dataclass(frozen=True, eq=False)
class Fragments:
    """All fragments before the z-test, so that some may be cut away first."""

    pixel: Ints
    triangle: Ints
    weights: Floats
    depth: Floats  # larger is nearer

    def kept(self, keep: npt.NDArray[np.bool_]) -> Fragments:
        """Only the fragments where `keep` holds."""
        return Fragments(self.pixel[keep], self.triangle[keep], self.weights[keep], self.depth[keep])


def grid_triangles(rows: int, columns: int) -> Ints:
    """Triangles (n, 3) of a grid of vertices numbered row by row; front is where rows run down."""
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    return np.concatenate([np.stack([a, b, d], -1).reshape(-1, 3), np.stack([a, d, c], -1).reshape(-1, 3)])


def fragments(xy: Floats, depth: Floats, triangles: Ints, *, width: int, height: int) -> Fragments:
    """Every pixel centre covered by a triangle that faces us (clockwise with y down).

    `xy` (vertices, 2) are pixels, `depth` (vertices,) grows towards the camera.
    """
    ahead = _facing(xy, triangles)
    a, b, c = (xy[triangles[ahead, k]] for k in range(3))
    low = np.ceil(np.minimum(np.minimum(a, b), c) - 0.5).astype(np.int32)
    high = np.floor(np.maximum(np.maximum(a, b), c) - 0.5).astype(np.int32)
    low = np.maximum(low, 0)
    high = np.minimum(high, np.array([width - 1, height - 1], np.int32))
    span = np.maximum(high - low + 1, 0)
    kept = np.flatnonzero((span[:, 0] > 0) & (span[:, 1] > 0))
    count = span[kept, 0] * span[kept, 1]
    which = np.repeat(kept, count)
    inner = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    wide = span[which, 0]
    down = inner // wide
    px = low[which, 0] + (inner - down * wide)
    py = low[which, 1] + down
    x, y = px.astype(np.float32) + 0.5, py.astype(np.float32) + 0.5
    a, b, c = a[which], b[which], c[which]
    area = _doubled_area(a, b, c)
    wa = ((b[:, 0] - x) * (c[:, 1] - y) - (b[:, 1] - y) * (c[:, 0] - x)) / area
    wb = ((c[:, 0] - x) * (a[:, 1] - y) - (c[:, 1] - y) * (a[:, 0] - x)) / area
    wc = 1 - wa - wb
    inside = np.flatnonzero((wa >= 0) & (wb >= 0) & (wc >= 0))
    which, wa, wb, wc = ahead[which[inside]], wa[inside], wb[inside], wc[inside]
    za, zb, zc = (depth[triangles[which, k]] for k in range(3))
    z = za * wa + zb * wb + zc * wc
    pixel = py[inside].astype(np.int64) * width + px[inside]
    return Fragments(pixel, which, np.stack([wa, wb, wc], axis=-1), z)


_SMALL_PX = (1, 2, 3, 4, 6, 8, 12)


def fragments_of_small(xy: Floats, depth: Floats, triangles: Ints, *, width: int, height: int) -> Fragments:
    """What `fragments` gives, in another order: quicker where most triangles are a few pixels wide."""
    facing = _facing(xy, triangles)
    ahead = triangles[facing]
    a, b, c = (xy[ahead[:, k]] for k in range(3))
    low = np.maximum(np.ceil(np.minimum(np.minimum(a, b), c) - 0.5), 0).astype(np.int32)
    high = np.floor(np.maximum(np.maximum(a, b), c) - 0.5).astype(np.int32)
    high = np.minimum(high, np.array([width - 1, height - 1], np.int32))
    span = high - low + 1
    size = np.where(span.min(1) > 0, span.max(1), 0)
    found: list[Fragments] = []
    for smallest, largest in zip((0, *_SMALL_PX), _SMALL_PX, strict=False):
        chosen = np.flatnonzero((size > smallest) & (size <= largest))
        corners = (a[chosen], b[chosen], c[chosen])
        which, pixel, weights = _inside_squares(corners, low[chosen], largest, width=width, height=height)
        triangle = facing[chosen[which]]
        found.append(Fragments(pixel, triangle, weights, _mixed(depth, triangles[triangle], weights)))
    large = facing[size > _SMALL_PX[-1]]
    rest = fragments(xy, depth, triangles[large], width=width, height=height)
    found.append(Fragments(rest.pixel, large[rest.triangle], rest.weights, rest.depth))
    return Fragments(
        *(
            np.concatenate([getattr(f, name) for f in found])
            for name in ("pixel", "triangle", "weights", "depth")
        )
    )


def _mixed(values: Floats, corners: Ints, weights: Floats) -> np.ndarray:
    first, second, third = (values[corners[:, k]] * weights[:, k] for k in range(3))
    return first + second + third


def _inside_squares(
    corners: tuple[Floats, Floats, Floats], low: np.ndarray, side: int, *, width: int, height: int
) -> tuple[Ints, Ints, Floats]:
    """Of squares of pixels at `low` (n, 2): triangle, pixel and weights wherever a pixel is inside."""
    steps = np.arange(side, dtype=np.float32)
    start = low.astype(np.float32) + np.float32(0.5)
    (ax, ay), (bx, by), (cx, cy) = ((corner - start).T for corner in corners)
    area = 1 / ((bx - ax) * (cy - ay) - (by - ay) * (cx - ax))
    # Squares come first and triangles last, so that numpy's inner loop is the long one: (rows, columns, n).
    across, down = steps[:, None], steps[:, None, None]
    wa = ((bx * cy - by * cx) * area + across * ((by - cy) * area)) + down * ((cx - bx) * area)
    wb = ((cx * ay - cy * ax) * area + across * ((cy - ay) * area)) + down * ((ax - cx) * area)
    inside = (np.minimum(wa, wb) >= 0) & (wa + wb <= 1)
    inside &= across < width - low[:, 0]
    inside &= down < height - low[:, 1]
    at = np.flatnonzero(inside)
    square, which = np.divmod(at, len(low))
    row, column = np.divmod(square, side)
    pixel = (low[which, 1] + row) * width + low[which, 0] + column
    wa, wb = wa.reshape(-1)[at], wb.reshape(-1)[at]
    return which, pixel, np.stack([wa, wb, 1 - wa - wb], axis=-1)


def _doubled_area(a: Floats, b: Floats, c: Floats) -> np.ndarray:
    """Twice the area of triangles whose corners are (n, 2) each, positive where they face us."""
    return (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])


def _facing(xy: Floats, triangles: Ints) -> Ints:
    """Numbers of the triangles that face us."""
    return np.flatnonzero(_doubled_area(*(xy[triangles[:, k]] for k in range(3))) > 1e-6)


def nearest(found: Fragments, *, pixels: int) -> Hits:
    """The z-test: of the fragments at one pixel, the nearest one (the later triangle where two are level)."""
    order = np.arange(len(found.pixel), dtype=np.int64)
    level = np.round(found.depth.astype(np.float64) * _DEPTH_STEPS_PER_MM).astype(np.int64)
    key = (level << 24) + order
    best = np.full(pixels, np.iinfo(np.int64).min)
    np.maximum.at(best, found.pixel, key)
    covered = np.flatnonzero(best > np.iinfo(np.int64).min)
    chosen = best[covered] & ((1 << 24) - 1)
    return Hits(covered, found.triangle[chosen], found.weights[chosen])


def depth_map(found: Fragments, *, pixels: int, empty: float) -> Floats:
    """The nearest depth at every pixel, `empty` where there is nothing, (pixels,)."""
    best = np.full(pixels, empty, np.float32)
    np.maximum.at(best, found.pixel, found.depth)
    return best
