"""The pattern is the same for ever, balanced, without seams, and different for every key and number."""

from __future__ import annotations

import hashlib

import numpy as np

from understudy.provenance.watermark.pattern import CHIPS, chip_px, passband, pattern_for, tile_px
from understudy.provenance.watermark.payload import CODED_BITS


def test_the_chips_of_the_open_key_never_change() -> None:
    pattern = pattern_for()
    seen = hashlib.sha256(pattern.owner.astype("<i8").tobytes() + pattern.signs.astype("<f4").tobytes())
    # A mark made today is to be read in twenty years: this digest must never be adapted to the code.
    assert seen.hexdigest()[:16] == "062e23f5373b4078"


def test_every_bit_has_as_many_chips_and_a_quarter_serves_to_find_the_mark() -> None:
    owner = pattern_for().owner
    counts = np.bincount(owner[owner >= 0], minlength=CODED_BITS)
    assert counts.min() >= 14 and counts.max() <= 15
    assert np.mean(owner < 0) == 0.25


def test_a_tile_has_no_seam_no_mean_and_a_deviation_of_one() -> None:
    tile = pattern_for().tile(12345, 192)
    assert abs(tile.mean()) < 1e-3 and abs(tile.std() - 1) < 1e-3
    across_the_seam = np.abs(tile[:, 0] - tile[:, -1]).mean()
    assert across_the_seam < 1.3 * np.abs(np.diff(tile, axis=1)).mean()


def test_tiles_of_two_numbers_and_of_two_keys_have_nothing_in_common() -> None:
    one, other = pattern_for().tile(1, 192), pattern_for().tile(2, 192)
    foreign = pattern_for(b"another").tile(1, 192)
    assert abs(np.mean(one * other)) < 0.1
    assert abs(np.mean(one * foreign)) < 0.1


def test_chips_grow_with_the_frame_so_that_a_smaller_copy_keeps_them() -> None:
    assert chip_px(1920, 1080) == 4
    assert chip_px(3840, 2160) == 8
    assert chip_px(1080, 1920) == 4
    assert chip_px(320, 240) == 3
    assert tile_px(1920, 1080) == 4 * CHIPS


def test_what_a_search_asks_for_again_and_again_is_calculated_once_and_nobody_can_change_it() -> None:
    band = passband(192)
    assert passband(192) is band and not band.flags.writeable
