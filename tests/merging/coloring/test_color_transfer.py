"""Colour transfers: one suite over all of them, and what each one promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.merging.coloring.crops import INSIDE, LIGHT_PX, SIZE, disc, relit, shading, skin
from understudy import color
from understudy.merging.coloring.color_transfer import COLOR_TRANSFERS, ColorTransfer
from understudy.merging.coloring.options import ColorTransferName
from understudy.merging.options import MergeOptions

RECOLORING = sorted(set(COLOR_TRANSFERS) - {"none"})
# The face's spread reached by each, as a share of what it should become, per channel of RGB.
SPREAD_TOLERANCE = {"lct": 0.04, "mkl": 0.02, "sot": 0.1}


def transferred(transfer: ColorTransfer, painted: np.ndarray, own: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return transfer.apply(painted, transfer.measure(painted, own, mask > 0.5, light_px=LIGHT_PX))


def other_light(seed: int = 2) -> np.ndarray:
    """dst's own face: another pattern, darker, bluer and with less contrast."""
    return (skin(seed) * 0.7 + 0.05).astype(np.float32) * np.array([0.7, 0.85, 1.1], np.float32)


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
        transfer, painted, own = COLOR_TRANSFERS[name], skin(1), relit(skin(2), shading())
        wild_painted, wild_own = painted.copy(), own.copy()
        wild_painted[~INSIDE], wild_own[~INSIDE] = (1, 0, 1), (0, np.inf, 0)
        np.testing.assert_allclose(
            transfer.measure(wild_painted, wild_own, INSIDE, light_px=LIGHT_PX),
            transfer.measure(painted, own, INSIDE, light_px=LIGHT_PX),
            atol=1e-4,
        )

    def test_a_flat_face_gives_no_noise_and_no_nonsense(self, name: str) -> None:
        painted = np.full((SIZE, SIZE, 3), 0.5, np.float32)
        changed = transferred(COLOR_TRANSFERS[name], painted, skin(2), disc())
        assert np.isfinite(changed).all()
        assert changed[INSIDE].std(0).max() < 0.05

    def test_black_and_white_stay_finite_and_bounded(self, name: str) -> None:
        black, white = np.zeros((SIZE, SIZE, 3), np.float32), np.ones((SIZE, SIZE, 3), np.float32)
        for painted, own in ((black, white), (white, black)):
            changed = transferred(COLOR_TRANSFERS[name], painted, own, disc())
            assert np.isfinite(changed).all() and changed.min() > -0.5 and changed.max() < 3

    def test_what_is_measured_has_one_shape_at_every_size(self, name: str) -> None:
        transfer = COLOR_TRANSFERS[name]
        shapes = {
            transfer.measure(skin(size=s), skin(1, size=s), np.ones((s, s), bool), light_px=s / 6).shape
            for s in (32, 48, 96)
        }
        assert len(shapes) == 1

    def test_the_same_crops_measure_the_same_every_time(self, name: str) -> None:
        transfer = COLOR_TRANSFERS[name]
        one, other = (transfer.measure(skin(1), other_light(), INSIDE, light_px=LIGHT_PX) for _ in range(2))
        np.testing.assert_array_equal(one, other)

    def test_highlights_above_white_stay_highlights(self, name: str) -> None:
        painted, own = skin(1), other_light()
        painted[:2], own[:2] = (6.0, 5.0, 4.0), 7.0
        changed = transferred(COLOR_TRANSFERS[name], painted, own, disc())
        assert np.isfinite(changed).all()
        assert changed[0].max(-1).min() > 1.2 > changed[INSIDE].max()

    def test_faces_brighter_than_white_are_measured_like_others(self, name: str) -> None:
        painted, own = 3 * skin(1), 3 * other_light()
        changed = transferred(COLOR_TRANSFERS[name], painted, own, disc())
        assert np.isfinite(changed).all() and changed[INSIDE].max() > 1
        if name not in ("none", "idt", "light"):
            np.testing.assert_allclose(changed[INSIDE].mean(0), own[INSIDE].mean(0), rtol=0.03)

    def test_neighbouring_values_stay_neighbours(self, name: str) -> None:
        transfer = COLOR_TRANSFERS[name]
        measured = transfer.measure(skin(1), other_light(), INSIDE, light_px=LIGHT_PX)
        ramp = np.broadcast_to(np.linspace(0.2, 0.9, 1024, dtype=np.float32)[None, :, None], (4, 1024, 3))
        steps = np.abs(np.diff(transfer.apply(np.ascontiguousarray(ramp), measured), axis=1))
        assert steps.max() < 4 * 0.7 / 1023


@pytest.mark.parametrize("name", sorted(set(RECOLORING) - {"light"}))  # light has claims of its own
def test_the_mean_colour_becomes_that_of_dst(name: str) -> None:
    painted, own = skin(1), other_light()
    changed = transferred(COLOR_TRANSFERS[name], painted, own, disc())
    missing = np.abs(changed[INSIDE].mean(0) - own[INSIDE].mean(0)).max()
    before = np.abs(painted[INSIDE].mean(0) - own[INSIDE].mean(0)).max()
    assert missing < (0.4 * before if name == "idt" else 0.012)  # idt goes two thirds of the way


@pytest.mark.parametrize("name", SPREAD_TOLERANCE)
def test_the_spread_of_colours_becomes_that_of_dst(name: str) -> None:
    changed = transferred(COLOR_TRANSFERS[name], skin(1), other_light(), disc())
    reached = changed[INSIDE].std(0) / other_light()[INSIDE].std(0)
    np.testing.assert_allclose(reached, 1, atol=SPREAD_TOLERANCE[name])
    assert np.abs(skin(1)[INSIDE].std(0) / other_light()[INSIDE].std(0) - 1).max() > 0.3


@pytest.mark.parametrize("name", sorted(set(COLOR_TRANSFERS) - {"none"}))
def test_no_two_transfers_are_the_same(name: str) -> None:
    made = transferred(COLOR_TRANSFERS[name], skin(1), other_light(), disc())
    for other in set(COLOR_TRANSFERS) - {name}:
        assert np.abs(made - transferred(COLOR_TRANSFERS[other], skin(1), other_light(), disc())).max() > 1e-3


@pytest.mark.parametrize("name", ["lct", "mkl"])
def test_linear_transfers_give_dst_its_covariance_and_their_averages_lie_between(name: str) -> None:
    transfer, painted = COLOR_TRANSFERS[name], skin(1)
    owns = [other_light(), skin(5) * np.float32(1.1)]
    measured = [transfer.measure(painted, own, INSIDE, light_px=LIGHT_PX) for own in owns]
    averaged = transfer.apply(painted, np.mean(measured, axis=0))[INSIDE]
    wanted = np.mean([np.cov(own[INSIDE].T) for own in owns], axis=0)
    np.testing.assert_allclose(np.cov(averaged.T), wanted, atol=3e-5)
    np.testing.assert_allclose(averaged.mean(0), np.mean([own[INSIDE].mean(0) for own in owns], 0), atol=1e-3)


def test_linear_transfers_do_not_blow_up_the_noise_of_a_flat_face() -> None:
    noise = 0.002 * np.random.default_rng(0).normal(size=(SIZE, SIZE, 3)).astype(np.float32)
    changed = transferred(COLOR_TRANSFERS["lct"], 0.5 + noise, skin(2), disc())
    assert changed[INSIDE].std(0).max() < 3.1 * 0.002


@settings(max_examples=12, deadline=None)
@given(
    gains=st.tuples(*[st.floats(0.6, 1.4)] * 3),
    offsets=st.tuples(*[st.floats(-0.1, 0.1)] * 3),
    seed=st.integers(0, 5),
)
def test_a_cast_is_undone_pixel_by_pixel(
    gains: tuple[float, ...], offsets: tuple[float, ...], seed: int
) -> None:
    """Scaling each channel is the map that moves colours least, so mkl and sot have to find it."""
    own = skin(seed)
    painted = (own * np.float32(gains) + np.float32(offsets)).astype(np.float32)
    for name, near in (("mkl", 0.004), ("sot", 0.03)):
        undone = transferred(COLOR_TRANSFERS[name], painted, own, disc())
        assert np.abs(undone - own)[INSIDE].mean() < near
    shifted = transferred(COLOR_TRANSFERS["average"], own + np.float32(offsets), own, disc())
    np.testing.assert_allclose(shifted, own, atol=1e-5)


def test_rct_gives_the_mean_and_the_spread_of_dst() -> None:
    painted, own = skin(1), relit(skin(2), 0.5 * shading())
    changed = color.lab_from_rgb(transferred(COLOR_TRANSFERS["rct"], painted, own, disc()))[INSIDE]
    wanted = color.lab_from_rgb(own)[INSIDE]
    np.testing.assert_allclose(changed.mean(0), wanted.mean(0), atol=0.2)
    np.testing.assert_allclose(changed.std(0), wanted.std(0), atol=0.3)


@pytest.mark.parametrize("name", ["sot", "mix"])
def test_sot_and_mix_bring_more_than_mean_and_spread(name: str) -> None:
    """dst in two halves of light and shadow: two heaps of colours, which no linear map makes out of one."""
    painted, own = skin(1), skin(2)
    own[:, : SIZE // 2] *= 0.5

    def miss(which: str) -> float:
        changed = transferred(COLOR_TRANSFERS[which], painted, own, disc())[INSIDE]
        shares = np.linspace(0.02, 0.98, 49)
        return float(np.abs(np.quantile(changed, shares, 0) - np.quantile(own[INSIDE], shares, 0)).mean())

    assert miss("sot") < 0.5 * miss("mkl")
    assert miss("mix") < miss("average")


def test_mix_takes_lightness_like_lct_and_leaves_its_detail() -> None:
    painted, own = skin(1), other_light()
    changed = color.lab_from_rgb(transferred(COLOR_TRANSFERS["mix"], painted, own, disc()))[INSIDE]
    wanted, before = color.lab_from_rgb(own)[INSIDE], color.lab_from_rgb(painted)[INSIDE]
    np.testing.assert_allclose(changed.mean(0), wanted.mean(0), atol=0.5)
    assert changed[:, 0].std() == pytest.approx(wanted[:, 0].std(), rel=0.1)
    assert np.corrcoef(changed[:, 0], before[:, 0])[0, 1] > 0.99


def test_light_undoes_a_relighting_that_rct_cannot() -> None:
    own, mask = skin(3), disc()
    painted = relit(own, shading())

    def miss(name: str) -> float:
        return float(np.abs(transferred(COLOR_TRANSFERS[name], painted, own, mask) - own)[INSIDE].mean())

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
@given(st.floats(0.6, 2.6))
def test_light_follows_an_even_change_of_brightness_exactly(factor: float) -> None:
    own = relit(skin(2), np.float32(factor) * np.ones((1, 1, 1), np.float32))
    changed = transferred(COLOR_TRANSFERS["light"], skin(2), own, disc())
    np.testing.assert_allclose(changed[INSIDE], own[INSIDE], atol=0.02)
