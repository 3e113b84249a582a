"""A critic judges without learning, learns without touching what it judges, and goes on where it was saved."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from tests.training.losses.drawn import EXACT
from understudy.training.losses.critic import Critic, verdict_loss


def critic(seed: int = 0, shape: tuple[int, ...] = (3, 1)) -> Critic:
    torch.manual_seed(seed)
    return Critic(nn.Linear(*shape), shape, EXACT)


def weights(of: Critic) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in of.network.parameters()])


def taught(of: Critic, steps: int = 1, *, rate: float = 0.01) -> Critic:
    for step in range(steps):
        x = torch.rand(4, 3, generator=torch.Generator().manual_seed(step))
        of.learn(verdict_loss(of.network(x), real=1), rate=rate)
    return of


def test_a_verdict_costs_the_binary_cross_entropy() -> None:
    verdicts = torch.tensor([2.0, -1.0])
    share = 1 / (1 + math.exp(-2)), 1 / (1 + math.exp(1))
    assert float(verdict_loss(verdicts, real=1)) == pytest.approx(-sum(map(math.log, share)) / 2)
    wanted = -sum(0.9 * math.log(s) + 0.1 * math.log(1 - s) for s in share) / 2
    assert float(verdict_loss(verdicts, real=0.9)) == pytest.approx(wanted)


def test_judging_slopes_reach_what_is_judged_and_not_the_judge() -> None:
    made, judged = critic(), torch.rand(4, 3, requires_grad=True)
    with made.judging() as judge:
        verdict_loss(judge(judged), real=1).backward()
    assert judged.grad is not None and all(p.grad is None for p in made.network.parameters())
    assert all(p.requires_grad for p in made.network.parameters())


def test_learning_moves_the_critic_by_its_rate() -> None:
    still, slow, quick = (taught(critic(), rate=rate) for rate in (0.0, 0.001, 0.1))
    start = weights(critic())
    moves = [float((weights(one) - start).norm()) for one in (still, slow, quick)]
    assert moves[0] == 0 and 0 < moves[1] < moves[2]


def test_a_loss_that_is_no_number_teaches_nothing() -> None:
    made = critic()
    made.learn(verdict_loss(made.network(torch.full((1, 3), torch.nan)), real=1), rate=0.1)
    assert torch.equal(weights(made), weights(critic()))


def test_a_loaded_critic_steps_exactly_as_the_one_that_was_saved() -> None:
    first, second = taught(critic(), 3), critic(9)
    assert second.load({name: value.clone() for name, value in first.tensors().items()})
    assert torch.equal(weights(taught(first)), weights(taught(second)))


def test_a_critic_of_another_shape_is_not_loaded() -> None:
    made = critic()
    assert not made.load(taught(critic(shape=(3, 2))).tensors())
    assert torch.equal(weights(made), weights(critic()))
