"""How unlike all others each one is: its mean distance to them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from understudy.facesets.sorting.neighbours import Float32, squared_distances
from understudy.facesets.sorting.told import Told, nobody

Array = npt.NDArray[np.float64]

REFERENCES = 4096
_BLOCK_ROWS = 2048


def mean_distance(vectors: Float32, *, references: int = REFERENCES, told: Told = nobody) -> Array:
    """The mean Euclidean distance (n,) of each of `vectors` (n, d) to all others.

    Up to `references` vectors it is exact. More are compared with that many of them, taken at equal steps:
    faces stand in the order of their frames, so every shot is there with its share, and the cost is n.
    """
    count = len(vectors)
    if count < 2:
        return np.zeros(count)
    if count <= references:
        return _even(_sums(vectors, vectors, told) / (count - 1))
    chosen = np.linspace(0, count - 1, references).round().astype(int)
    return _even(_sums(vectors, vectors[chosen], told) / references)


def mean_distance_exact(vectors: Float32) -> Array:
    """The same by comparing all with all: n^2."""
    return mean_distance(vectors, references=max(1, len(vectors)))


def _even(values: Array) -> Array:
    """Without the last digits, in which equal vectors differ by where they stood in a block."""
    grain = max(float(values.max(initial=0.0)), 1e-12) * 1e-6
    return np.round(values / grain) * grain


def _sums(vectors: Float32, others: Float32, told: Told) -> Array:
    out = np.empty(len(vectors))
    for first in range(0, len(vectors), _BLOCK_ROWS):
        told(first / len(vectors))
        block = vectors[first : first + _BLOCK_ROWS]
        out[first : first + _BLOCK_ROWS] = np.sqrt(squared_distances(block, others)).sum(1, dtype=np.float64)
    return out
