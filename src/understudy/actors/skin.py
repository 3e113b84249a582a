"""Painted skin: one picture of the face in canonical (x, y), made once for each person.

The picture holds linear albedo, gloss and crevices (how much light a place gets). The sides and the back of
the head, which the picture sees edge-on, take the plain skin colour instead.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from understudy.actors.identity import Identity
from understudy.actors.sculpt import bump, ease, gauss
from understudy.actors.template import LIP_CORNER_X, lip_line_y
from understudy.color import linear_from_srgb

Floats = np.ndarray

LEFT, TOP, RIGHT, BOTTOM = -84.0, -128.0, 84.0, 104.0  # millimetres
PX_PER_MM = 4.5


@dataclass(frozen=True, eq=False)
class Skin:
    """The painted picture. Rows run down from TOP, columns right from LEFT, `px_per_mm` pixels a millimetre."""

    albedo: Floats  # (height, width, 3) float32, linear
    surface: Floats  # (height, width, 2) float32: gloss 0..1, crevice 0..1 (1 is open to the light)
    plain: Floats  # (3,) linear albedo away from the face
    px_per_mm: float = PX_PER_MM


class Easel:
    """The canvas with its coordinates; only while painting."""

    def __init__(self, rng: np.random.Generator, px_per_mm: float) -> None:
        width, height = int((RIGHT - LEFT) * px_per_mm), int((BOTTOM - TOP) * px_per_mm)
        x = LEFT + (np.arange(width, dtype=np.float32) + 0.5) / px_per_mm
        y = TOP + (np.arange(height, dtype=np.float32) + 0.5) / px_per_mm
        self.x, self.y = np.meshgrid(x, y)
        self.ax = np.abs(self.x)
        self.rng = rng
        self.px_per_mm = px_per_mm

    def noise(self, size_mm: float) -> Floats:
        """Gaussian noise of unit deviation with spots of about `size_mm`."""
        shape = self.x.shape
        step = max(1, int(size_mm * self.px_per_mm / 3))
        small = self.rng.normal(size=(shape[0] // step + 3, shape[1] // step + 3)).astype(np.float32)
        small = cv2.GaussianBlur(small, (0, 0), size_mm * self.px_per_mm / step / 2.5)
        big = cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
        return big / max(float(big.std()), 1e-6)

    def strokes(self, starts: Floats, ends: Floats, widths_mm: Floats) -> Floats:
        """Coverage 0..1 of fine straight hairs from start to end, tapering by their width."""
        canvas = np.zeros(self.x.shape, np.uint8)
        shift = 4
        scale = self.px_per_mm * 2**shift
        ends_px = (np.round((ends - [LEFT, TOP]) * scale).astype(int)).tolist()
        starts_px = (np.round((starts - [LEFT, TOP]) * scale).astype(int)).tolist()
        layers = np.clip(255 * widths_mm * self.px_per_mm, 40, 255).astype(int).tolist()
        for p, q, layer in zip(starts_px, ends_px, layers, strict=True):
            cv2.line(canvas, p, q, layer, 1, cv2.LINE_AA, shift)
        return canvas.astype(np.float32) / 255

    def dots(self, count: int, least_mm: float, most_mm: float) -> Floats:
        """Coverage 0..1 of soft round spots all over the canvas."""
        canvas = np.zeros(self.x.shape, np.uint8)
        height, width = canvas.shape
        for _ in range(count):
            at = (int(self.rng.uniform(0, width) * 16), int(self.rng.uniform(0, height) * 16))
            radius = int(self.rng.uniform(least_mm, most_mm) * self.px_per_mm * 16)
            cv2.circle(canvas, at, radius, int(self.rng.uniform(110, 255)), -1, cv2.LINE_AA, 4)
        return cv2.GaussianBlur(canvas, (0, 0), 0.25 * self.px_per_mm).astype(np.float32) / 255


def paint(who: Identity, px_per_mm: float = PX_PER_MM) -> Skin:
    """Paint a person's skin; the same person at the same size gives the same picture."""
    easel = Easel(np.random.default_rng([who.seed, 7]), px_per_mm)
    base = linear_from_srgb(who.skin)
    albedo = base * np.ones((*easel.x.shape, 3), np.float32)
    albedo *= _complexion(easel, who)
    lips = _lip_cover(easel)
    albedo = _blend(albedo, _lip_paint(easel, who), lips)
    albedo = _marks(albedo, easel, who)
    albedo = _blend(albedo, linear_from_srgb(np.asarray(who.brows) * [1.0, 0.9, 0.85]), _stubble(easel, who))
    brows = _brows(easel, who)
    albedo = _blend(albedo, linear_from_srgb(who.brows), brows)
    gloss = (
        0.42
        + 0.16 * bump(easel.ax, easel.y, (0, -8), (12, 12))
        + 0.10 * bump(easel.ax, easel.y, (0, -85), (34, 18))
    )
    gloss = gloss + 0.06 * easel.noise(0.9)
    gloss = gloss * (1 - lips) + (0.75 + 0.12 * easel.noise(1.2)) * lips
    gloss = gloss * (1 - 0.9 * brows)
    surface = np.stack([np.clip(gloss, 0.05, 1), _crevices(easel, who)], axis=-1).astype(np.float32)
    return Skin(np.clip(albedo, 0.002, 0.95).astype(np.float32), surface, base.astype(np.float32), px_per_mm)


def _blend(under: Floats, over: Floats, cover: Floats) -> Floats:
    return under + (over - under) * cover[..., None]


def _complexion(e: Easel, who: Identity) -> Floats:
    """Factors on the skin's albedo: mottling, blood in cheeks and nose, darker sockets."""
    mottle = 1 + 0.030 * e.noise(9.0) + 0.022 * e.noise(2.2) + 0.020 * e.noise(0.7)
    blood = 0.8 * bump(e.ax, e.y, (40, 0), (17, 14)) + 0.8 * bump(e.ax, e.y, (0, -4), (14, 10))
    blood = blood + 0.35 * bump(e.ax, e.y, (0, 64), (16, 10)) + 0.25 * gauss(e.ax - 66, 12)
    blood = blood * (1 + 0.25 * e.noise(3.5)) * who.redness
    socket = bump(e.ax, e.y, (30, -40), (19, 11)) + 0.5 * bump(e.ax, e.y, (27, -29), (13, 4))
    shade = 1 - 0.16 * socket
    rim = gauss(e.y + 34.2 - 0.006 * np.square(e.ax - 33), 1.6) * bump(e.ax, e.y, (33, -34), (14, 6))
    red = mottle * shade * (1 + 0.03 * blood)
    green = mottle * shade * (1 - 0.20 * blood - 0.05 * socket - 0.12 * rim)
    blue = mottle * shade * (1 - 0.16 * blood - 0.02 * socket - 0.08 * rim)
    return np.stack([red, green, blue], axis=-1)


def lip_edges(ax: Floats) -> tuple[Floats, Floats]:
    """Canonical y of the upper and the lower border of the red of the lips at |x|."""
    t = np.clip(ax / LIP_CORNER_X, 0, 1)
    line = lip_line_y(ax)
    rise = 8.8 * np.power(np.clip(1 - t**1.7, 0, 1), 0.9) - 1.5 * gauss(ax, 3.6)
    drop = 12.6 * np.power(np.clip(1 - t**2.1, 0, 1), 0.8)
    return line - rise, line + drop


def _lip_cover(e: Easel) -> Floats:
    upper, lower = lip_edges(e.ax)
    depth = np.minimum(e.y - upper, lower - e.y) + 0.15 * e.noise(1.8)
    return ease(depth, -0.5, 1.2) * ease(LIP_CORNER_X - e.ax, -0.5, 2.5)


def _lip_paint(e: Easel, who: Identity) -> Floats:
    """The red of the lips with fine upright lines, darker towards where they meet."""
    lines = cv2.GaussianBlur(e.rng.normal(size=e.x.shape).astype(np.float32), (0, 0), 1.3, sigmaY=9)
    tone = 1 + 0.045 * lines / lines.std() + 0.04 * e.noise(2.0)
    tone = tone * (1 - 0.35 * gauss(e.y - lip_line_y(e.ax), 2.0))
    tone = tone * np.where(e.y < lip_line_y(e.ax), 0.86, 1.06)
    return linear_from_srgb(who.lips) * tone[..., None]


def _marks(albedo: Floats, e: Easel, who: Identity) -> Floats:
    """Freckles and moles."""
    brown = albedo * np.array([0.62, 0.46, 0.38], np.float32)
    if who.freckles > 0:
        zone = bump(e.ax, e.y, (30, -8), (26, 17)) + bump(e.ax, e.y, (0, -14), (14, 12))
        zone = zone + 0.35 * bump(e.ax, e.y, (0, -85), (45, 22))
        albedo = _blend(albedo, brown, np.clip(0.9 * who.freckles * zone, 0, 0.75) * e.dots(900, 0.35, 0.95))
    for x, y, radius in who.moles:
        edge = radius - np.hypot(e.x - x, e.y - y)
        albedo = _blend(albedo, 0.35 * brown, 0.9 * ease(edge, -0.25, 0.4))
    return albedo


def brow_line(t: Floats) -> Floats:
    """Middle of a brow from its inner end (t 0) to its outer end (t 1), canonical |x| and y."""
    x = 11.0 + 49.0 * t
    y = np.interp(t, [0, 0.3, 0.62, 0.8, 1.0], [-55.6, -59.0, -61.2, -59.2, -51.5])
    return np.stack([x, y], axis=-1)


def _brows(e: Easel, who: Identity) -> Floats:
    rng, count = e.rng, int(480 * who.brow_thickness)
    t = np.concatenate([rng.uniform(0.0, 1, count), rng.uniform(0.15, 0.85, count // 2)])
    half = np.interp(t, [0, 0.12, 0.5, 0.8, 1], [1.8, 2.8, 2.6, 1.7, 0.5]) * who.brow_thickness
    root = brow_line(t) + np.stack(
        [rng.normal(0, 0.5, t.size), rng.normal(0, 0.5, t.size) * half + 0.6], axis=-1
    )
    lean = np.radians(np.interp(t, [0, 0.15, 0.5, 1], [75, 50, 18, -14]) + rng.normal(0, 11, t.size))
    length = np.interp(t, [0, 0.2, 0.8, 1], [3.2, 5.2, 5.5, 4.0]) * rng.uniform(0.7, 1.15, t.size)
    tip = root + length[:, None] * np.stack([np.cos(lean), -np.sin(lean)], axis=-1)
    widths = rng.uniform(0.10, 0.24, t.size)
    cover = np.zeros(e.x.shape, np.float32)
    for side in (-1, 1):
        jitter = rng.normal(0, 0.25, root.shape)
        cover = np.maximum(cover, e.strokes((root + jitter) * [side, 1], (tip + jitter) * [side, 1], widths))
    soft = cv2.GaussianBlur(cover, (0, 0), 0.9 * e.px_per_mm)
    return np.clip(0.80 * cover + 0.65 * soft * min(who.brow_thickness, 1.2), 0, 0.96)


def _stubble(e: Easel, who: Identity) -> Floats:
    if who.stubble <= 0:
        return np.zeros(e.x.shape, np.float32)
    fold_x = np.interp(e.y, [5, 20, 34], [17, 24, 36])
    beard = ease(e.y, 30, 44) * ease(e.ax + 0.9 * (e.y - 30), 0, 24)
    cheek = ease(e.ax - fold_x, 10, 34) * ease(e.y + 0.35 * (e.ax - 40), 6, 26)
    moustache = bump(e.ax, e.y, (11, 14.5), (15, 6.0)) * ease(e.y, 6.5, 10)
    zone = np.clip(np.maximum(np.maximum(beard, cheek), 0.95 * moustache), 0, 1)
    upper, lower = lip_edges(e.ax)
    zone = zone * (1 - ease(np.minimum(e.y - upper, lower - e.y), -2.5, 0.0) * (e.ax < LIP_CORNER_X + 2))
    zone = zone * (1 - ease(e.y, 78, 102))
    grain = np.clip(0.5 + 0.45 * e.noise(0.55), 0, 1)
    return np.clip(who.stubble * zone * (0.26 + 0.50 * grain), 0, 0.8)


def _crevices(e: Easel, who: Identity) -> Floats:
    """How much of the surrounding light reaches a place: folds, nostrils, sockets, lips."""
    ax, y = e.ax, e.y
    dark = 0.94 * np.exp(-np.power(np.abs(ax - 7.2) / 3.7, 3) - np.power(np.abs(y - 3.6) / 2.5, 3))
    wing = gauss(np.hypot(ax - 12.0, (y + 0.6) / 1.05) - 7.2, 1.6) * ease(ax, 11, 17)
    inner = bump(ax, y, (17.5, -37.5), (4, 6))
    socket = bump(ax, y, (30, -47), (17, 4.5))
    under_lip = bump(ax, y, (0, 46), (19, 4))
    corner = bump(ax, y, (LIP_CORNER_X + 1.0, 28.8), (4.0, 2.6))
    seam = gauss(y - lip_line_y(ax), 1.2) * ease(LIP_CORNER_X + 1 - ax, 0, 3)
    fold_x = np.interp(y, [-2, 8, 20, 32, 40], [19.5, 22.5, 27.5, 33, 35])
    fold = gauss(ax - fold_x, 1.5) * ease(y, 0, 6) * (1 - ease(y, 25, 36)) * (0.12 + 0.3 * who.age)
    lines = sum(gauss(y + row + 2.5 * np.cos(ax / 22), 0.7) for row in (72, 81, 90))
    lines = 0.10 * who.age * lines * (1 - ease(ax, 30, 50))
    crows = (
        who.age * 0.12 * gauss(np.sin((y + 38) * 0.9 + (ax - 52) * 0.25), 0.35) * bump(ax, y, (55, -38), (6, 9))
    )
    total = dark + 0.40 * wing + 0.35 * inner + 0.22 * socket + 0.30 * under_lip + 0.35 * corner + 0.45 * seam
    return np.clip(1 - total - fold - lines - crows, 0.04, 1)
