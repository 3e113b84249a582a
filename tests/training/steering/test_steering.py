"""Steps are limited, and with learning-rate dropout only some weights take them."""

from __future__ import annotations

import pytest
import torch
from torch import Generator, Tensor, nn

from tests.training.conftest import tiny_options
from understudy.training.machine.device import Compute
from understudy.training.options import TrainOptions
from understudy.training.steering.optimizers import OPTIMIZERS
from understudy.training.steering.steering import Steering, limit_gradients

EXACT = Compute(torch.device("cpu"), uses_bfloat16=False)


def model() -> nn.Module:
    made = nn.Sequential(nn.Conv2d(20, 24, 3), nn.Conv2d(24, 20, 3))
    generator = Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.1)
    return made


def steered(options: TrainOptions, *, steps: int = 1, seed: int = 0) -> tuple[Steering, Tensor]:
    """(the steering, how far each weight went)."""
    made = model()
    steering, generator = Steering(made, options, EXACT, seed=seed), Generator().manual_seed(1)
    start = flat(made)
    for iteration in range(steps):
        for parameter in made.parameters():
            parameter.grad = torch.randn(parameter.shape, generator=generator)
        steering.step(options, speed=1.0, iteration=iteration)
    return steering, flat(made) - start


def flat(of: nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten() for p in of.parameters()])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_learning_rate_dropout_moves_the_share_it_says_by_whole_steps(name: str) -> None:
    _, whole = steered(tiny_options(optimizer=name, clip="off"))
    _, some = steered(tiny_options(optimizer=name, clip="off", lr_dropout=True, lr_dropout_share=0.3))
    moved = some != 0
    assert moved.float().mean().item() == pytest.approx(0.3, abs=0.02)
    assert torch.equal(some[moved], whole[moved])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_learning_rate_dropout_lets_moments_learn_from_every_gradient(name: str) -> None:
    whole, _ = steered(tiny_options(optimizer=name), steps=3)
    some, _ = steered(tiny_options(optimizer=name, lr_dropout=True), steps=3)
    kept = whole.tensors()
    assert kept and all(torch.equal(value, some.tensors()[key]) for key, value in kept.items())


def test_learning_rate_dropout_draws_anew_in_each_step_and_for_each_seed() -> None:
    dropped = tiny_options(optimizer="adam", lr_dropout=True, lr_dropout_share=0.5)
    moved = [steered(dropped, seed=seed)[1] != 0 for seed in (0, 0, 1)]
    assert torch.equal(moved[0], moved[1]) and not torch.equal(moved[0], moved[2])
    _, twice = steered(dropped, steps=2)
    assert (twice != 0).float().mean().item() == pytest.approx(0.75, abs=0.02)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_moments_that_were_saved_come_back_laid_out_as_their_weights_lie(name: str) -> None:
    """Fused steps go through both as they lie, so moments laid out otherwise would move other weights."""
    made, options = model().to(memory_format=torch.channels_last), tiny_options(optimizer=name)  # type: ignore[call-overload]
    before, after = Steering(made, options, EXACT), Steering(made, options, EXACT)
    for parameter in made.parameters():
        parameter.grad = torch.rand_like(parameter)
    before.step(options, speed=1.0)
    saved = {key: value.contiguous() for key, value in before.tensors().items()}
    after.load(saved)
    assert all(torch.equal(value, saved[key]) for key, value in after.tensors().items())
    alike = [
        value.stride() == parameter.stride()
        for optimizer in after.optimizers
        for parameter, state in optimizer.state.items()
        for value in state.values()
        if value.shape == parameter.shape
    ]
    assert len(alike) >= 4 and all(alike)


def gradients_limited(options: TrainOptions) -> Tensor:
    made = model()
    for number, parameter in enumerate(made.parameters()):
        parameter.grad = torch.full_like(parameter, 2.0 + number)
    limit_gradients(list(made.parameters()), options)
    return torch.cat([p.grad.flatten() for p in made.parameters() if p.grad is not None])


def test_a_gradient_is_shortened_to_the_norm_or_cut_at_the_value_or_let_through() -> None:
    shortened = gradients_limited(tiny_options(clip="norm", clip_at=0.5))
    assert shortened.norm().item() == pytest.approx(0.5, rel=1e-4) and len(shortened.unique()) == 4
    assert gradients_limited(tiny_options(clip="value", clip_at=0.5)).unique().tolist() == [0.5]
    assert gradients_limited(tiny_options(clip="off", clip_at=0.5)).unique().tolist() == [2.0, 3.0, 4.0, 5.0]


def test_the_rate_is_the_learning_rate_times_the_speed() -> None:
    steering, _ = steered(tiny_options(learning_rate=0.02))
    steering.step(tiny_options(learning_rate=0.02), speed=0.25)
    assert {group["lr"] for one in steering.optimizers for group in one.param_groups} == {0.005}
