"""A code is asked to tell how far eyes and mouth are open, whatever shape it has."""

from __future__ import annotations

import pytest
import torch
from torch import Generator

from understudy.training.losses.expression import directions, expression_distance, flat_code


def test_a_code_that_tells_both_openings_costs_nothing_and_any_other_does() -> None:
    way = directions(64, seed=0)
    openings = torch.tensor([[1.0, 0.1], [0.05, 0.9]])
    right = openings @ torch.linalg.pinv(way)
    assert float(expression_distance(right, openings, way)) < 1e-5
    assert float(expression_distance(right.flip(0), openings, way)) > 0.5


def test_codes_of_one_map_or_several_are_read_whole() -> None:
    one, other = torch.rand(2, 3, 4, 4), torch.rand(2, 5)
    assert flat_code(one).shape == (2, 48)
    assert torch.equal(flat_code((one, other)), torch.cat([one.flatten(1), other], 1))
    assert flat_code(other.bfloat16()).dtype == torch.float32


def test_directions_are_those_of_the_seed() -> None:
    assert torch.equal(directions(32, seed=1), directions(32, seed=1))
    assert not torch.equal(directions(32, seed=1), directions(32, seed=2))
    assert float(directions(4096, seed=0).norm(dim=0).mean()) == pytest.approx(1, abs=0.1)


def test_a_gradient_towards_the_openings_takes_the_code_there() -> None:
    code = torch.randn(4, 16, generator=Generator().manual_seed(0), requires_grad=True)
    way, openings = directions(16, seed=0), torch.rand(4, 2, generator=Generator().manual_seed(1))
    start = float(expression_distance(code, openings, way).detach())
    optimizer = torch.optim.SGD([code], lr=0.5)
    for _ in range(50):
        optimizer.zero_grad()
        expression_distance(code, openings, way).backward()
        optimizer.step()
    assert float(expression_distance(code, openings, way).detach()) < 0.3 * start
