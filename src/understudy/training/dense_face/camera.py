"""What lenses, sensors and codecs do to a picture, for whole batches on the device.

Lens blur, motion blur, grain, low resolution, blocks and colour at half size as in JPEG and H.264, eight bits.
Blur and low resolution are matrices over rows and columns, taken from banks that are made once.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from understudy.grading.blur import along_both
from understudy.training.dense_face.dice import Dice, per_picture
from understudy.training.dense_face.factors import NOTHING

_BLURS, _MOST_BLUR_PX = 32, 3.0
_COARSEST_PX = 18
_REACH_PX, _ANGLES, _LENGTHS = 6, 12, 6
_BLOCK_PX = 8
_MOST_STEP = 0.35
# JFIF 1.02: full-range BT.601.
_YCC_FROM_RGB = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))


class Camera:
    """Takes pictures (B, 3, S, S) 0..1 of one size, worse than they are, each in its own way.

    `without` names those of `factors.FACTORS` that it does not do.
    """

    def __init__(
        self, size_px: int, device: torch.device | str = "cpu", *, without: frozenset[str] = NOTHING
    ) -> None:
        self.without = without
        self.blurs_NSS = _blur_bank(size_px).to(device)
        self.coarse_NSS = _coarse_bank(size_px).to(device)
        self.motions_N1KK = _motion_bank().to(device)
        self.cosines_88 = _cosines().to(device)
        self.ycc_33 = torch.tensor(_YCC_FROM_RGB, device=device)
        self.rgb_33 = torch.linalg.inv(torch.tensor(_YCC_FROM_RGB)).to(device)

    def taken(self, pictures_B3SS: Tensor, dice: Dice) -> Tensor:
        """The pictures as this camera gives them, in steps of eight bits."""
        count = len(pictures_B3SS)
        seen = self._blurred(pictures_B3SS, dice)
        half, quarter = count // 2, count // 4
        # Which pictures come first says nothing about them, so fixed parts of a batch stand for chance.
        seen = torch.cat([self._moved(seen[:quarter], dice), seen[quarter:]])
        seen = self._grained(seen, dice)
        seen = self._coarsened(seen, dice)
        seen = torch.cat(
            [seen[:quarter], self._coded(seen[quarter : quarter + half], dice), seen[quarter + half :]]
        )
        return (self._grained(seen, dice).clamp(0, 1) * 255).round() / 255

    def _blurred(self, pictures_B3SS: Tensor, dice: Dice) -> Tensor:
        if "blur" in self.without:
            return pictures_B3SS
        count = len(pictures_B3SS)
        amount = dice.uniform(count) ** 2 * dice.chance(count, share=0.5)
        return along_both(pictures_B3SS, self.blurs_NSS[(amount * (_BLURS - 1)).long()])

    def _coarsened(self, pictures_B3SS: Tensor, dice: Dice) -> Tensor:
        if "coarse" in self.without:
            return pictures_B3SS
        count = len(pictures_B3SS)
        last = len(self.coarse_NSS) - 1
        worse = 1 - (_COARSEST_PX / (last + _COARSEST_PX)) ** dice.uniform(count)
        left = (last - worse * last * dice.chance(count, share=0.45)).long()
        return along_both(pictures_B3SS, self.coarse_NSS[left])

    def _moved(self, pictures_B3SS: Tensor, dice: Dice) -> Tensor:
        count, _, size, _ = pictures_B3SS.shape
        if not count or "blur" in self.without:
            return pictures_B3SS
        kernels = self.motions_N1KK[dice.whole(count, below=len(self.motions_N1KK))]
        kernels = kernels.repeat_interleave(3, 0)
        padded = functional.pad(pictures_B3SS, (_REACH_PX,) * 4, mode="replicate")
        out = functional.conv2d(padded.reshape(1, 3 * count, *padded.shape[2:]), kernels, groups=3 * count)
        return out.view(count, 3, size, size)

    def _grained(self, pictures_B3SS: Tensor, dice: Dice) -> Tensor:
        if "grain" in self.without:
            return pictures_B3SS
        count, _, size, _ = pictures_B3SS.shape
        sigma = dice.uniform(count) ** 3 * 0.10 * dice.chance(count, share=0.5)
        color = per_picture(dice.uniform(count))
        grains = dice.normal(count, 4, size, size)
        noise = color.sqrt() * grains[:, :3] + (1 - color).sqrt() * grains[:, 3:]
        return pictures_B3SS + noise * per_picture(sigma)

    def _coded(self, pictures_B3SS: Tensor, dice: Dice) -> Tensor:
        """Blocks of cosines in coarse steps, at full size or, for half of them, at half size."""
        if "codec" in self.without:
            return pictures_B3SS
        half = len(pictures_B3SS) // 2
        small = functional.avg_pool2d(pictures_B3SS[:half], 2)
        small = functional.interpolate(self._blocks(small, dice), scale_factor=2, mode="bilinear")
        return torch.cat([small, self._blocks(pictures_B3SS[half:], dice)])

    def _blocks(self, pictures_B3SS: Tensor, dice: Dice) -> Tensor:
        count = len(pictures_B3SS)
        if not count:
            return pictures_B3SS
        step = per_picture(dice.uniform(count) ** 2 * _MOST_STEP + 0.005)[..., None, None]
        ycc = torch.einsum("ij,bjhw->bihw", self.ycc_33, pictures_B3SS)
        chroma = functional.avg_pool2d(ycc[:, 1:], 2)
        luma = self._rounded(ycc[:, :1], step)
        chroma = functional.interpolate(self._rounded(chroma, 1.3 * step), scale_factor=2, mode="bilinear")
        return torch.einsum("ij,bjhw->bihw", self.rgb_33, torch.cat([luma, chroma], 1))

    def _rounded(self, planes_BCHW: Tensor, step: Tensor) -> Tensor:
        count, channels, height, width = planes_BCHW.shape
        rows, columns = height // _BLOCK_PX, width // _BLOCK_PX
        blocks = planes_BCHW.view(count, channels, rows, _BLOCK_PX, columns, _BLOCK_PX).transpose(3, 4)
        # The eye minds fine patterns less: codecs give higher frequencies longer steps (T.81, annex K).
        order = torch.arange(_BLOCK_PX, device=planes_BCHW.device, dtype=planes_BCHW.dtype)
        steps = step * (1 + 0.35 * (order[:, None] + order))
        cosines = self.cosines_88 @ blocks @ self.cosines_88.T
        rounded = torch.round(cosines / steps) * steps
        return (self.cosines_88.T @ rounded @ self.cosines_88).transpose(3, 4).reshape_as(planes_BCHW)


def _blur_bank(size_px: int) -> Tensor:
    place = torch.arange(float(size_px))
    sigmas = torch.linspace(0, _MOST_BLUR_PX, _BLURS).clamp(min=1e-3).view(-1, 1, 1)
    weights = torch.exp(-((place[:, None] - place) ** 2) / (2 * sigmas**2))
    return weights / weights.sum(2, keepdim=True)


def _coarse_bank(size_px: int) -> Tensor:
    """Down to each number of pixels from the coarsest on and up again; the last one is the identity."""
    whole = torch.eye(size_px)[None]
    bank = []
    for left in range(_COARSEST_PX, size_px + 1):
        down = functional.interpolate(whole, size=left, mode="area")[0].T
        up = functional.interpolate(torch.eye(left)[None], size=size_px, mode="linear", align_corners=False)[
            0
        ].T
        bank.append(up @ down)
    bank[-1] = whole[0]
    return torch.stack(bank)


def _motion_bank() -> Tensor:
    at = torch.arange(-_REACH_PX, _REACH_PX + 1.0)
    y, x = torch.meshgrid(at, at, indexing="ij")
    kernels = []
    for angle in torch.arange(_ANGLES) * math.pi / _ANGLES:
        along, across = x * angle.cos() + y * angle.sin(), y * angle.cos() - x * angle.sin()
        for length in torch.linspace(0, 2 * _REACH_PX - 1, _LENGTHS):
            kernel = (1 - across.abs()).clamp(min=0) * (length / 2 + 0.5 - along.abs()).clamp(0, 1)
            kernels.append(kernel / kernel.sum())
    return torch.stack(kernels)[:, None]


def _cosines() -> Tensor:
    """The orthonormal cosine transform of eight numbers."""
    k, n = torch.arange(float(_BLOCK_PX)).view(-1, 1), torch.arange(float(_BLOCK_PX))
    rows = torch.cos(math.pi * (2 * n + 1) * k / (2 * _BLOCK_PX)) / 2
    rows[0] /= math.sqrt(2)
    return rows
