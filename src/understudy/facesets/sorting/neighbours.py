"""The nearest neighbours of every vector among all others, and of one among those that are left.

Found by an HNSW graph and an inverted file of faiss on a reduced copy of the vectors, and ranked by the whole
ones. Euclidean distances throughout; on square roots of histograms that is Hellinger's distance.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from understudy.facesets.sorting.told import Told, nobody, part_of

Float32 = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]

_KEPT_DIMENSIONS = 64
_LEARNT_FROM = 20_000  # vectors that the reduction is computed from
_LINKS, _BUILD_WIDTH, _SEARCH_WIDTH = 16, 64, 64
_MORE_CANDIDATES = 16  # than neighbours, because the reduced copy doesn't know exactly who is nearest
_ROUNDS_OF_GROUPING = 10
_BLOCK_BYTES = 64 << 20
_BLOCK_ROWS = 4096  # between two looks at whether anybody still waits
_SHARE_OF_BUILDING = 0.5
_LEFT_CANDIDATES = 8
_ROUNDING = np.float32(2e-6)  # of a float32 sum of some hundred products


def nearest(
    vectors: Float32, k: int, *, small: Float32 | None = None, told: Told = nobody
) -> tuple[Ids, Float32]:
    """Ids and distances (n, k) of nearly always the nearest others, nearest first; n > k.

    `small` are the `reduced` vectors, where they are there already.
    Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using hierarchical navigable
    small world graphs", PAMI 42(4), 2020: n log n. The slow twin is `nearest_exact`.
    """
    import faiss

    small = reduced(vectors) if small is None else small
    index = faiss.IndexHNSWFlat(small.shape[1], _LINKS)
    index.hnsw.efConstruction = _BUILD_WIDTH
    wanted = min(len(vectors), k + _MORE_CANDIDATES)
    index.hnsw.efSearch = max(_SEARCH_WIDTH, wanted)
    blocks = range(0, len(small), _BLOCK_ROWS)
    for first in blocks:
        told(_SHARE_OF_BUILDING * first / len(small))
        index.add(small[first : first + _BLOCK_ROWS])
    candidates = np.empty((len(small), wanted), np.int64)
    for first in blocks:
        told(_SHARE_OF_BUILDING + (0.9 - _SHARE_OF_BUILDING) * first / len(small))
        candidates[first : first + _BLOCK_ROWS] = index.search(small[first : first + _BLOCK_ROWS], wanted)[1]
    return _ranked(vectors, candidates, k, part_of(told, 0.9, 1))


def nearest_exact(vectors: Float32, k: int) -> tuple[Ids, Float32]:
    """The same by comparing all with all, in blocks: cost n^2."""
    ids = np.empty((len(vectors), k), np.int64)
    found = np.empty((len(vectors), k), np.float32)
    step = max(1, _BLOCK_BYTES // (4 * len(vectors)))
    for first in range(0, len(vectors), step):
        own = np.arange(first, min(first + step, len(vectors)))
        squared = squared_distances(vectors[own], vectors)
        squared[np.arange(len(own)), own] = np.inf
        some = np.argpartition(squared, k - 1, axis=1)[:, :k]
        order = np.argsort(np.take_along_axis(squared, some, 1), axis=1, kind="stable")
        ids[own] = np.take_along_axis(some, order, 1)
        found[own] = np.sqrt(np.take_along_axis(squared, ids[own], 1))
    return ids, found


def squared_distances(rows: Float32, others: Float32) -> Float32:
    """Squared Euclidean distances (n, m) of rows (n, d) to others (m, d), never negative.

    What is smaller than the rounding of its parts is 0, so that equal vectors are equally far from all.
    """
    own, lengths = np.einsum("nd,nd->n", rows, rows)[:, None], np.einsum("nd,nd->n", others, others)[None]
    squared = own + lengths - 2 * rows @ others.T
    squared[squared < _ROUNDING * (own + lengths)] = 0
    return squared


def reduced(vectors: Float32) -> Float32:
    """The vectors turned onto their principal axes and cut to the first few, (n, <= 64), C-contiguous."""
    if vectors.shape[1] <= _KEPT_DIMENSIONS:
        return np.ascontiguousarray(vectors)
    step = max(1, len(vectors) // _LEARNT_FROM)
    sample = vectors[::step]
    centred = sample - sample.mean(0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    kept = np.ascontiguousarray(axes[:, : -_KEPT_DIMENSIONS - 1 : -1])
    return vectors @ kept - sample.mean(0) @ kept  # no shifted copy of all vectors


def _ranked(vectors: Float32, candidates: Ids, k: int, told: Told) -> tuple[Ids, Float32]:
    """The k nearest of each row's candidates by the whole vectors; rows themselves and -1 never count."""
    ids = np.empty((len(vectors), k), np.int64)
    found = np.empty((len(vectors), k), np.float32)
    lengths = np.einsum("nd,nd->n", vectors, vectors)
    step = max(1, _BLOCK_BYTES // (4 * vectors.shape[1] * candidates.shape[1]))
    for first in range(0, len(vectors), step):
        told(first / len(vectors))
        own = np.arange(first, min(first + step, len(vectors)))
        some = candidates[own]
        products = np.matmul(vectors[some], vectors[own, :, None])[..., 0]
        squared = lengths[own, None] + lengths[some] - 2 * products
        squared[(some == own[:, None]) | (some < 0)] = np.inf
        order = np.argsort(squared, axis=1, kind="stable")[:, :k]
        ids[own] = np.take_along_axis(some, order, 1)
        found[own] = np.sqrt(np.maximum(np.take_along_axis(squared, order, 1), 0))
    return ids, found


class Left:
    """The vectors not yet taken, to be asked for the nearest to any one."""

    def __init__(self, vectors: Float32, *, small: Float32 | None = None) -> None:
        import faiss

        self._vectors, self._small = vectors, reduced(vectors) if small is None else small
        self._lists = max(1, min(4096, len(vectors) // 20, round(2 * np.sqrt(len(vectors)))))
        self._index: Any = faiss.IndexIVFFlat(
            faiss.IndexFlatL2(self._small.shape[1]), self._small.shape[1], self._lists
        )
        self._index.cp.min_points_per_centroid = 1
        self._index.cp.niter = _ROUNDS_OF_GROUPING
        self._index.train(self._small[:: max(1, len(vectors) // (50 * self._lists))])
        self._index.add(self._small)
        self._bits = np.full((len(vectors) + 7) // 8, 255, np.uint8)
        # It looks into the array, so bits may change later.
        self._selector = faiss.IDSelectorBitmap(self._bits.size, faiss.swig_ptr(self._bits))
        self._parameters: Any = faiss.SearchParametersIVF

    def take(self, place: int) -> None:
        """Never give `place` again."""
        self._bits[place >> 3] &= 255 ^ (1 << (place & 7))

    def nearest(self, place: int) -> tuple[int, float]:
        """The place and distance of the nearest that is left. At least one must be."""
        probes = min(8, self._lists)
        while True:
            parameters = self._parameters(sel=self._selector, nprobe=probes)
            _, found = self._index.search(self._small[place : place + 1], _LEFT_CANDIDATES, params=parameters)
            some = found[0][found[0] >= 0]
            if len(some):
                away = np.sqrt(((self._vectors[some] - self._vectors[place]) ** 2).sum(1))
                best = int(np.argmin(away))
                return int(some[best]), float(away[best])
            if probes == self._lists:
                raise ValueError("nothing is left")
            probes = min(4 * probes, self._lists)
