"""Light on skin, hair, eyes, teeth and cloth, for lists of visible fragments.

Wrapped diffuse with a screen-space blur stands for light that travels under skin; highlights are GGX (Walter et
al., "Microfacet models for refraction through rough surfaces", EGSR 2007) on skin and eyes and two-lobe
Kajiya-Kay on hair. Colours are linear.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from understudy.actors.performance import Light

Floats = np.ndarray
_LIST_WIDTH = 1024


def sampled(texture: Floats, column: Floats, row: Floats) -> Floats:
    """Bilinear values of a (height, width[, channels]) texture at lists of positions, edges repeated."""
    count = len(column)
    lines = -(-count // _LIST_WIDTH)
    if count == 0:
        return np.zeros((0, *texture.shape[2:]), np.float32)
    maps = np.zeros((2, lines * _LIST_WIDTH), np.float32)
    maps[0, :count], maps[1, :count] = column, row
    maps = maps.reshape(2, lines, _LIST_WIDTH)
    found = cv2.remap(texture, maps[0], maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return found.reshape(lines * _LIST_WIDTH, *texture.shape[2:])[:count]


def unit(vectors: Floats) -> Floats:
    """Vectors (..., 3) of length 1."""
    return vectors / np.maximum(np.sqrt(np.einsum("...i,...i", vectors, vectors)), 1e-6)[..., None]


@dataclass(frozen=True, eq=False)
class ShadowMap:
    """How deep the light reaches, seen from the key: blurred first and second moments of depth."""

    axes: Floats  # (3, 3): right, down, towards the light
    moments: Floats  # (size, size, 2) float32
    low: Floats  # (2,) millimetres at the map's corner
    px_per_mm: float

    def light(self, points: Floats) -> Floats:
        """Share of the key that reaches points (n, 3). Variance shadow maps (Donnelly and Lauritzen, 2006)."""
        at = points @ self.axes.T
        spot = (at[:, :2] - self.low) * self.px_per_mm - 0.5
        moments = sampled(self.moments, spot[:, 0], spot[:, 1])
        spread = np.maximum(moments[:, 1] - np.square(moments[:, 0]), 4.0)
        behind = moments[:, 0] - at[:, 2] - 2.5
        share = spread / (spread + np.square(np.maximum(behind, 0)))
        return np.clip((share - 0.18) / 0.82, 0, 1)


@dataclass(frozen=True, eq=False)
class Lit:
    """What the materials need to know of a list of fragments. Vectors are unit vectors, (n, 3)."""

    normal: Floats
    view: Floats
    shadow: Floats  # (n,) 0..1
    light: Light

    @property
    def key(self) -> Floats:
        """Towards the key light, (3,)."""
        return unit(np.asarray(self.light.key_direction, np.float32))

    def key_rgb(self) -> Floats:
        """The key light's colour and strength, linear RGB, (3,)."""
        return np.asarray(self.light.key_color, np.float32) * np.float32(0.80 * self.light.key_strength)

    def fill(self, openness: Floats | float) -> Floats:
        """Light from all around, more from above and from the camera's side, (n, 3)."""
        up, ahead = -self.normal[:, 1], self.normal[:, 2]
        amount = self.light.fill_strength * (0.50 + 0.28 * up + 0.22 * ahead) * openness
        warm = np.array([1.05, 0.97, 0.90], np.float32)
        tint = np.asarray(self.light.fill_color, np.float32)
        share = np.clip(0.5 + 0.5 * up, 0, 1)[:, None]
        return amount[:, None] * (tint * share + tint * warm * (1 - share))

    def rim(self) -> Floats:
        """A weak light from behind, opposite to the key, (n,)."""
        back = unit(np.array([-self.key[0], -0.35, -0.75], np.float32))
        return self.light.rim_strength * np.clip(self.normal @ back + 0.15, 0, 1)


def skin_irradiance(lit: Lit, openness: Floats) -> Floats:
    """Diffuse light on skin, (n, 3): wraps further round in red than in blue."""
    wrap = np.array([0.30, 0.16, 0.11], np.float32)
    facing = (lit.normal @ lit.key)[:, None]
    direct = np.clip((facing + wrap) / (1 + wrap), 0, 1)
    direct = np.power(direct, np.float32(1.15))
    # Where the shadow begins, red light leaks through the skin.
    shadow = np.stack([np.sqrt(lit.shadow), lit.shadow, lit.shadow], axis=-1)
    share = (0.35 + 0.65 * openness)[:, None]
    return lit.key_rgb() * direct * shadow * share + lit.fill(openness) + lit.rim()[:, None]


def highlight(lit: Lit, roughness: Floats | float, *, at_normal: float = 0.028) -> Floats:
    """GGX highlight of the key, (n,), before its colour."""
    half = unit(lit.view + lit.key)
    nh = np.clip(np.einsum("ni,ni->n", lit.normal, half), 0, 1)
    nl = np.clip(lit.normal @ lit.key, 0, 1)
    nv = np.clip(np.einsum("ni,ni->n", lit.normal, lit.view), 0.05, 1)
    vh = np.clip(np.einsum("ni,ni->n", lit.view, half), 0, 1)
    a2 = np.square(np.square(np.asarray(roughness, np.float32)))
    spread = a2 / np.maximum(np.pi * np.square(nh * nh * (a2 - 1) + 1), 1e-5)
    k = np.sqrt(a2) / 2
    masking = 1 / ((nl * (1 - k) + k) * (nv * (1 - k) + k))
    fresnel = at_normal + (1 - at_normal) * np.power(1 - vh, 5)
    return np.minimum(spread * masking * fresnel * nl * 0.25 * lit.shadow, 3.0)


def skin_highlight(lit: Lit, gloss: Floats) -> Floats:
    """The shine of skin, (n, 3)."""
    rough = 0.62 - 0.30 * gloss
    shine = 0.65 * highlight(lit, rough) + 0.35 * highlight(lit, 0.62 * rough)
    edge = np.power(np.clip(1 - np.einsum("ni,ni->n", lit.normal, lit.view), 0, 1), 4)
    sheen = 0.05 * lit.light.fill_strength * edge
    return (2.2 * gloss * shine)[:, None] * lit.key_rgb() + sheen[:, None]


def hair_color(lit: Lit, albedo: Floats, strand: Floats, tangent: Floats, openness: Floats) -> Floats:
    """Light on strands that run along `tangent`, (n, 3). `strand` is noise 0..1."""
    tl = tangent @ lit.key
    tv = np.einsum("ni,ni->n", tangent, lit.view)
    across_l = np.sqrt(np.clip(1 - tl * tl, 0, 1))
    across_v = np.sqrt(np.clip(1 - tv * tv, 0, 1))
    facing = np.clip(0.25 + 0.75 * (lit.normal @ lit.key), 0, 1)
    direct = (across_l * facing * lit.shadow)[:, None] * lit.key_rgb()
    shift = 0.5 * (strand - 0.5)
    cosine = np.clip(across_l * across_v - (tl + shift) * (tv + shift), 0, 1)
    white = np.power(cosine, 60.0) * facing * lit.shadow
    tinted = np.power(cosine, 14.0) * facing * lit.shadow
    body = albedo * (0.45 + 1.0 * strand)[:, None]
    soft = lit.fill(openness) + 0.7 * lit.rim()[:, None]
    glow = (0.05 * white)[:, None] * lit.key_rgb() + 0.55 * tinted[:, None] * albedo * lit.key_rgb()
    return body * (1.05 * direct + 0.9 * soft) + glow * (0.4 + strand)[:, None]


def tone_mapped(linear: Floats, exposure: float) -> Floats:
    """Linear light to 0..1 with a soft shoulder on the brightest channel, so that skin keeps its hue."""
    color = np.maximum(linear * np.float32(exposure), 0)
    top = np.maximum(color.max(-1, keepdims=True), 1e-6)
    knee, room = np.float32(0.50), np.float32(0.48)
    bent = np.where(top > knee, knee + room * np.tanh((top - knee) / (1.25 * room)), top)
    keep_hue = color * (bent / top)
    by_channel = np.where(color > knee, knee + room * np.tanh((color - knee) / (1.25 * room)), color)
    return 0.8 * keep_hue + 0.2 * by_channel
