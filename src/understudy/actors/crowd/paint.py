"""A crowd's skin: wrinkles, blemishes, make-up, beards and paint, which the demo's performers do not have."""

from __future__ import annotations

import cv2
import numpy as np

from understudy.actors.crowd.people import Person
from understudy.actors.crowd.wear import beard_zone
from understudy.actors.sculpt import bump, ease, gauss
from understudy.actors.skin import Easel, Skin, paint
from understudy.color import linear_from_srgb

Floats = np.ndarray
PX_PER_MM = 1.0


def painted(person: Person) -> Skin:
    """The skin of a person, painted as large as small pictures need it."""
    plain = paint(person.who, PX_PER_MM)
    rng = person.generator(500)
    easel = Easel(rng, PX_PER_MM)
    albedo = plain.albedo
    albedo = _blemished(albedo, easel)
    albedo = _made_up(albedo, easel)
    if person.beard > 0:
        zone = beard_zone(easel.ax, easel.y, person.generator(501))
        grain = np.clip(0.75 + 0.25 * easel.noise(0.8), 0, 1)
        cover = np.clip(1.2 * person.beard * zone * grain, 0, 0.93)
        albedo = _over(albedo, linear_from_srgb(person.beard_color), cover)
    surface = plain.surface.copy()
    surface[..., 1] *= 1 - _wrinkles(easel, person.who.age)
    surface[..., 0] = np.clip(surface[..., 0] * np.exp(rng.normal(0, 0.35)), 0.03, 1)
    return Skin(np.clip(albedo, 0.002, 0.95).astype(np.float32), surface, plain.plain, PX_PER_MM)


def _over(under: Floats, color: Floats, cover: Floats) -> Floats:
    return under + (color - under) * cover[..., None]


def _wrinkles(e: Easel, age: float) -> Floats:
    """How much darker lines and folds are, 0..1."""
    old = max(0.0, age - 0.35) / 0.65 * e.rng.uniform(0.4, 1.2)
    if old <= 0:
        return np.zeros_like(e.x)
    bent = e.y + 2.5 * np.cos(e.x / 22) + 1.2 * e.noise(12)
    forehead = gauss(np.sin(bent * e.rng.uniform(0.55, 0.9)), 0.3) * bump(e.ax, e.y, (0, -84), (46, 17))
    crows = gauss(np.sin((e.y + 38) * 0.9 + (e.ax - 52) * 0.3), 0.35) * bump(e.ax, e.y, (56, -38), (8, 11))
    bag = gauss(e.y + 25 - 0.008 * np.square(e.ax - 33), 1.6) * bump(e.ax, e.y, (33, -26), (15, 8))
    fold_x = np.interp(e.y, [-2, 8, 20, 32, 40], [19.5, 22.5, 27.5, 33, 35])
    fold = gauss(e.ax - fold_x, 2.0) * ease(e.y, 0, 6) * (1 - ease(e.y, 34, 52))
    glabella = gauss(e.ax - 6, 1.3) * bump(e.ax, e.y, (0, -56), (12, 9))
    fine = 0.12 * np.clip(e.noise(1.6), 0, 2) * bump(e.ax, e.y, (44, 10), (26, 40))
    return np.clip(
        old * (0.5 * forehead + 0.4 * crows + 0.4 * bag + 0.55 * fold + 0.4 * glabella + fine), 0, 0.7
    )


def _blemished(albedo: Floats, e: Easel) -> Floats:
    rng = e.rng
    if rng.random() < 0.35:
        albedo = albedo * np.exp(rng.uniform(0.02, 0.12) * e.noise(rng.uniform(3, 22)))[..., None]
    if rng.random() < 0.2:
        spots = e.dots(int(rng.integers(10, 120)), 0.6, 1.8) * np.clip(0.5 + e.noise(30), 0, 1)
        color = np.array([1.05, 0.62, 0.58]) if rng.random() < 0.6 else np.array([0.6, 0.5, 0.45])
        albedo = _over(albedo, albedo * color, np.clip(rng.uniform(0.4, 1) * spots, 0, 1))
    if rng.random() < 0.04:
        patches = ease(e.noise(rng.uniform(14, 30)), 0.5, 0.9)
        albedo = _over(albedo, np.clip(albedo * 2.2 + 0.1, 0, 0.85), patches * rng.uniform(0.3, 1))
    return albedo


def _made_up(albedo: Floats, e: Easel) -> Floats:
    rng = e.rng
    if rng.random() < 0.25:
        color = linear_from_srgb(rng.uniform(0.05, 0.9, 3))
        lid = bump(e.ax, e.y, (33, -45), (16, rng.uniform(4, 9))) * ease(e.y, -60, -50)
        albedo = _over(albedo, color, np.clip(rng.uniform(0.2, 0.9) * lid, 0, 0.9))
    if rng.random() < 0.2:
        blush = bump(e.ax, e.y, (44, rng.uniform(-8, 10)), (16, 11))
        albedo = _over(albedo, albedo * np.array([1.1, 0.55, 0.6]), rng.uniform(0.2, 0.8) * blush)
    kind = rng.random()
    if kind < 0.03:
        color = linear_from_srgb(rng.uniform(0.02, 0.98, 3))
        wave = e.x * rng.normal() + e.y * rng.normal() + 10 * e.noise(20)
        albedo = _over(albedo, color, (np.sin(wave * rng.uniform(0.05, 0.3)) > rng.uniform(-0.5, 0.8)) * 0.85)
    elif kind < 0.05:
        picture = np.zeros(e.x.shape, np.uint8)
        for _ in range(int(rng.integers(2, 9))):
            a, b = (rng.uniform(0, 1, 2) * [picture.shape[1], picture.shape[0]] for _ in range(2))
            cv2.line(picture, tuple(map(int, a)), tuple(map(int, b)), 255, int(rng.integers(1, 4)), cv2.LINE_AA)
        albedo = _over(albedo, albedo * rng.uniform(0.1, 0.4), picture / 255.0)
    return albedo
