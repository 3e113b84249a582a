"""Norms of a difference: 0 for none, as they are defined, with slopes everywhere."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from tests.training.losses.drawn import pictures
from understudy.training.losses.differences import DIFFERENCES


def away(seed: int = 0, count: int = 2) -> torch.Tensor:
    return pictures(seed, count) - pictures(seed + 1, count)


def slow_laplacian(picture: np.ndarray) -> float:
    total, levels = 0.0, 5
    for level in range(levels):
        if level == levels - 1 or picture.shape[0] < 4:
            return total + np.abs(picture).mean() * 2.0 ** (-2 * level)
        side = picture.shape[0] // 2
        small = picture.reshape(side, 2, side, 2).mean((1, 3))
        wide = cv2.resize(small, picture.shape[::-1], interpolation=cv2.INTER_LINEAR)
        total += np.abs(picture - wide).mean() * 2.0 ** (-2 * level)
        picture = small
    raise AssertionError


SLOW = {
    "l1": lambda d: np.abs(d).mean(),
    "l2": lambda d: (d**2).mean(),
    "charbonnier": lambda d: (np.sqrt((d * 255) ** 2 + 1) - 1).mean() / 255,
    "log_cosh": lambda d: np.log(np.cosh(d)).mean(),
    "laplacian": lambda d: np.mean([slow_laplacian(channel) for picture in d for channel in picture]),
}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_every_difference_is_as_it_is_defined(name: str) -> None:
    difference = away()
    wanted = SLOW[name](difference.numpy().astype(np.float64))
    assert float(DIFFERENCES[name](difference)) == pytest.approx(float(wanted), rel=1e-4)


@pytest.mark.parametrize("name", DIFFERENCES)
def test_no_difference_costs_nothing_and_more_costs_more(name: str) -> None:
    measure, difference = DIFFERENCES[name], away()
    assert abs(float(measure(torch.zeros_like(difference)))) < 1e-6
    assert 0 < measure(difference / 2) < measure(difference)
    torch.testing.assert_close(measure(difference), measure(-difference))


@pytest.mark.parametrize("name", DIFFERENCES)
def test_every_difference_has_a_slope_also_at_nothing(name: str) -> None:
    for start in (torch.zeros(1, 3, 32, 32), away(0, 1)):
        difference = start.clone().requires_grad_()
        (slope,) = torch.autograd.grad(DIFFERENCES[name](difference), difference)
        assert torch.isfinite(slope).all()
    assert float((slope * difference.detach()).sum()) > 0  # downhill is towards no difference


@pytest.mark.parametrize("name", DIFFERENCES)
def test_a_batchs_difference_is_the_mean_of_its_pictures(name: str) -> None:
    difference = away(3, 3)
    alone = torch.stack([DIFFERENCES[name](one[None]) for one in difference])
    torch.testing.assert_close(DIFFERENCES[name](difference), alone.mean(), atol=1e-6, rtol=1e-4)
