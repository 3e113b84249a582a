"""What a model is shown: faces turned, mirrored, bent, relit and tinted at random, whole batches on the device.

Every random number is drawn on the CPU from the generator that is handed in, so a run repeats on any device.
Coordinates in here run from -1 to 1 across the model's crop, x to the right, y down; a cached face reaches
further, by its margin. Not here: which faces are drawn (`feed.py`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import torch
from torch import Generator, Tensor
from torch.nn import functional as nnf

from understudy.grading.blur import blurred
from understudy.training.feeding import filters
from understudy.training.feeding.blinks import blinked, left_open

_WARP_CELLS = (2, 4, 8)
_WARP_STEP = 0.12  # standard deviation of a node's shift, in cells
_MOST_STRETCH = 0.15
_MOST_TURN_DEG, _MOST_ZOOM, _MOST_SHIFT = 10.0, 0.1, 0.08
_LIGHT_CELL_PX_SHARE = 24  # light is looked at on a grid of this many cells
_LIGHT_REACH = 3.0  # in such cells
_MOST_LIGHT = 3.3
_SHUT = (0.7, 1.1)  # how far lids close that do; from 0.87 on they are closed
_DARKNESS = 0.02  # added to both lights, so that black does not ask for infinite gain


@dataclass(frozen=True, eq=False)
class Faces:
    """A batch of cached faces: (B, 3, W, W) RGB 0..1 and masks (B, 3, W, W), W = crop_px + 2·margin.

    The masks are those of the whole face, of the eyes and of the mouth.
    """

    images_BCHW: Tensor
    masks_B3HW: Tensor
    crop_px: int  # side of the model's crop inside
    frames_BCHW: Tensor | None = None  # the whole frames they lie in, for models that paint those
    landmarks_B682: Tensor | None = None  # -1..1 across the crop
    openings_B2: Tensor | None = None  # of eyes and mouth, in the units of `openings_of_performer`


@dataclass(frozen=True, eq=False)
class Lesson:
    """What a model sees, what it should paint, where face, eyes and mouth are: (B, 3 or 1, size, size), 0..1.

    What is seen may have another size than the rest. What is told of faces, `openings_B2`, is no picture.
    """

    seen_BCHW: Tensor
    goal_BCHW: Tensor
    mask_B1HW: Tensor
    eyes_B1HW: Tensor
    mouth_B1HW: Tensor
    frame_BCHW: Tensor | None = None  # the whole frame, where that is to be painted as well
    openings_B2: Tensor | None = None  # of eyes and mouth, in the units of `openings_of_performer`

    def painting(self, goal_BCHW: Tensor) -> Lesson:
        """The same lesson with something else to paint."""
        return replace(self, goal_BCHW=goal_BCHW)

    def parts(self, count: int) -> list[Lesson]:
        """The batch in so many parts of the same size."""
        if count == 1:
            return [self]
        each = len(self.goal_BCHW) // count
        whole = {field.name: getattr(self, field.name) for field in fields(self)}
        whole = {name: tensor for name, tensor in whole.items() if tensor is not None}
        return [
            Lesson(**{name: tensor[n * each : (n + 1) * each] for name, tensor in whole.items()})
            for n in range(count)
        ]


def joined(parts: Sequence[Lesson]) -> Lesson:
    """Parts of a batch as one."""
    if len(parts) == 1:
        return parts[0]
    names = [field.name for field in fields(Lesson) if getattr(parts[0], field.name) is not None]
    return Lesson(**{name: torch.cat([getattr(part, name) for part in parts]) for name in names})


def uniform(count: int, low: float, high: float, generator: Generator) -> Tensor:
    """(count,) numbers between `low` and `high`."""
    return torch.rand(count, generator=generator) * (high - low) + low


def random_places(count: int, strength: float, generator: Generator) -> Tensor:
    """Turns, zooms and shifts as (count, 2, 3) matrices from crop to cache coordinates."""
    angle = uniform(count, -1, 1, generator) * math.radians(_MOST_TURN_DEG) * strength
    zoom = torch.exp(uniform(count, -1, 1, generator) * _MOST_ZOOM * strength)
    shift = uniform(2 * count, -1, 1, generator).view(count, 2) * _MOST_SHIFT * strength
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    rows = torch.stack([cos, -sin, shift[:, 0], sin, cos, shift[:, 1]], dim=1)
    return rows.view(count, 2, 3)


def random_bends(
    count: int, size_px: int, strength: float, generator: Generator, device: torch.device | None = None
) -> Tensor:
    """Smooth random shifts of every pixel, (count, size_px, size_px, 2) on the device: a grid of 2, 4 or 8
    cells whose inner nodes move by up to about a third of a cell."""
    bends = torch.zeros(count, 2, size_px, size_px, device=device)
    choice = torch.randint(0, len(_WARP_CELLS), (count,), generator=generator)
    for kind, cells in enumerate(_WARP_CELLS):
        nodes = torch.randn(count, 2, cells + 1, cells + 1, generator=generator).clamp(-2.5, 2.5)
        nodes *= _WARP_STEP * 2 / cells * strength * (choice == kind).float().view(-1, 1, 1, 1)
        nodes[:, :, [0, -1], :] = 0
        nodes[:, :, :, [0, -1]] = 0
        bends += nnf.interpolate(
            nodes.to(bends.device), size=(size_px, size_px), mode="bilinear", align_corners=True
        )
    return bends.permute(0, 2, 3, 1)


def stretched(grid_BHW2: Tensor, strength: float, generator: Generator) -> Tensor:
    """Grid points moved so that faces get other proportions: wider or longer, chin or brow larger.

    A model that is to paint straight what it saw stretched cannot copy the seen face's proportions: it has to
    know the performer's own. Without it, dst's distances between eyes, nose and mouth leak into the swap.
    """
    count, device = len(grid_BHW2), grid_BHW2.device
    zoom = torch.exp(uniform(2 * count, -1, 1, generator) * _MOST_STRETCH * strength)
    taper = uniform(count, -1, 1, generator) * _MOST_STRETCH / 2 * strength
    x, y = (grid_BHW2 * zoom.view(count, 1, 1, 2).to(device)).unbind(-1)
    taper = taper.view(count, 1, 1).to(device)
    return torch.stack([x * (1 + taper * y), y * (1 + taper * y)], dim=-1)


def pixel_grid(size_px: int) -> Tensor:
    """Where the crop's pixel centres lie, (size_px, size_px, 2) in x, y."""
    centres = (torch.arange(size_px) + 0.5) / size_px * 2 - 1
    y, x = torch.meshgrid(centres, centres, indexing="ij")
    return torch.stack([x, y], dim=-1)


def sampled(images_BCHW: Tensor, grid_BHW2: Tensor, *, crop_px: int) -> Tensor:
    """Cached images looked up at crop coordinates; beyond the cache their edge repeats."""
    share = crop_px / images_BCHW.shape[-1]
    return nnf.grid_sample(
        images_BCHW, grid_BHW2 * share, mode="bilinear", padding_mode="border", align_corners=False
    )


def placed(places_B23: Tensor, grid_BHW2: Tensor) -> Tensor:
    """Grid points moved by each sample's matrix."""
    turned = torch.einsum("bij,bhwj->bhwi", places_B23[:, :, :2], grid_BHW2)
    return turned + places_B23[:, None, None, :, 2]


def slow_light(faces_BCHW: Tensor, masks_B1HW: Tensor) -> Tensor:
    """The face's colours without detail, (B, 3, 24, 24), from pixels inside the mask alone.

    A normalised convolution: Knutsson and Westin, "Normalized and differential convolution", CVPR 1993.
    """
    small = nnf.adaptive_avg_pool2d(torch.cat([faces_BCHW * masks_B1HW, masks_B1HW], 1), _LIGHT_CELL_PX_SHARE)
    place = torch.arange(_LIGHT_CELL_PX_SHARE, device=small.device, dtype=small.dtype)
    blur = torch.exp(-((place[:, None] - place) ** 2) / (2 * _LIGHT_REACH**2))
    small = blur @ small @ blur
    return small[:, :3] / (small[:, 3:] + 1e-4)


def light_gain(faces: Tensor, masks: Tensor, lit_faces: Tensor, lit_masks: Tensor) -> Tensor:
    """The slowly varying factor that brings `faces` into the light of `lit_faces`, in their shape; 1 where the
    mask of either is empty, which is no darkness."""
    gain = (slow_light(lit_faces, lit_masks) + _DARKNESS) / (slow_light(faces, masks) + _DARKNESS)
    size = (faces.shape[-2], faces.shape[-1])
    seen_B = (masks.sum((1, 2, 3)) >= 1) & (lit_masks.sum((1, 2, 3)) >= 1)
    gain = torch.where(seen_B.view(-1, 1, 1, 1), gain, 1.0)
    return nnf.interpolate(
        gain.clamp(1 / _MOST_LIGHT, _MOST_LIGHT), size=size, mode="bilinear", align_corners=False
    )


def tinted(faces_BCHW: Tensor, strength: float, generator: Generator) -> Tensor:
    """Faces with other brightness, contrast, tint and soft shading."""
    count, device = len(faces_BCHW), faces_BCHW.device
    gain = torch.exp(uniform(count, -0.2, 0.2, generator) * strength).view(count, 1, 1, 1)
    tint = torch.exp(uniform(3 * count, -0.07, 0.07, generator) * strength).view(count, 3, 1, 1)
    bend = torch.exp(uniform(count, -0.2, 0.2, generator) * strength).view(count, 1, 1, 1)
    nodes = (torch.randn(count, 1, 3, 3, generator=generator) * 0.12 * strength).to(device)
    size = (faces_BCHW.shape[-2], faces_BCHW.shape[-1])
    shading = torch.exp(nnf.interpolate(nodes, size=size, mode="bicubic", align_corners=True))
    factor = (gain * tint).to(device) * shading
    return (faces_BCHW.clamp(1e-3, 1) ** bend.to(device) * factor).clamp(0, 1)


@dataclass(frozen=True)
class Variation:
    """How strong each kind of change is; 0 is none, and then it is not computed."""

    shift: float = 0.0
    blink: float = 0.0  # share of the faces whose eyes are closed
    stretch: float = 0.0
    warp: float = 0.0
    color_jitter: float = 0.0
    hue: float = 0.0
    levels: float = 0.0
    downscale: float = 0.0
    blur: float = 0.0
    motion_blur: float = 0.0
    noise: float = 0.0
    jpeg: float = 0.0


def damaged(seen_BCHW: Tensor, variation: Variation, generator: Generator) -> Tensor:
    """What is seen in other colours and of worse quality, every face by a random part of each strength."""
    count, size_px = len(seen_BCHW), seen_BCHW.shape[-1]

    def amounts(strength: float) -> Tensor:
        return uniform(count, 0, strength, generator)

    if variation.hue:
        seen_BCHW = filters.hue_shifted(seen_BCHW, variation.hue, generator)
    if variation.levels:
        seen_BCHW = filters.leveled(seen_BCHW, amounts(variation.levels), generator)
    if variation.downscale:
        seen_BCHW = filters.coarse(seen_BCHW, amounts(variation.downscale))
    if variation.blur:
        seen_BCHW = blurred(seen_BCHW, filters.blur_sigmas_px(amounts(variation.blur), size_px))
    if variation.motion_blur:
        seen_BCHW = filters.moved(seen_BCHW, amounts(variation.motion_blur), generator)
    if variation.noise:
        seen_BCHW = filters.noisy(seen_BCHW, amounts(variation.noise), generator)
    if variation.jpeg:
        seen_BCHW = filters.as_jpeg(seen_BCHW, filters.jpeg_qualities(amounts(variation.jpeg)))
    return seen_BCHW


def lesson(
    faces: Faces,
    *,
    size_px: int,
    seen_px: int | None = None,
    variation: Variation,
    generator: Generator,
    light: Faces | None = None,
    relit_B: Tensor | None = None,
) -> Lesson:
    """Make a batch of faces into what the model sees, of side `seen_px`, and what it should paint.

    Where `relit_B` is true, a face takes on the light of the face beside it in `light`, in what is seen and in
    what is to be painted: light then has to travel through the code. Whole frames stay as they are.
    """
    device, count = faces.images_BCHW.device, len(faces.images_BCHW)
    seen_px = seen_px or size_px
    fine, fine_seen = (max(1, faces.crop_px // px) for px in (size_px, seen_px))
    places = random_places(count, variation.shift, generator).to(device)
    crooked = pixel_grid(seen_px * fine_seen).to(device)[None].expand(count, -1, -1, -1)
    if variation.warp:
        crooked = crooked + random_bends(count, seen_px * fine_seen, variation.warp, generator, device)
    if variation.stretch:
        crooked = stretched(crooked, variation.stretch, generator)
    grid = placed(places, pixel_grid(size_px * fine).to(device)[None].expand(count, -1, -1, -1))
    turned, openings = placed(places, crooked), faces.openings_B2
    if variation.blink:
        shut_B = _shut(faces, variation.blink, generator)
        grid, turned = (_with_closed_eyes(each, faces, shut_B) for each in (grid, turned))
        if openings is not None:
            eyes_open = left_open(openings[:, 0], shut_B.to(device))
            openings = torch.stack([eyes_open, openings[:, 1]], -1)
    stack = torch.cat([faces.images_BCHW, faces.masks_B3HW], 1)
    goal, mask, eyes, mouth = _coarser(sampled(stack, grid, crop_px=faces.crop_px), fine).split(
        [3, 1, 1, 1], dim=1
    )
    seen = _coarser(sampled(faces.images_BCHW, turned, crop_px=faces.crop_px), fine_seen)
    if light is not None and relit_B is not None:
        lit_stack = torch.cat([light.images_BCHW, light.masks_B3HW[:, :1]], 1)
        lit, lit_mask = _coarser(sampled(lit_stack, grid, crop_px=light.crop_px), fine).split([3, 1], dim=1)
        gain = light_gain(goal, mask, lit, lit_mask)
        gain = torch.where(relit_B.to(device).view(-1, 1, 1, 1), gain, 1.0)
        goal, seen = (goal * gain).clamp(0, 1), (seen * _of_side(gain, seen_px)).clamp(0, 1)
    if variation.color_jitter:
        seen = tinted(seen, variation.color_jitter, generator)
    seen = damaged(seen, variation, generator)
    seen = seen.contiguous(memory_format=torch.channels_last)
    return Lesson(seen, goal, mask, eyes, mouth, faces.frames_BCHW, openings)


def _shut(faces: Faces, share: float, generator: Generator) -> Tensor:
    """How far the eyes of each face are to be closed, (B,) on the CPU: not at all, or nearly, or whole."""
    count = len(faces.images_BCHW)
    shut_B = uniform(count, *_SHUT, generator) * (torch.rand(count, generator=generator) < share)
    # Whole frames can't blink, so their faces don't.
    return shut_B if faces.landmarks_B682 is not None and faces.frames_BCHW is None else torch.zeros(count)


def _with_closed_eyes(grid_BHW2: Tensor, faces: Faces, shut_B: Tensor) -> Tensor:
    """The grid that looks faces up with their eyes closed that far."""
    chosen = shut_B.nonzero()[:, 0]
    if faces.landmarks_B682 is None or not len(chosen):
        return grid_BHW2
    numbers, shut = (each.to(grid_BHW2.device) for each in (chosen, shut_B[chosen]))
    return grid_BHW2.index_copy(0, numbers, blinked(grid_BHW2[numbers], faces.landmarks_B682[numbers], shut))


def _coarser(images_BCHW: Tensor, times: int) -> Tensor:
    """Averages of `times` x `times` pixels: a coarse look at a fine cache must not skip pixels."""
    return images_BCHW if times == 1 else nnf.avg_pool2d(images_BCHW, times)


def _of_side(field_BCHW: Tensor, size_px: int) -> Tensor:
    """A smooth field at another size."""
    if field_BCHW.shape[-1] == size_px:
        return field_BCHW
    return nnf.interpolate(field_BCHW, size=(size_px, size_px), mode="bilinear", align_corners=False)
