"""Numbers follow from words alone."""

from __future__ import annotations

import torch
from torch import Generator

from understudy.training.machine.randomness import reseeded


def test_the_same_words_give_the_same_numbers_whatever_was_drawn_before() -> None:
    used = Generator().manual_seed(5)
    torch.rand(7, generator=used)
    first, second = (torch.rand(3, generator=reseeded(g, 1, 2, "faces")) for g in (used, Generator()))
    assert torch.equal(first, second)


def test_any_other_word_gives_other_numbers() -> None:
    words = [(1, 2, "faces"), (2, 1, "faces"), (1, 2, "network"), (12, "faces"), (1, 3, "faces")]
    drawn = {tuple(torch.rand(3, generator=reseeded(Generator(), *w)).tolist()) for w in words}
    assert len(drawn) == len(words)
