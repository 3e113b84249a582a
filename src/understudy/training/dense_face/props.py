"""Drawn things on the device: rooms behind people, cards before faces, pictures that hold no face.

They come from a folder of scenery (`actors.crowd.scenery`) and are turned, scaled and moved for each lesson.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from understudy.actors.crowd.scenery import NAMES, read_scenery
from understudy.training.dense_face.dice import Dice

# A card's millimetre is as large as that of a sample of 176 pixels, of which a reading crop shows about 143.
_CARD_SIDE_SHARE = 128 / 143


@dataclass(frozen=True, eq=False)
class Props:
    """Pictures as bytes on a device."""

    rooms_N3SS: Tensor
    cards_N4SS: Tensor
    no_faces_N3SS: Tensor

    def rooms(self, count: int, size_px: int, dice: Dice) -> Tensor:
        """Parts of rooms, (count, 3, size, size) 0..1."""
        return _parts(self.rooms_N3SS, count, size_px, dice, least=0.25)

    def no_faces(self, count: int, size_px: int, dice: Dice) -> Tensor:
        """Pictures that hold no face, as a whole or nearly, (count, 3, size, size) 0..1."""
        return _parts(self.no_faces_N3SS, count, size_px, dice, least=0.6)

    def cards(self, count: int, size_px: int, dice: Dice) -> tuple[Tensor, Tensor]:
        """One card before each face: colours (count, 3, S, S) and alpha (count, 1, S, S)."""
        side = _CARD_SIDE_SHARE * torch.exp(dice.normal(count, sigma=0.25))
        centre = dice.uniform(count, 2, low=0.05, high=1.0)
        drawn = _laid(self.cards_N4SS, side, centre, size_px, dice)
        return drawn[:, :3] / drawn[:, 3:].clamp(min=1e-3), drawn[:, 3:]


def read_props(folder: Path, device: torch.device | str = "cpu") -> Props | None:
    """The scenery of a folder, or None where it isn't all there yet."""
    if not all((folder / f"{name}.npy").exists() for name in NAMES):
        return None
    scenery = read_scenery(folder)
    rooms, cards, no_faces = (
        torch.from_numpy(np.ascontiguousarray(np.moveaxis(getattr(scenery, name), 3, 1))).to(device)
        for name in ("backgrounds", "cards", "no_faces")
    )
    return Props(rooms, cards, no_faces)


def _parts(pictures: Tensor, count: int, size_px: int, dice: Dice, *, least: float) -> Tensor:
    """Square parts of pictures, upright or mirrored, from `least` of the side to all of it."""
    index = dice.whole(count, below=len(pictures))
    half = dice.uniform(count, low=least)
    centre = (1 - half)[:, None] * dice.uniform(count, 2, low=-1.0)
    sign = torch.where(dice.chance(count, share=0.5), -1.0, 1.0)
    zero = torch.zeros_like(half)
    rows = [torch.stack([half * sign, zero, centre[:, 0]], 1), torch.stack([zero, half, centre[:, 1]], 1)]
    return _sampled(pictures[index], torch.stack(rows, 1), size_px, "border")


def _laid(pictures: Tensor, side: Tensor, centre: Tensor, size_px: int, dice: Dice) -> Tensor:
    """Whole pictures, premultiplied by their alpha, turned anyhow, laid into squares; places in shares."""
    count = len(side)
    chosen = pictures[dice.whole(count, below=len(pictures))].float()
    premultiplied = torch.cat([chosen[:, :3] * chosen[:, 3:] / 255, chosen[:, 3:]], 1)
    angle = dice.uniform(count, high=2 * torch.pi)
    cos, sin = angle.cos() / side, angle.sin() / side
    sign = torch.where(dice.chance(count, share=0.5), -1.0, 1.0)
    x, y = (1 - 2 * centre).unbind(1)
    rows = [
        torch.stack([sign * cos, -sign * sin, sign * (cos * x - sin * y)], 1),
        torch.stack([sin, cos, sin * x + cos * y], 1),
    ]
    return _sampled(premultiplied, torch.stack(rows, 1), size_px, "zeros")


def _sampled(pictures: Tensor, theta: Tensor, size_px: int, outside: str) -> Tensor:
    grid = functional.affine_grid(theta, [len(theta), 1, size_px, size_px], align_corners=False)
    return functional.grid_sample(pictures.float() / 255, grid, "bilinear", outside, align_corners=False)
