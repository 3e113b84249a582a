"""Whether swaps move as dst does: how points of our own face network lie in each.

Nothing that a model reconstructs says where a swap's head is turned or how far its mouth is open: a code may
mean something else for each performer, and no loss of pixels sees it. A network that knows faces does. What is
asked is that points move between faces as they do in dst: how src's proportions lie beside dst's is the same in
all faces of a batch, so their mean difference is nobody's fault and is taken out (docs/log.md, 2026-11-28,
"Swaps that are asked to follow").
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from understudy.networks.dense_face import DenseFaceNet

LOOKED_AT_PX = 96  # of the 128 that it learned with: half the work, and its points stray by a sixth more
# The square that is looked at, in distances from the eyes' middle to the mouth's; what lies beyond is repeated.
_SIDE, _DOWN = 3.2, 0.45
_LEAST_APART = 0.05  # of the crop's side; empty masks have no distance
_GAPS_COUNT = 0.7  # beside all points; lids and lips are few of them
_EYES = ((37, 41), (38, 40), (43, 47), (44, 46))  # upper and lower lid
_LIPS = ((61, 67), (62, 66), (63, 65))


def squares_about(eyes_B1HW: Tensor, mouth_B1HW: Tensor) -> tuple[Tensor, Tensor]:
    """Upright squares about faces, by masks of their parts: middles (B, 2) and sides (B,), in shares of the
    crop."""
    eyes, mouth = _middle(eyes_B1HW), _middle(mouth_B1HW)
    apart = (mouth - eyes).norm(dim=1).clamp(min=_LEAST_APART)
    down = torch.stack([torch.zeros_like(apart), _DOWN * apart], 1)
    middle = torch.stack([(eyes[:, 0] + mouth[:, 0]) / 2, eyes[:, 1]], 1) + down
    return middle, _SIDE * apart


def looked_at(faces_BCHW: Tensor, squares: tuple[Tensor, Tensor]) -> Tensor:
    """What lies in the squares, (B, 3, LOOKED_AT_PX, LOOKED_AT_PX): two products of matrices, which give the
    same slopes every time, as scattered additions do not."""
    (middle_B2, side_B), size_px = squares, faces_BCHW.shape[-1]
    steps = (torch.arange(LOOKED_AT_PX, device=faces_BCHW.device) + 0.5) / LOOKED_AT_PX - 0.5
    places_B2N = (middle_B2[..., None] + side_B[:, None, None] * steps) * size_px - 0.5
    reach_B11 = (side_B * size_px / LOOKED_AT_PX).clamp(min=1)[:, None, None]  # no pixel is skipped
    across, along = (_hats(place, size_px, reach_B11) for place in places_B2N.unbind(1))
    return along[:, None] @ faces_BCHW @ across[:, None].mT


class Seen(NamedTuple):
    """What the network says of B faces, in shares of their squares."""

    points_BK2: Tensor
    astray_B: Tensor  # how far a point is expected to lie from where it is said to, the mean of all


def movement_distance(swap: Seen, dst: Seen) -> Tensor:
    """How differently points move from face to face, the mean absolute difference: 0 where all of the swap's
    points lie as dst's do but for a difference that all faces share. Needs two faces.

    A face counts as much as its points are to be trusted beside dst's: what is no face yet has none that mean
    anything, and would only take away from the likeness that makes it one.
    """
    sure_B11 = (dst.astray_B / swap.astray_B).clamp(max=1).square().detach()[:, None, None]
    count = len(sure_B11)
    unshared = count / (count - 1)  # the mean takes that much of each difference with it

    def uneven(swap_BN: Tensor, dst_BN: Tensor) -> Tensor:
        apart = swap_BN - dst_BN
        shared = (sure_B11 * apart).sum(0) / sure_B11.sum(0)
        return (sure_B11 * (apart - shared).abs()).sum(-1).mean() * unshared

    gaps = uneven(_gaps(swap.points_BK2), _gaps(dst.points_BK2))
    return uneven(swap.points_BK2, dst.points_BK2) + _GAPS_COUNT * gaps


def seen_by(network: DenseFaceNet, faces_BCHW: Tensor, squares: tuple[Tensor, Tensor]) -> Seen:
    """Where the network sees the points in the squares, and how surely."""
    features = network.features(looked_at(faces_BCHW, squares))
    points_BK2, log_spread_BK, _, _ = network.point_head(features.near_BCHW, features.deep_BC)
    return Seen(points_BK2.float(), log_spread_BK.float().exp().mean(1))


def _middle(mask_B1HW: Tensor) -> Tensor:
    """The middle of a mask, (B, 2); of an empty one the crop's."""
    mass = mask_B1HW[:, 0] + 1e-6
    at = (torch.arange(mass.shape[-1], device=mass.device) + 0.5) / mass.shape[-1]
    return torch.stack([(mass.sum(1) * at).sum(1), (mass.sum(2) * at).sum(1)], 1) / mass.sum((1, 2))[:, None]


def _hats(places_BN: Tensor, count: int, reach_B11: Tensor) -> Tensor:
    """How much each of `count` pixels gives to each place, (B, N, count); beyond the rim that of the rim."""
    within = places_BN.clamp(0, count - 1)[..., None]
    hats = (1 - (within - torch.arange(count, device=places_BN.device)).abs() / reach_B11).clamp(min=0)
    return hats / hats.sum(-1, keepdim=True)


def _gaps(points_BK2: Tensor) -> Tensor:
    """How far lids and lips are apart, (B, 3, 1): each eye's, the mouth's."""
    # Taken one by one: a list as index is copied from the host, which no recording on a GPU allows.
    apart = {pair: points_BK2[:, pair[1], 1:] - points_BK2[:, pair[0], 1:] for pair in (*_EYES, *_LIPS)}
    parts = (_EYES[:2], _EYES[2:], _LIPS)
    return torch.stack([torch.stack([apart[pair] for pair in part]).mean(0) for part in parts], 1)
