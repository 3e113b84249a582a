"""Other light and other colours for lessons."""

from __future__ import annotations

import torch
from torch.nn.functional import avg_pool2d

from understudy.training.dense_face.dice import Dice
from understudy.training.dense_face.lighting import graded, relit

COUNT = 700


def test_one_picture_in_seven_is_black_and_white() -> None:
    """Two halves of one lightness and opposite colours look alike there, and nowhere else."""
    size = 8
    pictures = torch.full((COUNT, 3, size, size), 0.5)
    pictures[..., : size // 2] += torch.tensor([0.0, -0.0573, 0.2952]).view(1, 3, 1, 1)
    shown = graded(pictures, Dice(0))
    apart = (shown[..., 0, 0] - shown[..., 0, -1]).abs().amax(1)
    grey = apart < 1e-3
    assert 0.10 < float(grey.float().mean()) < 0.19
    assert float((apart[~grey] > 0.02).float().mean()) > 0.95


def test_grades_make_pictures_darker_and_lighter_and_of_other_colours() -> None:
    shown = graded(torch.full((COUNT, 3, 4, 4), 0.5), Dice(1)).mean((2, 3))
    lightness = shown.mean(1)
    assert float(lightness.quantile(0.05)) < 0.4 and float(lightness.quantile(0.95)) > 0.6
    assert float((shown.amax(1) - shown.amin(1)).quantile(0.5)) > 0.03


def test_hard_shadow_edges_lie_across_some_pictures() -> None:
    """Within three pixels the light falls by more than any soft field makes it; grain is averaged away."""
    flat = torch.full((200, 3, 128, 128), 0.5)
    light = avg_pool2d(relit(flat, Dice(2)).clamp(min=1e-3).log().mean(1, keepdim=True), 3, 1)[:, 0]
    across = (light[..., 3:] - light[..., :-3]).abs().amax((1, 2))
    down = (light[:, 3:] - light[:, :-3]).abs().amax((1, 2))
    steps = torch.maximum(across, down)
    assert 0.02 < float((steps > 0.4).float().mean()) < 0.15
    assert float(steps.quantile(0.5)) < 0.25, "most are lit softly"
