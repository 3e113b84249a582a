"""Hair, beards, hats and glasses as surfaces over a person's head.

Short hair and beards are shells: the skin's own triangles, lifted step by step, with more and more holes.
Long hair, hats and scarves are one sheet that falls from the crown: over the skull, then straight down, each
column as long as the style says. Positions are at rest; `picture` turns them with the head.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from understudy.actors.mesh_look.paint import Paint, linear
from understudy.actors.mesh_look.person import Hair, Person
from understudy.actors.mesh_look.template import Array, Ints, Template
from understudy.actors.raster import grid_triangles

HAIR, SHELL, CLOTHING, FRAME, BEARD = 8, 9, 10, 11, 12  # materials after those of the template
_SHEET_COLUMNS, _SHEET_ROWS = 84, 22
_CROWN_Y_MM = -35.0  # the height at which a sheet stops following the skull


@dataclass(frozen=True, eq=False)
class Sheet:
    """A surface that moves with the head, both sides of it seen."""

    points: Array  # (n, 3) at rest
    normals: Array  # (n, 3)
    triangles: Ints  # (t, 3)
    strand: Array  # (n, 2) across and along, in pixels of the strands' texture
    tip: Array  # (n,) 0..1: how ragged it is there; 1: nothing left
    material: int
    color: Array  # (3,) linear


@dataclass(frozen=True, eq=False)
class Shell:
    """Skin triangles lifted along their normals."""

    vertices: Ints  # (n,) of the mesh
    lift_mm: Array  # (n,)
    triangles: Ints  # (t, 3) into `vertices`
    of: Ints  # (t,) the mesh's triangles, for their place in the paint plane
    level: float  # 0..1
    beard: bool


@dataclass(frozen=True, eq=False)
class Growth:
    """Everything on a head that is not the mesh."""

    sheets: list[Sheet]
    shells: list[Shell]


def grown(template: Template, who: Person, rest: Array, paint: Paint) -> Growth:
    """Build what grows on a person and what they wear."""
    hair, sheets, shells = who.hair, [], []
    skull = _skull_of(template, rest)
    if hair.kind in ("curtain", "fringe"):
        sheets += [_fall(hair, skull, lift) for lift in (7.0, 11.0)]
    elif hair.kind == "scarf":
        sheets.append(_fall(hair, skull, 8.0))
    elif hair.kind in ("cap", "beanie"):
        sheets += _hat(hair, skull)
    steps = {"short": 4, "curly": 6, "tied": 2}.get(hair.kind, 0)
    length = {"tied": 4.0}.get(hair.kind, hair.length_mm)
    shells += _shells(template, rest, paint.scalp, steps, length, beard=False)
    if who.beard_mm:
        shells += _shells(template, rest, paint.beard, 3, who.beard_mm, beard=True)
    if who.glasses != "none":
        sheets += _glasses(template, who, rest)
    return Growth(sheets, shells)


@dataclass(frozen=True, eq=False)
class _Skull:
    side: float
    top: float
    front: float
    back: float
    middle_z: float


def _skull_of(template: Template, rest: Array) -> _Skull:
    """Half axes of two half ellipsoids about the skull."""
    head = rest[(template.head_weight > 0.95) & (rest[:, 1] < _CROWN_Y_MM - 8)]
    if len(head) < 8:
        head = rest
    front, back = float(head[:, 2].max()), float(head[:, 2].min())
    middle = (front + back) / 2
    top = _CROWN_Y_MM - float(head[:, 1].min())
    return _Skull(float(np.abs(head[:, 0]).max()), top, front - middle, middle - back, middle)


def _shells(
    template: Template, rest: Array, cover: Array, steps: int, length_mm: float, *, beard: bool
) -> list[Shell]:
    px = template.paint_px
    middle = np.round(px.mean(1)).astype(int)
    at = cover[np.clip(middle[:, 1], 0, cover.shape[0] - 1), middle[:, 0] % cover.shape[1]]
    chosen = np.flatnonzero((template.material == 0) & (at > 0.05))
    if steps == 0 or len(chosen) == 0:
        return []
    vertices, inner = np.unique(template.triangles[chosen], return_inverse=True)
    mean = np.zeros(len(vertices), np.float32)
    np.add.at(mean, inner.reshape(-1), np.repeat(at[chosen], 3))
    mean /= np.maximum(np.bincount(inner.reshape(-1), minlength=len(vertices)), 1)
    triangles = inner.reshape(-1, 3)
    return [
        Shell(vertices, mean * np.float32(length_mm * k / steps), triangles, chosen, k / steps, beard)
        for k in range(1, steps + 1)
    ]


def _fall(hair: Hair, skull: _Skull, lift: float) -> Sheet:
    """A sheet from the crown; in front of the face its columns end at the hairline or in a fringe."""
    rng = np.random.default_rng([hair.seed, int(lift)])
    azimuth = np.linspace(-180, 180, _SHEET_COLUMNS)
    opening = hair.opening_deg * (0.62 if hair.kind == "scarf" else 1.0)
    away = np.abs(azimuth - 12 * hair.lean) - opening
    behind = np.clip(away / 7 + 0.5, 0, 1)
    radius = (skull.side + skull.top + skull.front) / 3 + lift
    front_mm = radius * np.radians(62 - 5 * hair.hairline)
    if hair.kind == "fringe":
        front_mm = radius * np.radians(90) + rng.uniform(-28, 20) + 22 * hair.lean * azimuth / opening
    noise = np.convolve(rng.normal(0, 1, _SHEET_COLUMNS + 4), [0.2, 0.5, 1, 0.5, 0.2], "valid")
    length = front_mm + behind * (hair.length_mm - front_mm) + (4 + 22 * hair.ragged * behind) * noise
    if hair.kind == "scarf":
        length = front_mm + behind * (hair.length_mm + 60 - front_mm)
    share = np.linspace(0, 1, _SHEET_ROWS)[:, None]
    along = share * np.maximum(length, 40.0)
    wave = hair.curl * 3.5 * np.sin(along / 14 + 3 * np.sin(np.radians(azimuth) * 5))
    points = _draped(skull, np.broadcast_to(np.radians(azimuth), along.shape), along, lift, radius, wave)
    cloth = hair.kind == "scarf"
    begin = 0.97 if cloth else 0.72 - 0.2 * hair.ragged
    tip = np.clip((share - begin) / max(1 - begin, 1e-3), 0, 1) * np.ones_like(along)
    strand = np.stack([np.broadcast_to(azimuth * 1.9, along.shape), along * 0.35], -1)
    return _sheet(points, strand, tip, CLOTHING if cloth else HAIR, hair.color)


def _draped(skull: _Skull, azimuth: Array, along: Array, lift: float, radius: float, wave: Array) -> Array:
    """Points at a way `along` from the crown in the direction `azimuth`."""
    polar = np.minimum(along / radius, np.pi / 2)
    below = np.maximum(along - radius * np.pi / 2, 0)
    depth = np.where(np.cos(azimuth) > 0, skull.front, skull.back) + lift
    out = np.sin(polar) * (1 - 0.0007 * below)
    x = (skull.side + lift + wave) * np.sin(azimuth) * out
    z = skull.middle_z + (depth + wave) * np.cos(azimuth) * out
    y = _CROWN_Y_MM - (skull.top + lift) * np.cos(polar) + below
    return np.stack([x, y, z], -1)


def _hat(hair: Hair, skull: _Skull) -> list[Sheet]:
    rng = np.random.default_rng(hair.seed)
    azimuth = np.linspace(-np.pi, np.pi, 56)
    front = np.cos(azimuth) * 0.5 + 0.5
    low, high = (82, 108) if hair.kind == "beanie" else (64, 96)
    low += 9 * hair.lean
    end = np.radians(high + (low - high) * front**0.7)
    lift = float(rng.uniform(4, 12))
    radius = (skull.side + skull.top + skull.front) / 3 + lift
    along = np.linspace(0.02, 1, 14)[:, None] * end * radius
    bulge = 8.0 * hair.curl * np.sin(np.linspace(0, np.pi, 14))[:, None] * np.ones_like(along)
    points = _draped(skull, np.broadcast_to(azimuth, along.shape), along, lift, radius, bulge)
    strand = np.stack([np.broadcast_to(np.degrees(azimuth) * 1.5, along.shape), along * 0.5], -1)
    sheets = [_sheet(points, strand, np.zeros_like(along), CLOTHING, hair.color)]
    if hair.kind == "cap":
        chosen = np.flatnonzero(np.abs(azimuth) < np.radians(62))
        edge = points[-1, chosen]
        reach = np.linspace(0, 1, 6)[:, None, None]
        wide = np.cos(azimuth[chosen] / np.radians(62) * np.pi / 2)[None, :, None] ** 0.6
        out = np.array([0, float(rng.uniform(-5, 25)), float(rng.uniform(45, 75))])
        brim = edge[None] + reach * wide * out
        sheets.append(
            _sheet(brim, np.zeros((*brim.shape[:2], 2)), np.zeros(brim.shape[:2]), CLOTHING, hair.color)
        )
    return sheets


def _glasses(template: Template, who: Person, rest: Array) -> list[Sheet]:
    rng = np.random.default_rng([who.seed, 3])
    marks = rest[template.pack.landmarks]
    front = float(max(marks[17:27, 2].max(), marks[27, 2])) + 3
    wide, high = rng.uniform(20, 27), rng.uniform(14, 23)
    thick = {"thin": 1.4, "thick": 3.6, "dark": 2.5}[who.glasses]
    square = rng.uniform(2.0, 4.5)
    turn = np.linspace(0, 2 * np.pi, 33)
    shape = np.abs(np.cos(turn)) ** square + np.abs(np.sin(turn)) ** square
    unit = np.stack([np.cos(turn), np.sin(turn)], -1) / shape[:, None] ** (1 / square)
    out, middles = [], []
    for region, sign in ((slice(36, 42), -1), (slice(42, 48), 1)):
        eye = marks[region].mean(0)
        middle = np.array([eye[0] + 2 * sign, eye[1] + 3, 0])
        rings = []
        for grow in (0.0, thick):
            flat = middle[:2] + unit * [wide + grow, high + grow]
            rings.append(np.column_stack([flat, front - 0.004 * np.square(flat[:, 0])]))
        out.append(_flat(np.stack(rings), who))
        if who.glasses == "dark":
            out.append(_flat(np.stack([0 * rings[0] + rings[0].mean(0), rings[0]]), who))
        middles.append(middle)
    inner = [np.add(m, [-s * wide, -3, front]) for m, s in zip(middles, (-1, 1), strict=True)]
    out.append(_band(np.linspace(inner[0], inner[1], 5), max(thick, 2.0), who))
    for middle, sign in zip(middles, (-1, 1), strict=True):
        edge_x = middle[0] + sign * (wide + thick)
        start = np.array([edge_x, middle[1] - 5, front - 0.004 * edge_x**2])
        ear = np.array([sign * (np.abs(marks[[0, 16], 0]).mean() + 6), middle[1] - 6, -12.0])
        out.append(_band(np.linspace(start, ear, 6), max(thick, 2.0), who))
    return out


def _flat(grid: Array, who: Person) -> Sheet:
    return _sheet(grid, np.zeros((*grid.shape[:2], 2)), np.zeros(grid.shape[:2]), FRAME, who.frame)


def _band(line: Array, wide: float, who: Person) -> Sheet:
    half = [0, wide / 2, 0]
    return _flat(np.stack([np.subtract(line, half), np.add(line, half)]), who)


def _sheet(points: Array, strand: Array, tip: Array, material: int, color: tuple[float, float, float]) -> Sheet:
    rows, columns = points.shape[:2]
    flat = points.reshape(-1, 3).astype(np.float32)
    triangles = grid_triangles(rows, columns)
    normals = _grid_normals(points)
    both = np.concatenate([triangles, triangles[:, ::-1]])
    return Sheet(
        flat, normals.reshape(-1, 3), both, strand.reshape(-1, 2).astype(np.float32),
        tip.reshape(-1).astype(np.float32), material, linear(color),
    )  # fmt: skip


def _grid_normals(points: Array) -> Array:
    across = np.gradient(points, axis=1)
    along = np.gradient(points, axis=0)
    normal = np.cross(across, along)
    length = np.linalg.norm(normal, axis=-1, keepdims=True)
    normal = np.where(length > 1e-6, normal / np.maximum(length, 1e-6), [0.0, -1.0, 0.0])
    return normal.astype(np.float32)


def strand_noise() -> tuple[Array, Array]:
    """Textures (256, 256) 0..1 that repeat: strands that run along the rows, and locks wider than them."""
    rng = np.random.default_rng(8)
    out = []
    for sigma in ((0.8, 14.0), (4.0, 22.0)):
        field = np.pad(rng.normal(0, 1, (256, 256)).astype(np.float32), 128, mode="wrap")
        field = cv2.GaussianBlur(field, (0, 0), sigmaX=sigma[0], sigmaY=sigma[1])[128:-128, 128:-128]
        order = np.argsort(np.argsort(field.reshape(-1)))
        out.append((order / field.size).reshape(256, 256).astype(np.float32))
    return out[0], out[1]
