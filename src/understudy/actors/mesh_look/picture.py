"""One picture: a performer in a pose through a camera at any distance, lit, without a room.

Light is reckoned at vertices, colours at pixels, both at one and a half times the size that comes out.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from understudy.actors import raster
from understudy.actors.mesh_look.acting import Act
from understudy.actors.mesh_look.growth import BEARD, CLOTHING, FRAME, HAIR, SHELL, strand_noise
from understudy.actors.mesh_look.lighting import Light, irradiance
from understudy.actors.mesh_look.marks import JawPaths, seen_jaw
from understudy.actors.mesh_look.paint import PAINT_WIDTH, linear
from understudy.actors.mesh_look.performer import Performer, is_strand
from understudy.actors.mesh_look.shape import ball_of, expressing, rotation, turn_of
from understudy.actors.mesh_look.template import (
    CLOTH,
    EYE,
    LASH,
    LID,
    MOUTH,
    SKIN,
    TEETH,
    TONGUE,
    Array,
    vertex_normals,
)

_NEAREST_MM = 60.0
_LIST_WIDTH = 512
_IRIS, _PUPIL = 0.41, 0.17  # radii, in shares of the eye's
_FACE_PARTS = (MOUTH, LID, EYE, TEETH, TONGUE, LASH)
_STRANDS, _LOCKS = strand_noise()


@dataclass(frozen=True)
class View:
    """Where the camera stands and what it shows."""

    distance_mm: float
    span_mm: float  # height that the picture shows where the face is
    shift: tuple[float, float]  # of the face's middle, in shares of the side


@dataclass(frozen=True, eq=False)
class Shot:
    """A picture at the size it was computed; colours are black where there is nobody."""

    rgb: Array  # (size, size, 3) float32 encoded 0..1
    skin: Array  # (size, size) float32
    person: Array  # (size, size) float32
    points: np.ndarray  # (70, 2) pixels


def shot(who: Performer, paths: JawPaths, act: Act, light: Light, view: View, size_px: int) -> Shot:
    """Take one picture, `size_px` pixels a side."""
    template = who.template
    straight = expressing(template, who.rest, act)
    turn = turn_of(act)
    points, normals = who.placed(
        straight, lambda mesh: vertex_normals(mesh, template.triangles, template.around), turn
    )
    marks = np.concatenate([points[template.pack.landmarks], turn.applied(_pupils(who, straight, act), 1.0)])
    xy, depth, marks_px = _projected(points, marks, view, size_px)
    found = raster.fragments(xy, depth, who.triangles, width=size_px, height=size_px)
    marks_px[:17] = seen_jaw(template, paths, xy, depth, found, size_px)
    found = found.kept(_solid(who, found))
    hits = raster.nearest(found, pixels=size_px * size_px)
    light_at, reach = irradiance(light, points, normals, who.sky, who.casters)
    color, skin = _shaded(who, hits, np.column_stack([light_at, normals, reach]), light)
    rgb = np.zeros((size_px * size_px, 3), np.float32)
    face = np.zeros(size_px * size_px, np.float32)
    person = np.zeros(size_px * size_px, np.float32)
    rgb[hits.pixel], face[hits.pixel], person[hits.pixel] = _developed(color, light_at, light), skin, 1
    square = (size_px, size_px)
    return Shot(rgb.reshape(*square, 3), face.reshape(square), person.reshape(square), marks_px)


def _pupils(who: Performer, straight: Array, act: Act) -> Array:
    out = []
    for ball, (x, y) in zip(who.template.eyes, act.gaze_deg, strict=True):
        centre, _ = ball_of(straight, ball.vertices)
        _, radius = ball_of(who.rest, ball.vertices)
        out.append(centre + rotation(x, y, 0)[:, 2] * radius)
    return np.stack(out).astype(np.float32)


def _projected(points: Array, marks: Array, view: View, size_px: int) -> tuple[Array, Array, np.ndarray]:
    """Pixels and depths of the points, and the marks' pixels with their middle in the picture's."""

    def flat(at: Array) -> Array:
        away = np.maximum(view.distance_mm - at[:, 2:], _NEAREST_MM)
        return at[:, :2] * (size_px / view.span_mm * view.distance_mm / away)

    marks_px = flat(marks)
    middle = (marks_px.min(0) + marks_px.max(0)) / 2
    shift = size_px * (0.5 + np.asarray(view.shift)) - middle
    xy = (flat(points) + shift).astype(np.float32)
    return xy, np.ascontiguousarray(points[:, 2], np.float32), (marks_px + shift).astype(np.float64)


def _solid(who: Performer, found: raster.Fragments) -> np.ndarray:
    """Which fragments are no holes between hairs, (n,) bool."""
    keep = np.ones(len(found.pixel), bool)
    material = who.material[found.triangle]
    holed = np.flatnonzero(is_strand(material))
    at = _mixed(who.corners[found.triangle[holed]], found.weights[holed])
    kind = material[holed]
    sheet, shell, lash = kind == HAIR, (kind == SHELL) | (kind == BEARD), kind == LASH
    solid = np.ones(len(holed), bool)
    noise = _texture(_STRANDS, at[sheet, 0] * 4, at[sheet, 1])
    solid[sheet] = noise * 0.98 + 0.02 > at[sheet, 2]
    curl = 1.0 + 2.0 * who.who.hair.curl if who.who.hair.kind == "curly" else 1.0
    noise = _texture(_STRANDS, at[shell, 0] * 5, at[shell, 1] * 5 / (2 + curl))
    density = _plane(np.maximum(who.paint.scalp, who.paint.beard), at[shell])
    solid[shell] = noise * np.clip(density * 1.6, 0, 1) > 0.15 + 0.62 * at[shell, 2]
    solid[lash] = np.sin(at[lash, 0] * 6.0) > 0.35
    keep[holed] = solid
    return keep


def _shaded(who: Performer, hits: raster.Hits, at_points: Array, light: Light) -> tuple[Array, Array]:
    """Linear colours (n, 3) of the visible fragments and which share of each is the face's skin (n,)."""
    of = who.triangles[hits.triangle]
    weights = hits.weights
    found = _mixed(at_points[of], weights)
    lit, normal, reach = found[:, :3], found[:, 3:6], found[:, 6]
    normal = normal / np.maximum(np.sqrt(np.einsum("ij,ij->i", normal, normal)), 1e-6)[:, None]
    material = who.material[hits.triangle]
    at = _mixed(who.corners[hits.triangle], weights)
    albedo, skin = who.color[hits.triangle].copy(), np.isin(material, _FACE_PARTS).astype(np.float32)
    gloss, sharp = np.zeros(len(of), np.float32), np.full(len(of), 20.0, np.float32)
    own = np.flatnonzero(material == SKIN)
    painted = _plane(who.paint.albedo, at[own])
    albedo[own], skin[own], gloss[own] = painted[:, :3], painted[:, 3], 0.13 * who.who.gloss
    _dress(who, material, at, albedo)
    own = np.flatnonzero(material == EYE)
    albedo[own], gloss[own], sharp[own] = _eye(who, at[own]), 1.6, 260.0
    inside = (material == MOUTH) | (material == TEETH) | (material == TONGUE)
    own = np.flatnonzero(inside)
    albedo[own] *= np.clip((at[own, 2:3] - 60) / 35, 0.04, 1)
    gloss[own], sharp[own] = 0.25, 60.0
    own = np.flatnonzero(material == BEARD)
    skin[own] = _plane(who.paint.albedo, at[own])[:, 3]
    own = np.flatnonzero(np.isin(material, (HAIR, SHELL, BEARD)))
    tone = _texture(_STRANDS, at[own, 0] * 4, at[own, 1]) + _texture(_LOCKS, at[own, 0] * 2, at[own, 1])
    albedo[own] *= (0.45 + 0.6 * tone)[:, None]
    gloss[own], sharp[own] = 0.12 * tone, 14.0
    gloss[material == FRAME], sharp[material == FRAME] = 0.5, 50.0
    return albedo * lit + _highlights(normal, reach, gloss, sharp, light), skin


def _dress(who: Performer, material: np.ndarray, at: Array, albedo: Array) -> None:
    """Skin above the neckline, cloth with folds below it, and the weave of hats."""
    own = np.flatnonzero(material == CLOTH)
    chin = float(who.template.vertices[who.template.pack.landmarks[8], 1])
    line = chin + who.who.neckline_mm - 0.25 * np.abs(at[own, 0]) + 0.2 * at[own, 2]
    bare = at[own, 1] < line
    albedo[own[bare]] = linear(who.who.skin) * np.array([0.97, 0.9, 0.88], np.float32)
    folds = _texture(_LOCKS, at[own, 0] * 0.6, at[own, 1] * 0.8)
    albedo[own[~bare]] *= (0.7 + 0.5 * folds[~bare])[:, None]
    own = np.flatnonzero(material == CLOTHING)
    albedo[own] *= (0.7 + 0.3 * _texture(_LOCKS, at[own, 0] * 3, at[own, 1]) + 0.15 * np.sin(at[own, 0] * 1.5))[
        :, None
    ]


def _eye(who: Performer, at: Array) -> Array:
    """Colours of an eye by the place on it, seen from its own front."""
    radius = np.hypot(at[:, 0], at[:, 1]) + (at[:, 2] < 0) * 2
    turn = np.arctan2(at[:, 1], at[:, 0])
    iris = (
        linear(who.who.iris)
        * (0.75 + 0.35 * np.sin(turn * 23 + 5 * np.sin(turn * 7)) * 0.5 + 0.9 * (radius / _IRIS - 0.5))[:, None]
    )
    white = np.array([0.62, 0.56, 0.53], np.float32) * (1 - 0.25 * np.clip(radius - 0.55, 0, 1))[:, None]
    edge = np.clip((radius - _IRIS) / 0.05 + 0.5, 0, 1)[:, None]
    ring = 1 - 0.75 * np.exp(-np.square((radius - _IRIS) / 0.05))[:, None]
    pupil = np.clip((radius - _PUPIL) / 0.03 + 0.5, 0, 1)[:, None]
    return ((iris * pupil * (1 - edge) + white * edge) * ring + 0.004).astype(np.float32)


def _highlights(normal: Array, reach: Array, gloss: Array, sharp: Array, light: Light) -> Array:
    """Blinn's lobes of key and fill, (n, 3); the camera is far."""
    out = np.zeros_like(normal)
    for toward, color, passed in ((light.key, light.key_color, reach), (light.fill, light.fill_color, 1.0)):
        half = np.add(toward, (0, 0, 1))
        half = (half / max(float(np.linalg.norm(half)), 1e-6)).astype(np.float32)
        lobe = np.exp((np.clip(normal @ half, 0, 1) - 1) * sharp) * gloss * passed
        out += lobe[:, None] * np.asarray(color, np.float32)
    return out


def _developed(color: Array, light_at: Array, light: Light) -> Array:
    """Linear light to encoded pixels: exposed for a grey face, a soft shoulder, contrast, sRGB."""
    level = float(np.percentile(light_at.mean(1), 70)) * 0.35
    value = 1 - np.exp(-1.25 * np.maximum(color, 0) * (light.exposure / max(level, 1e-4)))
    value = np.clip(value, 0, 1) ** light.contrast
    return np.where(value <= 0.0031308, 12.92 * value, 1.055 * value ** (1 / 2.4) - 0.055).astype(np.float32)


def _mixed(corners: Array, weights: Array) -> Array:
    """Values (n, 3, k) of triangles' corners at places within them, (n, k)."""
    return np.einsum("nck,nc->nk", corners, weights)


def _plane(texture: Array, at: Array) -> Array:
    """Values of the paint plane at places (n, 2 or more); beyond its right edge it goes on at the left."""
    return _looked_up(texture, at[:, 0] % PAINT_WIDTH - 0.5, at[:, 1] - 0.5, cv2.BORDER_REPLICATE)


def _texture(texture: Array, x: Array, y: Array) -> Array:
    return _looked_up(texture, x % 256, y % 256, cv2.BORDER_WRAP)


def _looked_up(texture: Array, x: Array, y: Array, border: int) -> Array:
    """Bilinear values at lists of positions, as remap wants them: in lines."""
    count = len(x)
    if count == 0:
        return np.zeros((0, *texture.shape[2:]), np.float32)
    lines = -(-count // _LIST_WIDTH)
    maps = np.zeros((2, lines * _LIST_WIDTH), np.float32)
    maps[0, :count], maps[1, :count] = x, y
    maps = maps.reshape(2, lines, _LIST_WIDTH)
    values = cv2.remap(texture, maps[0], maps[1], cv2.INTER_LINEAR, borderMode=border)
    return values.reshape(lines * _LIST_WIDTH, *texture.shape[2:])[:count]
