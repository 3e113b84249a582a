"""What is behind a person and before their face: rooms, cards, hands, cables and strands that nobody rendered.

Everything is drawn for a whole batch on its device. Variety beats likeness here: what the network has seen as
anything at all does not surprise it later.
"""

from __future__ import annotations

import torch
from torch import Tensor

from understudy.training.dense_face.dice import Dice, per_picture

_OCTAVES = (3, 6, 12, 24, 48)


def rooms(count: int, size_px: int, dice: Dice) -> Tensor:
    """Gradients, clouds, tiles and grain in any colours, (count, 3, size, size) 0..1."""
    x, y = places(size_px, dice.device)
    angle = per_picture(dice.uniform(count, high=2 * torch.pi))
    along = ((x - 0.5) * angle.cos() + (y - 0.5) * angle.sin() + 0.5).clamp(0, 1)
    one, other = dice.uniform(2, count, 3, 1, 1).unbind(0)
    room = one + (other - one) * along
    for cells in _OCTAVES:
        amount = per_picture(dice.uniform(count) ** 3) * 0.35
        grey = per_picture(dice.uniform(count))
        noise = dice.field(count, 4, cells, size_px)
        room = room + amount * (grey * noise[:, 3:] + (1 - grey) * noise[:, :3])
    cells = 3 + int(size_px * 0.06)
    tiles = dice.field(count, 3, cells, size_px, hard=True)
    room = room + per_picture(dice.chance(count, share=0.25).float() * 0.2) * tiles
    return room.clamp(0, 1) ** per_picture(torch.exp(dice.normal(count, sigma=0.5)))


def places(size_px: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """x and y of every pixel's centre in shares of the side, (size, size) each."""
    at = (torch.arange(size_px, device=device) + 0.5) / size_px
    y, x = torch.meshgrid(at, at, indexing="ij")
    return x, y


def cards(near_B3: Tensor, size_px: int, dice: Dice) -> tuple[Tensor, Tensor]:
    """One thing before each face: its colours (B, 3, S, S) and its alpha (B, 1, S, S).

    A rounded bar or plate, which may be cut into parallel fingers and is then often of the colour `near_B3`.
    """
    count = len(near_B3)
    x, y = places(size_px, dice.device)
    angle = per_picture(dice.uniform(count, high=2 * torch.pi))
    middle = (
        per_picture(dice.uniform(count, low=0.1, high=0.9)),
        per_picture(dice.uniform(count, low=0.1, high=1.0)),
    )
    along = (x - middle[0]) * angle.cos() + (y - middle[1]) * angle.sin()
    across = (y - middle[1]) * angle.cos() - (x - middle[0]) * angle.sin()
    across = across + per_picture(dice.normal(count, sigma=0.4)) * along.square()
    fingers = per_picture(dice.chance(count, share=0.45))
    reach = per_picture(dice.uniform(count, low=0.06, high=0.2))
    radius = torch.where(fingers, 0.032 + 0.018 * per_picture(dice.uniform(count)), reach)
    step = 2.1 * radius
    within = torch.remainder(across + step / 2, step) - step / 2
    outside = (across.abs() - 2 * step).clamp(min=0)
    sideways = torch.where(fingers, torch.where(outside > 0, outside + radius, within), across)
    length = per_picture(dice.uniform(count, low=0.02, high=0.45))
    # A long thing comes in from outside: its far end lies beyond the picture.
    beyond = torch.where(
        per_picture(dice.chance(count, share=0.6)), (-along).clamp(min=0), (along.abs() - length).clamp(min=0)
    )
    away = torch.hypot(sideways, beyond)
    soft = per_picture(torch.exp(dice.uniform(count, low=-6.0, high=-3.6)))
    alpha = ((radius - away) / soft + 0.5).clamp(0, 1)
    skin_like = per_picture(dice.chance(count, share=0.3)) | fingers
    tint = near_B3[..., None, None] * torch.exp(dice.normal(count, 3, 1, 1, sigma=0.12))
    color = torch.where(skin_like, tint, dice.uniform(count, 3, 1, 1))
    round_ = 1 - 0.6 * per_picture(dice.uniform(count)) * (away / radius).clamp(0, 1).square()
    grain = 1 + per_picture(dice.uniform(count) ** 2 * 0.4) * dice.field(count, 3, 20, size_px)
    return (color * round_ * grain).clamp(0, 1), alpha


def strands(count: int, size_px: int, dice: Dice) -> tuple[Tensor, Tensor]:
    """A tuft of thin bent lines, as of hair or wire, as colours and alpha like `cards`."""
    x, y = places(size_px, dice.device)
    angle = per_picture(dice.normal(count, sigma=0.7))
    along = y * angle.cos() + x * angle.sin()
    across = x * angle.cos() - y * angle.sin()
    wave = per_picture(dice.uniform(count, low=1, high=7))
    bend = per_picture(dice.normal(count, sigma=0.06)) * torch.sin(wave * along * 3 + across)
    centre = per_picture(dice.uniform(count, low=0.0, high=1.0))
    off = across + bend - centre
    spacing = per_picture(dice.uniform(count, low=0.012, high=0.06))
    thick = spacing * per_picture(dice.uniform(count, low=0.1, high=0.45))
    line = (torch.remainder(off + 0.5 * spacing, spacing) - 0.5 * spacing).abs()
    alpha = ((thick - line) * size_px + 0.5).clamp(0, 1) * (
        off.abs() < per_picture(dice.uniform(count, low=0.02, high=0.16))
    )
    alpha = alpha * (along < per_picture(dice.uniform(count, low=0.3, high=1.2)))
    color = dice.uniform(count, 3, 1, 1) ** 2 * (1 + 0.3 * dice.field(count, 1, 24, size_px))
    return color.clamp(0, 1), alpha
