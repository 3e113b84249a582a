"""Claims about tracks: what the demo's performers do, and that it is smooth."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.actors.performance import State, dst_track, src_track


def _yaw(track: list[State]) -> np.ndarray:
    return np.array([state.yaw_deg for state in track])


def test_src_turns_through_the_whole_range_while_talking_smiling_and_blinking() -> None:
    track = src_track(170, 1)
    assert len(track) == 170
    assert _yaw(track).min() < -32 and _yaw(track).max() > 32
    assert np.abs(_yaw(track)).max() <= 35
    assert max(state.jaw for state in track) > 0.4
    assert max(state.smile for state in track) > 0.8
    assert min(state.smile for state in track) < 0.05


def test_dst_stays_within_src_s_range_under_other_light() -> None:
    src, dst = src_track(160, 1), dst_track(60, 2)
    assert _yaw(src).min() < _yaw(dst).min() and _yaw(dst).max() < _yaw(src).max()
    assert src[0].light != dst[0].light


@pytest.mark.parametrize("track", [src_track(200, 3), dst_track(75, 3)], ids=["src", "dst"])
def test_blinks_last_four_to_six_frames_and_come_every_few_seconds(track: list[State]) -> None:
    closed = np.array([state.blink_left > 0.05 for state in track])
    starts = np.flatnonzero(np.diff(closed.astype(int)) == 1)
    ends = np.flatnonzero(np.diff(closed.astype(int)) == -1)
    assert len(starts) >= 1
    for start in starts[: len(ends)]:
        length = ends[ends > start][0] - start
        assert 4 <= length <= 6
    assert (np.diff(starts) >= 48).all() and (np.diff(starts) <= 102).all()


def test_heads_move_smoothly() -> None:
    track = src_track(160, 5)
    assert np.abs(np.diff(_yaw(track))).max() < 8
    assert np.abs(np.diff(_yaw(track), n=2)).max() < 2.5


def test_the_same_seed_gives_the_same_performance() -> None:
    assert src_track(30, 7) == src_track(30, 7)
    assert src_track(30, 7) != src_track(30, 8)
