"""An optimiser whose memory is fetched weight by weight takes the same steps."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.training.conftest import tiny_options
from understudy.training.machine import offload
from understudy.training.machine.device import Compute
from understudy.training.steering.optimizers import OPTIMIZERS
from understudy.training.steering.steering import Steering

EXACT = Compute(torch.device("cpu"), uses_bfloat16=False)


def stepped(optimizer: str, *, offloaded: bool) -> tuple[list[torch.Tensor], Steering]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(20, 24, 3), nn.Flatten(), nn.LazyLinear(5))
    faces = torch.rand(3, 20, 6, 6)
    model(faces)
    options = tiny_options(optimizer=optimizer, learning_rate=1e-2)
    steering = Steering(model, options, EXACT, offload=offloaded)
    for number in range(4):
        model.zero_grad()
        model(faces + number).square().sum().backward()
        steering.step(options, speed=1.0, iteration=number)
    return [p.detach() for p in model.parameters()], steering


@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
def test_every_optimiser_steps_alike_wherever_its_memory_lies(
    optimizer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    moves: list[torch.device] = []
    real = offload.moved
    monkeypatch.setattr(offload, "moved", lambda state, device: (moves.append(device), real(state, device))[1])
    plain, _ = stepped(optimizer, offloaded=False)
    assert not moves
    away, steering = stepped(optimizer, offloaded=True)
    assert len(moves) == 2 * 4 * 4  # there and back, four weights, four steps
    assert all(torch.allclose(a, b, rtol=1e-6, atol=1e-7) for a, b in zip(plain, away, strict=True))
    assert all(len(group["params"]) for o in steering.optimizers for group in o.param_groups)


def test_what_is_remembered_is_found_at_home_and_loads_again() -> None:
    _, steering = stepped("adamw", offloaded=True)
    kept = {name: value.clone() for name, value in steering.tensors().items()}
    assert {value.device for value in kept.values()} == {offload.HOME}
    _, again = stepped("adamw", offloaded=True)
    again.load({name: value * 2 for name, value in kept.items()})
    assert all(torch.equal(again.tensors()[name], value * 2) for name, value in kept.items())
