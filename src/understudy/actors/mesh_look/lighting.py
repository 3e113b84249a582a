"""Light on a mesh: a key, a fill, a rim and the sky about it, drawn by chance, and what reaches every vertex.

Directions point from the face to the light, in the picture's axes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from understudy.actors.mesh_look.person import Part, parted
from understudy.actors.mesh_look.template import Array, Ints, shadow_reach

_WRAP = np.array([0.28, 0.13, 0.09], np.float32)  # light under the skin: furthest in red
_SHADOW_PX = 80


@dataclass(frozen=True)
class Light:
    """Colours are linear RGB, strengths about 1."""

    key: tuple[float, float, float]
    key_color: tuple[float, float, float]
    fill: tuple[float, float, float]
    fill_color: tuple[float, float, float]
    rim_color: tuple[float, float, float]
    sky: tuple[float, float, float]
    ground: tuple[float, float, float]
    exposure: float  # the skin's mean brightness in the picture, linear
    contrast: float


def any_light(rng: np.random.Generator, part: Part) -> Light:
    """From soft day to a hard key at night, and colours of a stage. Directions differ between the parts."""
    azimuth = np.radians(parted(rng, part, -110, 110))
    height = np.radians(parted(rng, part, -25, 75))
    key = _direction(azimuth, height)
    kind = rng.random()
    key_strength = rng.uniform(0.4, 1.0) if kind < 0.35 else rng.uniform(1.0, 2.4)
    sky_strength = rng.uniform(0.5, 1.2) if kind < 0.35 else rng.uniform(0.05, 0.5)
    warm = float(rng.normal(0, 0.5))
    colored = rng.random() < 0.15
    key_color = (_stage(rng) if colored else _warm(warm)) * key_strength
    fill_color = (_stage(rng) if colored and rng.random() < 0.6 else _warm(-0.6 * warm)) * rng.uniform(0, 0.6)
    return Light(
        key=_three(key),
        key_color=_three(key_color),
        fill=_three(_direction(-azimuth + rng.normal(0, 0.4), rng.uniform(-0.4, 0.6))),
        fill_color=_three(fill_color),
        rim_color=_three(_warm(float(rng.normal(0, 0.6))) * max(0.0, rng.uniform(-0.6, 1.2))),
        sky=_three(_warm(float(rng.normal(-0.2, 0.5))) * sky_strength),
        ground=_three(_warm(float(rng.normal(0.3, 0.4))) * sky_strength * rng.uniform(0.2, 0.8)),
        exposure=float(np.exp(rng.uniform(np.log(0.10), np.log(0.6))) * (0.4 if rng.random() < 0.12 else 1.0)),
        contrast=float(rng.uniform(0.85, 1.25)),
    )


def irradiance(
    light: Light, points: Array, normals: Array, sky_share: Array, casters: Ints
) -> tuple[Array, Array]:
    """Light at every vertex, (n, 3), and how much of the key reaches it, (n,)."""
    key = np.asarray(light.key, np.float32)
    reach = shadow_reach(points, casters, key, size_px=_SHADOW_PX)
    out = _wrapped(normals @ key) * np.asarray(light.key_color, np.float32) * reach[:, None]
    out += (
        _wrapped(normals @ np.asarray(light.fill, np.float32))
        * np.asarray(light.fill_color, np.float32)
        * (0.3 + 0.7 * sky_share[:, None])
    )
    up = (0.5 - 0.5 * normals[:, 1:2]).astype(np.float32)
    around = up * np.asarray(light.sky, np.float32) + (1 - up) * np.asarray(light.ground, np.float32)
    out += around * sky_share[:, None]
    edge = np.clip(1 - np.abs(normals[:, 2:3]), 0, 1) ** 3 * (0.6 - 0.4 * normals[:, 1:2])
    out += edge * np.asarray(light.rim_color, np.float32) * sky_share[:, None]
    return out.astype(np.float32), reach


def _wrapped(cosine: Array) -> Array:
    return np.maximum((cosine[:, None] + _WRAP) / (1 + _WRAP), 0)


def _direction(azimuth: float, height: float) -> np.ndarray:
    return np.array([np.sin(azimuth) * np.cos(height), -np.sin(height), np.cos(azimuth) * np.cos(height)])


def _warm(amount: float) -> np.ndarray:
    return np.array([1.0 + 0.25 * amount, 1.0, 1.0 - 0.3 * amount]).clip(0.15, 1.8)


def _stage(rng: np.random.Generator) -> np.ndarray:
    color = rng.random(3) ** 1.5
    return color / max(color.mean(), 0.1)


def _three(values: np.ndarray) -> tuple[float, float, float]:
    x, y, z = np.asarray(values, float).tolist()
    return (x, y, z)
