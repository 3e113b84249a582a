"""One frame, before it is scaled down: fragments to colours.

`shot` puts the posed grids through the camera, cuts the openings and the hair, finds what is visible and hands
every material its fragments.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from understudy.actors import camera, deform, materials, raster
from understudy.actors.actor import HAIR_SHELLS, PARTS, Actor, Posed, grid_steps, posed_actor
from understudy.actors.performance import State
from understudy.actors.shade import Floats, Lit, ShadowMap, sampled, tone_mapped, unit

_MOUTH_DEPTH_MM = 45.0
_SHADOW_PX = 176
_SHADOW_SPAN_MM = 330.0
_NO_CASTER_MM = -400.0
_SHADOW_RING = 17.4  # the shoulders below neither cast nor need shadows on the face


@dataclass(frozen=True, eq=False)
class Shot:
    """A frame at the size it was computed."""

    rgb: Floats  # (size, size, 3) float32, encoded 0..1
    face: Floats  # (size, size) float32 0 or 1
    person: Floats  # (size, size) float32 0 or 1: everything but the room
    marks_px: np.ndarray  # (68, 2)


@dataclass(frozen=True, eq=False)
class Visible:
    """The visible fragments with their part and their place in the part's grid."""

    pixel: raster.Ints
    part: np.ndarray
    uv: Floats  # (n, 2)


def shot(actor: Actor, state: State, size_px: int) -> Shot:
    """Film an actor in a state, `size_px` pixels a side."""
    posed = posed_actor(actor, state)
    seen = _visible(actor, posed, state, size_px)
    shadow = _shadow_map(posed, state, actor)
    canvas = camera.room(state.background, size_px).reshape(-1, 3).copy()
    face = np.zeros(size_px * size_px, np.float32)
    colors = np.zeros((len(seen.pixel), 3), np.float32)
    for number, name in enumerate(PARTS):
        chosen = np.flatnonzero(seen.part == number)
        if len(chosen) == 0:
            continue
        uv = seen.uv[chosen]
        lit = _lit(posed, name, uv, state, shadow)
        pixel = seen.pixel[chosen]
        if name == "head":
            colors[chosen], face[pixel] = _head(actor, state, lit, uv, pixel, size_px)
        elif name.startswith("ear"):
            colors[chosen] = materials.ear(actor, lit, uv)
        elif name.startswith("hair"):
            colors[chosen] = _hair(actor, posed, lit, uv, int(name[-1]))
        elif name.startswith("eye"):
            side = -1 if name.endswith("left") else 1
            colors[chosen], face[pixel] = materials.eye(actor, state, lit, uv, posed.turn, side), 1.0
        else:
            colors[chosen], face[pixel] = materials.mouth(name, actor, lit, uv, state), 1.0
    canvas[seen.pixel] = materials.encoded(tone_mapped(colors, state.light.exposure))
    marks, _ = camera.projected(posed.marks, state, size_px)
    person = np.zeros(size_px * size_px, np.float32)
    person[seen.pixel] = 1
    square = (size_px, size_px)
    return Shot(canvas.reshape(*square, 3), face.reshape(square), person.reshape(square), marks.astype(float))


def _visible(actor: Actor, posed: Posed, state: State, size_px: int) -> Visible:
    points = np.concatenate([posed.points[name].reshape(-1, 3) for name in PARTS])
    xy, depth = camera.projected(points, state, size_px)
    mesh = actor.mesh
    # The dark of the mouth fills the opening between the lips, behind everything else in it.
    depth[mesh.mouth_wall] -= _MOUTH_DEPTH_MM
    found = raster.fragments(xy, depth, mesh.triangles, width=size_px, height=size_px)
    found = found.kept(_uncut(actor, found, state))
    hits = raster.nearest(found, pixels=size_px * size_px)
    return Visible(hits.pixel, mesh.part[hits.triangle], _uv(actor, hits.triangle, hits.weights))


def _uv(actor: Actor, triangle: raster.Ints, weights: Floats) -> Floats:
    corners = actor.mesh.uv[actor.mesh.triangles[triangle]]
    return np.einsum("nc,ncd->nd", weights, corners)


def _uncut(actor: Actor, found: raster.Fragments, state: State) -> np.ndarray:
    """Which fragments stay when eyes are open and hair has gaps, (n,) bool."""
    mesh = actor.mesh
    keep = np.ones(len(found.pixel), bool)
    near = np.flatnonzero(mesh.near_eye[found.triangle])
    uv = _uv(actor, found.triangle[near], found.weights[near])
    place = sampled(actor.place, uv[:, 0], uv[:, 1])
    for side in (-1, 1):
        inside = deform.eye_opening(state, side).inside(place[:, 0], place[:, 1])
        keep[near] &= (inside <= 0) | (np.sign(place[:, 0]) != side)
    first = PARTS.index("hair_0")
    part = mesh.part[found.triangle]
    hairs = np.flatnonzero(part >= first)
    uv = _uv(actor, found.triangle[hairs], found.weights[hairs])
    keep[hairs] = materials.hair_cover(actor, uv, part[hairs] - first, shells=HAIR_SHELLS)
    return keep


def _lit(posed: Posed, name: str, uv: Floats, state: State, shadow: ShadowMap) -> Lit:
    normal = unit(sampled(posed.normals[name].astype(np.float32), uv[:, 0], uv[:, 1]))
    point = sampled(posed.points[name].astype(np.float32), uv[:, 0], uv[:, 1])
    reached = shadow.light(point + normal * 1.5)
    return Lit(normal, unit(camera.EYE - point), reached, state.light)


def _head(
    actor: Actor, state: State, lit: Lit, uv: Floats, pixel: raster.Ints, size_px: int
) -> tuple[Floats, Floats]:
    """Colours of the head's own grid, and which of its fragments are the face."""
    place = sampled(actor.place, uv[:, 0], uv[:, 1])
    paint = materials.skin_paint(actor, place, uv, state)
    irradiance = materials.skin_light(lit, paint)
    irradiance = _under_the_skin(irradiance, pixel, size_px, state.scale)
    color = materials.head_color(actor, lit, paint, irradiance, place)
    return color, sampled(actor.face_share, uv[:, 0], uv[:, 1]) > 0.5


def _under_the_skin(irradiance: Floats, pixel: raster.Ints, size_px: int, scale: float) -> Floats:
    """Blur the light on skin as it spreads under it: furthest in red (about 2 mm)."""
    field = np.zeros((size_px * size_px, 4), np.float32)
    field[pixel, :3], field[pixel, 3] = irradiance, 1
    rows = np.flatnonzero(field[:, 3].reshape(size_px, size_px).any(1))
    field = field.reshape(size_px, size_px, 4)[rows[0] : rows[-1] + 1]
    near, far = (cv2.GaussianBlur(field, (0, 0), max(0.3, mm * size_px / 300.0 * scale)) for mm in (0.6, 2.2))
    near, far = (f.reshape(-1, 4)[pixel - rows[0] * size_px] for f in (near, far))
    near, far = near[:, :3] / np.maximum(near[:, 3:], 1e-3), far[:, :3] / np.maximum(far[:, 3:], 1e-3)
    share = np.array([0.55, 0.28, 0.18], np.float32)
    return share * far + (1 - share) * (0.5 * near + 0.5 * irradiance)


def _hair(actor: Actor, posed: Posed, lit: Lit, uv: Floats, shell: int) -> Floats:
    grid = posed.points[f"hair_{shell}"]
    across, along = grid_steps(grid)
    tangent = (along + actor.hair.lean[..., None] * across).astype(np.float32)
    return materials.hair(actor, lit, uv, unit(sampled(tangent, uv[:, 0], uv[:, 1])), shell)


def _shadow_map(posed: Posed, state: State, actor: Actor) -> ShadowMap:
    """Depth from the key light over head, ears and hair."""
    toward = unit(np.asarray(state.light.key_direction, float))
    right = unit(np.cross([0.0, 1.0, 0.0], toward))
    axes = np.stack([right, np.cross(toward, right), toward])
    casters = _casters(posed, actor)
    low = (axes @ casters[0].reshape(-1, 3).mean(0))[:2] - _SHADOW_SPAN_MM / 2
    px_per_mm = _SHADOW_PX / _SHADOW_SPAN_MM
    depth = np.full(_SHADOW_PX**2, _NO_CASTER_MM, np.float32)
    for grid in casters:
        at = grid.reshape(-1, 3) @ axes.T
        found = raster.fragments(
            ((at[:, :2] - low) * px_per_mm).astype(np.float32),
            at[:, 2].astype(np.float32),
            raster.grid_triangles(*grid.shape[:2]),
            width=_SHADOW_PX,
            height=_SHADOW_PX,
        )
        np.maximum(depth, raster.depth_map(found, pixels=_SHADOW_PX**2, empty=_NO_CASTER_MM), out=depth)
    # Emptiness far behind would make every outline look half transparent to the moments.
    depth = np.maximum(depth, depth[depth > _NO_CASTER_MM].min(initial=0.0)).reshape(_SHADOW_PX, _SHADOW_PX)
    moments = cv2.GaussianBlur(np.stack([depth, depth * depth], axis=-1), (0, 0), 1.6)
    return ShadowMap(axes.astype(np.float32), moments, low.astype(np.float32), px_per_mm)


def _casters(posed: Posed, actor: Actor) -> list[np.ndarray]:
    """Grids that cast shadows, the head first, at half their density."""
    rows = int(np.searchsorted(actor.head.ring[:, 0], _SHADOW_RING))
    head = posed.points["head"]
    grids = [head[:rows:2, ::2], posed.points["ear_left"], posed.points["ear_right"]]
    if actor.who.hair_style != "bald":
        # Where no hair grows its grid is drawn under the skin, where it casts nothing.
        hidden = head - 4 * posed.normals["head"]
        hair = np.where((actor.hair.density > 0.2)[..., None], posed.points["hair_1"], hidden)
        grids.append(hair[:rows:2, ::2])
    return grids
