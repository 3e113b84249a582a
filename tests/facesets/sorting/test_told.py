"""Every long sort says how far it is, and ends as soon as nobody wants it any more."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.facesets.sorting import chain as chains
from understudy.facesets.sorting import dissimilar, neighbours
from understudy.facesets.sorting.chain import chain
from understudy.facesets.sorting.dissimilar import mean_distance
from understudy.facesets.sorting.final import choose
from understudy.facesets.sorting.told import Told, nobody, part_of

VECTORS = np.random.default_rng(0).normal(size=(1500, 8)).astype(np.float32)


class Enough(Exception):
    """Nobody waits any more."""


def along_graph(told: Told) -> object:
    return chains.chain_along_graph(VECTORS, told).order


def exactly(told: Told) -> object:
    return chain(VECTORS, told).order


def unlike(told: Told) -> object:
    return mean_distance(VECTORS, told=told)


def final(told: Told) -> object:
    yaw, pitch = VECTORS[:, 0].astype(float) * 20, VECTORS[:, 1].astype(float)
    return choose(yaw, pitch, pitch, VECTORS, target=200, told=told)


@pytest.mark.parametrize("sort", [along_graph, exactly, unlike, final])
def test_it_tells_a_share_that_never_falls_and_is_stopped_by_whom_it_tells(sort, monkeypatch) -> None:
    monkeypatch.setattr(neighbours, "_BLOCK_ROWS", 256)
    monkeypatch.setattr(dissimilar, "_BLOCK_ROWS", 256)
    monkeypatch.setattr(neighbours, "_BLOCK_BYTES", 1 << 20)
    shares = list[float]()
    order = sort(shares.append)
    assert shares == sorted(shares) and shares[0] >= 0 and 0.6 < shares[-1] <= 1 and len(shares) > 1
    np.testing.assert_array_equal(sort(nobody), order)

    def stop(share: float) -> None:
        if share > 0.3:
            raise Enough

    with pytest.raises(Enough):
        sort(stop)


def test_a_part_tells_of_the_whole() -> None:
    told = list[float]()
    part_of(told.append, 0.5, 0.75)(0.5)
    assert told == [0.625]
