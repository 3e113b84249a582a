"""Edges that run alike cost nothing, whatever the brightness; reversed ones cost most."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.training.losses.drawn import pictures
from understudy.training.losses.gradient import gradient_difference


def test_it_is_the_mean_difference_of_neighbouring_steps() -> None:
    a, b = pictures(0), pictures(1)
    x, y = a.numpy().astype(float), b.numpy().astype(float)
    wanted = sum(np.abs(np.diff(x, axis=axis) - np.diff(y, axis=axis)).mean() for axis in (2, 3))
    assert float(gradient_difference(a, b)) == pytest.approx(wanted, rel=1e-5)


def test_brightness_costs_nothing_and_a_reversed_edge_more_than_none() -> None:
    ramp = torch.linspace(0, 0.5, 32).expand(1, 3, 32, 32)
    assert float(gradient_difference(ramp, ramp + 0.3)) < 1e-6
    flat = torch.full_like(ramp, 0.25)
    assert 0 < gradient_difference(ramp, flat) < gradient_difference(ramp, ramp.flip(-1))


def test_its_slope_leads_to_the_goal_and_is_a_number_on_flat_pictures() -> None:
    goal, face = pictures(1), pictures(2).requires_grad_()
    before = gradient_difference(face, goal)
    (slope,) = torch.autograd.grad(before, face)
    assert gradient_difference(face - 0.1 * slope / slope.norm(), goal) < before
    flat = torch.zeros(1, 3, 32, 32, requires_grad=True)
    (slope,) = torch.autograd.grad(gradient_difference(flat, flat.detach()), flat)
    assert torch.isfinite(slope).all()


def test_a_batch_is_the_mean_of_its_pictures() -> None:
    a, b = pictures(1, 3), pictures(2, 3)
    alone = torch.stack([gradient_difference(x[None], y[None]) for x, y in zip(a, b, strict=True)])
    torch.testing.assert_close(gradient_difference(a, b), alone.mean())
