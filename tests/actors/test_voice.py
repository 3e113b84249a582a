"""Claims about the murmur."""

from __future__ import annotations

import numpy as np

from understudy.actors.performance import State, src_track
from understudy.actors.voice import voice


def test_the_voice_lasts_as_long_as_the_track_and_is_finite_and_never_clips_hard() -> None:
    track = src_track(50, 1)
    sound = voice(track, rate_hz=16000, seed=1)
    assert sound.dtype == np.float32 and len(sound) == 32000
    assert np.isfinite(sound).all() and np.abs(sound).max() <= 1
    assert (np.abs(sound) > 0.99).mean() < 0.01


def test_the_voice_is_loud_where_the_jaw_is_open_and_silent_where_it_rests() -> None:
    track = [State(jaw=0.6 if 10 <= k < 20 else 0.0) for k in range(30)]
    sound = voice(track, rate_hz=8000, seed=2)
    power = np.square(sound).reshape(30, -1).mean(1)
    assert power[12:19].min() > 100 * max(power[:9].max(), power[22:].max(), 1e-9)
    assert power[:9].max() == 0


def test_an_empty_track_has_an_empty_voice() -> None:
    assert voice([]).shape == (0,)
