"""The arithmetic between Y'CbCr and RGB is that of ITU-T H.273, and both ways agree."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.media.clip import ColorTags
from understudy.media.matrices import gray_scale, resolved_tags, rgb_from_ycc, ycc_from_rgb

MATRICES = st.sampled_from([1, 4, 5, 6, 7, 9, 10])


@settings(deadline=None)
@given(MATRICES, st.sampled_from([1, 2]), st.sampled_from([8, 10, 12, 16]))
def test_black_and_white_are_exact(matrix: int, range_: int, bits: int) -> None:
    tags = ColorTags(matrix, range_)
    step = 2 ** (bits - 8)
    black, white = (16 * step, 235 * step) if range_ == 1 else (0, 2**bits - 1)
    back = rgb_from_ycc(tags, bits=bits, white=255)
    for level, expected in ((black, 0), (white, 255)):
        assert back @ [level, 128 * step, 128 * step, 1] == pytest.approx([expected] * 3, abs=1e-6)


@settings(deadline=None)
@given(MATRICES, st.sampled_from([1, 2]), st.tuples(*[st.floats(0, 255)] * 3))
def test_both_ways_agree(matrix: int, range_: int, rgb: tuple[float, float, float]) -> None:
    tags = ColorTags(matrix, range_)
    ycc = ycc_from_rgb(tags, bits=10, white=255) @ [*rgb, 1]
    assert rgb_from_ycc(tags, bits=10, white=255) @ [*ycc, 1] == pytest.approx(rgb, abs=1e-6)


def test_known_values_of_both_standards() -> None:
    for matrix, expected in ((1, (202, 131, 106)), (6, (195, 125, 108))):
        assert rgb_from_ycc(ColorTags(matrix, 1), bits=8, white=255) @ [140, 110, 160, 1] == pytest.approx(
            expected, abs=0.6
        )


@pytest.mark.parametrize("unsaid", [0, 2, 3, 8, 14, 99])
def test_what_is_not_said_follows_the_number_of_lines(unsaid: int) -> None:
    assert resolved_tags(ColorTags(unsaid), lines=719) == ColorTags(6, 1, 6, 6)
    assert resolved_tags(ColorTags(unsaid), lines=720) == ColorTags(1, 1, 1, 1)


def test_what_is_said_is_kept() -> None:
    assert resolved_tags(ColorTags(9, 2, 9, 18), lines=480) == ColorTags(9, 2, 9, 18)
    assert resolved_tags(ColorTags(1, 0, 2, 13), lines=480) == ColorTags(1, 1, 1, 13)
    assert resolved_tags(ColorTags(9), lines=2160).transfer == 2, "SDR, PQ and HLG can't be told apart"


def test_grey_spans_black_to_white() -> None:
    factor, offset = gray_scale(full=False, bits=10, white=65535)
    assert (factor * 64 + offset, factor * 940 + offset) == pytest.approx((0, 65535))
    assert gray_scale(full=True, bits=8, white=255) == pytest.approx((1, 0))
