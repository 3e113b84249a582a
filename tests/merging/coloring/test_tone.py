"""Tones are averaged over alike neighbours, and only over those."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.merging.coloring.crops import LIGHT_PX, disc, skin
from understudy.merging.coloring.color_transfer import COLOR_TRANSFERS
from understudy.merging.coloring.tone import (
    UNKNOWN,
    Tone,
    measured_tone,
    recolored,
    steadied_tone,
    with_histogram,
)
from understudy.merging.options import MergeOptions

RCT = MergeOptions(color="rct")


def tone(painted: float = 1.0, own: float = 0.8, options: MergeOptions = RCT, **how: Any) -> Tone:
    """Measured of a painted face and dst's own, each as bright as the factors say."""
    crops = skin(1) * np.float32(painted), skin(2) * np.float32(own)
    return measured_tone(*crops, disc(), options, light_px=LIGHT_PX, **how)


@pytest.mark.parametrize("name", sorted(set(COLOR_TRANSFERS) - {"none"}))
def test_what_trembles_a_little_is_averaged(name: str) -> None:
    options = RCT.changed(color=name)
    here, *others = (tone(own=0.8 + 0.005 * k, options=options, histogram=True) for k in (0, 1, -1))
    steady = steadied_tone(here, [(-1, others[0]), (1, others[1]), (0, here)], reach=2)
    jumpy = steadied_tone(others[0], [(-1, here), (1, here)], reach=2)

    def apart(a: Tone, b: Tone) -> float:
        return float(np.abs(recolored(skin(1), a, options) - recolored(skin(1), b, options)).mean())

    assert apart(steady, jumpy) < 0.7 * apart(here, others[0])
    assert np.abs(steady.quantiles - jumpy.quantiles).max() < np.abs(here.quantiles - others[0].quantiles).max()


def test_a_lamp_that_is_switched_on_is_followed_at_once() -> None:
    dark, light = tone(own=0.5), tone(own=1.0)
    steady = steadied_tone(light, [(-2, dark), (-1, dark), (1, light), (2, light)], reach=2)
    np.testing.assert_allclose(steady.transfer, light.transfer, rtol=2e-3, atol=2e-3)


def test_a_model_that_flickers_is_corrected_in_each_frame() -> None:
    calm, flash = tone(painted=1.0), tone(painted=1.25)
    steady = steadied_tone(flash, [(-1, calm), (1, calm)], reach=2)
    np.testing.assert_allclose(steady.transfer, flash.transfer, rtol=2e-3, atol=2e-3)


def test_nearer_frames_count_more_and_farther_than_reach_not_at_all() -> None:
    here, other = tone(), tone(own=0.81)

    def pull(distance: int, reach: int) -> float:
        steady = steadied_tone(here, [(distance, other)], reach=reach)
        return float(np.abs(steady.means_lab - here.means_lab).max())

    assert pull(1, 3) > pull(2, 3) > pull(3, 3) > pull(4, 3) == 0.0
    assert pull(1, 0) == 0.0


def test_a_face_that_could_not_be_measured_takes_its_neighbours_tone() -> None:
    empty = measured_tone(skin(1), skin(2), 0 * disc(), RCT, light_px=LIGHT_PX)
    assert not empty.known
    np.testing.assert_array_equal(recolored(skin(1), empty, RCT), skin(1))
    taken = steadied_tone(empty, [(-1, tone()), (1, UNKNOWN)], reach=2)
    np.testing.assert_allclose(taken.transfer, tone().transfer, rtol=1e-6)
    assert steadied_tone(empty, [(1, UNKNOWN)], reach=2) is empty


def test_another_transfer_is_never_averaged_in() -> None:
    here, other = tone(), tone(options=RCT.changed(color="light"))
    for near in (other, tone(histogram=True)):
        steady = steadied_tone(here, [(1, near)], reach=2)
        np.testing.assert_allclose(steady.transfer, here.transfer, rtol=1e-6)
        assert steady.color == "rct"


def test_strength_goes_from_the_painted_colours_to_those_of_dst() -> None:
    full = recolored(skin(1), tone(), RCT)
    half = recolored(skin(1), tone(), RCT.changed(color_strength=0.5))
    np.testing.assert_allclose(half, (skin(1) + full) / 2, atol=1e-6)
    np.testing.assert_array_equal(recolored(skin(1), tone(), RCT.changed(color_strength=0.0)), skin(1))


def test_histograms_are_those_of_the_face_after_its_transfer() -> None:
    both = tone(histogram=True)
    changed = recolored(skin(1), both, RCT)
    matched = with_histogram(changed, both, RCT)
    inside = disc() > 0
    own = skin(2) * np.float32(0.8)
    np.testing.assert_allclose(
        np.quantile(matched[inside], [0.1, 0.5, 0.9], axis=0),
        np.quantile(own[inside], [0.1, 0.5, 0.9], axis=0),
        atol=0.01,
    )
    calm = with_histogram(changed, both, RCT.changed(hist_match_top=0.7))
    assert calm[inside].max() < matched[inside].max() - 0.01
    np.testing.assert_array_equal(with_histogram(changed, tone(), RCT), changed)


def test_black_and_white_faces_take_every_channel_from_their_luma() -> None:
    options = RCT.changed(color="none")
    gray = tone(options=options, histogram=True, bw=True)
    made = with_histogram(skin(1), gray, options, bw=True)
    own = skin(2) * np.float32(0.8)
    np.testing.assert_allclose(made[disc() > 0].mean(0), own[disc() > 0].mean(0), atol=0.005)
    order = np.argsort(made[..., 0], axis=None)
    assert (np.diff(made[..., 1].ravel()[order]) >= -1e-4).all()  # one luma, one colour


def test_where_nothing_is_asked_nothing_is_measured() -> None:
    assert not tone(options=RCT.changed(color="none")).known
