"""Claims about the light a crowd is seen in."""

from __future__ import annotations

import numpy as np

from understudy.actors.crowd.lights import light


def test_training_sees_night_hard_keys_and_colours_from_all_sides() -> None:
    lights = [light(np.random.default_rng(k)) for k in range(300)]
    assert min(one.exposure for one in lights) < 0.25 and max(one.exposure for one in lights) > 1.5
    assert max(one.key_strength / one.fill_strength for one in lights) > 8
    assert (
        min(one.key_direction[0] for one in lights) < -0.7 and max(one.key_direction[0] for one in lights) > 0.7
    )
    assert max(max(one.key_color) - min(one.key_color) for one in lights) > 0.6


def test_the_lights_of_the_test_are_set_ups_that_training_does_not_draw() -> None:
    for k in range(50):
        one = light(np.random.default_rng(k), "test")
        red, green, blue = one.key_color
        assert green == 1.0 and abs(red + blue - 2.0) < 1e-9
        assert light(np.random.default_rng(k)).key_color != one.key_color
