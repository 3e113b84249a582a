"""What a segmenter is shown: drawn faces turned, bent, tinted, damaged, covered and before other rooms.

Whole batches on the device; every random number is drawn on the CPU from the generator that is handed in. What
covers one face is laid over others, at any place and turn: a few drawn microphones become many (after Ghiasi et
al., "Simple copy-paste is a strong data augmentation method for instance segmentation", CVPR 2021).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from understudy.training.feeding.augment import (
    Variation,
    damaged,
    pixel_grid,
    placed,
    random_bends,
    random_places,
    sampled,
    tinted,
    uniform,
)
from understudy.training.segmenting.drawn import DrawnFaces
from understudy.training.segmenting.options import MaskTrainOptions

_USUAL = Variation(shift=1.2, warp=0.7, color_jitter=1.0, hue=0.08, levels=0.4, downscale=0.5, blur=0.4)
_ROUGH = Variation(motion_blur=0.5, noise=0.4, jpeg=0.7)
_MOST_COVER_ZOOM, _MOST_COVER_SHIFT = 0.4, 0.5
_LEAST_OWN = 0.15  # of its own background that shows through another one


@dataclass(frozen=True, eq=False)
class MaskLesson:
    """What is seen, (B, 3, S, S), and which of it is face, (B, 1, S, S), 0..1."""

    seen_BCHW: Tensor
    mask_B1HW: Tensor


class Shelf:
    """Drawn faces on the device, ready to be shown."""

    def __init__(self, faces: DrawnFaces, device: torch.device) -> None:
        images = torch.from_numpy(faces.images_NHWC).permute(0, 3, 1, 2)
        masks = torch.from_numpy(faces.masks_NHW)[:, None]
        covers = torch.from_numpy(faces.covers_NHW)[:, None]
        self.stack_NCHW = torch.cat([images, masks, covers], 1).to(device)  # bytes
        self.covered = torch.from_numpy(faces.is_covered_N).nonzero()[:, 0]
        self.size_px, self.device = faces.size_px, device

    def __len__(self) -> int:
        return len(self.stack_NCHW)

    def taken(self, numbers: Tensor) -> Tensor:
        """(B, 5, W, W): RGB, face and cover, 0..1."""
        return self.stack_NCHW[numbers.to(self.device)].float() / 255


def lesson(shelf: Shelf, options: MaskTrainOptions, generator: Generator) -> MaskLesson:
    """A batch of faces as the options ask for."""
    count, strength = options.batch_size, options.variation
    own = _placed_at_random(
        shelf, torch.randint(0, len(shelf), (count,), generator=generator), strength, generator
    )
    if options.swap_background:
        own = _before_others(own, options.swap_background, generator)
    seen, mask, _ = own.split([3, 1, 1], 1)
    if options.paste_covers and len(shelf.covered):
        seen, mask = _covered(seen, mask, shelf, options.paste_covers, generator)
    if strength:
        seen = _varied(seen, strength, generator)
    return MaskLesson(seen.contiguous(memory_format=torch.channels_last), mask)


def _placed_at_random(shelf: Shelf, numbers: Tensor, strength: float, generator: Generator) -> Tensor:
    count, size = len(numbers), shelf.size_px
    grid = pixel_grid(size).to(shelf.device)[None].expand(count, -1, -1, -1)
    if strength:
        grid = grid + random_bends(count, size, _USUAL.warp * strength, generator, shelf.device)
        grid = placed(random_places(count, _USUAL.shift * strength, generator).to(shelf.device), grid)
        mirrored = torch.rand(count, generator=generator) < 0.5
        side = torch.where(mirrored, -1.0, 1.0).to(shelf.device).view(-1, 1, 1)
        grid = torch.stack([grid[..., 0] * side, grid[..., 1]], -1)
    return sampled(shelf.taken(numbers), grid, crop_px=size)


def _before_others(own_B5HW: Tensor, share: float, generator: Generator) -> Tensor:
    """Some faces with the surroundings of another one, where neither face nor cover lies."""
    count, device = len(own_B5HW), own_B5HW.device
    other = own_B5HW.roll(1, 0).flip(-1)
    room = (1 - own_B5HW[:, 3:].amax(1, keepdim=True)) * (1 - other[:, 3:4])
    change = uniform(count, 0, 1 - _LEAST_OWN, generator)
    change *= (torch.rand(count, generator=generator) < share).float()
    weight = room * change.view(-1, 1, 1, 1).to(device)
    rgb = own_B5HW[:, :3] * (1 - weight) + other[:, :3] * weight
    return torch.cat([rgb, own_B5HW[:, 3:]], 1)


def _covered(
    seen_BCHW: Tensor, mask_B1HW: Tensor, shelf: Shelf, share: float, generator: Generator
) -> tuple[Tensor, Tensor]:
    """Some faces with what covers another one laid over them, at any turn."""
    count = len(seen_BCHW)
    chosen = torch.randint(0, len(shelf.covered), (count,), generator=generator)
    angle = uniform(count, -math.pi, math.pi, generator)
    zoom = torch.exp(uniform(count, -_MOST_COVER_ZOOM, _MOST_COVER_ZOOM, generator))
    shift = uniform(2 * count, -_MOST_COVER_SHIFT, _MOST_COVER_SHIFT, generator).view(count, 2)
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    places = torch.stack([cos, -sin, shift[:, 0], sin, cos, shift[:, 1]], 1).view(count, 2, 3)
    grid = pixel_grid(shelf.size_px).to(shelf.device)[None].expand(count, -1, -1, -1)
    grid = placed(places.to(shelf.device), grid)
    laid = sampled(shelf.taken(shelf.covered[chosen]), grid, crop_px=shelf.size_px)
    is_covered = (torch.rand(count, generator=generator) < share).float().view(-1, 1, 1, 1)
    weight = laid[:, 4:] * is_covered.to(shelf.device)
    return seen_BCHW * (1 - weight) + laid[:, :3] * weight, mask_B1HW * (1 - weight)


def _varied(seen_BCHW: Tensor, strength: float, generator: Generator) -> Tensor:
    """Another light for all; for about half of them the marks of a bad camera or codec."""
    count = len(seen_BCHW)
    seen = tinted(seen_BCHW, _USUAL.color_jitter * strength, generator)
    usual = Variation(hue=_USUAL.hue * strength, levels=_USUAL.levels * strength)
    seen = damaged(seen, usual, generator)
    for damage in (
        Variation(downscale=_USUAL.downscale * strength, blur=_USUAL.blur * strength),
        Variation(motion_blur=_ROUGH.motion_blur * strength),
        Variation(noise=_ROUGH.noise * strength, jpeg=_ROUGH.jpeg * strength),
    ):
        hit = (torch.rand(count, generator=generator) < 0.3).nonzero()[:, 0].to(seen.device)
        if len(hit):
            seen = seen.index_copy(0, hit, damaged(seen[hit], _at_most_one(damage), generator))
    return seen


def _at_most_one(damage: Variation) -> Variation:
    return Variation(**{name: min(1.0, value) for name, value in vars(damage).items()})
