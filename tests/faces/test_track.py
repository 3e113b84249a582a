import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faces.people import turned_face
from understudy.faces.detect import Detection
from understudy.faces.track import link_tracks, smooth_track


def at(x: float, y: float = 50, side: float = 40) -> Detection:
    box = np.array([x - side / 2, y - side / 2, x + side / 2, y + side / 2])
    return Detection(box, 0.9, np.zeros((5, 2)))


def test_two_people_keep_their_numbers_whatever_their_order():
    frames = [[at(50 + k), at(150 - k)] if k % 2 else [at(150 - k), at(50 + k)] for k in range(20)]
    expected = [[1, 0] if k % 2 else [0, 1] for k in range(20)]
    assert link_tracks(frames) == expected


def test_people_who_pass_each_other_keep_going_their_way():
    frames = [[at(20 + 12 * k, 50), at(260 - 12 * k, 62)] for k in range(20)]
    assert link_tracks(frames) == [[0, 1]] * 20


def test_a_short_gap_is_bridged_and_a_long_one_is_not():
    walk = [[at(50 + 6 * k)] for k in range(30)]
    short = [[] if 10 <= k < 14 else row for k, row in enumerate(walk)]
    assert {n for row in link_tracks(short) for n in row} == {0}
    long = [[] if 10 <= k < 22 else row for k, row in enumerate(walk)]
    assert {n for row in link_tracks(long) for n in row} == {0, 1}


def test_a_gap_is_measured_in_seconds_where_times_are_known():
    frames = [[at(50)], [], [at(50)]]
    assert link_tracks(frames, time_s=[0, 0.04, 0.08]) == [[0], [], [0]]
    assert link_tracks(frames, time_s=[0, 1, 2]) == [[0], [], [1]]


def test_a_jump_a_leap_in_size_and_a_cut_end_a_track():
    assert link_tracks([[at(50)], [at(250)]]) == [[0], [1]]
    assert link_tracks([[at(50, side=40)], [at(50, side=90)]]) == [[0], [1]]
    assert link_tracks([[at(50)], [at(51)]], cuts={1}) == [[0], [1]]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.floats(0, 300), max_size=4), max_size=12))
def test_no_track_has_two_faces_in_one_frame(rows):
    numbers = link_tracks([[at(x) for x in row] for row in rows])
    assert [len(row) for row in numbers] == [len(row) for row in rows]
    assert all(len(set(row)) == len(row) for row in numbers)


def shaken(seed: int, noise: float, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A head that turns, nods and drifts, truly and with noise."""
    truth = np.stack(
        [
            turned_face(30 * np.sin(k / 9), 8 * np.sin(k / 7), 10 * np.sin(k / 11), centre=(150 + 2 * k, 160))
            for k in frames
        ]
    )
    return truth, truth + np.random.default_rng(seed).normal(0, noise, truth.shape)


def rms(difference: np.ndarray) -> float:
    return float(np.sqrt((difference**2).mean()))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_smoothing_takes_off_noise_and_jitter(seed):
    frames = np.arange(50)
    truth, noisy = shaken(seed, 2.0, frames)
    smooth = smooth_track(frames, noisy)
    assert rms(smooth - truth) < 0.7 * rms(noisy - truth)
    assert rms(np.diff(smooth - truth, axis=0)) < 0.4 * rms(np.diff(noisy - truth, axis=0))


def test_smoothing_bridges_gaps_by_their_length():
    frames = np.array([*range(12), *range(17, 40)])
    truth, noisy = shaken(5, 1.5, frames)
    assert rms(smooth_track(frames, noisy) - truth) < 0.75 * rms(noisy - truth)


def test_an_even_move_turn_and_zoom_are_kept_exactly():
    frames = np.arange(20)
    moving = np.stack(
        [turned_face(roll_deg=3 * k, scale=1.02**k, centre=(100 + 5 * k + 0.2 * k**2, 90)) for k in frames]
    )
    np.testing.assert_allclose(smooth_track(frames, moving), moving, atol=0.05)


def test_a_fast_turn_is_not_late():
    frames = np.arange(40)
    yaw = 40 / (1 + np.exp(-(frames - 20) / 1.5))
    truth = np.stack([turned_face(y) for y in yaw])
    smooth = smooth_track(frames, truth)
    nose = truth[:, 30, 0] - truth[:, 27, 0]
    followed = smooth[:, 30, 0] - smooth[:, 27, 0]
    middle = (nose[0] + nose[-1]) / 2
    crossed = [np.interp(middle, line, frames) for line in (nose, followed)]
    assert crossed[1] == pytest.approx(crossed[0], abs=0.15)
    assert np.abs(smooth - truth).max() < 2.5


def test_a_roll_over_half_a_turn_does_not_leap():
    frames = np.arange(30)
    rolling = np.stack([turned_face(roll_deg=160 + 3 * k) for k in frames])
    assert np.abs(smooth_track(frames, rolling) - rolling).max() < 0.1


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_track_too_short_to_smooth_stays_as_it_is(count):
    points = np.stack([turned_face(k) for k in range(count)]) if count else np.empty((0, 68, 2))
    np.testing.assert_array_equal(smooth_track(range(count), points), points)
