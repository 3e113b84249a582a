"""The mark is found whatever was done to the frames, and not found where there is none."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

from tests.provenance.watermark.footage import HEIGHT, WIDTH, Frames, coded, plain_footage, scaled
from understudy.provenance.watermark.embed import Watermark
from understudy.provenance.watermark.pattern import CHIPS, SAMPLES, passband, pattern_for
from understudy.provenance.watermark.search import Found, best_fit, evidence_of, folded, look, sides_to_try

NUMBER = 0x0F1E2D3C4B5


@pytest.fixture(scope="module")
def marked() -> Frames:
    mark = Watermark(NUMBER)
    return [mark.marked(frame) for frame in plain_footage()]


def found_in(frames: Frames, **how) -> Found | None:
    return look(np.mean([evidence_of(frame) for frame in frames], 0), pattern_for(), **how)


def test_the_number_is_read_from_one_frame(marked: Frames) -> None:
    found = found_in(marked[:1], everywhere=False)
    assert found is not None
    assert found.number == NUMBER and not found.mirrored
    assert found.tile_width_px == pytest.approx(192, abs=0.5)


@pytest.mark.parametrize("factor", [0.5, 1.5])
def test_it_survives_another_size_and_a_codec_after_it(marked: Frames, factor: float) -> None:
    found = found_in(coded(scaled(marked, factor), crf=23))
    assert found is not None and found.number == NUMBER


def test_it_survives_a_crop_of_a_tenth(marked: Frames) -> None:
    top, left = HEIGHT // 30, WIDTH // 40
    cut = [frame[top : top + HEIGHT * 9 // 10, left : left + WIDTH * 9 // 10] for frame in marked]
    found = found_in(coded(cut))
    assert found is not None and found.number == NUMBER


def test_it_survives_being_squeezed_to_another_aspect(marked: Frames) -> None:
    narrow = [cv2.resize(frame, (WIDTH * 3 // 4, HEIGHT)) for frame in marked[:2]]
    found = found_in(narrow, everywhere=False)
    assert found is not None and found.number == NUMBER


@pytest.mark.parametrize("gain", [0.8, 1.2])
def test_it_survives_brightness_and_contrast(marked: Frames, gain: float) -> None:
    found = found_in([cv2.convertScaleAbs(frame, alpha=gain, beta=51 * (gain - 1)) for frame in marked[:2]])
    assert found is not None and found.number == NUMBER


def test_it_is_read_from_a_mirrored_picture(marked: Frames) -> None:
    found = found_in([frame[:, ::-1].copy() for frame in marked[:2]], everywhere=False)
    assert found is not None and found.number == NUMBER and found.mirrored


def test_nothing_is_found_where_nothing_is() -> None:
    assert found_in(plain_footage(2, width=320, height=240)) is None
    assert found_in([np.full((240, 320, 3), 128, np.uint8)], everywhere=False) is None


def test_another_key_finds_nothing(marked: Frames) -> None:
    evidence = np.mean([evidence_of(frame) for frame in marked], 0)
    assert look(evidence, pattern_for(b"not the key"), everywhere=False) is None


def test_a_second_mark_over_the_first_is_read() -> None:
    once = Watermark(1).marked(plain_footage()[0])
    twice = Watermark(2).marked(once)
    found = found_in([twice], everywhere=False)
    assert found is not None and found.number in (1, 2)


def test_the_sides_that_are_tried_leave_no_mark_more_than_a_chip_apart() -> None:
    sides = sides_to_try(720, 1280)
    assert sides[0] < 100 and sides[-1] > 600
    for side, following in itertools.pairwise(sides):
        tiles = 1280 / side
        # Half way between two, seen from the middle of the frame to its edge, in chips.
        assert tiles / 2 * (following - side) / 2 / side * CHIPS < 0.75


@pytest.mark.parametrize("side_px", [150.0, 192.0])
def test_a_size_of_the_tile_fits_as_numpys_slower_transforms_say(marked: Frames, side_px: float) -> None:
    evidence, sides = evidence_of(marked[0])[:, ::-1].copy(), (side_px, side_px)
    fit, spectrum = best_fit(evidence, pattern_for(), sides, shown=sides), folded(evidence, sides)
    peaks = {}
    for mirrored in (False, True):
        seen = np.roll(spectrum[:, ::-1], 1, axis=1) if mirrored else spectrum
        match = np.fft.ifft2(seen * pattern_for().sync_spectrum).real
        peaks[mirrored] = match.max() / match.std(), divmod(int(match.argmax()), SAMPLES)
    assert fit.mirrored == max(peaks, key=lambda way: peaks[way][0])
    peak, place = peaks[fit.mirrored]
    assert fit.peak == pytest.approx(peak, rel=1e-4) and fit.place == place


def test_what_is_the_same_for_every_size_of_the_tile_is_found_out_once() -> None:
    """It was calculated for each of a thousand sizes, a third of the time that `verify` took."""
    assert passband(SAMPLES) is passband(SAMPLES)
