"""Claims about the light a crowd is seen in."""

from __future__ import annotations

import numpy as np

from understudy.actors.crowd.lights import light
from understudy.actors.crowd.people import Part
from understudy.actors.performance import Light


def test_training_sees_night_hard_keys_and_colours_from_all_sides() -> None:
    lights = [light(np.random.default_rng(k)) for k in range(300)]
    assert min(one.exposure for one in lights) < 0.25 and max(one.exposure for one in lights) > 1.5
    assert max(one.key_strength / one.fill_strength for one in lights) > 8
    assert (
        min(one.key_direction[0] for one in lights) < -0.7 and max(one.key_direction[0] for one in lights) > 0.7
    )
    assert max(max(one.key_color) - min(one.key_color) for one in lights) > 0.6


def test_the_lights_of_the_test_are_set_ups_that_training_does_not_draw() -> None:
    """By day films' key and fill, nights darker than any to train with, and gels purer than any."""
    trained, tested = ([light(np.random.default_rng(k), part) for k in range(3000)] for part in PARTS)
    assert min(one.exposure for one in trained) > 0.12
    assert max(purity(one.key_color) for one in trained) < 2.2
    nights, gels, days = parted(tested)
    for kind in (nights, gels):
        assert 0.12 < len(kind) / len(tested) < 0.17
    assert max(one.exposure for one in nights) < 0.12
    assert min(min(purity(one.key_color), purity(one.fill_color)) for one in gels) > 2.2
    for one in days:
        red, green, blue = one.key_color
        assert green == 1.0 and abs(red + blue - 2.0) < 1e-9


def test_the_gels_of_the_test_have_all_hues_and_stand_against_each_other() -> None:
    gels = parted([light(np.random.default_rng(k), "test") for k in range(600)])[1]
    strongest = [int(np.argmax(one.key_color)) for one in gels]
    assert min(np.bincount(strongest, minlength=3)) > 0.2 * len(gels)
    assert all(np.dot(centred(one.key_color), centred(one.fill_color)) < 0 for one in gels)


def test_night_and_gels_leave_the_moment_that_is_drawn_after_the_light_alone() -> None:
    for k in range(60):
        one, again = (np.random.default_rng(k) for _ in range(2))
        assert light(one, "test") == light(again, "test")
        plain = np.random.default_rng(k)
        plain.choice([-1.0, 1.0])
        plain.random(8)  # of a set-up by day
        assert plain.random() == one.random()


PARTS: tuple[Part, ...] = ("train", "test")


def parted(lights: list[Light]) -> tuple[list[Light], list[Light], list[Light]]:
    """Those at night, those between gels, and the others."""
    nights = [one for one in lights if one.exposure < 0.2]
    gels = [one for one in lights if purity(one.key_color) > 1]
    return nights, gels, [one for one in lights if one not in nights and one not in gels]


def purity(color: tuple[float, float, float]) -> float:
    return float(np.log(max(color) / min(color)))


def centred(color: tuple[float, float, float]) -> np.ndarray:
    return np.log(color) - np.log(color).mean()
