"""The rendered people that a training draws from, all of them on its device as bytes.

Shards are those of `actors.crowd.shards`; more of them may be added while a training runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from understudy.actors.crowd.shards import Shard, read_shard, shard_paths
from understudy.errors import FacesetUnusable, ShardDamaged
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
    damaged: list[ShardDamaged] = field(default_factory=list)  # left out; looked at again when it grows

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
    """The samples of all whole shards in `folders`, the first `most`. Raises FacesetUnusable where there are no
    shards, ShardDamaged where all are damaged."""
    damaged: list[ShardDamaged] = []
    stock = _read(_unread(folders, set()), device, most, damaged)
    if stock is None:
        if damaged:
            raise damaged[0]
        raise FacesetUnusable("No rendered people lie here. Render some first: make face-model.", folders[0])
    return stock


def grown(stock: Stock, folders: Sequence[Path], *, most: int | None = None) -> Stock:
    """`stock` with what was rendered since; itself where nothing is new or it holds `most` already.

    What is damaged now stands in its `damaged`, also where nothing else is new.
    """
    room = None if most is None else most - len(stock)
    if room is not None and room <= 0:
        return stock
    unread, damaged = _unread(folders, stock.read), list[ShardDamaged]()
    more = _read(unread, stock.pictures_N5SS.device, room, damaged)
    if more is None:  # all that is unread was tried
        same = {error.path for error in damaged} == {error.path for error in stock.damaged}
        return stock if same else replace(stock, damaged=damaged)
    tried = more.read | {error.path for error in damaged}
    damaged += [error for error in stock.damaged if error.path in unread and error.path not in tried]
    return Stock(
        torch.cat([stock.pictures_N5SS, more.pictures_N5SS]),
        torch.cat([stock.points_NK2, more.points_NK2]),
        torch.cat([stock.crops_N4, more.crops_N4]),
        stock.labels + more.labels,
        stock.read | more.read,
        damaged,
    )


def _unread(folders: Iterable[Path], read: set[Path]) -> list[Path]:
    """New shards, the folders taking turns, so that a stock that is full holds some of each."""
    queues = [[path for path in shard_paths(folder) if path not in read] for folder in folders]
    longest = max((len(queue) for queue in queues), default=0)
    return [queue[turn] for turn in range(longest) for queue in queues if turn < len(queue)]


def _read(
    paths: Sequence[Path], device: torch.device | str, most: int | None, damaged: list[ShardDamaged]
) -> Stock | None:
    pictures: list[Tensor] = []
    points: list[np.ndarray] = []
    labels: list[dict[str, Any]] = []
    read: set[Path] = set()
    for path in paths:
        if most is not None and len(labels) >= most:
            break
        try:
            shard = read_shard(path)
        except ShardDamaged as error:
            damaged.append(error)
            continue
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
        damaged,
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
