"""Muon's steps have no favourite direction and find a minimum."""

from __future__ import annotations

import pytest
import torch
from torch import Generator, nn

from understudy.training.steering.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(12, 40), (40, 12), (16, 16)])
def test_directions_of_all_strengths_become_about_equally_strong(shape: tuple[int, int]) -> None:
    generator = Generator().manual_seed(0)
    matrix = torch.randn(shape, generator=generator)
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    uneven = left @ torch.diag(torch.logspace(0, -1, min(shape))) @ right
    values = torch.linalg.svdvals(orthogonal(uneven).float())
    assert values.min() > 0.3 and values.max() < 1.5


def test_the_direction_keeps_the_gradients_sides() -> None:
    matrix = torch.randn(8, 20, generator=Generator().manual_seed(1))
    made = orthogonal(matrix).float()
    assert (made * matrix).sum() / (made.norm() * matrix.norm()) > 0.8


def test_it_finds_the_filters_that_made_a_picture() -> None:
    generator = Generator().manual_seed(0)
    x = torch.randn(4, 8, 10, 10, generator=generator)
    wanted, learned = nn.Conv2d(8, 8, 3, bias=False), nn.Conv2d(8, 8, 3, bias=False)
    optimizer = Muon(learned.parameters(), lr=0.02, weight_decay=0.0)
    costs = []
    for _ in range(60):
        cost = (learned(x) - wanted(x).detach()).square().mean()
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        costs.append(float(cost.detach()))
    assert costs[-1] < 0.2 * costs[0]
