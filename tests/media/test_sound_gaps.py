"""Jumps in time stamps are silence; rounding, drift and clocks that are set anew are not."""

from __future__ import annotations

from fractions import Fraction

import pytest

from understudy.media.sound_gaps import Gaps, plain_sample

_BLOCK_S = Fraction(1, 50)


def _silences(stamps_ms: list[int | None], begins_s: Fraction | None = None) -> list[float]:
    gaps = Gaps(begins_s)
    return [
        float(gaps.before(None if stamp is None else Fraction(stamp, 1000), _BLOCK_S)) for stamp in stamps_ms
    ]


@pytest.mark.parametrize(
    ("stamps_ms", "silences"),
    [
        ([500, 520, 540], [0, 0, 0]),
        ([0, 20, 1040, 1060], [0, 0, 1, 0]),
        ([0, 21, 39, 61], [0, 0, 0, 0]),
        ([0, 20, None, 60, 180], [0, 0, 0, 0, 0.1]),
        ([0, 20, 7_300_000, 7_300_020], [0, 0, 0, 0]),
        ([1000, 1020, 0, 20, 140], [0, 0, 0, 0, 0]),
    ],
)
def test_only_a_jump_ahead_is_silence(stamps_ms: list[int | None], silences: list[float]) -> None:
    assert _silences(stamps_ms) == silences


def test_a_clock_that_runs_a_little_slow_is_put_right_at_the_next_gap() -> None:
    assert _silences([0, 22, 44, 66, 186]) == [0, 0, 0, 0, pytest.approx(0.106)]


def test_a_late_beginning_is_silence_where_there_is_a_beginning_to_keep() -> None:
    assert _silences([500, 520], Fraction(0)) == [0.5, 0]


def test_plain_samples_are_known_by_their_size_and_silence() -> None:
    assert plain_sample("pcm_s24le") == (3, b"\0")
    assert plain_sample("pcm_u8") == (1, b"\x80")
    assert plain_sample("pcm_f32le") == (4, b"\0")
    assert plain_sample("pcm_u16le") is plain_sample("pcm_s16le_planar") is plain_sample("aac") is None
