"""What is asked of the network: points as near and as sure as can be, the mask, the score.

Points are weighed by the network's own uncertainty (Kendall and Gal, "What uncertainties do we need?", NIPS
2017), here for distances in the plane that fall off as exp(-r / b): the expected distance is 2b, which is what
`spread` means. Heat maps are also shown where their mass belongs, which speeds up the beginning.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from understudy.networks.dense_face import DenseFaceNet
from understudy.training.dense_face.lessons import Lesson

_LEAST_LOG_SPREAD, _MOST_LOG_SPREAD = -7.0, 0.0
_HEAT_SIGMA_SHARE = 0.9 / 32
WEIGHTS = {
    "distance": 12.0,
    "first": 6.0,
    "surprise": 0.35,
    "heat": 0.12,
    "mask": 3.0,
    "dice": 1.5,
    "score": 0.3,
}


@dataclass(frozen=True)
class Losses:
    """Each part, a scalar on the device, without its weight."""

    parts: dict[str, Tensor]

    def total(self) -> Tensor:
        """The weighted sum."""
        return torch.stack([WEIGHTS[name] * value for name, value in self.parts.items()]).sum()


def losses(network: DenseFaceNet, lesson: Lesson) -> Losses:
    """Show a network in training mode a lesson."""
    seen = network.features(lesson.crops_B3HW)
    points, log_spread, first, heat = network.point_head(seen.near_BCHW, seen.deep_BC)
    mask = network.mask_head(seen.fine_BCHW, seen.near_BCHW)
    score = network.score_head(seen.deep_BC).float().flatten()
    with torch.autocast(points.device.type, enabled=False):
        return Losses(
            {
                **_point_losses(points, log_spread, first, lesson),
                "heat": heat_loss(heat, lesson),
                **_mask_losses(mask, lesson),
                "score": _mean(
                    functional.binary_cross_entropy_with_logits(score, lesson.score_B, reduction="none"),
                    lesson.score_weights_B,
                ),
            }
        )


def _point_losses(points: Tensor, log_spread: Tensor, first: Tensor, lesson: Lesson) -> dict[str, Tensor]:
    weights = lesson.point_weights_BK
    away = _distance(points, lesson.points_BK2)
    log_spread = log_spread.clamp(_LEAST_LOG_SPREAD, _MOST_LOG_SPREAD)
    # Far-off points must not shout down all others while the spread has not learned to expect them.
    surprise = 2 * (away * (-log_spread).exp()).clamp(max=30) + 2 * log_spread
    return {
        "distance": _mean(away, weights),
        "first": _mean(_distance(first, lesson.points_BK2.clamp(0, 1)), weights),
        "surprise": _mean(surprise, weights),
    }


def heat_loss(heat_BKHW: Tensor, lesson: Lesson) -> Tensor:
    """Cross-entropy of the maps against Gaussians about the true points, for points inside the crop."""
    height, width = heat_BKHW.shape[2:]
    x = _gaussian(lesson.points_BK2[..., 0], width)
    y = _gaussian(lesson.points_BK2[..., 1], height)
    asked = torch.einsum("bkhw,bkh,bkw->bk", heat_BKHW, y, x)
    inside = ((lesson.points_BK2 > 0) & (lesson.points_BK2 < 1)).all(2)
    return _mean(heat_BKHW.flatten(2).logsumexp(2) - asked, lesson.point_weights_BK * inside)


def _gaussian(place_BK: Tensor, cells: int) -> Tensor:
    at = (torch.arange(cells, device=place_BK.device) + 0.5) / cells
    return (-0.5 * ((at - place_BK[..., None]) / _HEAT_SIGMA_SHARE).square()).softmax(2)


def _mask_losses(logits_B1HW: Tensor, lesson: Lesson) -> dict[str, Tensor]:
    crossed = functional.binary_cross_entropy_with_logits(logits_B1HW, lesson.mask_B1HW, reduction="none")
    shown = logits_B1HW.sigmoid()
    both = (shown * lesson.mask_B1HW).sum((1, 2, 3))
    either = shown.sum((1, 2, 3)) + lesson.mask_B1HW.sum((1, 2, 3))
    dice = 1 - (2 * both + 10) / (either + 10)
    return {
        "mask": _mean(crossed.mean((1, 2, 3)), lesson.mask_weights_B),
        "dice": _mean(dice, lesson.mask_weights_B),
    }


def _distance(one: Tensor, other: Tensor) -> Tensor:
    return (one - other).square().sum(-1).add(1e-10).sqrt()


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    return (values * weights).sum() / weights.sum().clamp(min=1)
