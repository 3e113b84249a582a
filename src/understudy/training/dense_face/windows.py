"""Which part of a rendered picture a lesson shows: the reading crop, as far off as it will be in use.

Half of the crops lie as from a detector's box (upright, so the head keeps its roll), half as from the points of
the last frame. Some lie where no face is, or far too near or too far.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from understudy.networks.dense_face import CROP_PX, mirror_order_70
from understudy.training.dense_face.dice import Dice
from understudy.training.dense_face.factors import NOTHING

# MTCNN's boxes on 118 rendered people, as shares of the crop's side: centre 0.018 off in x and y (5 in 100 more
# than 0.04), size 0.064 off as a logarithm. Real pictures are harder, so training errs about twice as far.
_DETECTED = {"shift": 0.035, "scale": 0.10, "roll_deg": 17.0}
_TRACKED = {"shift": 0.025, "scale": 0.05, "roll_deg": 5.0}
_FAR_OFF = {"shift": 0.07, "scale": 0.16, "roll_deg": 32.0}  # one crop in eight
_NEAR, _FAR = 0.3, 3.0  # scales at which a crop shows no face as a whole


@dataclass(frozen=True, eq=False)
class Windows:
    """Where B crops lie: a place in a crop's shares is (place - 0.5) @ linear.T + centre in picture pixels."""

    linear_B22: Tensor
    centre_B2: Tensor
    mirrored_B: Tensor  # bool

    def to_shares(self, points_BK2: Tensor) -> Tensor:
        """Points of the picture in shares of the crops, with the mirrored ones under their new numbers."""
        a, b, c, d = self.linear_B22.flatten(1).unbind(1)
        inverse = torch.stack([d, -b, -c, a], 1).view(-1, 2, 2) / (a * d - b * c).view(-1, 1, 1)
        shares = (points_BK2 - self.centre_B2[:, None]) @ inverse.mT + 0.5
        order = torch.from_numpy(mirror_order_70()).to(shares.device)
        return torch.where(self.mirrored_B.view(-1, 1, 1), shares[:, order], shares)

    def cut(self, pictures_BCSS: Tensor) -> Tensor:
        """The crops (B, C, 128, 128) as floats 0..1 from bytes; the picture's edge goes on outside.

        In every other crop that ends: people and skin (channels 3 and 4) end with the picture.
        """
        side = pictures_BCSS.shape[-1]
        theta = torch.cat([self.linear_B22 / side, (self.centre_B2 * 2 / side - 1)[..., None]], 2)
        size = [len(pictures_BCSS), pictures_BCSS.shape[1], CROP_PX, CROP_PX]
        grid = functional.affine_grid(theta, size, align_corners=False)
        crops = functional.grid_sample(
            pictures_BCSS.float() / 255, grid, "bilinear", "border", align_corners=False
        )
        inside = (grid.abs().amax(3) <= 1)[:, None].float()
        inside[::2] = 1
        return torch.cat([crops[:, :3], crops[:, 3:] * inside], 1)


def exact_windows(crops_B4: Tensor) -> Windows:
    """The reading crops themselves, for measuring."""
    count, device = len(crops_B4), crops_B4.device
    zeros = torch.zeros(count, device=device)
    return _windows(crops_B4, torch.zeros(count, 2, device=device), zeros, zeros, zeros > 0)


def varied_windows(crops_B4: Tensor, dice: Dice, without: frozenset[str] = NOTHING) -> Windows:
    """Reading crops as they lie in use; a half mirrored, each stretched and sheared a little."""
    count = len(crops_B4)
    kind = dice.uniform(count)

    def chosen(name: str) -> Tensor:
        usual = torch.where(kind < 0.5, _DETECTED[name], _TRACKED[name])
        return torch.where(kind > 1 - 1 / 8, _FAR_OFF[name], usual)

    shift = dice.normal(count, 2) * chosen("shift")[:, None]
    scale = dice.normal(count) * chosen("scale")
    roll = torch.deg2rad(dice.normal(count) * chosen("roll_deg")) * ("roll" not in without)
    mirrored = dice.chance(count, share=0.5)
    out = _windows(crops_B4, shift, scale, roll, mirrored)
    bend = torch.diag_embed(torch.exp(dice.normal(count, 1, sigma=0.035) * torch.tensor([1.0, -1.0]).to(kind)))
    bend[:, 0, 1] = dice.normal(count, sigma=0.03)
    return Windows(bend @ out.linear_B22, out.centre_B2, mirrored)


def empty_windows(crops_B4: Tensor, dice: Dice) -> Windows:
    """Crops beside the face, within it and far away from it, a third each."""
    count = len(crops_B4)
    kind = dice.uniform(count)
    angle = dice.uniform(count, high=2 * torch.pi)
    away = torch.where(kind < 1 / 3, dice.uniform(count, low=0.75, high=1.2), 0.1)
    shift = torch.stack([angle.cos(), angle.sin()], 1) * away[:, None]
    scale = torch.where(kind < 1 / 3, 1.0, torch.where(kind < 2 / 3, _NEAR, _FAR)) * (
        1 + dice.uniform(count, low=-0.15, high=0.15)
    )
    roll = dice.normal(count, sigma=0.5)
    return _windows(crops_B4, shift, scale.log(), roll, dice.chance(count, share=0.5))


def _windows(
    crops_B4: Tensor, shift_B2: Tensor, scale_B: Tensor, roll_B: Tensor, mirrored_B: Tensor
) -> Windows:
    """`shift_B2` is in shares of the crop's side along its own axes; `scale_B` a logarithm."""
    centre, side, roll = crops_B4[:, :2], crops_B4[:, 2], crops_B4[:, 3] + roll_B
    cos, sin = roll.cos(), roll.sin()
    turn = torch.stack([cos, -sin, sin, cos], 1).view(-1, 2, 2)
    linear = turn * (side * scale_B.exp()).view(-1, 1, 1)
    moved = centre + (linear @ shift_B2[..., None])[..., 0]
    sign = torch.where(mirrored_B, -1.0, 1.0).to(linear)
    flip = torch.stack([sign, torch.ones_like(sign)], 1)
    return Windows(linear * flip[:, None], moved, mirrored_B)
