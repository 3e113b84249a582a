"""The rendered people that a training draws from, all of them on its device as bytes.

Shards are those of `actors.crowd.shards`; more of them may be added while a training runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from understudy.actors.crowd.shards import Shard, read_shard, shard_paths
from understudy.errors import FacesetUnusable
from understudy.faces.dense.reading_crop import frame_from_crop_of_points, rolls
from understudy.networks.dense_face import CROP_PX


@dataclass(eq=False)
class Stock:
    """N samples of one size. Positions are pixels of the samples' pictures."""

    pictures_N5SS: Tensor  # uint8: red, green, blue, the performer's alpha, skin
    points_NK2: Tensor
    crops_N4: Tensor  # where the reading crop of the true points lies: centre x and y, side, roll in radians
    labels: list[dict[str, Any]]
    read: set[Path] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def size_px(self) -> int:
        """The side of a sample's picture."""
        return self.pictures_N5SS.shape[-1]

    @property
    def bytes_each(self) -> int:
        """What one sample's pictures take."""
        return 5 * self.size_px**2


def read_stock(
    folders: Sequence[Path], *, device: torch.device | str = "cpu", most: int | None = None
) -> Stock:
    """The samples of all shards in `folders`, the first `most`. Raises FacesetUnusable where there are none."""
    stock = _read(_unread(folders, set()), device, most)
    if stock is None:
        raise FacesetUnusable("No rendered people lie here. Render some first: make face-model.", folders[0])
    return stock


def grown(stock: Stock, folders: Sequence[Path], *, most: int | None = None) -> Stock:
    """`stock` with what was rendered since; itself where nothing is new or it holds `most` already."""
    room = None if most is None else most - len(stock)
    if room is not None and room <= 0:
        return stock
    more = _read(_unread(folders, stock.read), stock.pictures_N5SS.device, room)
    if more is None:
        return stock
    return Stock(
        torch.cat([stock.pictures_N5SS, more.pictures_N5SS]),
        torch.cat([stock.points_NK2, more.points_NK2]),
        torch.cat([stock.crops_N4, more.crops_N4]),
        stock.labels + more.labels,
        stock.read | more.read,
    )


def _unread(folders: Iterable[Path], read: set[Path]) -> list[Path]:
    """New shards, the folders taking turns, so that a stock that is full holds some of each."""
    queues = [[path for path in shard_paths(folder) if path not in read] for folder in folders]
    longest = max((len(queue) for queue in queues), default=0)
    return [queue[turn] for turn in range(longest) for queue in queues if turn < len(queue)]


def _read(paths: Sequence[Path], device: torch.device | str, most: int | None) -> Stock | None:
    pictures: list[Tensor] = []
    points: list[np.ndarray] = []
    labels: list[dict[str, Any]] = []
    read: set[Path] = set()
    for path in paths:
        if most is not None and len(labels) >= most:
            break
        shard = read_shard(path)
        pictures.append(_layers(shard).to(device))
        points.append(shard.points)
        labels += shard.labels
        read.add(path)
    if not labels:
        return None
    all_points = np.concatenate(points)
    return Stock(
        torch.cat(pictures),
        torch.from_numpy(all_points.astype(np.float32)).to(device),
        torch.from_numpy(reading_crops(all_points)).to(device),
        labels,
        read,
    )


def _layers(shard: Shard) -> Tensor:
    layers = [np.moveaxis(shard.rgb, 3, 1), shard.person[:, None], shard.skin[:, None]]
    return torch.from_numpy(np.concatenate(layers, axis=1))


def reading_crops(points_NK2: np.ndarray) -> np.ndarray:
    """Where the crops of true points lie: centre x and y, side, roll, (N, 4) float32."""
    transforms = frame_from_crop_of_points(points_NK2)
    centre = transforms @ np.array([CROP_PX / 2, CROP_PX / 2, 1])
    side = CROP_PX * np.sqrt(np.linalg.det(transforms[:, :, :2]))
    return np.column_stack([centre, side, rolls(points_NK2)]).astype(np.float32)
