import time

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


LOOKS = np.eye(6) * 0.8


def test_looks_decide_where_boxes_are_crossed():
    """Both turn round where they meet: by their boxes alone they seem to pass."""
    frames = [[at(100 - 6 * abs(10 - k)), at(104 + 6 * abs(10 - k))] for k in range(21)]
    looks = [[LOOKS[0], LOOKS[1]]] * 21
    assert link_tracks(frames, looks_per_frame=looks) == [[0, 1]] * 21


def test_a_hidden_face_comes_back_to_its_track_only_where_it_is_expected_and_alike():
    walk = [[at(50 + 6 * k)] if not 10 <= k < 30 else [] for k in range(40)]
    same = [[LOOKS[0]] * len(row) for row in walk]
    assert {n for row in link_tracks(walk, looks_per_frame=same) for n in row} == {0}
    other = [[LOOKS[0] if k < 10 else LOOKS[1]] * len(row) for k, row in enumerate(walk)]
    assert {n for row in link_tracks(walk, looks_per_frame=other) for n in row} == {0, 1}
    away = [[at(50 + 6 * k, 50 if k < 10 else 250)] * len(row) for k, row in enumerate(walk)]
    assert {n for row in link_tracks(away, looks_per_frame=same) for n in row} == {0, 1}


def test_ten_times_the_frames_take_about_ten_times_as_long():
    def seconds(count: int) -> float:
        frames = [[at(50 + 30 * np.sin(k / 9)), at(200), at(300 + k % 7)] for k in range(count)]
        began = time.process_time()
        link_tracks(frames, looks_per_frame=[[LOOKS[0], LOOKS[1], LOOKS[2]]] * count)
        return time.process_time() - began

    seconds(50)
    assert seconds(2000) < 25 * max(seconds(200), 0.005)
