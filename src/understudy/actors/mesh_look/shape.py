"""A person's head as a surface: at rest, with an expression, and turned with neck and shoulders.

Not here: which expressions there are (`acting`), hair (`growth`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from understudy.actors.mesh_look.acting import Act
from understudy.actors.mesh_look.person import Person
from understudy.actors.mesh_look.template import Array, Template

_PIVOT_MM = np.array([0.0, 62.0, -8.0], np.float32)  # where the neck meets the skull
_SIDE_MM = 9.0  # over which a one-sided move fades at the middle of the face
_MOST_NECK_DEG = (55.0, 28.0)  # yaw and pitch between shoulders and head


@dataclass(frozen=True, eq=False)
class Turn:
    """How a point moves when head and body are turned: about the pivot, by its head weight."""

    body: Array  # (3, 3)
    axis: Array  # (3,)
    angle_rad: float

    def applied(self, points: Array, head_weight: Array | float) -> Array:
        """Points (n, 3) in front of the camera (Rodrigues' formula, an angle a point)."""
        angle = (self.angle_rad * np.asarray(head_weight, np.float32)).reshape(-1, 1)
        from_pivot = points - _PIVOT_MM
        sin, cos = np.sin(angle), np.cos(angle)
        along = (from_pivot @ self.axis)[:, None] * self.axis
        turned = from_pivot * cos + np.cross(self.axis, from_pivot) * sin + along * (1 - cos)
        return ((turned + _PIVOT_MM) @ self.body.T).astype(np.float32)


def rotation(yaw_deg: float, pitch_deg: float, roll_deg: float) -> Array:
    """The matrix that pitches, then yaws, then rolls; signs as in `Sample`. (3, 3)"""
    y, p, r = np.radians([yaw_deg, pitch_deg, roll_deg])
    cy, sy, cp, sp, cr, sr = np.cos(y), np.sin(y), np.cos(p), np.sin(p), np.cos(r), np.sin(r)
    turn = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    nod = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    tilt = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return (tilt @ turn @ nod).astype(np.float32)


def turn_of(act: Act) -> Turn:
    """Shoulders follow the head by a share, and as far as a neck cannot turn."""
    yaw, pitch = act.yaw_deg, act.pitch_deg
    most_yaw, most_pitch = _MOST_NECK_DEG
    body_yaw = yaw - float(np.clip((1 - act.follow) * yaw, -most_yaw, most_yaw))
    body_pitch = pitch - float(np.clip(0.85 * pitch, -most_pitch, most_pitch))
    body = rotation(body_yaw, body_pitch, act.roll_deg - act.tilt_deg)
    head = rotation(yaw, pitch, act.roll_deg)
    between = body.T @ head
    angle = float(np.arccos(np.clip((np.trace(between) - 1) / 2, -1, 1)))
    axis = np.array(
        [between[2, 1] - between[1, 2], between[0, 2] - between[2, 0], between[1, 0] - between[0, 1]]
    )
    length = np.linalg.norm(axis)
    axis = axis / length if length > 1e-6 else np.array([0.0, 1.0, 0.0])
    return Turn(body, axis.astype(np.float32), angle)


def resting(template: Template, who: Person) -> Array:
    """The person's own vertices (V, 3) with a calm face, the middle of the face where the template has it."""
    pack = template.pack
    units = pack.macro.moved(np.zeros_like(template.vertices), who.macro)
    units = pack.identity.moved(units, who.shape)
    moved = template.turned_deltas(units)
    # Shapes of whole bodies carry the head up and down with them.
    return template.vertices + moved - moved[pack.landmarks[27:48]].mean(0)


def expressing(template: Template, rest: Array, act: Act) -> Array:
    """The vertices with an expression and a gaze, the head still straight."""
    pack, out = template.pack, rest.copy()
    for name, (left, right) in act.expression.items():
        if name not in pack.expression.names:
            continue
        of = pack.expression.part(name)
        index, delta = pack.expression.index[of], template.turned_deltas(pack.expression.delta[of])
        # Left and right are the picture's; a target for one side of the face has its weight on that side only.
        share = 1 / (1 + np.exp(-template.vertices[index, 0] / _SIDE_MM))
        weight = (left + (right - left) * share).astype(np.float32)
        np.add.at(out, index, weight[:, None] * delta)
    for ball, (gaze_x, gaze_y) in zip(template.eyes, act.gaze_deg, strict=True):
        centre, _ = ball_of(out, ball.vertices)
        out[ball.vertices] = (out[ball.vertices] - centre) @ rotation(gaze_x, gaze_y, 0).T + centre
    return out


def ball_of(points: Array, vertices: np.ndarray) -> tuple[Array, float]:
    """Centre (3,) and radius of an eye's vertices."""
    own = points[vertices]
    centre = (own.min(0) + own.max(0)) / 2
    return centre, float(np.ptp(own[:, 1]) / 2)
