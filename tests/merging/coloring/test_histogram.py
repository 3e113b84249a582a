"""Histograms reach those of dst, and may be averaged over frames."""

from __future__ import annotations

import numpy as np

from tests.merging.coloring.crops import INSIDE, disc, relit, shading, skin
from understudy import color
from understudy.merging.coloring.histogram import gray, matched, matched_histogram, quantiles


def test_histograms_match_inside_the_mask() -> None:
    painted, own = skin(1), relit(skin(2), shading())
    changed = matched_histogram(painted, own, disc())
    for share in (0.05, 0.5, 0.95):
        np.testing.assert_allclose(
            np.quantile(changed[INSIDE], share, axis=0), np.quantile(own[INSIDE], share, axis=0), atol=0.01
        )


def test_matching_a_histogram_with_itself_changes_nothing() -> None:
    np.testing.assert_allclose(matched_histogram(skin(1), skin(1), disc())[INSIDE], skin(1)[INSIDE], atol=0.01)


def test_a_lower_top_calms_the_brightest_spots() -> None:
    own = relit(skin(2), shading())
    full, calm = (matched_histogram(skin(1), own, disc(), top=top)[INSIDE].max() for top in (1.0, 0.8))
    assert calm < full - 0.02
    np.testing.assert_allclose(calm, np.quantile(own[INSIDE], 0.8, axis=0).max(), atol=0.01)


def test_what_lies_outside_or_is_no_number_decides_nothing_and_an_empty_area_changes_nothing() -> None:
    painted, own = skin(1), skin(2)
    wild = own.copy()
    wild[~INSIDE] = np.nan
    np.testing.assert_array_equal(
        matched_histogram(painted, wild, disc()), matched_histogram(painted, own, disc())
    )
    np.testing.assert_array_equal(matched_histogram(painted, own, 0 * disc()), painted)


def test_brighter_pixels_than_any_compared_stay_brighter() -> None:
    painted = skin(1)
    painted[0, 0] = 5.0
    changed = matched_histogram(painted, skin(2), disc())
    np.testing.assert_allclose(changed[0, 0] - changed[INSIDE].max(0), 5 - painted[INSIDE].max(0), atol=1e-4)


def test_one_painted_value_goes_to_the_middle_of_what_dst_has_there() -> None:
    flat = np.full_like(skin(1), 0.5)
    changed = matched_histogram(flat, skin(2), disc())
    np.testing.assert_allclose(changed[24, 24], skin(2)[INSIDE].mean(0), atol=0.005)
    assert np.ptp(changed) > 0 and np.ptp(changed[..., 0]) < 1e-6


def test_averaged_quantiles_are_those_of_a_face_between() -> None:
    dark, light = skin(2) * np.float32(0.8), skin(2) * np.float32(1.2)
    between = (quantiles(dark, INSIDE) + quantiles(light, INSIDE)) / 2
    changed = matched(skin(1), quantiles(skin(1), INSIDE), between)
    np.testing.assert_allclose(quantiles(changed, INSIDE), quantiles(skin(2), INSIDE), atol=0.004)


def test_gray_is_luma_three_times() -> None:
    made = gray(skin(1))
    assert made.shape == skin(1).shape
    for channel in range(3):
        np.testing.assert_array_equal(made[..., channel], color.luma(skin(1)))
