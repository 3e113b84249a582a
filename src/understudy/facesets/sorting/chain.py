"""Chains: every next one is the most alike of those that are left. So alike faces stand side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from understudy.facesets.sorting.neighbours import Float32, Left, nearest, reduced, squared_distances
from understudy.facesets.sorting.told import Told, nobody, part_of

EXACT_UP_TO = 4096  # all distances of so many need 64 MB
_NEIGHBOURS = 24
_SHARE_OF_GRAPH = 0.6  # of the time of a chain along it, about, whatever the size
_TELL_EVERY = 500


@dataclass(frozen=True, eq=False)
class Chain:
    """`order` (n,) are places; `step` (n,) is the distance of each from the one before it, 0 for the first."""

    order: npt.NDArray[np.intp]
    step: Float32


def chain(vectors: Float32, told: Told = nobody) -> Chain:
    """The chain of vectors (n, d) that begins with the first. Large sets go along a graph of neighbours."""
    return chain_exact(vectors, told) if len(vectors) <= EXACT_UP_TO else chain_along_graph(vectors, told)


def chain_exact(vectors: Float32, told: Told = nobody) -> Chain:
    """The greedy chain by all distances: n^2 time and memory."""
    if len(vectors) == 0:
        return Chain(np.empty(0, np.intp), np.empty(0, np.float32))
    squared = squared_distances(vectors, vectors)
    order, step = np.zeros(len(vectors), np.intp), np.zeros(len(vectors), np.float32)
    squared[:, 0] = np.inf
    for place in range(1, len(vectors)):
        if place % _TELL_EVERY == 0:
            told(place / len(vectors))
        row = squared[order[place - 1]]
        following = int(np.argmin(row))
        order[place], step[place] = following, np.sqrt(row[following])
        squared[:, following] = np.inf
    return Chain(order, step)


def chain_along_graph(vectors: Float32, told: Told = nobody) -> Chain:
    """The same along each one's neighbours, and by a search among those left where all neighbours are taken.

    About n log n. Nothing is cut into slices, so the chain breaks nowhere but where the faces do.
    """
    small = reduced(vectors)
    begun = part_of(told, 0, _SHARE_OF_GRAPH)
    ids, away = nearest(vectors, min(_NEIGHBOURS, len(vectors) - 1), small=small, told=begun)
    going = part_of(told, _SHARE_OF_GRAPH, 1)
    left = Left(vectors, small=small)
    order, step = np.zeros(len(vectors), np.intp), np.zeros(len(vectors), np.float32)
    taken = bytearray(len(vectors))
    at = 0
    taken[0] = 1
    left.take(0)
    for place in range(1, len(vectors)):
        if place % _TELL_EVERY == 0:
            going(place / len(vectors))
        for rank, other in enumerate(ids[at].tolist()):
            if other >= 0 and not taken[other]:  # -1 stands for a neighbour that was not found
                step[place], at = away[at, rank], other
                break
        else:
            at, step[place] = left.nearest(at)
        order[place] = at
        taken[at] = 1
        left.take(at)
    return Chain(order, step)
