import numpy as np
import pytest

from tests.facesets.sorting.test_chain import histograms
from understudy.facesets.sorting.dissimilar import mean_distance, mean_distance_exact


def test_it_is_the_mean_of_the_distances_to_all_others():
    vectors = histograms(30)
    by_hand = [
        np.mean([np.linalg.norm(a - b) for j, b in enumerate(vectors) if i != j]) for i, a in enumerate(vectors)
    ]
    assert mean_distance(vectors) == pytest.approx(by_hand, abs=1e-4)


def test_comparing_with_some_orders_as_comparing_with_all():
    vectors = histograms(2500)
    some, exact = mean_distance(vectors, references=500), mean_distance_exact(vectors)
    assert np.abs(some - exact).max() < 0.02
    ranks = [np.argsort(np.argsort(values)) for values in (some, exact)]
    assert np.corrcoef(*ranks)[0, 1] > 0.99


def test_up_to_the_number_of_references_it_is_exact():
    vectors = histograms(200)
    assert np.array_equal(mean_distance(vectors, references=200), mean_distance_exact(vectors))


def test_equal_faces_get_equal_values():
    vectors = histograms(40)
    vectors[7] = vectors[33] = vectors[2]
    found = mean_distance(vectors)
    assert found[7] == found[33] == found[2]


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_or_one_is_unlike_nobody(count):
    assert mean_distance(histograms(1)[:count]).tolist() == [0.0] * count
