"""What each part of an actor is made of: from a place in its grid to the colour of a fragment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from understudy.actors import deform, skin
from understudy.actors.actor import Actor
from understudy.actors.hair import STRAND_WIDTH
from understudy.actors.performance import State
from understudy.actors.sculpt import EYE_CENTRE, EYE_RADII, ease
from understudy.actors.shade import (
    Floats,
    Lit,
    hair_color,
    highlight,
    sampled,
    skin_highlight,
    skin_irradiance,
    unit,
)
from understudy.color import linear_from_srgb, srgb_from_linear

_IRIS_MM, _PUPIL_MM = 5.8, 2.1


def encoded(linear: Floats) -> Floats:
    """sRGB 0..1, clipped."""
    return np.clip(srgb_from_linear(linear), 0, 1)


@dataclass(frozen=True, eq=False)
class Paint:
    """Skin at a list of fragments."""

    albedo: Floats  # (n, 3)
    gloss: Floats  # (n,)
    openness: Floats  # (n,)


def skin_paint(actor: Actor, place: Floats, uv: Floats, state: State) -> Paint:
    """Skin colour, gloss and crevices at canonical places (n, 4)."""
    x, y, ring, angle = place.T
    column = (x - skin.LEFT) * actor.skin.px_per_mm - 0.5
    row = (y - skin.TOP) * actor.skin.px_per_mm - 0.5
    surface = sampled(actor.skin.surface, column, row)
    painted = sampled(actor.skin.albedo, column, row)
    # Painted from the front, the picture is drawn out where the head turns away.
    share = (1 - ease(np.abs(angle), 54, 86)) * (1 - ease(y, 90, 102))
    albedo = actor.skin.plain + (painted - actor.skin.plain) * share[:, None]
    gloss = 0.35 + (surface[:, 0] - 0.35) * share
    openness = 1 + (surface[:, 1] - 1) * share
    hair = sampled(actor.hair.density.astype(np.float32), uv[:, 0], uv[:, 1])
    openness = openness * (1 - 0.35 * ease(hair, -0.9, 0.3))
    scalp = linear_from_srgb(actor.who.hair) * 0.85
    albedo = albedo + (scalp - albedo) * (0.85 * ease(hair, -0.1, 0.95))[:, None]
    gloss = gloss * (1 - ease(hair, -0.2, 0.5))
    openness = openness * (1 - 0.55 * np.exp(-np.square((ring - 14.4) / 1.3)))
    albedo, openness = _lash_lines(albedo, openness, x, y, actor, state)
    return Paint(albedo.astype(np.float32), gloss.astype(np.float32), openness.astype(np.float32))


def _lash_lines(
    albedo: Floats, openness: Floats, x: Floats, y: Floats, actor: Actor, state: State
) -> tuple[Floats, Floats]:
    """Lashes and lid margins follow the lids, so they are drawn for every frame."""
    near = np.flatnonzero((np.abs(x) > 15) & (np.abs(x) < 53) & (y > -54) & (y < -28))
    albedo, openness = albedo.copy(), openness.copy()
    for side in (-1, 1):
        here = near[np.sign(x[near]) == side]
        ax, py = np.abs(x[here]), y[here]
        lids = deform.eye_opening(state, side)
        upper, lower = lids.lids(ax)
        within = ease(ax, 17.5, 24.0) * (1 - ease(ax, 47.0, 50.5))
        outer = ease(ax, 22.0, 44.0)
        thick = (0.55 + 0.75 * outer) * actor.who.lashes
        above = upper - py
        dark = within * ease(above, -0.8, 0.0) * (1 - ease(above - thick, 0.0, 0.9))
        below = py - lower
        low = 0.34 * actor.who.lashes * within * outer * ease(below, -0.2, 0.3) * (1 - ease(below, 0.9, 1.7))
        margin = within * ease(below, -0.6, -0.1) * (1 - ease(below, 0.35, 0.8))
        ink = np.clip(0.93 * dark + low, 0, 0.95)[:, None]
        pink = albedo[here] * np.array([1.08, 0.88, 0.86], np.float32)
        skin_here = albedo[here] + (pink - albedo[here]) * margin[:, None]
        albedo[here] = skin_here + (np.array([0.015, 0.010, 0.009], np.float32) - skin_here) * ink
        # The fold of an open upper lid is a shadow that a closed lid loses.
        shut = state.blink_left if side < 0 else state.blink_right
        crease = upper - 4.6 + 1.2 * outer
        fold = np.exp(-np.square((py - crease) / 0.8)) * ease(ax, 18, 25) * (1 - ease(ax, 45, 52))
        openness[here] *= 1 - 0.42 * fold * (1 - 0.6 * shut)
    return albedo, openness


def skin_light(lit: Lit, paint: Paint) -> Floats:
    """Light that enters the skin, before it spreads, (n, 3)."""
    return skin_irradiance(lit, paint.openness)


def head_color(actor: Actor, lit: Lit, paint: Paint, irradiance: Floats, place: Floats) -> Floats:
    """Skin, and cloth below the neckline, (n, 3) linear."""
    color = paint.albedo * irradiance + skin_highlight(lit, paint.gloss) * paint.openness[:, None]
    ring, angle = place[:, 2], np.radians(place[:, 3])
    neckline = 16.42 + 0.28 * np.cos(angle)
    cloth = linear_from_srgb(actor.who.clothes)
    band = 1 - 0.25 * np.exp(-np.square((ring - neckline - 0.10) / 0.06))
    weave = 1 + 0.05 * np.sin(place[:, 0] * 2.2) * np.sin(place[:, 1] * 2.2)
    dressed = cloth * irradiance * (band * weave)[:, None]
    return color + (dressed - color) * ease(ring - neckline, 0.0, 0.03)[:, None]


def ear(actor: Actor, lit: Lit, uv: Floats) -> Floats:
    """Ears: redder skin, darker in the bowl."""
    radius, turn = uv[:, 1] / 19.0, -uv[:, 0] / 40.0 * 2 * np.pi
    x, y = radius * np.cos(turn), radius * np.sin(turn)
    bowl = np.exp(-np.square((x + 0.10) / 0.34) - np.square((y - 0.10) / 0.30))
    valley = np.exp(-np.square((radius - 0.56) / 0.07)) * (y < 0.4)
    openness = np.clip(1 - 0.72 * bowl - 0.30 * valley, 0.1, 1).astype(np.float32)
    albedo = actor.skin.plain * np.array([1.0, 0.82, 0.80], np.float32)
    light = skin_irradiance(lit, openness)
    return albedo * light + skin_highlight(lit, np.full(len(uv), 0.35, np.float32)) * openness[:, None]


def hair_cover(actor: Actor, uv: Floats, shell: np.ndarray, *, shells: int) -> np.ndarray:
    """Which fragments of the hair's shells are hair, (n,) bool: outer shells are thinner."""
    density = sampled(actor.hair.density.astype(np.float32), uv[:, 0], uv[:, 1])
    at = sampled(actor.strand_at, uv[:, 0], uv[:, 1])
    noise = sampled(actor.hair.strands, at[:, 0] % (STRAND_WIDTH - 1), at[:, 1])
    strand = 0.75 * noise[:, 0] + 0.25 * noise[:, 1]
    outer = shell / max(shells - 1, 1)
    return density * (1.15 - 0.30 * outer) > 0.92 - 0.95 * strand + 0.06 * outer


def hair(actor: Actor, lit: Lit, uv: Floats, tangent: Floats, shell: int) -> Floats:
    """Strands, darker in the depth."""
    at = sampled(actor.strand_at, uv[:, 0], uv[:, 1])
    noise = sampled(actor.hair.strands, at[:, 0] % (STRAND_WIDTH - 1), at[:, 1])
    density = sampled(actor.hair.density.astype(np.float32), uv[:, 0], uv[:, 1])
    strand = np.clip(0.6 * noise[:, 0] + 0.4 * noise[:, 1], 0, 1)
    openness = (0.45 + 0.275 * shell) * (0.75 + 0.25 * ease(density, 0, 1))
    albedo = linear_from_srgb(actor.who.hair)
    return hair_color(lit, albedo, strand, tangent, openness)


def eye(actor: Actor, state: State, lit: Lit, uv: Floats, turn: np.ndarray, side: int) -> Floats:
    """White, iris, pupil and the wet shine of an eyeball."""
    local = unit(sampled(actor.eye_directions, uv[:, 0], uv[:, 1]))
    gaze_x, gaze_y = np.radians(state.gaze_deg)
    ahead = np.array([np.sin(gaze_x) * np.cos(gaze_y), -np.sin(gaze_y), np.cos(gaze_x) * np.cos(gaze_y)])
    away = (local - ahead)[:, :2] * EYE_RADII[:2]
    radius = np.hypot(away[:, 0], away[:, 1])
    turn_about = np.arctan2(away[:, 1], away[:, 0])
    fibres = (
        0.5 + 0.28 * np.sin(turn_about * 23 + 2 * np.sin(turn_about * 7)) + 0.22 * np.sin(turn_about * 51 + 1.3)
    )
    iris = linear_from_srgb(actor.who.iris) * (0.75 + 0.55 * fibres * ease(radius, 1.8, 4.0))[:, None]
    iris = iris * (1 - 0.72 * ease(radius, _IRIS_MM - 1.5, _IRIS_MM - 0.1))[:, None]
    iris = iris * (1 - 0.98 * (1 - ease(radius, _PUPIL_MM - 0.4, _PUPIL_MM + 0.3)))[:, None]
    eye_y = local[:, 1] * EYE_RADII[1] + EYE_CENTRE[1]
    ax = np.abs((local[:, 0] * EYE_RADII[0]) + side * EYE_CENTRE[0])
    corner = np.maximum(ease(ax, 38.5, 46.0), 1 - ease(ax, 19.0, 25.5))
    white = np.array([0.62, 0.575, 0.54], np.float32) * (1 - corner[:, None] * np.array([0.12, 0.42, 0.42]))
    albedo = white + (iris - white) * (1 - ease(radius, _IRIS_MM - 0.35, _IRIS_MM + 0.35))[:, None]
    upper, lower = deform.eye_opening(state, side).lids(ax)
    open_sky = ease(eye_y - upper, -0.6, 3.8) * (0.55 + 0.45 * ease(lower - eye_y, -0.4, 1.6))
    openness = (0.22 + 0.78 * open_sky).astype(np.float32)
    soft = Lit(lit.normal, lit.view, 0.35 + 0.65 * lit.shadow, lit.light)
    color = albedo * skin_irradiance(soft, openness)
    bulge = local + 0.55 * (local - ahead) * (1 - ease(radius, _IRIS_MM - 0.8, _IRIS_MM + 1.2))[:, None]
    wet = Lit(unit((bulge @ turn.T).astype(np.float32)), lit.view, 0.7 + 0.3 * lit.shadow, lit.light)
    shine = 2.2 * highlight(wet, 0.27, at_normal=0.04) * (0.3 + 0.7 * openness)
    return (color + np.minimum(0.9 * shine, 1.4)[:, None] * lit.key_rgb()).astype(np.float32)


_GAPS = np.array([0.0, 8.6, 15.3, 22.3])


def mouth(name: str, actor: Actor, lit: Lit, uv: Floats, state: State) -> Floats:
    """Teeth, tongue and the dark behind them: little light gets in."""
    rows, columns = actor.grids[name].shape[:2]
    across, down = uv[:, 0] / (columns - 1) * 2 - 1, uv[:, 1] / (rows - 1)
    entry = 0.06 + 0.74 * np.clip(2.5 * state.jaw + 0.9 * state.smile, 0, 1)
    openness = entry * (1 - 0.6 * np.square(across))
    if name.startswith("teeth"):
        x = np.abs(across) * (24 if name == "teeth_upper" else 20)
        gap = np.exp(-np.square(np.abs(x[:, None] - _GAPS).min(1) / 0.42))
        edge = down if name == "teeth_upper" else 1 - down
        shade = (0.45 + 0.75 * ease(edge, 0.3, 0.8)) * (1 - 0.5 * gap)
        albedo = np.array([0.66, 0.60, 0.50], np.float32) * shade[:, None]
        openness = openness * (1.0 if name == "teeth_upper" else 0.55)
    elif name == "tongue":
        albedo = np.array([0.42, 0.15, 0.14], np.float32) * np.ones((len(uv), 1), np.float32)
        openness = openness * 0.65
    else:
        albedo = np.array([0.10, 0.025, 0.02], np.float32) * np.ones((len(uv), 1), np.float32)
        openness = openness * 0.35
    inside = Lit(lit.normal, lit.view, np.maximum(lit.shadow, 0.35), lit.light)
    return albedo * skin_irradiance(inside, openness.astype(np.float32)) * openness[:, None] ** 0.5
