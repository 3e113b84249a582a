"""Colour transfers: one suite over all of them, and what each one promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy import color
from understudy.merging.coloring.color_transfer import COLOR_TRANSFERS, ColorTransfer, matched_histogram
from understudy.merging.coloring.options import ColorTransferName
from understudy.merging.options import MergeOptions

SIZE, LIGHT_PX = 48, 8.0


def skin(seed: int = 0, *, size: int = SIZE) -> np.ndarray:
    """A textured patch in the middle of the colour range."""
    y, x = np.mgrid[0:size, 0:size] / size
    rng = np.random.default_rng(seed)
    detail = 0.06 * np.sin(40 * x + seed) * np.sin(37 * y) + 0.01 * rng.normal(size=(size, size))
    blush = 0.05 * np.sin(5 * x + seed)[..., None] * np.array([1, -1, 0.5])
    return (np.array([0.6, 0.45, 0.38]) + detail[..., None] + blush).astype(np.float32)


def disc(radius: float = 18) -> np.ndarray:
    y, x = np.mgrid[0:SIZE, 0:SIZE] - (SIZE - 1) / 2
    return (np.hypot(x, y) <= radius).astype(np.float32)


def shading(size: int = SIZE) -> np.ndarray:
    """A light from the right: factors in linear light."""
    x = np.linspace(0, 1, size)[None, :, None]
    return np.broadcast_to(0.5 + 0.8 * x, (size, size, 3)).astype(np.float32)


def relit(rgb: np.ndarray, factor: np.ndarray) -> np.ndarray:
    return color.srgb_from_linear(color.linear_from_srgb(rgb) * factor)


def transferred(transfer: ColorTransfer, painted: np.ndarray, own: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return transfer.apply(painted, transfer.measure(painted, own, mask, light_px=LIGHT_PX))


def test_every_transfer_can_be_chosen_and_every_choice_exists() -> None:
    assert set(COLOR_TRANSFERS) == set(ColorTransferName.__args__)
    assert MergeOptions().color in COLOR_TRANSFERS


@pytest.mark.parametrize("name", COLOR_TRANSFERS)
class TestEveryTransfer:
    def test_equal_faces_stay_as_they_are(self, name: str) -> None:
        painted = skin()
        np.testing.assert_allclose(
            transferred(COLOR_TRANSFERS[name], painted, painted.copy(), disc()), painted, atol=2e-3
        )

    def test_pixels_outside_the_mask_decide_nothing(self, name: str) -> None:
        transfer, painted, own, mask = COLOR_TRANSFERS[name], skin(1), relit(skin(2), shading()), disc()
        wild_painted, wild_own = painted.copy(), own.copy()
        wild_painted[mask == 0], wild_own[mask == 0] = (1, 0, 1), (0, 1, 0)
        np.testing.assert_allclose(
            transfer.measure(wild_painted, wild_own, mask, light_px=LIGHT_PX),
            transfer.measure(painted, own, mask, light_px=LIGHT_PX),
            atol=1e-4,
        )

    def test_an_empty_mask_changes_nothing(self, name: str) -> None:
        painted = skin(1)
        changed = transferred(COLOR_TRANSFERS[name], painted, skin(2) * 0.5, np.zeros((SIZE, SIZE), np.float32))
        np.testing.assert_allclose(changed, painted, atol=2e-3)

    def test_a_flat_face_gives_no_noise_and_no_nonsense(self, name: str) -> None:
        painted = np.full((SIZE, SIZE, 3), 0.5, np.float32)
        changed = transferred(COLOR_TRANSFERS[name], painted, skin(2), disc())
        assert np.isfinite(changed).all()
        assert changed[disc() > 0].std(0).max() < 0.05

    def test_black_and_white_stay_finite_and_bounded(self, name: str) -> None:
        black, white = np.zeros((SIZE, SIZE, 3), np.float32), np.ones((SIZE, SIZE, 3), np.float32)
        for painted, own in ((black, white), (white, black)):
            changed = transferred(COLOR_TRANSFERS[name], painted, own, disc())
            assert np.isfinite(changed).all() and changed.min() > -0.5 and changed.max() < 3

    def test_what_is_measured_has_one_shape_at_every_size(self, name: str) -> None:
        transfer = COLOR_TRANSFERS[name]
        shapes = {
            transfer.measure(skin(size=s), skin(1, size=s), np.ones((s, s), np.float32), light_px=s / 6).shape
            for s in (32, 48, 96)
        }
        assert len(shapes) == 1


def test_rct_gives_the_mean_and_the_spread_of_dst() -> None:
    painted, own, mask = skin(1), relit(skin(2), 0.5 * shading()), disc()
    inside = mask > 0
    changed = color.lab_from_rgb(transferred(COLOR_TRANSFERS["rct"], painted, own, mask))[inside]
    wanted = color.lab_from_rgb(own)[inside]
    np.testing.assert_allclose(changed.mean(0), wanted.mean(0), atol=0.2)
    np.testing.assert_allclose(changed.std(0), wanted.std(0), atol=0.3)


def test_light_undoes_a_relighting_that_rct_cannot() -> None:
    own, mask = skin(3), disc()
    painted = relit(own, shading())
    inside = mask > 0

    def miss(name: str) -> float:
        return float(np.abs(transferred(COLOR_TRANSFERS[name], painted, own, mask) - own)[inside].mean())

    assert miss("light") < 0.4 * miss("rct")
    assert miss("light") < 0.2 * miss("none")


def test_light_keeps_the_performers_own_detail() -> None:
    painted, own = skin(1), relit(skin(9), shading())
    changed = transferred(COLOR_TRANSFERS["light"], painted, own, disc())

    def detail(rgb: np.ndarray) -> np.ndarray:
        return np.diff(rgb.mean(-1)[12:36, 12:36], n=2).ravel()

    assert np.corrcoef(detail(changed), detail(painted))[0, 1] > 0.85
    assert np.corrcoef(detail(changed), detail(skin(9)))[0, 1] < 0.5


@settings(max_examples=15, deadline=None)
@given(st.floats(0.6, 1.6))
def test_light_follows_an_even_change_of_brightness_exactly(factor: float) -> None:
    own = relit(skin(2), np.float32(factor) * np.ones((1, 1, 1), np.float32))
    changed = transferred(COLOR_TRANSFERS["light"], skin(2), own, disc())
    np.testing.assert_allclose(changed[disc() > 0], own[disc() > 0], atol=0.02)


def test_histograms_match_inside_the_mask() -> None:
    painted, own, mask = skin(1), relit(skin(2), shading()), disc()
    changed = matched_histogram(painted, own, mask)
    for share in (0.05, 0.5, 0.95):
        np.testing.assert_allclose(
            np.quantile(changed[mask > 0], share, axis=0), np.quantile(own[mask > 0], share, axis=0), atol=0.01
        )


def test_matching_a_histogram_with_itself_changes_nothing() -> None:
    inside = disc() > 0
    changed = matched_histogram(skin(1), skin(1), disc())
    np.testing.assert_allclose(changed[inside], skin(1)[inside], atol=0.01)


def test_a_lower_top_calms_the_brightest_spots() -> None:
    own, mask = relit(skin(2), shading()), disc()
    full, calm = (matched_histogram(skin(1), own, mask, top=top)[mask > 0].max() for top in (1.0, 0.8))
    assert calm < full - 0.02
