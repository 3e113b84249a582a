"""The light a crowd is seen in: from a hard key to night, white or coloured."""

from __future__ import annotations

import numpy as np

from understudy.actors.crowd.people import Part
from understudy.actors.performance import Light


def light(rng: np.random.Generator, part: Part = "train") -> Light:
    """Any light. Those of `test` are films' set-ups (key, fill, rim), those of `train` are drawn all over."""
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
    exposure = rng.uniform(0.12, 0.5) if night else np.exp(rng.normal(0.05, 0.32))
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
    return Light(
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


def _tint(rng: np.random.Generator, saturation: float) -> tuple[float, float, float]:
    color = np.exp(rng.normal(0, saturation, 3))
    r, g, b = color / color.max()
    return float(r), float(g), float(b)
