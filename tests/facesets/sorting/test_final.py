import numpy as np
import pytest

from understudy.facesets.sorting.final import choose, filled_quotas


def crowd(count: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Yaw and pitch of a crowd that mostly looks ahead, quality and looks (count, 8)."""
    rng = np.random.default_rng(seed)
    yaw, pitch = rng.normal(0, 12, count), rng.normal(0, 6, count)
    yaw[: count // 10] = rng.uniform(-70, 70, count // 10)
    return yaw, pitch, rng.random(count), rng.random((count, 8)).astype(np.float32)


def spread(values: np.ndarray) -> float:
    """Entropy over bins of 5 degrees: greater is more even."""
    share = np.bincount(((values + 90) // 5).astype(int)) / len(values)
    return float(-(share[share > 0] * np.log(share[share > 0])).sum())


@pytest.mark.parametrize(
    ("counts", "target", "quotas"),
    [
        ([10, 10, 10], 9, [3, 3, 3]),
        ([1, 10, 10], 9, [1, 4, 4]),
        ([1, 2, 100], 50, [1, 2, 47]),
        ([2, 3], 10, [2, 3]),
        ([5, 6, 7], 4, [1, 1, 2]),
        ([0, 0], 5, [0, 0]),
    ],
)
def test_quotas_are_as_equal_as_the_bins_allow_and_fill_the_target(counts, target, quotas):
    assert filled_quotas(counts, target) == quotas


@pytest.mark.parametrize("target", [1, 7, 64, 300, 2000])
def test_exactly_the_target_is_chosen_and_nobody_twice(target):
    chosen = choose(*crowd(3000), target=target)
    assert len(chosen) == len({*chosen.tolist()}) == target


def test_fewer_faces_than_asked_for_are_all_kept_from_left_to_right():
    yaw, *rest = crowd(50)
    chosen = choose(yaw, *rest, target=2000)
    assert sorted(chosen.tolist()) == list(range(50))
    assert (np.diff(yaw[chosen]) >= 0).all()


def test_directions_are_more_even_than_in_the_crowd_and_than_the_best_alone():
    yaw, pitch, quality, looks = crowd(4000)
    chosen = choose(yaw, pitch, quality, looks, target=400)
    best = np.argsort(-quality)[:400]
    assert spread(yaw[chosen]) > spread(yaw[best]) + 0.4
    assert spread(pitch[chosen]) > spread(pitch[best])
    assert (np.diff(yaw[chosen]) >= 0).all()


def test_of_those_that_look_the_same_way_better_ones_are_chosen():
    yaw, pitch, quality, looks = crowd(4000)
    chosen = choose(yaw, pitch, quality, looks, target=100)
    ahead = chosen[np.abs(yaw[chosen]) < 10]
    assert quality[ahead].min() > np.median(quality)


def test_a_look_that_is_chosen_already_is_not_chosen_again_while_there_are_others():
    looks = np.zeros((100, 2), np.float32)
    looks[::10] = np.arange(10)[:, None]
    chosen = choose(np.zeros(100), np.zeros(100), np.linspace(1, 0, 100), looks, target=10)
    assert {*looks[chosen, 0].tolist()} == {*range(10)}


def test_unknown_poses_and_qualities_come_last_but_are_no_error():
    yaw, pitch, quality, looks = crowd(200)
    yaw[3] = pitch[4] = quality[5] = np.nan
    assert len(choose(yaw, pitch, quality, looks, target=50)) == 50
