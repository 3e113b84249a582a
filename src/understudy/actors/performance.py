"""What an actor does in every frame, and the light they do it in: tracks of plausible human motion.

A track is a list of states, one a frame at 25 frames a second, a pure function of its length and seed.
Not here: how a state moves the face (`deform`) or lights it (`shade`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
RATE_HZ = 25


@dataclass(frozen=True)
class Light:
    """One key light, a surrounding fill and the camera's exposure.

    `key_direction` points from the face to the light (x to the image's right, y down, z to the camera).
    Colours are linear RGB about 1; strengths are about 1.
    """

    key_direction: tuple[float, float, float] = (-0.45, -0.55, 0.70)
    key_color: tuple[float, float, float] = (1.0, 0.95, 0.88)
    key_strength: float = 1.0
    fill_color: tuple[float, float, float] = (0.85, 0.93, 1.0)
    fill_strength: float = 0.55
    rim_strength: float = 0.25
    exposure: float = 1.0


@dataclass(frozen=True)
class Background:
    """An out-of-focus room: two sRGB colours (above, below) and soft lights drawn from a seed."""

    above: tuple[float, float, float] = (0.36, 0.39, 0.42)
    below: tuple[float, float, float] = (0.20, 0.21, 0.23)
    lights: int = 6
    seed: int = 0


@dataclass(frozen=True)
class State:
    """Pose, expression and light of one frame. Expression amounts are 0..1 unless said otherwise."""

    yaw_deg: float = 0.0  # positive turns the face to the image's right
    pitch_deg: float = 0.0  # positive looks up
    roll_deg: float = 0.0  # positive turns the head clockwise in the image
    position: tuple[float, float] = (0.0, 0.0)  # of the whole person, in shares of the picture's side
    scale: float = 1.0
    jaw: float = 0.0
    smile: float = 0.0
    pucker: float = 0.0
    brow: float = 0.0  # -1..1, positive raises
    frown: float = 0.0
    squint: float = 0.0
    blink_left: float = 0.0  # the eye at the image's left
    blink_right: float = 0.0
    gaze_deg: tuple[float, float] = (0.0, 0.0)  # to the image's right and up, against the head
    light: Light = field(default_factory=Light)
    background: Background = field(default_factory=Background)


@dataclass(frozen=True)
class _Stage:
    """Where a track is filmed."""

    light: Light
    background: Background
    scale: float = 1.0


def _smooth_noise(frames: int, period: float, rng: np.random.Generator) -> Array:
    """Slow noise of about -1..1 that changes over `period` frames."""
    knots = rng.uniform(-1, 1, int(frames / period) + 5)
    at = np.arange(frames) / period + 1
    k = at.astype(int)
    t = at - k
    a, b, c, d = knots[k - 1], knots[k], knots[k + 1], knots[k + 2]
    return (
        a * (1 - t) ** 3 + b * (3 * t**3 - 6 * t**2 + 4) + c * (-3 * t**3 + 3 * t**2 + 3 * t + 1) + d * t**3
    ) / 6


def _through(frames: int, at_share: Sequence[float], values: Sequence[float]) -> Array:
    """An eased path through `values` at shares of the track's length."""
    share = np.linspace(0, 1, frames)
    k = np.clip(np.searchsorted(at_share, share, side="right") - 1, 0, len(values) - 2)
    left, right = np.asarray(at_share)[k], np.asarray(at_share)[k + 1]
    t = np.clip((share - left) / np.maximum(right - left, 1e-9), 0, 1)
    t = t * t * (3 - 2 * t)
    path = np.asarray(values)
    return path[k] * (1 - t) + path[k + 1] * t


def _blinks(frames: int, rng: np.random.Generator, first: int) -> Array:
    """Lids that close for 4 to 6 frames every 2 to 4 seconds."""
    closed = np.zeros(frames)
    at = first
    while at < frames:
        length = int(rng.integers(4, 7))
        shape = (
            np.array([0.55, 1.0, 0.75, 0.3, 0.0, 0.0])
            if length == 4
            else np.array([0.45, 1.0, 1.0, 0.7, 0.35, 0.12] if length == 6 else [0.5, 1.0, 0.9, 0.5, 0.15, 0.0])
        )
        span = closed[at : at + 6]
        np.maximum(span, shape[: len(span)], out=span)
        at += int(rng.integers(2 * RATE_HZ, 4 * RATE_HZ))
    return closed


def _speech(frames: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Jaw and pucker of somebody talking in phrases, 3 to 5 syllables a second."""
    jaw, pucker = np.zeros(frames), np.zeros(frames)
    time = np.arange(frames)
    at = float(rng.uniform(4, 8))
    while at < frames:
        for _ in range(int(rng.integers(5, 11))):
            length = RATE_HZ / rng.uniform(3.2, 4.8)
            wave = np.exp(-np.square((time - at - length / 2) / (0.34 * length)))
            jaw += rng.uniform(0.22, 0.75) * wave
            pucker += max(0.0, rng.uniform(-0.5, 0.7)) * wave
            at += length
        at += rng.uniform(10, 22)
    return np.clip(jaw, 0, 0.85), np.clip(pucker, 0, 0.8)


def _track(
    frames: int, seed: int, yaw_deg: Array, pitch_deg: Array, smile: Array, stage: _Stage
) -> list[State]:
    """Put talking, blinking and small movements on top of a head's path."""
    rng = np.random.default_rng(seed)
    jaw, pucker = _speech(frames, rng)
    jaw *= 1 - 0.45 * smile
    pucker *= 1 - 0.8 * smile
    blink = _blinks(frames, rng, first=int(rng.integers(12, 24)))
    roll = 3.0 * _smooth_noise(frames, 22, rng) - 0.08 * yaw_deg
    brow = 0.55 * _smooth_noise(frames, 14, rng) + 0.3 * jaw
    frown = np.clip(0.9 * _smooth_noise(frames, 26, rng) - 0.25, 0, 1) * (1 - smile)
    sway = np.stack([_smooth_noise(frames, 30, rng), _smooth_noise(frames, 34, rng)], axis=-1)
    gaze_x = -0.25 * yaw_deg + 7 * np.round(1.2 * _smooth_noise(frames, 12, rng))
    gaze_y = -0.2 * pitch_deg + 3 * np.round(1.2 * _smooth_noise(frames, 16, rng))
    drift = _smooth_noise(frames, 50, rng)
    return [
        State(
            yaw_deg=float(yaw_deg[k]),
            pitch_deg=float(pitch_deg[k]),
            roll_deg=float(roll[k]),
            position=(float(0.018 * sway[k, 0] - 0.0011 * yaw_deg[k]), float(0.012 * sway[k, 1])),
            scale=float(stage.scale * (1 + 0.025 * drift[k])),
            jaw=float(jaw[k]),
            smile=float(smile[k]),
            pucker=float(pucker[k]),
            brow=float(np.clip(brow[k], -1, 1)),
            frown=float(frown[k]),
            squint=float(np.clip(0.45 * smile[k], 0, 1)),
            blink_left=float(blink[k]),
            blink_right=float(blink[k]),
            gaze_deg=(float(np.clip(gaze_x[k], -16, 16)), float(np.clip(gaze_y[k], -8, 8))),
            light=stage.light,
            background=stage.background,
        )
        for k in range(frames)
    ]


_SRC_STAGE = _Stage(
    Light(key_direction=(-0.50, -0.50, 0.75), key_strength=1.0, fill_strength=0.60),
    Background(above=(0.42, 0.45, 0.47), below=(0.24, 0.25, 0.27), lights=5, seed=3),
)
_DST_STAGE = _Stage(
    Light(
        key_direction=(0.62, -0.42, 0.62),
        key_color=(1.0, 0.88, 0.72),
        key_strength=0.95,
        fill_color=(0.78, 0.90, 1.0),
        fill_strength=0.50,
        rim_strength=0.40,
        exposure=1.15,
    ),
    Background(above=(0.30, 0.24, 0.20), below=(0.17, 0.14, 0.13), lights=7, seed=8),
)


def src_track(frames: int, seed: int) -> list[State]:
    """The performance to learn from: the whole range of +-35 degrees of yaw, talking, smiling, blinking."""
    rng = np.random.default_rng([seed, 1])
    turn = [0, -12, -35, -18, 6, 35, 20, -6, -26, 8, 27, 4, 0]
    nod = [0, 5, 1, -7, 6, -2, -9, 8, -5, 2, 7, -4, 0]
    shares = list(np.linspace(0, 1, len(turn)))
    yaw = np.clip(_through(frames, shares, turn) + 1.5 * _smooth_noise(frames, 18, rng), -35, 35)
    pitch = _through(frames, shares, nod) + 2.0 * _smooth_noise(frames, 20, rng)
    smile = _through(
        frames, [0, 0.2, 0.27, 0.36, 0.43, 0.68, 0.76, 0.86, 0.93, 1], [0, 0, 0.9, 0.8, 0, 0, 1, 0.7, 0.1, 0]
    )
    return _track(frames, seed, yaw, pitch, smile, _SRC_STAGE)


def dst_track(frames: int, seed: int) -> list[State]:
    """The footage to recast: a calmer performance within src's range, under other light."""
    rng = np.random.default_rng([seed, 2])
    turn = [-6, 10, 24, 6, -20, -8, 4]
    nod = [0, 4, -3, 5, -4, 1, 0]
    shares = list(np.linspace(0, 1, len(turn)))
    yaw = _through(frames, shares, turn) + 1.5 * _smooth_noise(frames, 18, rng)
    pitch = _through(frames, shares, nod) + 1.5 * _smooth_noise(frames, 20, rng)
    smile = _through(frames, [0, 0.45, 0.6, 0.8, 0.92, 1], [0.1, 0, 0.85, 0.8, 0.15, 0.1])
    return _track(frames, seed, yaw, pitch, smile, _DST_STAGE)
