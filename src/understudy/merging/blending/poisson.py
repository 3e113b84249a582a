"""Gradient-domain cloning: the frame's colours flow into a painted face while the face keeps its own gradients.

Pérez, Gangnet and Blake, "Poisson image editing", SIGGRAPH 2003, on the mask's bounding box as OpenCV's
seamlessClone has it: inside the mask the gradients are the painted face's, between mask and box the frame's,
on the box's rim the frame's own values stand. With h = painted - frame and a weight m that is 1 inside, the
change of the frame is v = m h + u, where u solves the five-point Laplace equation with the charges
-div(h grad m): all that is solved for is the membrane that the mask's edge pulls on. It is exact by the
eigenvectors of the Laplacian on a box, four matrix products for each channel, in float32; where the mask's
edge is soft the membrane is as well, and large boxes solve it on a coarser grid.

Where the box ends at the frame's own edge nothing is known beyond, so nothing is asked there (an open end).
Many boxes of any sizes are solved at once. Not here: which pixels count as inside (`blend`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Float32 = npt.NDArray[np.float32]
Rim = float | None  # pixels from the box's edge to where the frame's values stand; None: nothing is known there

FINEST_SIDE_PX = 256  # longer boxes are solved coarser, as far as the softness of the mask's edge allows
EDGE_CELLS = 2.0  # of the grid, which a mask's edge must span
_NO_STIFFNESS = 1e-9


@dataclass(frozen=True, eq=False)
class Membrane:
    """What to solve in one box: the painted face's difference from the frame, and where the face counts.

    `rims` lie at top, bottom, left and right, within a pixel of the box's edge, at parts of a pixel so that a
    face that moves slowly moves them as slowly.
    """

    difference_HWC: Float32  # painted - frame, any range
    weight_HW: Float32  # 0..1; 0 on the box's outermost pixels but for open ends
    rims: tuple[Rim, Rim, Rim, Rim] = (0.5, 0.5, 0.5, 0.5)


def changes(membranes: Sequence[Membrane], *, device: str | torch.device = "cpu") -> list[Float32]:
    """What to add to the frame in every box, (height, width, channels) each, 0 on the rim."""
    fields: list[Float32] = [np.zeros(0, np.float32)] * len(membranes)
    asked = [index for index, one in enumerate(membranes) if _has_something_to_do(one)]
    coarse = [_coarser(membranes[index]) for index in asked]
    for index, field in zip(asked, _solved(coarse, torch.device(device)), strict=True):
        fields[index] = field
    return [
        one.weight_HW[..., None] * one.difference_HWC + _at_size_of(one, field)
        for one, field in zip(membranes, fields, strict=True)
    ]


def edge_width_px(weight_HW: Float32) -> float:
    """How many pixels a mask takes from 0 to 1 where it is steepest."""
    steepest = max(float(np.abs(np.diff(weight_HW, axis=axis)).max(initial=0)) for axis in (0, 1))
    return 1 / max(steepest, 1e-6)


def _has_something_to_do(membrane: Membrane) -> bool:
    return bool(membrane.difference_HWC.any() and membrane.weight_HW.any())


def _coarser(membrane: Membrane) -> Membrane:
    """The same problem on a grid that is as coarse as the softness of the mask's edge allows."""
    weight = membrane.weight_HW
    height, width = weight.shape
    most = min(max(height, width) / FINEST_SIDE_PX, edge_width_px(weight) / EDGE_CELLS)
    if most <= 1:
        return membrane
    size = (max(4, math.ceil(width / most)), max(4, math.ceil(height / most)))
    difference = cv2.resize(membrane.difference_HWC, size, interpolation=cv2.INTER_AREA)
    return Membrane(
        np.asarray(difference, np.float32).reshape(*size[::-1], -1),
        np.asarray(cv2.resize(weight, size, interpolation=cv2.INTER_AREA), np.float32),
        (*_scaled(membrane.rims[:2], size[1] / height), *_scaled(membrane.rims[2:], size[0] / width)),
    )


def _scaled(rims: tuple[Rim, Rim], factor: float) -> tuple[Rim, Rim]:
    start, end = (None if rim is None else rim * factor for rim in rims)
    return start, end


def _at_size_of(membrane: Membrane, field: Float32) -> Float32:
    height, width = membrane.weight_HW.shape
    if not field.size:
        return np.zeros_like(membrane.difference_HWC)
    if field.shape[:2] != (height, width):
        field = np.asarray(cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    return field.reshape(height, width, -1)


def _solved(membranes: Sequence[Membrane], device: torch.device) -> list[Float32]:
    """u for every box; boxes of several sizes share one batch, padded with nothing."""
    if not membranes:
        return []
    rows = [_ends_across(one.weight_HW.shape[0], *one.rims[:2]) for one in membranes]
    columns = [_ends_across(one.weight_HW.shape[1], *one.rims[2:]) for one in membranes]
    inner = [(down[0], across[0]) for down, across in zip(rows, columns, strict=True)]
    charges = [_charges(one)[place] for one, place in zip(membranes, inner, strict=True)]
    batch = len(charges)
    height, width = (max(one.shape[axis] for one in charges) for axis in (0, 1))
    charges_BCHW = torch.zeros(batch, charges[0].shape[2], height, width)
    down_BHH, across_BWW = torch.zeros(batch, height, height), torch.zeros(batch, width, width)
    gain_BHW = torch.zeros(batch, height, width)
    for index, charge in enumerate(charges):
        high, wide = charge.shape[:2]
        charges_BCHW[index, :, :high, :wide] = torch.from_numpy(charge.transpose(2, 0, 1).copy())
        down_BHH[index, :high, :high], stiff_down = _eigenvectors(high, *rows[index][1:])
        across_BWW[index, :wide, :wide], stiff_across = _eigenvectors(wide, *columns[index][1:])
        stiffness = stiff_down[:, None] + stiff_across
        # Open on all sides, any constant fits: the frame keeps its own mean.
        gain_BHW[index, :high, :wide] = torch.where(stiffness > _NO_STIFFNESS, 1 / stiffness, 0.0)
    fields_BCHW = _solve_batch(*(t.to(device) for t in (charges_BCHW, down_BHH, across_BWW, gain_BHW))).cpu()
    results = []
    for one, field, place in zip(membranes, fields_BCHW, inner, strict=True):
        whole = np.zeros((*one.weight_HW.shape, len(field)), np.float32)
        part = whole[place]
        part[:] = field[:, : part.shape[0], : part.shape[1]].permute(1, 2, 0).numpy()
        results.append(whole)
    return results


def _solve_batch(charges_BCHW: Tensor, down_BHH: Tensor, across_BWW: Tensor, gain_BHW: Tensor) -> Tensor:
    down, across = down_BHH[:, None], across_BWW[:, None]
    spectrum = down.transpose(-1, -2) @ charges_BCHW @ across
    return down @ (spectrum * gain_BHW[:, None]) @ across.transpose(-1, -2)


def _charges(membrane: Membrane) -> Float32:
    """div(h grad m) on the pixels, from the links between neighbours; no link leaves the box."""
    h = membrane.difference_HWC
    m = np.repeat(np.float32(0.5) * membrane.weight_HW[..., None], h.shape[2], axis=2)
    charges = np.zeros_like(h)
    pull = (h[1:] + h[:-1]) * (m[1:] - m[:-1])
    charges[:-1] += pull
    charges[1:] -= pull
    pull = (h[:, 1:] + h[:, :-1]) * (m[:, 1:] - m[:, :-1])
    charges[:, :-1] += pull
    charges[:, 1:] -= pull
    return charges


def _ends_across(height_or_width: int, rim_start: Rim, rim_end: Rim) -> tuple[slice, float, float]:
    """The pixels inside two rims, and how each end answers: the value beyond is this times the last one.

    A rim at distance d from the last pixel's centre is a link of strength 1/d, an open end no link. Pixels
    nearer than half a pixel to the rim belong to it.
    """
    start = 0 if rim_start is None else math.ceil(rim_start)
    stop = height_or_width - (0 if rim_end is None else math.ceil(rim_end))
    answer_start = 1.0 if rim_start is None else 1 - 1 / (start + 0.5 - rim_start)
    answer_end = 1.0 if rim_end is None else 1 - 1 / (height_or_width - stop + 0.5 - rim_end)
    return slice(start, stop), answer_start, answer_end


def _eigenvectors(count: int, start: float, end: float) -> tuple[Tensor, Tensor]:
    """Orthonormal eigenvectors (columns) and eigenvalues of the negative second difference of `count` pixels.

    Beyond the first pixel stands `start` times its value, beyond the last `end` times its (-1..1). They are
    sines: sin(j t + p(t, start)) with (count + 1) t + p(t, start) + p(t, end) = k pi, which for 0 and 1 are the
    sine and cosine transforms (Strang, "The discrete cosine transform", SIAM Review 41(1), 1999).
    """
    order = np.arange(1, count + 1)
    angle = order * np.pi / (count + 1)
    for _ in range(4 if count > 24 else 12):  # each step leaves less than 1 / count of the error
        angle = (order * np.pi - _phase(angle, start) - _phase(angle, end)) / (count + 1)
    turns = order[:, None] * (angle / (2 * np.pi)) + _phase(angle, start) / (2 * np.pi)
    turns -= np.rint(turns)  # few enough for a sine in float32, which is much faster
    vectors = np.sin(turns.astype(np.float32) * np.float32(2 * np.pi))
    vectors /= np.linalg.norm(vectors, axis=0)
    return torch.from_numpy(vectors), torch.from_numpy(2 - 2 * np.cos(angle)).float()


def _phase(angle: npt.NDArray[np.float64], answer: float) -> npt.NDArray[np.float64]:
    if answer == 1:  # the limit, also at angle 0
        return (np.pi - angle) / 2
    return np.arctan2(answer * np.sin(angle), 1 - answer * np.cos(angle))
