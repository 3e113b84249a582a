"""What a performer does in one picture: pose, expression, gaze. Drawn by chance, wide on purpose."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

_LEFT_EYE, _RIGHT_EYE = "right", "left"  # the mesh names sides as the performer does, we as the picture does

# Moods: targets and the weight each reaches at full strength.
_MOODS: dict[str, dict[str, float]] = {
    "smile": {"mouth-corner-puller": 1.0, "mouth-retraction": 0.3},
    "laugh": {"mouth-corner-puller": 1.0, "mouth-open": 0.7, "mouth-upward-retraction": 0.3},
    "open": {"mouth-open": 1.0},
    "shout": {"mouth-open": 1.0, "mouth-part-later": 0.5, "mouth-depression-retraction": 0.5},
    "pucker": {"mouth-pursing": 0.8, "mouth-protusion": 0.5},
    "pressed": {"mouth-compression": 0.9},
    "sad": {"mouth-depression": 0.9},
    "sulk": {"mouth-elevation": 0.7, "mouth-eversion": 0.5},
    "snarl": {"mouth-upward-retraction": 0.8, "nose-left-elevation": 0.8, "nose-right-elevation": 0.8},
    "speech": {"mouth-open": 0.45, "mouth-parling": 0.8},
    "drawn": {"mouth-depression-retraction": 0.9, "neck-platysma": 0.7},
    "calm": {},
}
_SIDED = 0.25  # how often a mood sits more on one side


@dataclass(frozen=True)
class Act:
    """Angles are the picture's: yaw positive to its right, pitch positive up, roll positive clockwise."""

    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    tilt_deg: float = 0.0  # of the roll, what the neck does; the rest is the camera's or the body's
    follow: float = 0.5  # share of the yaw that the shoulders turn too
    expression: dict[str, tuple[float, float]] = field(
        default_factory=dict, hash=False
    )  # image-left, image-right
    gaze_deg: tuple[tuple[float, float], tuple[float, float]] = ((0.0, 0.0), (0.0, 0.0))  # to the right and up


def any_act(rng: np.random.Generator) -> Act:
    """Any pose within 90 degrees of yaw and 45 of pitch, any roll, any expression."""
    yaw = _wide(rng, 90.0)
    tilt = float(rng.normal(0, 7))
    camera = float(rng.uniform(-180, 180)) if rng.random() < 0.12 else float(rng.normal(0, 14))
    gaze = np.clip(rng.normal([-0.15 * yaw, 0.0], [11.0, 6.0]), [-30, -16], [30, 16])
    squint = float(rng.normal(0, 1.0))
    return Act(
        yaw_deg=yaw,
        pitch_deg=_wide(rng, 45.0),
        roll_deg=camera + tilt,
        tilt_deg=tilt,
        follow=float(rng.uniform(0.1, 0.9)),
        expression=_expression(rng),
        gaze_deg=((float(gaze[0] - squint), float(gaze[1])), (float(gaze[0] + squint), float(gaze[1]))),
    )


def _wide(rng: np.random.Generator, most: float) -> float:
    """Even over the range, with more of the middle than of the ends."""
    if rng.random() < 0.4:
        return float(np.clip(rng.normal(0, most / 4), -most, most))
    return float(rng.uniform(-most, most))


def _expression(rng: np.random.Generator) -> dict[str, tuple[float, float]]:
    out: dict[str, tuple[float, float]] = {}
    names = list(_MOODS)
    for _ in range(1 if rng.random() < 0.7 else 2):
        strength = float(rng.uniform(0.15, 1.0))
        left = right = strength
        if rng.random() < _SIDED:
            left, right = (
                (strength, strength * rng.random())
                if rng.random() < 0.5
                else (strength * rng.random(), strength)
            )
        for name, weight in _MOODS[names[int(rng.integers(len(names)))]].items():
            whole = name in ("mouth-open", "neck-platysma")
            out[name] = (
                (weight * strength, weight * strength)
                if whole
                else (float(weight * left), float(weight * right))
            )
    _brows(rng, out)
    _eyes(rng, out)
    return out


def _brows(rng: np.random.Generator, out: dict[str, tuple[float, float]]) -> None:
    mood = str(rng.choice(["", "up", "down", "inner-up", "extern-up"], p=[0.4, 0.2, 0.2, 0.1, 0.1]))
    if not mood:
        return
    strength = rng.uniform(0.2, 1.0, 2) if rng.random() < 0.3 else np.full(2, rng.uniform(0.2, 1.0))
    for side, weight in zip((_LEFT_EYE, _RIGHT_EYE), strength.tolist(), strict=True):
        out[f"eyebrows-{side}-{mood}"] = (weight, weight)


def _eyes(rng: np.random.Generator, out: dict[str, tuple[float, float]]) -> None:
    """Open, squinting, half closed, closed, or one closed."""
    kind = rng.random()
    both = np.zeros(2)
    if kind < 0.15:
        both[:] = rng.uniform(0.9, 1.0)
    elif kind < 0.27:
        both[:] = rng.uniform(0.3, 0.8)
    elif kind < 0.33:
        both[int(rng.integers(2))] = rng.uniform(0.8, 1.0)
    for side, closed in zip((_LEFT_EYE, _RIGHT_EYE), both.tolist(), strict=True):
        if closed:
            out[f"eye-{side}-closure"] = (closed, closed)
        elif kind > 0.85:
            out[f"eye-{side}-opened-up"] = ((kind - 0.85) * 5, (kind - 0.85) * 5)
        elif kind > 0.7:
            out[f"eye-{side}-slit"] = ((kind - 0.7) * 6, (kind - 0.7) * 6)
