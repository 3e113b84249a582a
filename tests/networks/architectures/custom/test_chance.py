"""Chance draws the same again from where it is told to stand."""

from __future__ import annotations

import torch
from torch import Generator

from understudy.networks.architectures.custom.chance import Chance


def test_from_a_state_that_was_kept_it_draws_the_same_again() -> None:
    chance, like = Chance(Generator().manual_seed(3), torch.device("cpu")), torch.ones(2, 5)
    chance.noise(like)
    kept = chance.get_state()
    first = chance.noise(like), chance.dropped(like, 0.5)
    assert not torch.equal(chance.noise(like), first[0])
    chance.set_state(kept)
    assert torch.equal(chance.noise(like), first[0]) and torch.equal(chance.dropped(like, 0.5), first[1])


def test_without_a_device_it_has_no_state_and_takes_any() -> None:
    chance = Chance(Generator(), torch.device("meta"))
    chance.set_state(chance.get_state())
    assert chance.noise(torch.ones(2, 5, device="meta")).shape == (2, 5)
