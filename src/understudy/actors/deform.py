"""Moving a face at rest: expression, jaw, then the turn of the head on the neck.

Works on points in millimetres; the camera is in `camera`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from understudy.actors.openings import EyeOpening
from understudy.actors.performance import State
from understudy.actors.sculpt import Push, ease, pushed
from understudy.actors.template import LIP_CORNER_X, Array, Template, lip_line_y

_JAW_HINGE = np.array([0.0, -8.0, -70.0])
_JAW_OPEN_DEG = 17.0
NECK_PIVOT = np.array([0.0, 70.0, -85.0])
_NECK_RINGS = (13.2, 17.0)  # above the first all of the turn, below the second none

EXPRESSIONS: dict[str, tuple[Push, ...]] = {
    "smile": (
        Push((27.5, 28.8), (12, 11), (6.0, -5.6, -3.4)),
        Push((14, 27), (12, 12), (2.0, -0.8, -1.6)),
        Push((38, 2), (17, 14), (1.2, -3.4, 3.0)),
        Push((34, -29), (14, 5), (0, -1.3, 0.7)),
        Push((33, 20), (6, 13), (0.6, 0, -1.5)),
        Push((14, 1), (9, 8), (1.1, -0.5, 0)),
    ),
    "pucker": (
        Push((25, 28.5), (14, 14), (-7.5, 0.4, 2.0)),
        Push((0, 28), (17, 13), (0, 0, 4.6)),
        Push((8, 22), (14, 5), (0, -0.8, 0.8)),
        Push((8, 35), (14, 6), (0, 0.9, 0.8)),
    ),
    "brow": (Push((32, -60), (27, 11), (0, -4.2, 0.3)), Push((32, -49), (20, 5), (0, -1.2, 0))),
    "frown": (Push((14, -56), (13, 9), (-2.6, 2.6, 1.2)), Push((30, -56), (16, 8), (0, 1.4, 0.4))),
    "squint": (Push((34, -28), (17, 7), (0, -2.0, 0.6)), Push((36, -52), (20, 6), (0, 0.9, 0))),
}


@dataclass(frozen=True, eq=False)
class Rig:
    """What moves a grid: one field (rows, columns, 3) for every expression, and weights (rows, columns)."""

    names: tuple[str, ...]
    fields: Array  # (expressions, rows, columns, 3)
    jaw: Array
    head: Array


@lru_cache(maxsize=2)
def rig_for(head: Template) -> Rig:
    """The fields of all expressions over the template; the same for everybody."""
    fields = [
        head.front[..., None] * sum(pushed(head.points, push) for push in pushes)
        for pushes in EXPRESSIONS.values()
    ]
    fields[list(EXPRESSIONS).index("smile")] += lips_parting(head)
    return Rig(
        tuple(EXPRESSIONS),
        np.stack(fields),
        _jaw_weight(head),
        1 - ease(head.ring, *_NECK_RINGS),
    )


def _apart(head: Template) -> Array:
    """How far the lips may part at canonical x: 1 in the middle, 0 at the corners."""
    return np.power(np.clip(1 - (head.x / (LIP_CORNER_X - 0.3)) ** 2, 0, 1), 0.55)


def lips_parting(head: Template) -> Array:
    """A smile draws the upper lip up and shows the teeth."""
    near = np.exp(-np.square((head.y - lip_line_y(head.x)) / 11))
    upper = np.arange(head.points.shape[0])[:, None] <= head.upper_lip_row
    down = np.where(upper, -2.6, 0.9) * near * _apart(head) * head.front
    return np.stack([np.zeros_like(down), down, -0.3 * np.abs(down)], axis=-1)


def _jaw_weight(head: Template) -> Array:
    """1 on what hangs on the jaw. The lips part along their line and stay together at their corners."""
    ax = np.abs(head.x)
    below = head.y - lip_line_y(ax)
    row = np.arange(head.points.shape[0])[:, None]
    side = np.where(row > head.upper_lip_row, 1.0, -1.0)
    apart = _apart(head)
    soft = np.tanh(np.abs(below) / (13 + 0.35 * np.maximum(ax - 20, 0)))
    weight = 0.5 + 0.5 * side * (apart + (1 - apart) * soft)
    throat = 1 - ease(head.ring, 12.6, 15.2)
    behind = 1 - ease(np.abs(head.angle_deg), 78, 112)[None, :]
    return weight * throat * behind


def expressed(rest: Array, rig: Rig, state: State) -> Array:
    """The grid with its expression and its jaw, still facing the camera."""
    amounts = np.array([getattr(state, name) for name in rig.names])
    points = rest + np.tensordot(amounts, rig.fields, axes=1)
    return with_jaw(points, rig.jaw, state.jaw)


def with_jaw(points: Array, weight: Array | float, jaw: float) -> Array:
    """Points (..., 3) turned about the jaw's hinge by `jaw` (0..1) times their weight."""
    angle = np.radians(_JAW_OPEN_DEG) * jaw * np.asarray(weight)
    y, z = points[..., 1] - _JAW_HINGE[1], points[..., 2] - _JAW_HINGE[2]
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.stack(
        [points[..., 0], _JAW_HINGE[1] + y * cosine + z * sine, _JAW_HINGE[2] + z * cosine - y * sine], axis=-1
    )


def head_turn(state: State) -> Array:
    """The rotation (3, 3) of the head: yaw, then pitch, then roll in the image."""
    yaw, pitch, roll = np.radians([state.yaw_deg, state.pitch_deg, state.roll_deg])
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return about_z @ about_x @ about_y


def posed(points: Array, weight: Array | float, state: State) -> Array:
    """Points (..., 3) with the head turned on the neck by their weight."""
    away = points - NECK_PIVOT
    turned = away @ head_turn(state).T
    w = np.asarray(weight)[..., None]
    return NECK_PIVOT + away + w * (turned - away)


def eye_opening(state: State, side: int) -> EyeOpening:
    """The opening of the image-left (-1) or image-right (1) eye."""
    blink = state.blink_left if side < 0 else state.blink_right
    return EyeOpening(blink=blink, squint=state.squint, wide=max(0.0, state.brow))
