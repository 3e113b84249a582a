"""Spectra: equal ones cost nothing, the frequency that is most wrong counts most."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.training.losses.drawn import pictures
from understudy.training.losses.frequency import focal_frequency


def test_it_is_the_weighted_distance_of_spectra() -> None:
    a, b = pictures(0), pictures(1)
    spectra = np.fft.fft2(a.numpy().astype(float) - b.numpy().astype(float), norm="ortho")
    size = np.abs(spectra)
    weight = size / size.max(axis=(2, 3), keepdims=True)
    assert float(focal_frequency(a, b)) == pytest.approx((weight * size**2).mean(), rel=1e-4)


def test_equal_pictures_cost_nothing_and_missing_detail_does() -> None:
    face = pictures(3)
    assert float(focal_frequency(face, face)) == 0
    smooth = torch.nn.functional.avg_pool2d(face, 3, 1, 1)
    assert focal_frequency(smooth, face) > 0.001


def test_what_is_most_wrong_is_asked_for_most() -> None:
    goal = torch.zeros(1, 1, 32, 32)
    place = torch.arange(32) * 2 * torch.pi / 32
    large, small = torch.cos(3 * place), 0.1 * torch.cos(9 * place)
    face = (large + small).expand(1, 1, 32, 32).clone().requires_grad_()
    (slope,) = torch.autograd.grad(focal_frequency(face, goal), face)
    found = torch.fft.fft(slope[0, 0, 0]).abs()
    # Without the weight the two would be asked for like 10 to 1.
    assert found[3] / found[9] == pytest.approx(100, rel=0.01)


def test_it_gives_numbers_on_flat_pictures() -> None:
    flat = torch.full((1, 3, 32, 32), 0.5, requires_grad=True)
    for goal in (flat.detach(), torch.zeros(1, 3, 32, 32)):
        (slope,) = torch.autograd.grad(focal_frequency(flat, goal), flat)
        assert torch.isfinite(slope).all()


def test_a_batch_is_the_mean_of_its_pictures() -> None:
    a, b = pictures(1, 3), pictures(2, 3)
    alone = torch.stack([focal_frequency(x[None], y[None]) for x, y in zip(a, b, strict=True)])
    torch.testing.assert_close(focal_frequency(a, b), alone.mean())
