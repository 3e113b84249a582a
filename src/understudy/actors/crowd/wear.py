"""Caps, hoods, scarves, masks over the mouth, beards and glasses of a crowd, as layers over a head."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from understudy.actors.crowd.layers import Layer
from understudy.actors.hair import ANGLES
from understudy.actors.sculpt import bump, ease
from understudy.actors.skin import lip_edges
from understudy.actors.template import LIP_CORNER_X, Array, Template
from understudy.color import linear_from_srgb

_CAP = (-92, -91, -88, -84, -78, -72, -68, -64, -60, -56, -50, -44, -36, -24, -12, -10)
_BEANIE = (-80, -79, -77, -72, -66, -60, -54, -48, -44, -40, -34, -28, -22, -10, 4, 8)
_TOP = (-104, -104, -103, -102, -101, -100, -99, -98, -97, -96, -94, -92, -90, -86, -82, -80)


@dataclass(frozen=True, eq=False)
class Wear:
    """Everything somebody has on, and the hair that it hides."""

    layers: tuple[Layer, ...] = ()
    lenses: Array | None = None  # (2, points, 3): outlines of both glasses at rest
    lens_pass: tuple[float, float, float] = (1.0, 1.0, 1.0)  # share of light that a lens lets through
    lens_shine: float = 0.0
    hides_hair: np.ndarray | None = None  # (rows, columns) bool


def worn(head: Template, rest: Array, rng: np.random.Generator) -> Wear:
    """What somebody wears; most people wear nothing."""
    layers: list[Layer] = []
    hides = None
    kind = rng.random()
    for share, make in _HEADWEAR:
        kind -= share
        if kind < 0:
            made, hides = make(head, rest, rng)
            layers += made
            break
    if rng.random() < 0.04:
        layers.append(mouth_mask(head, rng))
    if rng.random() < 0.27:
        frames, outlines = glasses(rng)
        dark = rng.random() < 0.3
        passes = rng.uniform(0.02, 0.3) if dark else rng.uniform(0.8, 1.0)
        tint = np.clip(passes * np.exp(rng.normal(0, 0.15 if dark else 0.03, 3)), 0, 1)
        r, g, b = (float(share) for share in tint)
        return Wear((*layers, *frames), outlines, (r, g, b), float(rng.uniform(0, 0.5) ** 2), hides)
    return Wear(tuple(layers), hides_hair=hides)


def _inside(head: Template, line: tuple[float, ...], shift: float) -> Array:
    """Millimetres above a line round the head."""
    return np.interp(np.abs(head.angle_deg), ANGLES, line)[None, :] + shift - head.y


def _cloth_color(rng: np.random.Generator) -> np.ndarray:
    return linear_from_srgb(np.clip(rng.uniform(0, 1) + rng.normal(0, 0.25, 3), 0.02, 0.95)).astype(np.float32)


def _shell(
    name: str, head: Template, inside: Array, lift: Array, rng: np.random.Generator, gloss: float = 0.0
) -> Layer:
    second = _cloth_color(rng) if rng.random() < 0.4 else None
    pattern = (float(rng.choice([0, rng.uniform(0.2, 2)])), float(rng.uniform(0.2, 2)))
    density = np.clip(inside / 3, -1, 1)
    density = np.where(head.ring > 17.2, -1.0, density).astype(np.float32)
    return Layer(
        name, _cloth_color(rng), lift_mm=lift, density=density, second=second, pattern=pattern, gloss=gloss
    )


def cap(head: Template, rest: Array, rng: np.random.Generator) -> tuple[list[Layer], np.ndarray]:
    """A cap, a beanie, a helmet or a hat, with a brim or without."""
    line, puff = (_CAP, 10.0) if rng.random() < 0.6 else (_BEANIE, 22.0)
    shift = float(rng.uniform(-12, 16))
    inside = _inside(head, line, shift)
    lift = 2.5 + rng.uniform(0, 4) + rng.uniform(0.2, 1) * puff * ease(-head.y, 84, 150)
    layers = [_shell("cap", head, inside, lift, rng, gloss=float(rng.choice([0, 0, 0.4])))]
    if line is _CAP and rng.random() < 0.75:
        layers.append(_brim(head, rest, line[0] + shift, rng))
    return layers, inside > -4


def _brim(head: Template, rest: Array, y: float, rng: np.random.Generator) -> Layer:
    around = 180.0 if rng.random() < 0.3 else float(rng.uniform(50, 75))
    angle = np.radians(np.linspace(-around, around, 41))
    length = rng.uniform(35, 75) * (
        np.ones(41) if around == 180 else np.cos(0.5 * np.pi * angle / angle[-1]) ** 0.5
    )
    near = np.abs(head.y - y) + 4 * np.abs(head.angle_deg)[None, :]
    front = rest[np.unravel_index(int(np.argmin(near)), near.shape)]
    reach = np.linspace(-4, 1, 8)[:, None]
    out = np.where(reach < 0, reach, reach * length)
    radius = np.hypot(64 * np.sin(angle), 84 * np.cos(angle)) + out
    droop = rng.uniform(-0.1, 0.35) * np.maximum(out, 0)
    x, z = radius * np.sin(angle), front[2] - 84 + radius * np.cos(angle) + 4
    grid = np.stack([x, front[1] + droop + 0.12 * np.square(x / 20), z], axis=-1)
    return Layer("brim", _cloth_color(rng), grid=grid, both_sides=True)


def hood(head: Template, rest: Array, rng: np.random.Generator) -> tuple[list[Layer], np.ndarray]:
    """A hood, a scarf over the head or a balaclava: all but an opening about the face."""
    wide, high = rng.uniform(50, 74), rng.uniform(62, 92)
    middle = rng.uniform(-14, 2)
    away = np.hypot(head.x / wide, (head.y - middle) / high)
    inside = np.where(head.front > 0.15, 40 * (away - 1), 40.0)
    lift = 3.0 + rng.uniform(0, 9) * ease(inside, 0, 30) + rng.uniform(0, 8)
    return [_shell("hood", head, inside, lift * np.ones_like(head.y), rng)], inside > -2


def headband(head: Template, rest: Array, rng: np.random.Generator) -> tuple[list[Layer], np.ndarray]:
    """A band, a turban or the like round the forehead."""
    inside = np.minimum(
        _inside(head, _BEANIE, float(rng.uniform(-14, 8))), -_inside(head, _TOP, -rng.uniform(0, 30))
    )
    lift = np.full_like(head.y, rng.uniform(2, 12))
    return [_shell("band", head, inside, lift, rng)], inside > -2


_Make = Callable[[Template, Array, np.random.Generator], tuple[list[Layer], np.ndarray]]
_HEADWEAR: tuple[tuple[float, _Make], ...] = ((0.10, cap), (0.06, hood), (0.03, headband))


def mouth_mask(head: Template, rng: np.random.Generator) -> Layer:
    """A cloth over mouth and nose, or under the nose."""
    top = rng.uniform(-16, 0) if rng.random() < 0.75 else rng.uniform(8, 16)
    upper = head.y - (top + 0.25 * np.abs(head.x) * rng.uniform(0.3, 1))
    lower = rng.uniform(72, 96) - head.y - 0.25 * np.abs(head.x)
    inside = np.minimum(np.minimum(upper, lower), (66 - np.abs(head.angle_deg))[None, :])
    lift = 2.0 + 7 * bump(head.x, head.y, (0, 14), (26, 22))
    return _shell("mask", head, inside, lift, rng)


def beard(head: Template, color: np.ndarray, amount: float, rng: np.random.Generator) -> Layer | None:
    """A beard that stands off the skin; `amount` 0..1 is how full."""
    if amount <= 0.3:
        return None
    zone = beard_zone(np.abs(head.x), head.y, rng)
    lift = 0.6 + (rng.uniform(1, 16) * amount) * zone * ease(head.y, 18, 70)
    density = np.where(head.front > 0.05, zone * amount * 1.1 - 0.12, -1.0)
    return Layer(
        "beard", color.astype(np.float32), lift_mm=lift, density=density.astype(np.float32), beard=True
    )


def beard_zone(ax: Array, y: Array, rng: np.random.Generator) -> Array:
    """Where a beard grows at canonical |x|, y: any of chin, cheeks, moustache, sideburns, 0..1."""
    kind = rng.random()
    parts = rng.uniform(0.5, 1, 3) * (np.array([1, 1, 1]) if kind < 0.5 else rng.random(3) < 0.55)
    if not parts.any():
        parts[int(rng.integers(3))] = 1.0
    fold_x = np.interp(y, [5, 20, 34], [17, 24, 36])
    chin = ease(y, 34, 46) * (1 - 0.9 * ease(ax - 0.3 * (y - 60), 24, 40))
    high = rng.uniform(-6, 14)
    cheek = ease(ax - fold_x, 4 + high, 26 + high) * ease(y + 0.35 * (ax - 40), 2, 22)
    cheek = np.maximum(cheek, ease(y, 40, 56) * ease(ax, 14, 30))
    moustache = bump(ax, y, (11, 15.5), (16, 6.5)) * ease(y, 7.0, 10.5) * 1.2
    zone = np.maximum(np.maximum(parts[0] * chin, parts[1] * cheek), parts[2] * moustache)
    upper, lower = lip_edges(ax)
    lips = ease(np.minimum(y - upper, lower - y), -2.5, 0.0) * (ax < LIP_CORNER_X + 2)
    return np.clip(zone * (1 - lips) * (1 - ease(y, 82, 104)), 0, 1)


def glasses(rng: np.random.Generator) -> tuple[list[Layer], Array]:
    """Frames as layers, and the outlines of both lenses, (2, points, 3)."""
    wide, high, power = rng.uniform(21, 29), rng.uniform(13, 26), rng.choice([2.0, 2.6, 4.0])
    thick, middle_y = float(rng.choice([0.9, rng.uniform(1.5, 5)])), float(rng.uniform(-38, -30))
    ahead, curve, lean = rng.uniform(18, 24), rng.uniform(0.002, 0.006), rng.uniform(0.05, 0.2)
    turn = np.linspace(0, 2 * np.pi, 33)
    cosine, sine = np.cos(turn), np.sin(turn)
    shape = np.stack(
        [np.sign(cosine) * np.abs(cosine) ** (2 / power), np.sign(sine) * np.abs(sine) ** (2 / power)], -1
    )
    shape = shape * (1 + rng.uniform(-0.12, 0.12) * shape[:, 1:])

    def on_plane(x: Array, y: Array, back: float = 0.0) -> Array:
        return np.stack([x, y, ahead - curve * np.square(x) + lean * (y - middle_y) - back], axis=-1)

    color = linear_from_srgb(
        np.clip(rng.choice([0.03, rng.uniform(0, 0.9)]) + rng.normal(0, 0.1, 3), 0.01, 0.95)
    )
    color = color.astype(np.float32)
    gloss = float(rng.uniform(0.1, 0.9))

    def frame(name: str, grid: Array) -> Layer:
        return Layer(name, color, grid=grid, both_sides=True, gloss=gloss)

    frames, outlines = [], []
    for side, name in ((-1, "left"), (1, "right")):
        loops = []
        for grow, back in ((0.0, 0.0), (thick, 0.0), (thick, 2.5), (0.0, 2.5), (0.0, 0.0)):
            x, y = side * 33.0 + shape[:, 0] * (wide + grow), middle_y + shape[:, 1] * (high + grow)
            loops.append(on_plane(x, y, back))
        frames.append(frame(f"rim_{name}", np.stack(loops)))
        outlines.append(loops[0])
        hinge = on_plane(np.array(side * (33.0 + wide + 0.5 * thick)), np.array(middle_y - 0.4 * high))
        ear = np.array([side * 75.0, -36.0, -74.0])
        share = np.array([0.0, 0.04, 0.5, 1.0])[:, None]
        path = hinge * (1 - share) + ear * share
        path[1, 0] = max(abs(path[1, 0]), 66.0) * side
        path[2, 0] = 74.0 * side
        tall = np.array([0, 0.5 * max(thick, 1.2), 0])
        frames.append(frame(f"temple_{name}", np.stack([path - tall, path + tall])))
    inner = 33.0 - wide
    x = np.linspace(-inner, inner, 7)
    bridge_y = middle_y - 0.25 * high - 2.5 * np.cos(x / max(inner, 1) * np.pi / 2)
    half = 0.5 * max(thick, 1.0)
    frames.append(frame("bridge", np.stack([on_plane(x, bridge_y - half), on_plane(x, bridge_y + half)])))
    return frames, np.stack(outlines)
