"""Muon's steps have no favourite direction and find a minimum."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Generator, Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from understudy.training.steering import muon
from understudy.training.steering.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(12, 40), (40, 12), (16, 16)])
def test_directions_of_all_strengths_become_about_equally_strong(shape: tuple[int, int]) -> None:
    generator = Generator().manual_seed(0)
    matrix = torch.randn(shape, generator=generator)
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    uneven = left @ torch.diag(torch.logspace(0, -1, min(shape))) @ right
    values = torch.linalg.svdvals(orthogonal(uneven[None])[0].float())
    assert values.min() > 0.3 and values.max() < 1.5


def test_the_direction_keeps_the_gradients_sides() -> None:
    matrix = torch.randn(8, 20, generator=Generator().manual_seed(1))
    made = orthogonal(matrix[None])[0].float()
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


def by_the_paper(matrix: Tensor, least: float = 0.0) -> Tensor:
    """The iteration of Jordan's paper for one matrix, not rounded."""
    x = matrix.double() / (matrix.double().norm() + least)
    x = x.mT if (tall := x.shape[0] > x.shape[1]) else x
    for _ in range(4):
        gram = x @ x.mT
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return (x.mT if tall else x).float()


@pytest.mark.parametrize("shape", [(24, 90), (90, 24)])
def test_matrices_turned_together_are_those_of_the_papers_iteration_one_by_one(shape: tuple[int, int]) -> None:
    matrices = (
        torch.randn(3, *shape, generator=Generator().manual_seed(2))
        * torch.tensor([1e-4, 1.0, 50.0])[:, None, None]
    )
    for made, matrix in zip(orthogonal(matrices), matrices, strict=True):
        expected = by_the_paper(matrix)
        assert (made - expected).norm() < 0.02 * expected.norm()  # bfloat16 has three digits


@pytest.mark.parametrize("rank", [0, 1, 24])
def test_a_long_matrix_is_turned_as_by_the_paper_with_less_than_half_of_its_products(rank: int) -> None:
    generator = Generator().manual_seed(2)
    parts = torch.randn(24, rank, generator=generator), torch.randn(rank, 9 * 24, generator=generator)
    matrix = parts[0] @ parts[1] + 1e-6 * (rank > 0) * torch.randn(24, 9 * 24, generator=generator)
    with FlopCounterMode(display=False) as plain:
        expected = by_the_paper(matrix, 1e-7)
    with FlopCounterMode(display=False) as quick:
        made = orthogonal(matrix[None], torch.float32)[0]
    assert quick.get_total_flops() < 0.5 * plain.get_total_flops()
    assert (made - expected).norm() <= 1e-4 * expected.norm()


class Multiplied(TorchDispatchMode):
    """The number formats of all products."""

    def __init__(self) -> None:
        super().__init__()
        self.formats: set[torch.dtype] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        if func in (torch.ops.aten.bmm.default, torch.ops.aten.baddbmm.default):
            self.formats.add(made.dtype)
        return made


@pytest.mark.parametrize(("gain", "short"), [(8.0, True), (2.0, False), (0.5, False)])
def test_products_are_short_where_a_processor_multiplies_short_numbers_several_times_as_fast(
    gain: float, short: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(muon, "bfloat16_gain", lambda: gain)
    bank = nn.Parameter(torch.zeros(24, 90))
    bank.grad = torch.randn(24, 90, generator=Generator().manual_seed(3))
    with Multiplied() as multiplied:
        Muon([bank]).step()
    assert multiplied.formats == {torch.bfloat16 if short else torch.float32}
    expected, made = by_the_paper(bank.grad), bank.detach()
    off = (made / made.norm() + expected / expected.norm()).norm()  # a step goes down
    assert off < (0.02 if short else 1e-5)


class Counted(TorchDispatchMode):
    """How many operations were called that do work, not merely look at memory otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.number += not func.is_view
        return func(*args, **(kwargs or {}))


def operations_of_a_step(*shapes: tuple[int, ...]) -> int:
    banks = [nn.Parameter(torch.ones(shape).contiguous(memory_format=torch.channels_last)) for shape in shapes]
    optimizer = Muon(banks)
    for bank in banks:
        bank.grad = torch.ones_like(bank)
    optimizer.step()
    with Counted() as counted:
        optimizer.step()
    return counted.number


def test_the_launches_of_a_step_grow_with_shapes_and_not_with_filter_banks() -> None:
    one, other = (24, 20, 3, 3), (40, 20, 3, 3)
    few = operations_of_a_step(one)
    assert operations_of_a_step(*[one] * 12) == few
    assert few < operations_of_a_step(one, other) <= 2 * few


def test_a_filter_bank_steps_alike_however_it_lies_in_memory() -> None:
    start, gradient = torch.randn(2, 24, 20, 3, 3, generator=Generator().manual_seed(3))
    ends = []
    for layout in (torch.contiguous_format, torch.channels_last):
        bank = nn.Parameter(start.clone(memory_format=layout))
        bank.grad = gradient.clone(memory_format=layout)
        Muon([bank], lr=0.01).step()
        ends.append(bank.detach().contiguous())
    assert (ends[0] - start).abs().max() > 1e-3
    torch.testing.assert_close(*ends)
