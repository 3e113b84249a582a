"""Lids drawn over open eyes: the upper lid slides down, its skin stretched from below the brow.

Performers close their eyes for moments only, some never in what was filmed, and a model that hardly saw it
paints open eyes over closed ones. Coordinates are those of `augment.py`, which also says which faces blink.
"""

from __future__ import annotations

import torch
from torch import Tensor

_EYES, _BROWS = (36, 42), (17, 22)  # first points of each: six of an eye from corner to corner, five of a brow
_EYE_POINTS, _BROW_POINTS = 6, 5
_STILL = 0.4  # of the way from the brow to the upper lid the skin stays where it is
_LEAST_ROOM = 0.1  # of an eye's width between brow and lid
_BEYOND = 0.15  # of the eye's height: lids meet a little below the lower lid's points
_CLOSED_READS = 0.15  # landmarks of closed lids still lie that far apart, of a usual opening
_FIRST_KNOT, _SECOND_KNOT, _LEAST_APART = (0.05, 0.6), (0.4, 0.95), 0.05  # along an eye's width


def blinked(grid_BHW2: Tensor, landmarks_B682: Tensor, shut_B: Tensor) -> Tensor:
    """Where to look each grid point up, so that eyes are closed by `shut_B`: 0 as they are, 1 closed.

    Points outside of the eyes and what lies between them and the brows stay.
    """
    for eye, brow in zip(_EYES, _BROWS, strict=True):
        points, above = (
            landmarks_B682[:, first : first + count]
            for first, count in ((eye, _EYE_POINTS), (brow, _BROW_POINTS))
        )
        grid_BHW2 = _closed(grid_BHW2, points, above.mean(1, keepdim=True), shut_B.view(-1, 1, 1))
    return grid_BHW2


def left_open(eyes_B: Tensor, shut_B: Tensor) -> Tensor:
    """How far eyes that were open by `eyes_B` of what is usual are open then, as their landmarks would tell."""
    return torch.minimum(eyes_B, (eyes_B * (1 - (1 + _BEYOND) * shut_B)).clamp(min=_CLOSED_READS))


def _closed(grid_BHW2: Tensor, eye_B62: Tensor, brow_B12: Tensor, shut_B11: Tensor) -> Tensor:
    """One eye. In here x runs from 0 to 1 between its corners and y downwards, in widths of the eye."""
    start, along = eye_B62[:, 0], eye_B62[:, 3] - eye_B62[:, 0]
    downwards = torch.stack([-along[:, 1], along[:, 0]], -1)
    axes_B22 = torch.stack([along, downwards], -1) / along.square().sum(-1).clamp(min=1e-8).view(-1, 1, 1)
    x, y = ((grid_BHW2 - start[:, None, None]) @ axes_B22[:, None]).unbind(-1)
    eye, brow = ((points - start[:, None]) @ axes_B22 for points in (eye_B62, brow_B12))
    upper, lower = _lid(x, eye[:, [1, 2]]), _lid(x, eye[:, [5, 4]])
    # Skin moves between `still` and the lid's edge, which comes down from `upper` to `edge`.
    still = upper + (1 - _STILL) * (torch.minimum(brow[..., 1:], upper - _LEAST_ROOM) - upper)
    edge = upper + shut_B11 * (1 + _BEYOND) * (lower - upper).clamp(min=0)
    from_y = still + (y - still) * (upper - still) / (edge - still)
    moves = (x > 0) & (x < 1) & (y > still) & (y < edge)
    return grid_BHW2 + torch.where(moves, from_y - y, 0.0)[..., None] * downwards[:, None, None]


def _lid(x_BHW: Tensor, knots_B22: Tensor) -> Tensor:
    """A lid's height at x: 0 in both corners, straight between these and its two points."""
    (first_x, first_y), (second_x, second_y) = (knots_B22[:, k, :, None, None].unbind(1) for k in (0, 1))
    first_x, second_x = first_x.clamp(*_FIRST_KNOT), second_x.clamp(*_SECOND_KNOT)
    slope = (second_y - first_y) / (second_x - first_x).clamp(min=_LEAST_APART)
    between = first_y + slope * (x_BHW - first_x)
    inner = torch.where(x_BHW < second_x, between, second_y * (1 - x_BHW) / (1 - second_x))
    return torch.where(x_BHW < first_x, first_y * x_BHW / first_x, inner)
