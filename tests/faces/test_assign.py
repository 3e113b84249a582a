from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.faces.assign import best_pairs


def total(costs: np.ndarray, pairs: list[tuple[int, int]], most: float) -> float:
    return sum(costs[pair] for pair in pairs) + most * (costs.shape[0] - len(pairs))


def least_by_trying_all(costs: np.ndarray, most: float) -> float:
    rows, columns = costs.shape
    padded = np.concatenate([np.minimum(costs, most), np.full((rows, rows), most)], axis=1)
    return min(
        sum(padded[row, column] for row, column in enumerate(chosen))
        for chosen in permutations(range(columns + rows), rows)
    )


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 4), st.integers(0, 3), st.integers(0, 10_000))
def test_the_pairs_cost_the_least_of_all_that_could_be_made(rows, columns, seed):
    rng = np.random.default_rng(seed)
    costs = rng.uniform(0, 2, (rows, columns)).round(2)
    costs[rng.random(costs.shape) < 0.2] = np.inf
    pairs = best_pairs(costs, most=1.0)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert all(costs[pair] <= 1.0 for pair in pairs)
    assert total(costs, pairs, 1.0) == pytest.approx(least_by_trying_all(costs, 1.0))


def test_the_best_single_pair_is_given_up_where_the_whole_gains():
    assert best_pairs(np.array([[0.1, 0.2], [0.2, 0.9]]), most=2) == [(0, 1), (1, 0)]


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_nothing_to_pair_makes_no_pairs(shape):
    assert best_pairs(np.empty(shape), most=1.0) == []
