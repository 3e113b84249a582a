"""What cameras and codecs do to faces, in whole batches: blur, motion, coarse pixels, noise, JPEG, levels, hue.

Each face has its own amount, 0 for none to 1 for the most, on the CPU. Faces are (B, 3, S, S), RGB 0..1.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional as nnf

from understudy.grading.blur import along_both
from understudy.grading.colors import hsv_from_rgb, rgb_from_hsv

_MOST_BLUR_SHARE = 1 / 40  # sigma, of the side
_MOST_MOTION_SHARE = 1 / 12  # length, of the side
_COARSEST_SHARE = 1 / 8  # of the side, that is left
_MOST_NOISE = 0.12
_MOST_LEVELS = 0.2
_WORST_QUALITY = 15.0
# ITU-T T.81 (JPEG), annex K.1: the usual tables of luminance and chrominance.
_LUMA_TABLE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMA_TABLE = tuple(
    tuple((17, 18, 24, 47, 21, 26, 66, 56, 99)[n] if n < 9 else 99 for n in row)
    for row in (
        (0, 1, 2, 3, 9, 9, 9, 9),
        (1, 4, 5, 6, 9, 9, 9, 9),
        (2, 5, 7, 9, 9, 9, 9, 9),
        (3, 6, 9, 9, 9, 9, 9, 9),
        *((9,) * 8 for _ in range(4)),
    )
)
# JFIF 1.02: full-range BT.601.
_YCC_FROM_RGB = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))


def blur_sigmas_px(amounts_B: Tensor, size_px: int) -> Tensor:
    """Sigmas in pixels for `grading.blur.blurred`."""
    return amounts_B * size_px * _MOST_BLUR_SHARE


def coarse(faces_BCHW: Tensor, amounts_B: Tensor) -> Tensor:
    """Faces scaled down by averages, to an eighth at most, and up again, straight in between."""
    size = faces_BCHW.shape[-1]
    left = (size * (1 - amounts_B * (1 - _COARSEST_SHARE))).round().clamp(min=4).long().tolist()
    return along_both(faces_BCHW, torch.stack([_down_and_up(size, count) for count in left]))


def _down_and_up(size_px: int, count: int) -> Tensor:
    down = nnf.adaptive_avg_pool1d(torch.eye(size_px)[None], count)[0].T
    return nnf.interpolate(torch.eye(count)[None], size=size_px, mode="linear", align_corners=False)[0].T @ down


def moved(faces_BCHW: Tensor, amounts_B: Tensor, generator: Generator) -> Tensor:
    """Motion blur along a straight line in any direction, up to a twelfth of the side long."""
    count, _, size, _ = faces_BCHW.shape
    angles = torch.rand(count, generator=generator) * math.pi
    lengths = amounts_B * size * _MOST_MOTION_SHARE
    reach = max(1, math.ceil(size * _MOST_MOTION_SHARE / 2))
    place = torch.arange(-reach, reach + 1.0)
    y, x = torch.meshgrid(place, place, indexing="ij")
    cos, sin = (part.view(-1, 1, 1) for part in (torch.cos(angles), torch.sin(angles)))
    along, across = x * cos + y * sin, y * cos - x * sin
    kernels = (1 - across.abs()).clamp(min=0) * (lengths.view(-1, 1, 1) / 2 + 0.5 - along.abs()).clamp(0, 1)
    kernels = (kernels / kernels.sum((1, 2), keepdim=True)).to(faces_BCHW)
    padded = nnf.pad(faces_BCHW, (reach,) * 4, mode="replicate")
    kernels = kernels[:, None].expand(-1, 3, -1, -1).reshape(3 * count, 1, *kernels.shape[1:])
    return nnf.conv2d(padded.reshape(1, -1, *padded.shape[2:]), kernels, groups=3 * count).view_as(faces_BCHW)


def noisy(faces_BCHW: Tensor, amounts_B: Tensor, generator: Generator) -> Tensor:
    """Gaussian noise, from all grey to all coloured; its deviation is up to 0.12."""
    count, _, height, width = faces_BCHW.shape
    color = torch.rand(count, 1, 1, 1, generator=generator)
    grains = torch.randn(count, 4, height, width, generator=generator)
    noise = torch.sqrt(color) * grains[:, :3] + torch.sqrt(1 - color) * grains[:, 3:]
    sigma = amounts_B.view(-1, 1, 1, 1) * _MOST_NOISE
    return (faces_BCHW + (noise * sigma).to(faces_BCHW)).clamp(0, 1)


def leveled(faces_BCHW: Tensor, amounts_B: Tensor, generator: Generator) -> Tensor:
    """Other black, white and middle in each channel."""
    count = len(faces_BCHW)
    black, white, bend = torch.rand(3, count, 3, 1, 1, generator=generator)
    amount = amounts_B.view(-1, 1, 1, 1)
    low, high = black * _MOST_LEVELS * amount, 1 - white * _MOST_LEVELS * amount
    gamma = torch.exp((bend * 2 - 1) * 2 * _MOST_LEVELS * amount)
    low, high, gamma = (part.to(faces_BCHW) for part in (low, high, gamma))
    return ((faces_BCHW - low) / (high - low)).clamp(1e-4, 1) ** gamma


def hue_shifted(faces_BCHW: Tensor, power: float, generator: Generator) -> Tensor:
    """Hue turned by up to 180 * `power` degrees either way, saturation and value moved by up to half of it."""
    count = len(faces_BCHW)
    most_deg = max(1, int(180 * power))
    turn = torch.randint(-most_deg, most_deg + 1, (count,), generator=generator) / 360
    moves = (torch.rand(2, count, generator=generator) - 0.5) * power
    shift = torch.stack([turn, *moves], 1).to(faces_BCHW).view(count, 3, 1, 1)
    hue, rest = (hsv_from_rgb(faces_BCHW) + shift).split([1, 2], 1)
    return rgb_from_hsv(torch.cat([hue, rest.clamp(0, 1)], 1))


def jpeg_qualities(amounts_B: Tensor) -> Tensor:
    """Qualities for `as_jpeg`: 100 to 15."""
    return (100 - amounts_B * (100 - _WORST_QUALITY)).round()


def as_jpeg(faces_BCHW: Tensor, qualities_B: Tensor) -> Tensor:
    """What JPEG of a quality 1 to 100 leaves of faces, its chroma at half size."""
    size = faces_BCHW.shape[-1]
    spare = -size % 16
    padded = nnf.pad(faces_BCHW, (0, spare, 0, spare), mode="replicate") * 255
    to_ycc = torch.tensor(_YCC_FROM_RGB, dtype=padded.dtype, device=padded.device)
    luma, chroma = torch.einsum("ij,bjhw->bihw", to_ycc, padded.round()).split([1, 2], 1)
    luma = _quantised(luma - 128, _LUMA_TABLE, qualities_B) + 128
    chroma = _quantised(nnf.avg_pool2d(chroma, 2), _CHROMA_TABLE, qualities_B)
    chroma = nnf.interpolate(chroma, scale_factor=2, mode="bilinear", align_corners=False)
    ycc = torch.cat([luma, chroma], 1)
    rgb = torch.einsum("ij,bjhw->bihw", torch.linalg.inv(to_ycc.cpu()).to(ycc), ycc)
    return (rgb.round().clamp(0, 255) / 255)[..., :size, :size]


def _quantised(planes_BCHW: Tensor, table: tuple[tuple[int, ...], ...], qualities_B: Tensor) -> Tensor:
    """Blocks of 8 x 8 as cosines, rounded to the table's steps, and back."""
    count, channels, height, width = planes_BCHW.shape
    quality = qualities_B.float().clamp(1, 100).view(-1, 1, 1)
    scale = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality)  # as the IJG's library does
    steps = ((torch.tensor(table) * scale + 50) / 100).floor().clamp(1, 255).to(planes_BCHW)
    steps = steps.view(count, 1, 1, 1, 8, 8)
    blocks = planes_BCHW.view(count, channels, height // 8, 8, width // 8, 8).transpose(3, 4)
    cosines = _cosines().to(planes_BCHW)
    rounded = torch.round(cosines @ blocks @ cosines.T / steps) * steps
    return (cosines.T @ rounded @ cosines).transpose(3, 4).reshape_as(planes_BCHW)


def _cosines() -> Tensor:
    """The orthonormal cosine transform of eight numbers."""
    k, n = torch.arange(8.0).view(-1, 1), torch.arange(8.0)
    rows = torch.cos(math.pi * (2 * n + 1) * k / 16) / 2
    rows[0] /= math.sqrt(2)
    return rows
