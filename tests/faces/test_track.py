import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.faces.detect import Detection
from understudy.faces.track import link_tracks


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
