"""Shaded solids for cards: tapered capsules seen from the front, as a height over a small picture.

A hand is a dozen of them, a microphone two. Colours are encoded 0..1; the picture's unit is the pixel.
"""

from __future__ import annotations

import cv2
import numpy as np

Floats = np.ndarray


class Relief:
    """A picture of height, colour and cover that solids are put into; the highest is seen."""

    def __init__(self, size_px: int) -> None:
        self.y, self.x = np.mgrid[0:size_px, 0:size_px].astype(np.float32) + 0.5
        self.height = np.full((size_px, size_px), -1e3, np.float32)
        self.color = np.zeros((size_px, size_px, 3), np.float32)
        self.cover = np.zeros((size_px, size_px), np.float32)

    def capsule(
        self, ends: Floats, radii: tuple[float, float], color: Floats, *, level: float = 0.0, flat: float = 1.0
    ) -> None:
        """A rounded stick between two ends (2, 2); `flat` below 1 presses it flat."""
        (ax, ay), (bx, by) = ends
        along = np.array([bx - ax, by - ay])
        length = max(float(along @ along), 1e-6)
        share = np.clip(((self.x - ax) * along[0] + (self.y - ay) * along[1]) / length, 0, 1)
        radius = radii[0] + (radii[1] - radii[0]) * share
        away = np.hypot(self.x - ax - share * along[0], self.y - ay - share * along[1])
        height = level + flat * np.sqrt(np.maximum(np.square(radius) - np.square(away), 0))
        self._put(np.clip(radius - away + 0.5, 0, 1), height, color)

    def plate(self, corners: Floats, color: Floats, *, level: float = 0.0) -> None:
        """A flat polygon (n, 2)."""
        cover = np.zeros(self.cover.shape, np.uint8)
        cv2.fillPoly(cover, [np.round(np.asarray(corners) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        self._put(cover.astype(np.float32) / 255, np.full_like(self.height, level), color)

    def _put(self, cover: Floats, height: Floats, color: Floats) -> None:
        wins = (cover > 0) & (height > self.height)
        self.color = np.where(wins[..., None], np.asarray(color, np.float32), self.color)
        self.height = np.where(wins, height, self.height)
        self.cover = np.maximum(self.cover, cover)

    def lit(self, rng: np.random.Generator, *, gloss: float = 0.15, grain: float = 0.04) -> Floats:
        """The picture under a light from somewhere in front, (size, size, 4) float32 0..1, straight alpha."""
        height = np.maximum(self.height, -3.0).astype(np.float32)
        smooth = cv2.GaussianBlur(height, (0, 0), 0.8)
        dx, dy = cv2.Sobel(smooth, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(smooth, cv2.CV_32F, 0, 1) / 8
        normal = np.stack([-dx, -dy, np.ones_like(dx)], -1)
        normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
        toward = np.array([rng.uniform(-1, 1), rng.uniform(-1, 0.4), rng.uniform(0.4, 1.2)], np.float32)
        toward /= np.linalg.norm(toward)
        ambient, key = rng.uniform(0.15, 0.6), rng.uniform(0.5, 1.1)
        facing = np.clip(normal @ toward, 0, 1)
        half = toward + np.array([0, 0, 1], np.float32)
        shine = np.power(np.clip(normal @ (half / np.linalg.norm(half)), 0, 1), 30)
        tint = np.exp(rng.normal(0, 0.12, 3)).astype(np.float32)
        noise = rng.normal(0, grain, self.cover.shape).astype(np.float32)
        color = self.color * (ambient + key * facing + cv2.GaussianBlur(noise, (0, 0), 0.7))[..., None] * tint
        color = np.clip(color + gloss * key * shine[..., None], 0, 1)
        return np.concatenate([color, self.cover[..., None]], -1).astype(np.float32)
