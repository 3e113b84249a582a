"""A person ready to be filmed: everything about them that no pose changes, in one list of triangles.

The list begins with the mesh's own; shells and sheets follow. Every corner has three numbers whose meaning
depends on the material: place in the paint plane, in the strands' texture with how ragged it is,
on an eye, or at rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from understudy.actors.mesh_look.growth import BEARD, HAIR, SHELL, Growth, grown
from understudy.actors.mesh_look.paint import Fields, Paint, linear, painted
from understudy.actors.mesh_look.person import Person
from understudy.actors.mesh_look.shape import Turn, ball_of, resting
from understudy.actors.mesh_look.template import CLOTH, EYE, LASH, SKIN, Array, Ints, Template, weight_at

_TEETH = (0.80, 0.76, 0.68)
_MOUTH = (0.42, 0.17, 0.15)


@dataclass(frozen=True, eq=False)
class Performer:
    """See above. P points are the mesh's, then the shells', then the sheets'."""

    template: Template
    who: Person
    rest: Array  # (V, 3) the mesh alone
    paint: Paint
    growth: Growth
    triangles: Ints  # (T, 3) into the P points
    material: Ints  # (T,)
    corners: Array  # (T, 3, 3)
    color: Array  # (T, 3) linear
    sky: Array  # (P,) 0..1
    casters: Ints  # (n, 3) the triangles that cast shadows
    sheet_weight: Array  # (all sheets' points,) how far they turn with the head

    def placed(self, straight: Array, normals_of: Callable[[Array], Array], turn: Turn) -> tuple[Array, Array]:
        """Points and normals (P, 3) before the camera, of mesh vertices (V, 3) with an expression."""
        mesh = turn.applied(straight, self.template.head_weight)
        mesh_normals = normals_of(mesh)
        points, normals = [mesh], [mesh_normals]
        for shell in self.growth.shells:
            normal = mesh_normals[shell.vertices]
            points.append(mesh[shell.vertices] + normal * shell.lift_mm[:, None])
            normals.append(normal)
        if self.growth.sheets:
            at = np.concatenate([sheet.points for sheet in self.growth.sheets])
            normal = np.concatenate([sheet.normals for sheet in self.growth.sheets])
            moved = turn.applied(at, self.sheet_weight)
            points.append(moved)
            normals.append(turn.applied(at + normal, self.sheet_weight) - moved)
        return np.concatenate(points), np.concatenate(normals)


def performer(template: Template, fields: Fields, who: Person) -> Performer:
    """Build a person; takes as long as two or three pictures of them."""
    rest = resting(template, who)
    paint = painted(who, fields)
    growth = grown(template, who, rest, paint)
    triangles, material = [template.triangles], [template.material]
    corners, color = [_mesh_corners(template, rest)], [_mesh_colors(template, who)]
    sky, start = [template.open_sky], len(rest)
    hair = linear(who.hair.color)
    for shell in growth.shells:
        count = len(shell.triangles)
        triangles.append(shell.triangles + start)
        material.append(np.full(count, BEARD if shell.beard else SHELL))
        level = np.full((count, 3, 1), shell.level, np.float32)
        corners.append(np.concatenate([template.paint_px[shell.of], level], -1))
        shade = (linear(who.brows) if shell.beard else hair) * (0.45 + 0.55 * shell.level)
        color.append(np.broadcast_to(shade, (count, 3)))
        sky.append(template.open_sky[shell.vertices] * (0.5 + 0.5 * shell.level))
        start += len(shell.vertices)
    casters = [template.triangles[(template.material == SKIN) | (template.material == CLOTH)]]
    for sheet in growth.sheets:
        count = len(sheet.triangles)
        triangles.append(sheet.triangles + start)
        material.append(np.full(count, sheet.material))
        corners.append(np.concatenate([sheet.strand, sheet.tip[:, None]], -1)[sheet.triangles])
        color.append(np.broadcast_to(sheet.color, (count, 3)))
        sky.append(np.full(len(sheet.points), 0.85, np.float32))
        casters.append(sheet.triangles + start)
        start += len(sheet.points)
    weights = [weight_at(template, sheet.points) for sheet in growth.sheets]
    return Performer(
        template, who, rest, paint, growth, np.concatenate(triangles), np.concatenate(material),
        np.concatenate(corners).astype(np.float32), np.concatenate(color).astype(np.float32),
        np.concatenate(sky), np.concatenate(casters),
        np.concatenate(weights) if weights else np.zeros(0, np.float32),
    )  # fmt: skip


def is_strand(material: Ints) -> np.ndarray:
    """Materials that have holes."""
    return np.isin(material, (HAIR, SHELL, BEARD, LASH))


def _mesh_corners(template: Template, rest: Array) -> Array:
    out = np.zeros((len(template.triangles), 3, 3), np.float32)
    skin = template.material == SKIN
    out[skin, :, :2] = template.paint_px[skin]
    other = ~skin & (template.material != EYE)
    out[other] = template.vertices[template.triangles[other]]
    for ball in template.eyes:
        own = np.isin(template.triangles[:, 0], ball.vertices)
        centre, radius = ball_of(rest, ball.vertices)
        out[own] = (rest[template.triangles[own]] - centre) / radius
    return out


def _mesh_colors(template: Template, who: Person) -> Array:
    skin = linear(who.skin)
    pink = skin * np.array([0.9, 0.6, 0.55], np.float32)
    table = np.stack([
        skin, linear(who.cloth), linear(_MOUTH), pink, linear((0.86, 0.83, 0.80)), linear(_TEETH),
        linear((0.62, 0.30, 0.29)), linear(who.brows) * 0.25,
    ])  # fmt: skip
    assert len(table) == LASH + 1 and CLOTH == 1
    return table[template.material]
