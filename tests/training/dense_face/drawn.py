"""Drawn faces in place of rendered people: an oval with the mean face's points, quick to make."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from understudy.actors.crowd.sample import Sample
from understudy.actors.crowd.shards import write_shard
from understudy.mean_face import MEAN_FACE_68_IN_SPACE

SIZE_PX = 64


def a_sample(number: int) -> Sample:
    """A face of its own place, size, roll and colour."""
    rng = np.random.default_rng(number)
    roll, scale = float(rng.normal(0, 10)), SIZE_PX / 64 * rng.uniform(0.18, 0.22)
    cos, sin = np.cos(np.radians(roll)), np.sin(np.radians(roll))
    flat = MEAN_FACE_68_IN_SPACE[:, :2]
    flat = np.concatenate([flat, [flat[36:42].mean(0), flat[42:48].mean(0)]])
    points = flat @ np.array([[cos, sin], [-sin, cos]]) * scale + SIZE_PX / 2 + rng.uniform(-2, 2, 2)
    y, x = np.mgrid[:SIZE_PX, :SIZE_PX] + 0.5
    skin = (np.hypot(x - SIZE_PX / 2, y - SIZE_PX / 2) < 0.3 * SIZE_PX).astype(np.float32)
    person = (np.hypot(x - SIZE_PX / 2, y - SIZE_PX / 2) < 0.4 * SIZE_PX).astype(np.float32)
    rgb = np.broadcast_to(rng.integers(60, 255, 3).astype(np.uint8), (SIZE_PX, SIZE_PX, 3)).copy()
    for column, row in points.astype(int):
        rgb[row, column] = 10
    return Sample(rgb, person, skin, points, 0.0, 0.0, roll, 0.5, 0.5, "own", f"person {number // 5}")


def drawn_shards(folder: Path, *, shards: int = 1, samples: int = 6, first: int = 0) -> Path:
    """A folder of shards, numbered from `first`."""
    folder.mkdir(parents=True, exist_ok=True)
    for shard in range(first, first + shards):
        numbers = range(shard * samples, (shard + 1) * samples)
        write_shard(folder / f"shard-{shard:06d}", [a_sample(number) for number in numbers])
    return folder
