"""Other light and other skin on a picture that is rendered already: domain randomisation, on the device.

Renderings are all alike in ways that no photograph shares: their shading, their smoothness, their colours. So
each lesson shades, mottles and grades them in some other way.
"""

from __future__ import annotations

import torch
from torch import Tensor

from understudy.training.dense_face.dice import Dice, per_picture
from understudy.training.dense_face.rooms import places

_LUMA = (0.299, 0.587, 0.114)


def relit(people_B3HW: Tensor, dice: Dice) -> Tensor:
    """People under soft fields of light, hard shadow edges and with a grain of their own."""
    count, size = len(people_B3HW), people_B3HW.shape[-1]
    shade = dice.field(count, 1, 3, size) * per_picture(dice.uniform(count) ** 2 * 0.6)
    shade = shade + dice.field(count, 3, 3, size) * per_picture(dice.uniform(count) ** 3 * 0.25)
    for cells, most in ((9, 0.12), (24, 0.10), (64, 0.10)):
        shade = shade + dice.field(count, 1, cells, size) * per_picture(dice.uniform(count) ** 3 * most)
    return (people_B3HW * shade.exp() * _shadows(count, size, dice)).clamp(0, 1)


def _shadows(count: int, size_px: int, dice: Dice) -> Tensor:
    """Half planes and patches that less light reaches, with sharp or soft edges, in a third of all pictures."""
    x, y = places(size_px, dice.device)
    angle = per_picture(dice.uniform(count, high=2 * torch.pi))
    plane = (x - 0.5) * angle.cos() + (y - 0.5) * angle.sin() + per_picture(dice.normal(count, sigma=0.12))
    patches = 0.15 * dice.field(count, 1, 6, size_px)
    place = torch.where(per_picture(dice.chance(count, share=0.6)), plane, patches)
    edge = per_picture(torch.exp(dice.uniform(count, low=-5.0, high=-1.8)))
    inside = torch.sigmoid(place / edge)
    depth = per_picture(dice.chance(count, share=0.35) * dice.uniform(count, low=0.15, high=0.8))
    return 1 - depth * inside


def graded(pictures_B3HW: Tensor, dice: Dice) -> Tensor:
    """Another exposure, white balance, contrast, curve and saturation; one in seven in black and white."""
    count = len(pictures_B3HW)
    luma = torch.tensor(_LUMA, device=pictures_B3HW.device).view(1, 3, 1, 1)
    grey = (pictures_B3HW * luma).sum(1, keepdim=True)
    saturation = per_picture(torch.exp(dice.normal(count, sigma=0.3)))
    saturation = saturation * per_picture((~dice.chance(count, share=1 / 7)).float())
    out = grey + (pictures_B3HW - grey) * saturation
    gain = torch.exp(dice.normal(count, 1, 1, 1, sigma=0.24) + dice.normal(count, 3, 1, 1, sigma=0.08))
    out = (out * gain).clamp(1e-4, 1)
    gamma = torch.exp(dice.normal(count, 1, 1, 1, sigma=0.22) + dice.normal(count, 3, 1, 1, sigma=0.05))
    out = out**gamma
    middle = out.mean((1, 2, 3), keepdim=True)
    out = middle + (out - middle) * per_picture(torch.exp(dice.normal(count, sigma=0.2)))
    lifted = per_picture(dice.uniform(count) ** 4 * 0.25)
    return (lifted + (1 - lifted) * out).clamp(0, 1)
