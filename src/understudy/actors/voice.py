"""A murmur for a silent actor: a pitched source through two formants that follow the jaw and the lips.

It means nothing and resembles nobody; it is there so that rendered clips have sound that belongs to them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from understudy.actors.performance import RATE_HZ, State

_HARMONICS = 26


def voice(
    track: Sequence[State], *, rate_hz: int = 48000, seed: int = 0, frame_rate_hz: float = RATE_HZ
) -> npt.NDArray[np.float32]:
    """Samples (n,) in -1..1 for the whole track; loud where the jaw is open, silent where it rests.

    The seed chooses the pitch (about 95-215 Hz) and its melody. Formants are second-order resonances (Klatt,
    "Software for a cascade/parallel formant synthesizer", JASA 67, 1980), here as gains on harmonics.
    """
    count = round(len(track) * rate_hz / frame_rate_hz)
    if count == 0:
        return np.zeros(0, np.float32)
    rng = np.random.default_rng([seed, 13])
    time = np.arange(count) / rate_hz
    frame = (time * frame_rate_hz).clip(0, len(track) - 1)
    at = np.arange(len(track))
    jaw = np.interp(frame, at, [state.jaw for state in track])
    pucker = np.interp(frame, at, [state.pucker for state in track])
    base_hz = rng.uniform(95, 215)
    melody = 0.05 * np.sin(2 * np.pi * (0.31 * time + rng.uniform())) + 0.03 * np.sin(2 * np.pi * 1.1 * time)
    pitch_hz = base_hz * (1 + melody + 0.10 * jaw)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / rate_hz
    first_hz, second_hz = 280 + 560 * jaw, 1750 - 900 * pucker - 250 * jaw
    sound = np.zeros(count)
    for harmonic in range(1, _HARMONICS + 1):
        hz = harmonic * pitch_hz
        gain = _resonance(hz, first_hz, 110) + 0.55 * _resonance(hz, second_hz, 160)
        gain = gain * (hz < 0.45 * rate_hz)
        sound += gain / harmonic**0.6 * np.sin(harmonic * phase + rng.uniform(0, 2 * np.pi))
    breath = rng.normal(0, 0.05, count)
    loud = np.clip((jaw - 0.03) / 0.5, 0, 1) ** 0.8
    return np.clip(0.16 * loud * (sound + breath), -1, 1).astype(np.float32)


def _resonance(
    hz: npt.NDArray[np.float64], centre_hz: npt.NDArray[np.float64], width_hz: float
) -> npt.NDArray[np.float64]:
    """Gain of a resonance, 1 at its centre."""
    return 1 / np.sqrt(1 + np.square((hz - centre_hz) / width_hz))
