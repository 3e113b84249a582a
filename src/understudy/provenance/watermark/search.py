"""Find the watermark in what was gathered from frames, whatever their size and cut, and read its number.

The tile's side in pixels is not known, because frames are scaled and cropped on their way. So the picture is
folded to one tile at every side that is possible, and where the fold fits the chips that every mark has in
common stands a peak, which also tells the place. Turned pictures are not looked for. Not here: files.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from understudy.provenance.watermark.pattern import (
    CHIPS,
    SAMPLES,
    Floats,
    Pattern,
    passband,
    tile_px,
)
from understudy.provenance.watermark.payload import coded, decoded
from understudy.steps import answer_of

Spectrum = npt.NDArray[np.complex64]

WORKING_PX = 720  # of the short side: all that the pattern has fits in
# A peak of as many standard deviations; about one search of unmarked pictures in fifteen reaches it, and then
# the number's checksum and format are wrong but once in a million times (benchmarks/watermark.py alarms).
LEAST_PEAK = 6.0
_WIDE_PX, _LOCAL_PX = 3.0, 3.0
_LARGEST = 2.0  # in standard deviations around: a strong edge must not outweigh a whole region
_QUIET = 1.0  # steps of 8 bits below which a region is silent
_SMALLEST_TILE_PX = 70
_SIDE_SHARES = (0.12, 1.0)  # of the frame's short side that a tile's may have
_CHIPS_OFF = 0.35  # at the frame's edge when the side is not quite right
_TRIED = 6
_FITS_TO_SHARPEN = 18
_USUAL_HEIGHTS = (2160, 1440, 1080, 720, 576, 540, 480, 360)
_USUAL_SQUEEZES = (1.0, 3 / 4, 8 / 9, 4 / 3)  # of the width: anamorphic pictures, and back


@dataclass(frozen=True)
class Found:
    """A mark that was read.

    `peak` is in standard deviations, `wrong_bits` how many of CODED_BITS were corrected; the sides are those of
    the tile in the frame, of at most WORKING_PX.
    """

    number: int
    peak: float
    wrong_bits: int
    tile_width_px: float
    tile_height_px: float
    mirrored: bool


@dataclass(frozen=True, eq=False)
class Fit:
    """How well one size of the tile fits, and the tile's spectrum there."""

    peak: float
    width_px: float
    height_px: float
    mirrored: bool
    place: tuple[int, int]
    spectrum: Spectrum


def evidence_of(rgb: npt.NDArray[np.uint8]) -> Floats:
    """(h, w) at most WORKING_PX on the short side: each pixel against its surroundings, in their contrast.

    Averaged over frames the pictures fade and the mark stays. Regions count alike whether busy or quiet,
    because the mark is as strong as they are busy.
    """
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    scale = WORKING_PX / min(luma.shape)
    if scale < 1:
        size = (round(luma.shape[1] * scale), round(luma.shape[0] * scale))
        luma = cv2.resize(luma.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    luma = luma.astype(np.float32)
    detail = luma - cv2.GaussianBlur(luma, (0, 0), _WIDE_PX)
    around = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), _LOCAL_PX))
    return np.clip(detail / (around + _QUIET), -_LARGEST, _LARGEST, dtype=np.float32)


def look(evidence: Floats, pattern: Pattern, *, everywhere: bool = True) -> Found | None:
    """The mark in (h, w) averaged evidence; None where there is none that can be read.

    Usual sizes are tried first. `everywhere` tries all other sides too, which takes seconds.
    """
    usual = answer_of(_read(evidence, pattern, _usual_sides(*evidence.shape)))
    if usual is not None or not everywhere:
        return usual
    return answer_of(look_elsewhere(evidence, pattern))


def look_elsewhere(evidence: Floats, pattern: Pattern) -> Generator[float, None, Found | None]:
    """The mark at all sides but the usual ones, in steps: yields how much of that, 0..1, is done."""
    return _read(evidence, pattern, [(side, side) for side in sides_to_try(*evidence.shape)])


def sides_to_try(height: int, width: int) -> list[float]:
    """Every side of the tile, in pixels, at which a mark may be found; none lies far from one of them."""
    short, long = min(height, width), max(height, width)
    side, last = max(_SMALLEST_TILE_PX, _SIDE_SHARES[0] * short), _SIDE_SHARES[1] * short
    sides = []
    while side <= last:
        sides.append(side)
        side += 4 * _CHIPS_OFF * side * side / (CHIPS * long)
    return sides


def _usual_sides(height: int, width: int) -> list[tuple[float, float]]:
    """Where the frame is whole: its own tile, and those of frames of usual sizes that were scaled to it, also
    where the width was scaled by more or less."""
    short, long = min(height, width), max(height, width)
    shares = {
        tile_px(round(original * long / short), original) / original for original in (short, *_USUAL_HEIGHTS)
    }
    sides = [share * short for share in sorted(shares)]
    return [(side * squeeze, side) for squeeze in _USUAL_SQUEEZES for side in sides]


def _read(
    evidence: Floats, pattern: Pattern, sides: list[tuple[float, float]]
) -> Generator[float, None, Found | None]:
    levels, fits, work = _levels(evidence), list[Fit](), len(sides) + _TRIED * _FITS_TO_SHARPEN
    for side in sides:
        fits.append(_fit(levels, pattern, side))
        yield len(fits) / work
    fits.sort(key=lambda fit: -fit.peak)
    for number, rough in enumerate(fits[:_TRIED], 1):
        fit = _sharpened(evidence, pattern, rough)
        yield (len(sides) + number * _FITS_TO_SHARPEN) / work
        if fit.peak < LEAST_PEAK:
            continue
        soft = soft_bits_of(fit, pattern)
        number_read = decoded(soft)
        if number_read is not None:
            wrong = int(np.sum(np.sign(soft) != coded(number_read)))
            return Found(number_read, fit.peak, wrong, fit.width_px, fit.height_px, fit.mirrored)
    return None


def _fit(levels: list[Floats], pattern: Pattern, side: tuple[float, float]) -> Fit:
    wide, high = side
    level = min(len(levels) - 1, max(0, int(np.log2(min(wide, high) / SAMPLES))))
    return best_fit(levels[level], pattern, (wide / 2**level, high / 2**level), shown=side)


def _levels(evidence: Floats) -> list[Floats]:
    """The evidence, and it at half and a quarter of its size, where large tiles are folded sooner."""
    levels = [evidence]
    while len(levels) < 3 and min(levels[-1].shape) >= 2 * SAMPLES:
        height, width = levels[-1].shape
        even = levels[-1][: height // 2 * 2, : width // 2 * 2]
        smaller = cv2.resize(even, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        levels.append(np.asarray(smaller, np.float32))
    return levels


def _sharpened(evidence: Floats, pattern: Pattern, rough: Fit) -> Fit:
    """The same with both sides as exact as the frame allows: scaling to whole pixels changes them a little."""
    best = rough
    step = 4 * _CHIPS_OFF * rough.width_px / (CHIPS * max(evidence.shape))
    for share in (step / 2, step / 4):
        middle = best
        for across in (-share, 0, share):
            for down in (-share, 0, share):
                sides = (middle.width_px * (1 + across), middle.height_px * (1 + down))
                fit = best_fit(evidence, pattern, sides, shown=sides)
                best = max(best, fit, key=lambda each: each.peak)
    return best


def best_fit(
    evidence: Floats, pattern: Pattern, sides_px: tuple[float, float], *, shown: tuple[float, float]
) -> Fit:
    """The highest peak for a tile of this width and height, as it is and mirrored."""
    return highest(folded(evidence, sides_px), pattern, shown=shown)


def folded(evidence: Floats, sides_px: tuple[float, float]) -> Spectrum:
    """The whitened spectrum of the mean tile of this width and height."""
    height, width = evidence.shape
    tile = _folding(height, sides_px[1]) @ evidence @ _folding(width, sides_px[0]).T
    return _whitened(tile.astype(np.float32, copy=False))


def highest(spectrum: Spectrum, pattern: Pattern, *, shown: tuple[float, float]) -> Fit:
    """The highest peak of a folded tile against the chips that every mark has in common."""
    best: Fit | None = None
    for mirrored in (False, True):
        seen = np.roll(spectrum[:, ::-1], 1, axis=1) if mirrored else spectrum
        product = _as_pairs(seen * pattern.sync_spectrum)
        match = np.asarray(cv2.idft(product, flags=cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT))
        row, column = divmod(int(match.argmax()), SAMPLES)
        spread = float(cv2.meanStdDev(match)[1][0, 0])
        peak = float(match[row, column]) / max(spread, 1e-9)  # nothing varies in a plain picture
        if best is None or peak > best.peak:
            best = Fit(peak, *shown, mirrored, (row, column), seen)
    assert best is not None
    return best


def _folding(length: int, side_px: float) -> Floats:
    """(SAMPLES, length): what of each pixel falls on each sample of the tile, a mean over repetitions."""
    place = (np.arange(length) + 0.5) * (SAMPLES / side_px) - 0.5
    left = np.floor(place).astype(int)
    right_share = (place - left).astype(np.float32)
    fold = np.zeros((SAMPLES, length), np.float32)
    at = np.arange(length)
    fold[left % SAMPLES, at] = 1 - right_share
    fold[(left + 1) % SAMPLES, at] += right_share
    weight = fold.sum(1, keepdims=True)
    return fold / np.maximum(weight, 0.5)


def _whitened(tile: Floats) -> Spectrum:
    """The tile's spectrum, every frequency as strong as its neighbourhood, single lines held back."""
    pairs = cv2.dft(tile - tile.mean(), flags=cv2.DFT_COMPLEX_OUTPUT)
    spectrum = np.asarray(pairs, np.float32).view(np.complex64)[..., 0]
    power = np.fft.fftshift(spectrum.real**2 + spectrum.imag**2)
    around = np.fft.ifftshift(cv2.blur(power, (7, 7), borderType=cv2.BORDER_REFLECT))
    spectrum = spectrum / np.sqrt(around + 1e-12)
    held_back = 1 / np.maximum(np.abs(spectrum) / 1.5, 1)
    return (spectrum * held_back * passband(SAMPLES)).astype(np.complex64, copy=False)


def _as_pairs(spectrum: Spectrum) -> Floats:
    """(..., 2) real and imaginary parts, as OpenCV has them, whose transforms take a tenth of numpy's time."""
    return np.ascontiguousarray(spectrum).view(np.float32).reshape(*spectrum.shape, 2)


def soft_bits_of(fit: Fit, pattern: Pattern) -> npt.NDArray[np.float64]:
    """(CODED_BITS,) what the tile says, once it is moved to where its chips lie."""
    turns = np.fft.fftfreq(SAMPLES)
    moved = fit.spectrum * np.exp(2j * np.pi * (turns[:, None] * fit.place[0] + turns[None] * fit.place[1]))
    step = SAMPLES // CHIPS
    return pattern.soft_bits(np.fft.ifft2(moved).real[::step, ::step])
