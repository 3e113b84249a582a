"""The pattern that carries the coded bits: a square of chips, chosen by a key, repeated over the whole frame.

Spread spectrum (I. Cox et al., IEEE Trans. Image Processing 6, 1997) in a tile whose repetition shows scale and
place (T. Kalker et al., "A video watermarking system for broadcast monitoring", SPIE 3657, 1999). A quarter of
the chips is the same in every mark and serves to find it; the others carry the bits, about 14 chips each. Made
of a hash alone, so that a mark can be read whatever numpy's generators do in years to come.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from understudy.provenance.watermark.payload import CODED_BITS, coded

Floats = npt.NDArray[np.float32]

# Whoever has the program can read the marks it makes: that is what they are for.
OPEN_KEY = b"understudy watermark 1"
CHIPS = 64  # along each side of the tile
SAMPLES = 128  # along the tile's side, when it is read
_SYNC_SHARE = 0.25
_LOWEST, _HIGHEST = 0.12, 0.5  # of the pattern, cycles a chip: lower ones the eye sees, higher ones codecs drop
_SHORTEST_CHIP_PX, _CHIPS_OF_SHORT_SIDE = 3.0, 270.0


def chip_px(width: int, height: int) -> float:
    """Size of a chip in a frame: it grows with the frame, so that a smaller copy keeps it."""
    return max(_SHORTEST_CHIP_PX, min(width, height) / _CHIPS_OF_SHORT_SIDE)


def tile_px(width: int, height: int) -> int:
    """The tile's side in a frame, in whole pixels."""
    return round(CHIPS * chip_px(width, height))


@dataclass(frozen=True, eq=False)
class Pattern:
    """Which chip carries what. `owner` is -1 for chips that serve to find the mark, else the index of a bit."""

    owner: npt.NDArray[np.int64]  # (CHIPS * CHIPS,)
    signs: Floats  # (CHIPS * CHIPS,) of -1 and 1
    sync_spectrum: npt.NDArray[np.complex64] = field(repr=False)  # (SAMPLES, SAMPLES), to correlate with

    def tile(self, number: int, side_px: int) -> Floats:
        """(side_px, side_px) of mean 0 and standard deviation 1: the mark that carries `number`.

        It is moved by a distance that follows from the number, so that a second mark in the same picture does
        not fall on the first.
        """
        bits = coded(number).astype(np.float32)
        chips = np.where(self.owner >= 0, bits[self.owner], 1) * self.signs
        drawn = _drawn(chips.reshape(CHIPS, CHIPS), side_px)
        moved = hashlib.sha256(number.to_bytes(8, "big")).digest()
        return np.roll(drawn, (moved[0] * side_px // 256, moved[1] * side_px // 256), (0, 1))

    def soft_bits(self, chips: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """(CODED_BITS,) sums of the read values of (CHIPS, CHIPS) chips."""
        carrying = self.owner >= 0
        values = (chips.ravel() * self.signs)[carrying]
        return np.bincount(self.owner[carrying], values, minlength=CODED_BITS).astype(np.float64)


@lru_cache(maxsize=16)
def pattern_for(key: bytes = OPEN_KEY) -> Pattern:
    """The pattern of a key."""
    count = CHIPS * CHIPS
    drawn = hashlib.shake_256(key).digest(count * 8 + count)
    order = np.argsort(np.frombuffer(drawn[: count * 8], ">u8"), kind="stable")
    signs = (np.frombuffer(drawn[count * 8 :], np.uint8) & 1).astype(np.float32) * 2 - 1
    owner = np.full(count, -1, np.int64)
    carrying = order[round(_SYNC_SHARE * count) :]
    owner[carrying] = np.arange(len(carrying)) % CODED_BITS
    sync = np.zeros((SAMPLES, SAMPLES), np.float32)
    step = SAMPLES // CHIPS
    sync[::step, ::step] = np.where(owner < 0, signs, 0).reshape(CHIPS, CHIPS)
    return Pattern(owner, signs, np.conj(np.fft.fft2(sync)))


@lru_cache(maxsize=8)  # whoever looks for a mark asks for one side a hundred times
def passband(side: int) -> Floats:
    """(side, side) shares 0..1 of the frequencies of a tile of that side that the pattern has. Read-only."""
    cycles_a_chip = np.fft.fftfreq(side, d=CHIPS / side)
    radius = np.hypot(cycles_a_chip[:, None], cycles_a_chip[None])
    shares = np.exp(-((radius / _HIGHEST) ** 4)) * (1 - np.exp(-((radius / _LOWEST) ** 4)))
    kept = np.where(radius < 1, shares, 0).astype(np.float32)
    kept.flags.writeable = False
    return kept


def _drawn(chips: Floats, side_px: int) -> Floats:
    """The chips as a smooth picture that repeats without a seam, of any size in pixels."""
    place = np.rint(np.fft.fftfreq(side_px, d=1 / side_px)).astype(int) % CHIPS
    spectrum = np.fft.fft2(chips)[np.ix_(place, place)] * passband(side_px)
    drawn = np.fft.ifft2(spectrum).real
    return (drawn / drawn.std()).astype(np.float32)
