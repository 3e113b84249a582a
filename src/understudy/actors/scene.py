"""A scene: several actors in one frame, things that pass before them, the blur and the noise of a camera.

Everything about it is known: where each face is, how far it is turned and how much of it is seen. Not here: how
one actor is filmed (`render`) and what they do (`performance`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from understudy.actors.identity import Identity
from understudy.actors.performance import State
from understudy.actors.render import Rendered, render

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Placed:
    """One actor in one frame: what they do, and the square of the frame that they are filmed in.

    Several states are what happens while the shutter is open: the picture is their mean, the truth the middle.
    """

    who: Identity
    states: tuple[State, ...]
    size_px: int
    left_px: int = 0
    top_px: int = 0


@dataclass(frozen=True)
class Cover:
    """A plain solid before everybody: a tilted ellipse in frame pixels, lit from above."""

    centre: tuple[float, float]
    half_size: tuple[float, float]
    angle_deg: float = 0.0
    color: tuple[float, float, float] = (0.36, 0.27, 0.22)  # sRGB, 0..1


@dataclass(frozen=True, eq=False)
class SceneFace:
    """What is true about one actor in one frame. Positions are pixels from the frame's corner."""

    name: str
    landmarks_68: npt.NDArray[np.float64]  # (68, 2), also where nothing of them is seen
    yaw_deg: float
    seen_share: float  # of the face's own pixels: 1 where nobody and nothing is before it

    @property
    def box_xyxy(self) -> npt.NDArray[np.float64]:
        """The box about the landmarks."""
        return np.concatenate([self.landmarks_68.min(0), self.landmarks_68.max(0)])

    @property
    def height_px(self) -> float:
        """From the brows to the chin."""
        return float(np.ptp(self.landmarks_68[:, 1]))


def staged(
    plate: UInt8, cast: Sequence[Placed], *, covers: Sequence[Cover] = ()
) -> tuple[UInt8, list[SceneFace]]:
    """One frame: the actors before `plate` (height, width, 3), the last one nearest to the camera.

    The truth comes in the order of `cast`. What an actor's own room shows is left out.
    """
    height, width = plate.shape[:2]
    canvas = plate.astype(np.float32)
    shots = [_exposed(placed) for placed in cast]
    faces = [np.zeros((height, width), np.float32) for _ in cast]
    for number, (placed, shot) in enumerate(zip(cast, shots, strict=True)):
        inside, outside = _windows(placed, width, height)
        person = shot.person[inside][..., None]
        canvas[outside] = canvas[outside] * (1 - person) + shot.rgb[inside] * person
        faces[number][outside] = shot.mask[inside]
        for behind in faces[:number]:
            behind[outside] *= 1 - person[..., 0]
    whole = [float(shot.mask.sum()) for shot in shots]
    for cover in covers:
        solid = _solid(cover, width, height)
        canvas += solid[..., None] * (_lit(cover, height) - canvas)
        faces = [face * (1 - solid) for face in faces]
    truth = [
        SceneFace(
            placed.who.name,
            shot.landmarks_68 + np.array([placed.left_px, placed.top_px]),
            shot.state.yaw_deg,
            float(face.sum()) / max(pixels, 1e-9),
        )
        for placed, shot, face, pixels in zip(cast, shots, faces, whole, strict=True)
    ]
    return np.round(np.clip(canvas, 0, 255)).astype(np.uint8), truth


def with_sensor_noise(rgb: UInt8, rng: np.random.Generator, *, strength: float = 4.0) -> UInt8:
    """The frame as a sensor sees it: noise of about `strength` of 255, more where it is bright."""
    light = rgb.astype(np.float32)
    spread = strength * np.sqrt(0.35 + light / 170)
    return np.round(np.clip(light + rng.normal(0, 1, rgb.shape) * spread, 0, 255)).astype(np.uint8)


def _exposed(placed: Placed) -> Rendered:
    """The mean of what is seen while the shutter is open."""
    shots = [render(placed.who, state, size_px=placed.size_px) for state in placed.states]
    middle = shots[len(shots) // 2]
    if len(shots) == 1:
        return middle
    person = np.mean([shot.person for shot in shots], axis=0)
    weights = np.stack([shot.person for shot in shots])[..., None]
    light = (np.stack([shot.rgb for shot in shots]) * weights).sum(0) / np.maximum(weights.sum(0), 1e-6)
    mask = np.mean([shot.mask for shot in shots], axis=0)
    rgb = np.round(light).astype(np.uint8)
    return Rendered(rgb, mask.astype(np.float32), person, middle.landmarks_68, middle.identity, middle.state)


_Window = tuple[slice, slice]


def _windows(placed: Placed, width: int, height: int) -> tuple[_Window, _Window]:
    """The part of the actor's square that is in the frame: within the square, and within the frame."""
    left, top, size = placed.left_px, placed.top_px, placed.size_px
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + size, width), min(top + size, height)
    x1, y1 = max(x1, x0), max(y1, y0)
    inside = slice(y0 - top, y1 - top), slice(x0 - left, x1 - left)
    return inside, (slice(y0, y1), slice(x0, x1))


def _solid(cover: Cover, width: int, height: int) -> Float32:
    """Where the solid is, (height, width) 0..1."""
    x, y = np.meshgrid(np.arange(width) + 0.5 - cover.centre[0], np.arange(height) + 0.5 - cover.centre[1])
    turn = np.radians(cover.angle_deg)
    along = (x * np.cos(turn) + y * np.sin(turn)) / cover.half_size[0]
    across = (y * np.cos(turn) - x * np.sin(turn)) / cover.half_size[1]
    edge_px = min(cover.half_size)
    return np.clip((1 - np.hypot(along, across)) * edge_px + 0.5, 0, 1).astype(np.float32)


def _lit(cover: Cover, height: int) -> Float32:
    """The solid's colours, (height, 1, 3) of 255: darker towards its lower side."""
    down = (np.arange(height, dtype=np.float32) - cover.centre[1]) / max(cover.half_size)
    shade = np.clip(1.0 - 0.35 * down, 0.5, 1.4)[:, None, None]
    return (np.asarray(cover.color, np.float32) * 255 * shade).astype(np.float32)
