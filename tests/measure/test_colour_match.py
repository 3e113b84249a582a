"""The tinted baseline takes every global colour change, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from tests.measure.test_pictures import textured
from understudy.measure.colour_match import best_tint, matched_statistics
from understudy.measure.pictures import psnr

MASK = np.zeros((32, 32))
MASK[4:28, 4:28] = 1


def test_a_tint_is_undone_completely_by_the_best_tint() -> None:
    picture = np.random.default_rng(0).uniform(0.2, 0.8, (32, 32, 3)).astype(np.float32)
    mix = np.array([[0.8, 0.1, 0], [0, 0.7, 0.1], [0.1, 0, 0.6]])
    tinted = (picture @ mix + [0.05, 0.1, 0.0]).astype(np.float32)
    np.testing.assert_allclose(best_tint(tinted, picture, MASK), picture, atol=1e-4)


def test_gain_and_offset_are_undone_by_matched_statistics() -> None:
    picture = np.random.default_rng(0).uniform(0.3, 0.7, (32, 32, 3)).astype(np.float32)
    changed = picture * [0.9, 0.8, 1.1] + [0.05, 0.1, -0.05]
    np.testing.assert_allclose(matched_statistics(changed, picture, MASK), picture, atol=1e-5)


@pytest.mark.parametrize("baseline", [best_tint, matched_statistics])
def test_another_face_stays_another_face(baseline) -> None:
    a, b = textured(1), textured(2)
    assert psnr(baseline(a, b, MASK), b, MASK) < 25


def test_the_best_tint_is_never_worse_than_the_statistics() -> None:
    a, b = textured(1), textured(2) * np.float32(0.6)
    assert psnr(best_tint(a, b, MASK), b, MASK) >= psnr(matched_statistics(a, b, MASK), b, MASK)


def test_only_masked_pixels_decide_the_change() -> None:
    a, b = textured(1), textured(2)
    wild = b.copy()
    wild[MASK == 0] = 1 - wild[MASK == 0]
    np.testing.assert_array_equal(best_tint(a, b, MASK), best_tint(a, wild, MASK))


def test_a_tiny_mask_changes_nothing() -> None:
    mask = np.zeros((32, 32))
    mask[0, :3] = 1
    np.testing.assert_array_equal(best_tint(textured(1), textured(2), mask), textured(1))
