"""The light a crowd is seen in: from a hard key to night, white or coloured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from understudy.actors.crowd.people import Part
from understudy.actors.performance import Light

# Of a test's set-ups these shares are darker, and of purer colours, than whatever is drawn to train with.
_NIGHT_SHARE, _GELS_SHARE = 1 / 7, 1 / 7
_TRAINED_NIGHT, _TESTED_NIGHT = (0.12, 0.5), (0.07, 0.11)  # exposures
_TRAINED_PURITY, _TESTED_PURITY = 2.1, (2.3, 3.2)  # logarithm of the strongest channel over the weakest


def light(rng: np.random.Generator, part: Part = "train") -> Light:
    """Any light. Those of `test` are films' set-ups (key, fill, rim), some at night or between two coloured
    gels; those of `train` are drawn all over."""
    return _set_up(rng) if part == "test" else _any(rng)


def _any(rng: np.random.Generator) -> Light:
    turn, height = rng.uniform(-np.pi, np.pi) * rng.uniform(0.2, 0.75), rng.uniform(-0.5, 1.2)
    direction = (
        float(np.sin(turn) * np.cos(height)),
        float(-np.sin(height)),
        float(np.cos(turn) * np.cos(height)),
    )
    hardness = rng.uniform(0, 1)
    night = rng.random() < 0.18
    exposure = rng.uniform(*_TRAINED_NIGHT) if night else np.exp(rng.normal(0.05, 0.32))
    saturation = rng.choice([0.06, 0.2, 0.6], p=[0.5, 0.3, 0.2])
    return Light(
        key_direction=direction,
        key_color=_tint(rng, saturation),
        key_strength=float(0.15 + 1.6 * hardness),
        fill_color=_tint(rng, saturation),
        fill_strength=float(0.06 + 0.9 * (1 - hardness) * rng.uniform(0.5, 1.1)),
        rim_strength=float(max(0, rng.uniform(-0.3, 0.9))),
        exposure=float(exposure),
    )


def _set_up(rng: np.random.Generator) -> Light:
    side = rng.choice([-1.0, 1.0])
    turn, height = np.radians(rng.uniform(20, 70)), np.radians(rng.uniform(10, 50))
    warm = rng.uniform(-0.18, 0.18)
    ratio = rng.uniform(1.5, 8)
    by_day = Light(
        key_direction=(
            float(side * np.sin(turn) * np.cos(height)),
            float(-np.sin(height)),
            float(np.cos(turn) * np.cos(height)),
        ),
        key_color=(float(1 + warm), 1.0, float(1 - warm)),
        key_strength=float(rng.uniform(0.8, 1.3)),
        fill_color=(float(1 - 0.5 * warm), 1.0, float(1 + 0.5 * warm)),
        fill_strength=float(rng.uniform(0.9, 1.2) / ratio),
        rim_strength=float(rng.uniform(0, 0.5)),
        exposure=float(rng.uniform(0.45, 1.25)),
    )
    more = rng.spawn(1)[0]  # what is drawn after the light stays what it is by day
    kind = more.random()
    if kind < _NIGHT_SHARE:
        return replace(by_day, exposure=float(more.uniform(*_TESTED_NIGHT)))
    return _between_gels(by_day, more) if kind < _NIGHT_SHARE + _GELS_SHARE else by_day


def _between_gels(light: Light, rng: np.random.Generator) -> Light:
    """The light with a gel before its key and one of about the opposite hue before its fill."""
    hue = rng.uniform(0, 2 * np.pi)
    opposite = hue + np.pi + rng.normal(0, 0.4)
    key, fill = _gel(hue, rng.uniform(*_TESTED_PURITY)), _gel(opposite, rng.uniform(*_TESTED_PURITY))
    return replace(light, key_color=key, fill_color=fill)


def _gel(hue: float, purity: float) -> tuple[float, float, float]:
    channels = np.cos(hue - np.array([0, 2, 4]) * np.pi / 3)
    return _bright(purity * channels / np.ptp(channels))


def _tint(rng: np.random.Generator, saturation: float) -> tuple[float, float, float]:
    logarithms = rng.normal(0, saturation, 3)
    return _bright(logarithms * min(1.0, _TRAINED_PURITY / np.ptp(logarithms)))


def _bright(logarithms: np.ndarray) -> tuple[float, float, float]:
    """A colour whose strongest channel is 1."""
    r, g, b = np.exp(logarithms - logarithms.max()).tolist()
    return r, g, b
