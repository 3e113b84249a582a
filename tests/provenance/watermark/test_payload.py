"""The number survives errors, and what is no number isn't taken for one."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.provenance.watermark.payload import (
    CODED_BITS,
    FORMAT,
    NUMBER_BITS,
    coded,
    decoded,
    name_of,
    new_number,
    word_in,
)


@pytest.mark.parametrize("number", [0, 1, (1 << NUMBER_BITS) - 1, 0x5A5A5A5A5A5])
def test_a_number_comes_back_from_its_coded_bits(number: int) -> None:
    assert decoded(coded(number).astype(np.float32)) == number
    assert len(coded(number)) == CODED_BITS == 216


def test_one_bit_in_eight_may_be_wrong() -> None:
    rng = np.random.default_rng(1)
    wrong = []
    for number in range(10**6, 10**6 + 10):
        soft = coded(number) + rng.normal(0, 0.85, CODED_BITS)
        wrong.append(np.mean(np.sign(soft) != coded(number)))
        assert decoded(soft) == number
    assert np.mean(wrong) > 0.11


def test_noise_is_no_number() -> None:
    rng = np.random.default_rng(2)
    assert [decoded(rng.standard_normal(CODED_BITS)) for _ in range(300)] == [None] * 300
    assert decoded(np.zeros(CODED_BITS)) is None


def test_noise_has_the_right_format_and_checksum_as_seldom_as_their_bits_say() -> None:
    rng = np.random.default_rng(3)
    words = [word_in(rng.standard_normal(CODED_BITS)) for _ in range(600)]
    formats = sum(word.format == FORMAT for word in words)
    checksums = sum(word.checksum_off % 16 == 0 for word in words)
    # 600 / 16 = 37.5 each; five standard deviations of chance to either side
    assert 8 < formats < 68 and 8 < checksums < 68


def test_another_format_is_not_read_as_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("understudy.provenance.watermark.payload.FORMAT", 2)
    of_the_future = coded(77)
    monkeypatch.undo()
    assert decoded(of_the_future.astype(float)) is None


def test_a_number_that_is_too_large_is_refused() -> None:
    with pytest.raises(ValueError, match="44 bits"):
        coded(1 << NUMBER_BITS)


def test_new_numbers_differ_and_have_one_length_as_text() -> None:
    numbers = {new_number() for _ in range(100)}
    assert len(numbers) == 100
    assert {len(name_of(number)) for number in numbers} == {11}
    assert name_of(0x1F) == "0000000001f"
