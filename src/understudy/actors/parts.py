"""Ears, eyeballs, teeth and tongue: small grids beside the head's own.

Every grid is (rows, columns, 3) in millimetres at rest, front side out.
"""

from __future__ import annotations

import numpy as np

from understudy.actors.identity import Identity
from understudy.actors.sculpt import EYE_RADII, Array, ease, eye_centre, gauss, shape_offset


def ear(side: int, who: Identity) -> Array:
    """An ear as a disc in relief: rows from its middle to the rim and back to the head."""
    size = 1 + 0.10 * who.mode("ears")
    flare = np.radians(24 + 9 * who.mode("ears"))
    radius = np.concatenate([np.linspace(0.02, 0.92, 15), [0.97, 1.0, 1.0, 0.96, 0.9]])[:, None]
    turn = -np.linspace(0, 2 * np.pi, 41)[None, :]
    along, down = np.cos(turn), np.sin(turn)  # along points to the back of the head
    half_width = 17.5 * (1 - 0.28 * np.clip(down, 0, 1) - 0.10 * np.clip(-along, 0, 1))
    back = size * radius * half_width * along
    low = size * radius * 29.5 * down * (1 - 0.06 * along)
    height = _ear_relief(radius, along, down)
    height[-3:] -= np.array([2.5, 7.0, 13.0])[:, None]
    tilt = np.radians(-10)
    back, low = back * np.cos(tilt) - low * np.sin(tilt), back * np.sin(tilt) + low * np.cos(tilt)
    back += 3.0 * size
    out = 71.5 + height * np.cos(flare) + back * np.sin(flare)
    forward = -72.0 + height * np.sin(flare) - back * np.cos(flare)
    points = np.stack([out, low - 28.0, forward], axis=-1)
    points += shape_offset(np.array([[[70.0, -20.0]]]), who) * 0.8
    return points if side > 0 else points[:, ::-1] * [-1, 1, 1]


def _ear_relief(radius: Array, along: Array, down: Array) -> Array:
    """Height of an ear above its plane."""
    rim = 3.6 * gauss(radius - 0.90, 0.10) * (1 - 0.75 * np.clip(down - 0.35, 0, 1) / 0.65)
    valley = -2.0 * gauss(radius - 0.72, 0.09) * (down < 0.6)
    fold = 2.8 * gauss(radius - 0.52, 0.12) * np.clip(0.3 + along, 0, 1)
    bowl = -7.0 * np.exp(-np.square((radius * along + 0.12) / 0.42) - np.square((radius * down - 0.12) / 0.36))
    tragus = 4.5 * np.exp(-np.square((radius * along + 0.72) / 0.20) - np.square((radius * down - 0.10) / 0.20))
    return rim + valley + fold + bowl + tragus - 1.0


def eyeball(side: int, who: Identity) -> tuple[Array, Array]:
    """An eyeball's front, and for every vertex its direction from the middle (unit vectors)."""
    a, b = np.meshgrid(np.radians(np.linspace(-80, 80, 25)), np.radians(np.linspace(-75, 75, 21)))
    direction = np.stack([np.sin(a) * np.cos(b), np.sin(b), np.cos(a) * np.cos(b)], axis=-1)
    grow = 1 + 0.13 * who.mode("eye_size")
    # The border at the nose is drawn out to a flat rim, so that no slanting look passes behind the eyeball.
    rim = 1 + 0.45 * ease(-side * direction[..., 0], 0.86, 0.97)
    radii = EYE_RADII * np.stack([grow * rim, grow * rim, np.ones_like(rim)], axis=-1)
    return eye_centre(side, who) + direction * radii, direction


def teeth(upper: bool) -> Array:
    """One row of teeth on its arch."""
    x, t = np.meshgrid(np.linspace(-24, 24, 33), np.linspace(0, 1, 7))
    if upper:
        edge = 30.0 - 1.6 * np.square(x / 20)
        return np.stack([x, 14.0 + t * (edge - 14.0), 14.2 - 0.020 * x**2 + 1.2 * t - 0.2], axis=-1)
    return np.stack([x * 0.92, 26.8 + t * 13, 11.8 - 0.021 * x**2 - 0.5 * t], axis=-1)


def tongue() -> Array:
    """The front of the tongue."""
    a, b = np.meshgrid(np.radians(np.linspace(-85, 85, 17)), np.radians(np.linspace(-85, 70, 13)))
    direction = np.stack([np.sin(a) * np.cos(b), np.sin(b), np.cos(a) * np.cos(b)], axis=-1)
    return np.array([0, 37.0, -4.0]) + direction * [17, 7.5, 14]
