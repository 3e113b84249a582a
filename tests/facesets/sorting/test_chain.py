"""Chains and neighbours: the fast ways agree with comparing all with all."""

import subprocess
import sys

import numpy as np
import pytest

from understudy.facesets.sorting import chain as chains
from understudy.facesets.sorting.chain import chain, chain_along_graph, chain_exact
from understudy.facesets.sorting.neighbours import (
    Left,
    nearest,
    nearest_exact,
    reduced,
    squared_distances,
)


def histograms(count: int, *, seed: int = 0) -> np.ndarray:
    """Square roots of three smooth histograms, each a few hills that move from face to face, (count, 768)."""
    rng = np.random.default_rng(seed)
    level = np.arange(256) / 256
    hills = rng.uniform(0.1, 0.9, (count, 3, 1, 3)) + rng.normal(0, 0.03, (count, 3, 256, 3))
    widths, heights = rng.uniform(0.03, 0.15, (count, 3, 1, 3)), rng.uniform(0.2, 1, (count, 3, 1, 3))
    drawn = (heights * np.exp(-(((level[None, None, :, None] - hills) / widths) ** 2))).sum(-1)
    return np.sqrt(drawn / drawn.sum(-1, keepdims=True)).reshape(count, 768).astype(np.float32)


def line(places: list[float]) -> np.ndarray:
    return np.array(places, np.float32)[:, None] @ np.ones((1, 3), np.float32)


def test_the_next_is_always_the_nearest_of_those_left():
    found = chain_exact(line([0, 5, 1, 9, 2]))
    assert found.order.tolist() == [0, 2, 4, 1, 3]
    assert np.allclose(found.step, np.sqrt(3) * np.array([0, 1, 1, 3, 4]))


@pytest.mark.parametrize("count", [2, 3, 40, 700])
def test_the_graph_gives_a_whole_chain_hardly_longer_than_the_exact_one(count):
    vectors = histograms(count)
    fast, exact = chain_along_graph(vectors), chain_exact(vectors)
    assert sorted(fast.order.tolist()) == list(range(count))
    assert fast.step.sum() <= 1.02 * exact.step.sum()
    away = np.sqrt(((vectors[fast.order[1:]] - vectors[fast.order[:-1]]) ** 2).sum(1))
    assert np.allclose(fast.step[1:], away, atol=1e-3)


def test_the_graph_walks_as_the_exact_chain_where_steps_are_clear():
    rng = np.random.default_rng(4)
    path = np.cumsum(rng.uniform(0.5, 1.5, 600))
    shuffled = rng.permutation(599) + 1
    vectors = line(path[[0, *shuffled]].tolist())
    assert chain_along_graph(vectors).order.tolist() == chain_exact(vectors).order.tolist()


def test_large_sets_take_the_graph_and_small_ones_do_not(monkeypatch):
    taken = []
    monkeypatch.setattr(chains, "EXACT_UP_TO", 10)
    monkeypatch.setattr(chains, "chain_exact", lambda v, _told: taken.append(("exact", len(v))))
    monkeypatch.setattr(chains, "chain_along_graph", lambda v, _told: taken.append(("graph", len(v))))
    chain(line([0.0] * 10))
    chain(line([0.0] * 11))
    assert taken == [("exact", 10), ("graph", 11)]


def test_equal_faces_all_come_into_the_chain_once():
    vectors = np.repeat(histograms(3), 50, axis=0)
    found = chain_along_graph(vectors)
    assert sorted(found.order.tolist()) == list(range(150))
    assert (found.step > 1e-3).sum() == 2


def test_a_neighbour_that_was_not_found_is_no_face(monkeypatch):
    def nothing_found(vectors, k, **_):
        return np.full((len(vectors), k), -1), np.full((len(vectors), k), np.inf, np.float32)

    monkeypatch.setattr(chains, "nearest", nothing_found)
    found = chain_along_graph(np.random.default_rng(1).random((45, 8), np.float32))
    assert sorted(found.order.tolist()) == list(range(45))
    assert np.isfinite(found.step).all()


def test_nearly_all_of_the_ten_nearest_are_found():
    vectors = histograms(3000)
    ids, away = nearest(vectors, 10)
    exact_ids, exact_away = nearest_exact(vectors, 10)
    recall = np.mean([len({*a} & {*b}) / 10 for a, b in zip(ids.tolist(), exact_ids.tolist(), strict=True)])
    assert recall >= 0.98
    assert (np.diff(away, axis=1) >= 0).all()
    assert (away >= exact_away - 1e-3).all()
    assert not (ids == np.arange(3000)[:, None]).any()


def test_the_nearest_of_those_left_is_never_one_that_is_taken():
    vectors = histograms(200)
    left, taken = Left(vectors), [False] * 200
    at = 0
    for _ in range(199):
        left.take(at)
        taken[at] = True
        squared = squared_distances(vectors[at : at + 1], vectors)[0]
        squared[taken] = np.inf
        found, away = left.nearest(at)
        assert not taken[found]
        assert away <= 1.3 * np.sqrt(squared.min()) + 1e-3
        at = found
    left.take(at)
    with pytest.raises(ValueError, match="nothing is left"):
        left.nearest(at)


def test_few_dimensions_are_left_as_they_are_and_many_keep_their_distances():
    few = line([1, 2, 3])
    assert np.array_equal(reduced(few), few)
    vectors = histograms(500)
    small = reduced(vectors)
    assert small.shape[1] < vectors.shape[1]
    whole, kept = squared_distances(vectors, vectors), squared_distances(small, small)
    assert np.corrcoef(whole.ravel(), kept.ravel())[0, 1] > 0.99


def test_equal_vectors_are_no_distance_apart():
    vectors = np.repeat(histograms(1), 5, axis=0)
    assert (squared_distances(vectors, vectors) == 0).all()


def test_neighbours_and_networks_work_in_one_process():
    """Both bring an OpenMP of their own."""
    code = (
        "import torch, numpy as np\n"
        "from understudy.facesets.sorting.neighbours import nearest\n"
        "vectors = np.random.default_rng(0).random((2000, 64), np.float32)\n"
        "before = torch.randn(64, 64) @ torch.randn(64, 64)\n"
        "nearest(vectors, 10)\n"
        "torch.nn.Conv2d(3, 8, 3)(torch.randn(2, 3, 64, 64)).sum().backward()\n"
        "nearest(vectors, 10)\n"
        "print('well')"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert run.stdout.strip() == "well", run.stderr[-2000:]
