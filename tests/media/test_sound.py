"""Sound of several files follows one on the other. Copying it is tested with the movie writer."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.media.made import make_movie, sine
from understudy.errors import ClipMissing
from understudy.media.sound import HeardPart, JoinedSound


def joined(tmp_path: Path, *parts: HeardPart) -> np.ndarray:
    """The joined sound, decoded, (samples,)."""
    with av.open(str(tmp_path / "out.mp4"), "w") as output:
        sound = JoinedSound(parts, output)
        for packet in sound.packets_until(None):
            output.mux(packet)
    with av.open(str(tmp_path / "out.mp4")) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


def test_parts_are_cut_and_filled_to_their_pictures(tmp_path: Path) -> None:
    make_movie(tmp_path / "long.mp4", 5, sound=sine(2.0))
    make_movie(tmp_path / "short.mp4", 5, sound=sine(0.2, 22050))
    heard = joined(
        tmp_path,
        HeardPart(tmp_path / "long.mp4", Fraction(1, 2)),
        HeardPart(None, Fraction(1, 4)),
        HeardPart(tmp_path / "short.mp4", Fraction(1, 2)),
    )
    assert len(heard) == pytest.approx(1.25 * 48000, abs=2048)
    strength = [float(np.abs(heard[at : at + 2400]).mean()) for at in range(0, 58000, 2400)]
    loud = [index / 20 for index, value in enumerate(strength) if value > 0.1]
    assert loud[:10] == [index / 20 for index in range(10)]
    assert all(0.7 <= at < 1.0 for at in loud[10:]) and 3 <= len(loud[10:]) <= 6


def test_sound_is_handed_out_as_far_as_it_is_wanted(tmp_path: Path) -> None:
    make_movie(tmp_path / "a.mp4", 50, sound=sine(2.0))
    with av.open(str(tmp_path / "out.mp4"), "w") as output:
        sound = JoinedSound([HeardPart(tmp_path / "a.mp4", Fraction(2))], output)
        early, late = list(sound.packets_until(Fraction(1, 2))), list(sound.packets_until(None))
    assert 15 < len(early) < 35 < len(late)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ClipMissing):
        joined(tmp_path, HeardPart(tmp_path / "none.mp4", Fraction(1)))
