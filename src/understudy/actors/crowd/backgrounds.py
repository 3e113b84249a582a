"""What stands behind a face: plain colours, gradients, noise, rooms, foliage, walls and lights out of focus."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from understudy.actors.crowd.cards import skin_color

Floats = np.ndarray


def backgrounds(rng: np.random.Generator, count: int, size_px: int) -> np.ndarray:
    """`count` pictures without a face, uint8 (count, size_px, size_px, 3)."""
    drawn = np.zeros((count, size_px, size_px, 3), np.uint8)
    for k in range(count):
        picture = KINDS[int(rng.integers(len(KINDS)))](rng, size_px)
        if rng.random() < 0.5:
            picture = picture + rng.uniform(0.1, 0.5) * (noise(rng, size_px) - 0.5)
        if rng.random() < 0.55:
            picture = cv2.GaussianBlur(picture, (0, 0), float(np.exp(rng.uniform(-0.5, 2.3))))
        picture = picture * np.exp(rng.normal(0, 0.4)) + rng.normal(0, 0.03)
        if rng.random() < 0.3:
            picture = picture + rng.normal(0, rng.uniform(0, 0.12), picture.shape)
        drawn[k] = np.round(np.clip(picture, 0, 1) * 255)
    return drawn


def _color(rng: np.random.Generator) -> Floats:
    if rng.random() < 0.15:
        return skin_color(rng).astype(np.float32)
    grey = rng.uniform(0, 1)
    return np.clip(grey + rng.uniform(0, 0.6) * rng.normal(0, 0.5, 3), 0, 1).astype(np.float32)


def _plane(rng: np.random.Generator, size_px: int) -> Floats:
    """A ramp 0..1 in any direction, straight or round."""
    y, x = np.mgrid[0:size_px, 0:size_px].astype(np.float32) / size_px
    if rng.random() < 0.3:
        ramp = np.hypot(x - rng.uniform(0, 1), y - rng.uniform(0, 1)) * rng.uniform(0.7, 1.8)
    else:
        turn = rng.uniform(0, 2 * np.pi)
        ramp = 0.5 + (x - 0.5) * np.cos(turn) + (y - 0.5) * np.sin(turn)
    return np.clip(ramp, 0, 1)


def gradient(rng: np.random.Generator, size_px: int) -> Floats:
    """One colour that goes over into another."""
    ramp = _plane(rng, size_px)[..., None]
    return (1 - ramp) * _color(rng) + ramp * _color(rng)


def noise(rng: np.random.Generator, size_px: int) -> Floats:
    """Coloured clouds of several sizes."""
    total = np.zeros((size_px, size_px, 3), np.float32)
    grey = rng.random() < 0.4
    for cells in (3, 7, 16, 40, 90):
        spots = rng.normal(0, 1, (cells, cells, 1 if grey else 3)).astype(np.float32)
        spots = cv2.resize(spots, (size_px, size_px), interpolation=cv2.INTER_CUBIC).reshape(
            size_px, size_px, -1
        )
        total += spots * np.float32(rng.uniform(0, 1) * cells**-0.3)
    return 0.5 + 0.22 * total / max(float(total.std()), 1e-3) * rng.uniform(0.4, 1.3)


def shapes(rng: np.random.Generator, size_px: int) -> Floats:
    """Boxes, discs and lines in front of each other: furniture, signs, things."""
    picture = np.ascontiguousarray(gradient(rng, size_px))
    for _ in range(int(rng.integers(4, 30))):
        color = tuple(float(c) for c in _color(rng))
        x, y = (rng.uniform(-0.1, 1.1, 2) * size_px).astype(int)
        w, h = (np.exp(rng.uniform(-3.2, -0.5, 2)) * size_px).astype(int) + 1
        kind = rng.random()
        if kind < 0.5:
            angle = 0.0 if rng.random() < 0.6 else float(rng.uniform(0, 180))
            box = cv2.boxPoints(((float(x), float(y)), (float(2 * w), float(2 * h)), angle))
            cv2.fillConvexPoly(picture, box.astype(np.int32), color, cv2.LINE_AA)
        elif kind < 0.8:
            cv2.ellipse(picture, (x, y), (w, h), float(rng.uniform(0, 180)), 0, 360, color, -1, cv2.LINE_AA)
        else:
            end = (rng.uniform(-0.1, 1.1, 2) * size_px).astype(int)
            cv2.line(picture, (x, y), (int(end[0]), int(end[1])), color, int(rng.integers(1, 6)), cv2.LINE_AA)
    return picture


def room(rng: np.random.Generator, size_px: int) -> Floats:
    """Walls that meet in a corner, a floor, windows and pictures on the walls."""
    picture = np.zeros((size_px, size_px, 3), np.float32)
    floor, corner = rng.uniform(0.55, 0.95) * size_px, rng.uniform(0.1, 0.9) * size_px
    walls = _color(rng)
    y, x = np.mgrid[0:size_px, 0:size_px].astype(np.float32)
    left = x < corner
    picture[:] = np.where(left[..., None], walls, walls * rng.uniform(0.6, 1.2))
    picture *= (0.7 + 0.5 * _plane(rng, size_px))[..., None]
    slope = rng.uniform(-0.3, 0.3) * np.where(left, 1, -1)
    picture = np.where((y > floor + slope * np.abs(x - corner))[..., None], _color(rng), picture)
    picture = np.ascontiguousarray(picture.astype(np.float32))
    for _ in range(int(rng.integers(1, 5))):
        a = rng.uniform(0, 0.9, 2) * size_px
        b = a + rng.uniform(0.08, 0.45, 2) * size_px
        color = np.ones(3) * rng.uniform(0.8, 1.6) if rng.random() < 0.4 else _color(rng)
        corners = ((int(a[0]), int(a[1])), (int(b[0]), int(b[1])))
        cv2.rectangle(picture, *corners, tuple(float(c) for c in color), -1, cv2.LINE_AA)
        frame = tuple(float(c) for c in _color(rng))
        cv2.rectangle(picture, *corners, frame, int(rng.integers(1, 5)), cv2.LINE_AA)
    return picture


def foliage(rng: np.random.Generator, size_px: int) -> Floats:
    """Leaves, pebbles, a crowd of small ellipses of related colours."""
    picture = np.ascontiguousarray(gradient(rng, size_px) * 0.5)
    base, size = _color(rng), float(np.exp(rng.uniform(np.log(2), np.log(size_px / 9))))
    for _ in range(int(np.clip(1.5 * (size_px / size) ** 2, 40, 900))):
        color = np.clip(base * np.exp(rng.normal(0, 0.35)) + rng.normal(0, 0.06, 3), 0, 1)
        at = (int(rng.uniform(0, size_px)), int(rng.uniform(0, size_px)))
        axes = (int(size * rng.uniform(0.5, 1.3)) + 1, int(size * rng.uniform(0.2, 0.8)) + 1)
        cv2.ellipse(
            picture, at, axes, float(rng.uniform(0, 180)), 0, 360, tuple(map(float, color)), -1, cv2.LINE_AA
        )
    return picture


def wall(rng: np.random.Generator, size_px: int) -> Floats:
    """Bricks, tiles, blinds, checks, stripes: waves across each other."""
    y, x = np.mgrid[0:size_px, 0:size_px].astype(np.float32)
    turn, pitch = rng.uniform(0, np.pi), np.exp(rng.uniform(np.log(4), np.log(size_px / 3)))
    u, v = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    sharp = rng.choice([1.0, 4.0, 20.0])
    pattern = np.tanh(sharp * np.sin(2 * np.pi * u / pitch))
    if rng.random() < 0.6:
        pattern = pattern * np.tanh(sharp * np.sin(2 * np.pi * v / (pitch * rng.uniform(0.4, 2.5))))
    share = (0.5 + 0.5 * pattern)[..., None]
    return share * _color(rng) + (1 - share) * gradient(rng, size_px)


def lights(rng: np.random.Generator, size_px: int) -> Floats:
    """Lamps out of focus before the dark."""
    picture = np.ascontiguousarray(gradient(rng, size_px) * np.float32(rng.uniform(0.05, 0.5)))
    for _ in range(int(rng.integers(3, 40))):
        glow = np.zeros_like(picture)
        color = tuple(float(c) for c in rng.uniform(0.1, 1.0, 3) * rng.uniform(0.3, 1.5))
        at = (int(rng.uniform(0, size_px)), int(rng.uniform(0, size_px)))
        cv2.circle(glow, at, int(rng.uniform(0.01, 0.08) * size_px) + 1, color, -1, cv2.LINE_AA)
        picture = picture + glow
    return cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.4, 3)))


KINDS: tuple[Callable[[np.random.Generator, int], Floats], ...] = (
    gradient, noise, shapes, room, foliage, wall, lights,
)  # fmt: skip
