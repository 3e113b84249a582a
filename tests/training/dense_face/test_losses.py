"""What the network is asked for."""

from __future__ import annotations

import torch

from understudy.networks.dense_face import CROP_PX, POINTS
from understudy.training.dense_face.lessons import Lesson
from understudy.training.dense_face.losses import _mask_losses, _point_losses, heat_loss


def a_lesson(count: int = 2) -> Lesson:
    torch.manual_seed(0)
    mask = torch.zeros(count, 1, CROP_PX, CROP_PX)
    mask[:, :, 30:90, 30:90] = 1
    ones = torch.ones(count)
    points = torch.rand(count, POINTS, 2) * 0.8 + 0.1
    return Lesson(
        torch.rand(count, 3, CROP_PX, CROP_PX), points, torch.ones(count, POINTS), mask, ones, ones, ones
    )


def test_the_best_spread_is_the_expected_distance() -> None:
    shown = a_lesson()
    points = shown.points_BK2 + torch.tensor([0.03, 0.04])
    surprises = {
        spread: float(_point_losses(points, torch.full((2, POINTS), spread).log(), points, shown)["surprise"])
        for spread in (0.02, 0.04, 0.05, 0.06, 0.1)
    }
    assert min(surprises, key=surprises.__getitem__) == 0.05


def test_points_that_do_not_count_cost_nothing() -> None:
    shown = a_lesson()
    shown.point_weights_BK[1] = 0
    points = shown.points_BK2.clone()
    points[1] += 0.5
    assert float(_point_losses(points, torch.zeros(2, POINTS), points, shown)["distance"]) < 1e-4


def test_maps_with_their_mass_at_the_true_points_cost_least() -> None:
    shown = a_lesson()
    at = (torch.arange(32) + 0.5) / 32
    x, y = shown.points_BK2.unbind(2)

    def bumps(shift: float) -> torch.Tensor:
        across = -0.5 * ((at - x[..., None] - shift) * 32 / 0.9) ** 2
        down = -0.5 * ((at - y[..., None]) * 32 / 0.9) ** 2
        return down[..., :, None] + across[..., None, :]

    true, aside, flat = (float(heat_loss(maps, shown)) for maps in (bumps(0), bumps(0.03), bumps(0) * 0))
    assert true < aside < flat


def test_the_true_mask_costs_least() -> None:
    shown = a_lesson()
    true = (shown.mask_B1HW * 2 - 1) * 12
    for name in ("mask", "dice"):
        good, none, all_ = (float(_mask_losses(m, shown)[name]) for m in (true, true * 0 - 12, true * 0 + 12))
        assert good < 0.01 < min(none, all_)
