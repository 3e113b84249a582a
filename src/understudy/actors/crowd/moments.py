"""One moment of a person in a crowd: pose, expression, light and camera, drawn from a generator.

Heads turn further than necks do: the share that the neck does not take turns the whole body, as one does in
front of a camera that is held at any angle.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from understudy.actors.crowd.expression import Expression
from understudy.actors.deform import head_turn
from understudy.actors.performance import Light, State
from understudy.actors.template import Array

YAW_DEG, PITCH_DEG = 90.0, 45.0
_NECK_DEG = (38.0, 22.0, 18.0)  # the most that necks take of yaw, pitch and roll


@dataclass(frozen=True)
class Moment:
    """How one picture of a person is taken."""

    state: State  # of the neck, lids, gaze and light; the head's turn is in `turn_deg`
    doing: Expression
    turn_deg: tuple[float, float, float]  # yaw, pitch, roll of the head in the picture
    distance_mm: float  # from the camera to the face
    span_mm: float  # height that the picture shows where the face is
    shift: tuple[float, float]  # of the face's middle, in shares of the picture's side

    @property
    def head(self) -> Array:
        """Rotation (3, 3) of the head in the camera's space."""
        yaw, pitch, roll = self.turn_deg
        return head_turn(replace(self.state, yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll))

    @property
    def body(self) -> Array:
        """Rotation (3, 3) of the whole person, before which the neck has turned the head."""
        return self.head @ head_turn(self.state).T


def moment(rng: np.random.Generator, light: Light) -> Moment:
    """Any moment that a film or a photograph could show."""
    turn = _turn(rng)
    neck = [
        float(np.clip(rng.uniform(0.2, 0.8) * angle, -m, m)) for angle, m in zip(turn, _NECK_DEG, strict=True)
    ]
    doing = _expression(rng)
    left, right = _lids(rng)
    gaze = (float(np.clip(rng.normal(0, 11), -26, 26)), float(np.clip(rng.normal(0, 6), -15, 15)))
    state = State(
        yaw_deg=neck[0],
        pitch_deg=neck[1],
        roll_deg=neck[2],
        jaw=doing.jaw,
        smile=max(0.0, doing.both("smile"), doing.both("teeth")),
        brow=doing.both("brow"),
        squint=float(np.clip(doing.both("squint"), 0, 1)),
        blink_left=left,
        blink_right=right,
        gaze_deg=gaze,
        light=light,
    )
    return Moment(
        state,
        doing,
        turn,
        distance_mm=float(np.exp(rng.uniform(np.log(330), np.log(2500)))),
        span_mm=float(rng.uniform(265, 310)),
        shift=(float(rng.uniform(-0.03, 0.03)), float(rng.uniform(-0.03, 0.03))),
    )


def _turn(rng: np.random.Generator) -> tuple[float, float, float]:
    """Yaw, pitch and roll: a third straight into the lens or nearly, the rest all over the range."""
    if rng.random() < 0.35:
        yaw, pitch = rng.normal(0, 16), rng.normal(0, 9)
    else:
        yaw, pitch = rng.uniform(-YAW_DEG, YAW_DEG), rng.normal(0, 17)
    roll = rng.normal(0, 12) if rng.random() < 0.7 else rng.uniform(-180, 180)
    return float(np.clip(yaw, -YAW_DEG, YAW_DEG)), float(np.clip(pitch, -PITCH_DEG, PITCH_DEG)), float(roll)


def _lids(rng: np.random.Generator) -> tuple[float, float]:
    kind = rng.random()
    if kind < 0.55:
        open_both = float(rng.uniform(0, 0.15))
        return open_both, open_both
    if kind < 0.75:
        both = float(rng.uniform(0.1, 1.0))
        return both, both
    if kind < 0.88:
        return 1.0, 1.0
    return float(rng.uniform(0, 1)), float(rng.uniform(0, 1))


def _expression(rng: np.random.Generator) -> Expression:
    amounts: dict[str, tuple[float, float]] = {}

    def some(name: str, chance: float, low: float, high: float) -> None:
        if rng.random() >= chance:
            return
        left = right = float(rng.uniform(low, high))
        if rng.random() < 0.35:
            right = float(np.clip(left * rng.uniform(-0.2, 1.2), min(low, 0), high))
        amounts[name] = (left, right) if rng.random() < 0.5 else (right, left)

    some("smile", 0.4, 0.1, 1.2)
    some("pucker", 0.18, 0.1, 1.0)
    some("brow", 0.5, -0.9, 1.1)
    some("frown", 0.3, 0.1, 1.0)
    some("squint", 0.3, 0.1, 1.0)
    some("sad", 0.2, 0.1, 1.0)
    some("stretch", 0.15, 0.1, 1.0)
    some("sneer", 0.15, 0.1, 1.0)
    some("puff", 0.12, -0.6, 1.0)
    some("press", 0.12, 0.1, 0.9)
    some("teeth", 0.25, 0.1, 1.2)
    wide = rng.random()
    jaw = 0.0 if wide < 0.45 else float(rng.uniform(0.02, 0.5) if wide < 0.8 else rng.uniform(0.5, 1.5))
    return Expression(
        amounts,
        jaw=jaw,
        jaw_side=float(rng.normal(0, 0.5)) if rng.random() < 0.3 else 0.0,
        tongue=float(rng.uniform(0.3, 1.0)) if jaw > 0.15 and rng.random() < 0.15 else 0.0,
    )
