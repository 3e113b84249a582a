"""Skin painted by fields over the paint plane: lips, brows, lids, folds, beard, and where the scalp begins.

Fields are the same for everybody and made once; a person chooses colours and amounts. Colours are linear.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from understudy.actors.mesh_look.person import Person
from understudy.actors.mesh_look.template import OUTER_EYES_MM, PAINT_HEIGHT, PAINT_WIDTH, Array, Template
from understudy.mean_face import MEAN_FACE_68_IN_SPACE

_FOREHEAD_ROWS = 46.0
_DRAWN = 4  # fields are drawn this much finer and averaged


@dataclass(frozen=True, eq=False)
class Fields:
    """Shares 0..1 over the paint plane, (PAINT_HEIGHT, PAINT_WIDTH) float32 each."""

    face: Array  # the face a mask wants: from the jaw to the hairline, without ears
    lips: Array
    seam: Array  # between the lips
    brows: Array  # 1 in the middle of a brow, 0 at its edge and beyond
    lids: Array
    lash_line: Array
    beard: Array
    moustache: Array
    flush: Array  # cheeks, nose and chin
    folds: Array
    above_hairline: Array  # rows above the usual hairline, negative in the face
    noise: Array  # (3, height, width) about -1..1: coarse, middle, fine
    jaw_px: Array  # (17, 2) the jaw, the same at both sides


@dataclass(frozen=True, eq=False)
class Paint:
    """A person's skin."""

    albedo: Array  # (height, width, 4) float32: linear RGB, and the share that is the face's skin
    scalp: Array  # (height, width) 0..1: how densely hair grows
    beard: Array  # (height, width) 0..1


def linear(color: np.typing.ArrayLike) -> Array:
    """sRGB 0..1 as light."""
    value = np.asarray(color, np.float32)
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)


def fields_of(template: Template) -> Fields:
    """Draw the fields about the landmarks of a mesh."""
    marks = template.landmarks_px.astype(np.float64)
    jaw = smooth_jaw(marks[:17])
    row, column = np.mgrid[0:PAINT_HEIGHT, 0:PAINT_WIDTH].astype(np.float32)
    brow_row = marks[17:27, 1].mean()
    wide = (jaw[16, 0] - jaw[0, 0]) / 2
    across = np.abs(column - PAINT_WIDTH / 2) / wide
    # The hairline falls from the middle of the forehead to the ears and behind them to the nape.
    hairline = brow_row - _FOREHEAD_ROWS + 16 * across**2 + 22 * np.clip((across - 0.8) * 3, 0, 1.3)
    hairline = np.where(across > 1.25, np.minimum(hairline + 300 * (across - 1.25), brow_row + 60), hairline)
    # No hair on the ears, which lie behind the ends of the jaw.
    ear = np.hypot((across - 1.40) / 0.24, (row - jaw[0, 1] - 0.41 * wide) / (0.36 * wide))
    hairline = np.where(ear < 1, -100.0, hairline)
    eyes = [_closed(marks[36:42]), _closed(marks[42:48])]
    mouth = _closed(marks[48:60])
    nose = marks[33]
    lips = _filled([mouth])
    below_nose = np.clip((row - nose[1]) / 5, 0, 1)
    near_mouth = np.exp(-np.square((column - nose[0]) / (0.55 * np.ptp(marks[48:60, 0]))))
    side = np.clip((across - 0.52) / 0.18, 0, 1) * np.clip((row - brow_row - 18) / 22, 0, 1)
    low = np.clip((row - mouth[:, 1].max() + 4) / 9, 0, 1)
    beard = np.maximum(side * np.clip((row - nose[1] + 38 * (across - 0.5)) / 12, 0, 1), low)
    beard = beard * np.clip((1.28 - across) / 0.1, 0, 1)
    moustache = below_nose * near_mouth * np.clip((mouth[:, 1].max() + 2 - row) / 5, 0, 1)
    return Fields(
        face=_face(jaw, brow_row), lips=cv2.GaussianBlur(lips, (0, 0), 0.7),
        seam=cv2.GaussianBlur(_stroked([_splined(marks[60:65])], 0.8), (0, 0), 0.6),
        brows=_brows(marks), lids=_lids(eyes, marks),
        lash_line=cv2.GaussianBlur(_stroked(eyes, 0.9, closed=True), (0, 0), 0.5),
        beard=_soft(beard) * (1 - lips), moustache=_soft(moustache) * (1 - lips),
        flush=_flush(marks, row, column), folds=_folds(marks),
        above_hairline=(hairline - row).astype(np.float32), noise=_noise(),
        jaw_px=_as_high_as_the_mean_face(template, jaw),
    )  # fmt: skip


def painted(who: Person, fields: Fields) -> Paint:
    """The person's skin; about 20 milliseconds."""
    rng = np.random.default_rng(who.seed)
    coarse, middle, fine = (np.roll(n, tuple(rng.integers(0, 200, 2)), (0, 1)) for n in fields.noise)
    skin = linear(who.skin)
    color = np.broadcast_to(skin, (PAINT_HEIGHT, PAINT_WIDTH, 3)).copy()
    color *= (1 + 0.07 * coarse + 0.05 * middle + 0.05 * fine)[..., None]
    red = (0.25 + 0.5 * who.redness) * fields.flush + 0.05 * coarse
    color *= 1 + red[..., None] * np.array([0.10, -0.28, -0.24], np.float32)
    _lay(
        color,
        linear(who.skin) * np.array([0.55, 0.36, 0.26], np.float32),
        np.clip(who.freckles * (middle + fine - 1.1), 0, 0.6) * fields.flush,
    )
    color *= (1 - (0.12 + 0.5 * who.age) * fields.folds * (0.8 + 0.3 * middle))[..., None]
    _lay(color, linear(who.shadow[0]), who.shadow[1] * fields.lids)
    _lay(color, skin * np.array([0.72, 0.5, 0.45], np.float32), 0.28 * fields.lids)
    hair = linear(who.brows)
    beard = np.maximum(fields.beard, fields.moustache) * np.clip(0.75 + 0.35 * coarse, 0, 1)
    _lay(color, 0.5 * (hair + 0.3 * skin), np.clip(who.stubble * beard * (0.55 + 0.4 * fine), 0, 0.8))
    _lay(color, linear(who.lips) * (1 + 0.1 * middle[..., None]), fields.lips * 0.85)
    _lay(color, skin * 0.12, 0.75 * fields.seam)
    strands = np.clip(0.75 + 0.5 * fine + 0.25 * middle, 0, 1.1)
    grown = np.clip((fields.brows - 1 + 0.8 * who.brow_thickness) * 2.2, 0, 1)
    _lay(color, hair, np.clip(grown * strands * (0.35 + 0.6 * who.brow_density), 0, 0.97))
    _lay(color, hair * 0.4, np.clip(0.35 + 0.6 * who.liner, 0, 1) * fields.lash_line)
    scalp = _scalp(who, fields, coarse, fine)
    cover = {"bald": 0.0, "shaved": 0.62, "short": 0.85}.get(who.hair.kind, 0.95)
    if who.hair.kind not in ("cap", "beanie", "scarf"):
        _lay(color, linear(who.hair.color) * 0.8, np.clip(cover * scalp * (0.85 + 0.25 * fine), 0, 1))
    long_beard = np.clip(who.beard_mm / 6, 0, 1) * np.clip(2.2 * beard - 0.3, 0, 1)
    _lay(color, hair * 0.8, 0.9 * long_beard)
    hidden = 0 if who.hair.kind == "bald" else scalp  # a beard belongs to the face, as in the own look
    face = fields.face * (1 - np.clip(hidden, 0, 1))
    return Paint(
        np.dstack([np.clip(color, 0, 1), face]).astype(np.float32), scalp, long_beard.astype(np.float32)
    )


def smooth_jaw(jaw_px: Array) -> Array:
    """The jaw of a mesh (17, 2) in the paint plane, made alike at both sides and even along its way."""
    mirrored = jaw_px[::-1] * [-1, 1] + [PAINT_WIDTH, 0]
    both = (jaw_px + mirrored) / 2
    padded = np.concatenate([2 * both[:1] - both[1:2], both, 2 * both[-1:] - both[-2:-1]])
    return (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4


def _as_high_as_the_mean_face(template: Template, jaw: Array) -> Array:
    """Points on the jaw's line as high as the mean face has them: packs differ in this, looks must not."""
    marks = template.vertices[template.pack.landmarks]
    high = smooth_jaw(np.column_stack([np.linspace(0, PAINT_WIDTH, 17), marks[:17, 1]]))[:9, 1]
    mean = MEAN_FACE_68_IN_SPACE[:, 1] - MEAN_FACE_68_IN_SPACE[36:48, 1].mean()
    mean = mean / np.linalg.norm(MEAN_FACE_68_IN_SPACE[36] - MEAN_FACE_68_IN_SPACE[45]) * OUTER_EYES_MM
    wanted = mean[:9] + marks[36:48, 1].mean()
    at = np.interp(wanted, np.maximum.accumulate(high) + 1e-6 * np.arange(9), np.arange(9.0))
    at[8] = 8.0
    at = np.concatenate([at, 16 - at[7::-1]])
    return np.stack([np.interp(at, np.arange(17), jaw[:, k]) for k in (0, 1)], -1).astype(np.float32)


def _scalp(who: Person, fields: Fields, coarse: Array, fine: Array) -> Array:
    above = fields.above_hairline - 9 * who.hair.hairline + 2.5 * coarse + 3.0 * fine
    return np.clip(above / 5 + 0.5, 0, 1).astype(np.float32)


def _face(jaw: Array, brow_row: float) -> Array:
    turn = np.linspace(0, np.pi, 24)
    middle, half = (jaw[0, 0] + jaw[16, 0]) / 2, (jaw[16, 0] - jaw[0, 0]) / 2
    base = (jaw[0, 1] + jaw[16, 1]) / 2
    top = np.stack(
        [middle + half * np.cos(turn), base - (base - brow_row + _FOREHEAD_ROWS) * np.sin(turn) ** 0.7], -1
    )
    return _filled([np.concatenate([jaw, top])])


def _brows(marks: Array) -> Array:
    """A brow's thickness lies mostly below its points: they mark its upper edge."""
    out = np.zeros((PAINT_HEIGHT, PAINT_WIDTH), np.float32)
    for points in (marks[17:22], marks[22:27]):
        line = np.add(_splined(points), [0, 1.0])
        away = cv2.distanceTransform((_stroked([line], 1.5) < 0.5).astype(np.uint8), cv2.DIST_L2, 5)
        out = np.maximum(out, np.clip(1 - away / 5.5, 0, 1))
    return out


def _lids(eyes: list[Array], marks: Array) -> Array:
    inside = _filled([eye + (eye - eye.mean(0)) * [0.25, 1.2] - [0, 2.5] for eye in eyes])
    return cv2.GaussianBlur(inside, (0, 0), 2.2)


def _flush(marks: Array, row: Array, column: Array) -> Array:
    out = np.zeros_like(row)
    spots = [
        ((marks[36] + marks[48] + marks[31]) / 3, 20.0, 13.0),
        ((marks[45] + marks[54] + marks[35]) / 3, 20.0, 13.0),
        (marks[30] + [0, 4], 11.0, 9.0),
        ((marks[8] + marks[57]) / 2, 13.0, 8.0),
    ]
    for (x, y), wide, high in spots:
        out += np.exp(-np.square((column - x) / wide) - np.square((row - y) / high))
    return np.clip(out, 0, 1.2).astype(np.float32)


def _folds(marks: Array) -> Array:
    """Lines that deepen with age: beside the mouth, under and beside the eyes, across the forehead."""
    lines = []
    for wing, corner, outer, inner, sign in ((31, 48, 36, 39, -1), (35, 54, 45, 42, 1)):
        lines.append(
            np.stack(
                [
                    marks[wing] + [4 * sign, -5],
                    (marks[wing] + marks[corner]) / 2 + [7 * sign, -2],
                    marks[corner] + [6 * sign, 4],
                ]
            )
        )
        lines.append(
            np.stack(
                [
                    marks[inner] + [0, 5],
                    (marks[inner] + marks[outer]) / 2 + [0, 12],
                    marks[outer] + [2 * sign, 8],
                ]
            )
        )
        lines += [
            np.stack([marks[outer] + [5 * sign, dy / 2], marks[outer] + [14 * sign, dy * 1.6]])
            for dy in (-4, 0, 4)
        ]
    brow = marks[17:27, 1].min()
    left, right = marks[18, 0], marks[25, 0]
    for lift in (12, 19, 26):
        lines.append(
            np.stack([[left, brow - lift + 3], [(left + right) / 2, brow - lift], [right, brow - lift + 3]])
        )
    return np.clip(cv2.GaussianBlur(_stroked([_splined(line) for line in lines], 1.1), (0, 0), 0.9) * 1.3, 0, 1)


def _noise() -> Array:
    rng = np.random.default_rng(5)
    out = []
    for sigma in (9.0, 2.2, 0.7):
        grains = rng.normal(0, 1, (PAINT_HEIGHT, PAINT_WIDTH)).astype(np.float32)
        tiled = cv2.GaussianBlur(np.pad(grains, 40, mode="wrap"), (0, 0), sigma)
        field = tiled[40:-40, 40:-40]
        out.append(np.clip(field / field.std() / 2, -1.5, 1.5))
    return np.stack(out).astype(np.float32)


def _splined(points: Array, steps: int = 8) -> Array:
    """A smooth line through points, (n, 2) (Catmull-Rom)."""
    p = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    pieces = []
    for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True):
        pieces.append(
            0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - 3 * c + d - a) * t**3)
        )
    return np.concatenate([*pieces, points[-1:]])


def _soft(field: Array) -> Array:
    return cv2.GaussianBlur(field.astype(np.float32), (0, 0), 2.5)


def _closed(points: Array) -> Array:
    return _splined(np.concatenate([points, points[:1]]), 4)[:-1]


def _filled(polygons: list[Array]) -> Array:
    return _averaged(lambda canvas, points: cv2.fillPoly(canvas, [points], 255), polygons)


def _stroked(lines: list[Array], wide: float, *, closed: bool = False) -> Array:
    thick = max(1, round(wide * _DRAWN))
    return _averaged(lambda canvas, points: cv2.polylines(canvas, [points], closed, 255, thick), lines)


def _averaged(draw: Callable[[Array, Array], object], shapes: list[Array]) -> Array:
    canvas = np.zeros((PAINT_HEIGHT * _DRAWN, PAINT_WIDTH * _DRAWN), np.uint8)
    for shape in shapes:
        draw(canvas, np.round(shape * _DRAWN).astype(np.int32))
    small = cv2.resize(canvas, (PAINT_WIDTH, PAINT_HEIGHT), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / 255


def _lay(color: Array, over: Array, share: Array) -> None:
    """Lay one colour over the skin in place."""
    color += share[..., None] * (over - color)
