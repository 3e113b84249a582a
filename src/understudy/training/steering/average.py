"""The running average of a model's weights, which previews and merges use: steadier than the weights.

Not here: when it is taken (`learner.py`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from understudy.training.steering.options import SteerOptions


def decay_at(options: SteerOptions, iteration: int) -> float:
    """How much of the average stays after an iteration, the first of which is 1; 0..1.

    With `ema_length` by a power of the iteration, so that the average always spans the same share of the
    training: Karras et al., "Analyzing and improving the training dynamics of diffusion models", CVPR 2024.
    """
    if options.ema_length:
        return (1 - 1 / iteration) ** (power_of(options.ema_length) + 1)
    # Young averages must not remember the random weights they started from.
    return min(options.ema_decay, (1 + iteration) / (10 + iteration))


@lru_cache(maxsize=16)
def power_of(length: float) -> float:
    """The exponent with which the average's spread over the training has this standard deviation, as a share of
    the whole training: 0.05 gives 16.97, 0.10 gives 6.94. 0 < `length` < 0.28. Same paper."""
    inverse = length**-2
    return float(np.roots([1, 7, 16 - inverse, 12 - inverse]).real.max())


@torch.no_grad()
def follow(average: nn.Module, model: nn.Module, *, decay: float) -> None:
    """Let `average` follow `model` by one iteration, all weights at once, or one by one where the average lies
    on another device; what batch norms count is copied."""
    step = get_ema_multi_avg_fn(decay)
    slow: list[Any] = list(average.parameters())
    fast: list[Any] = list(model.parameters())
    if [p.device for p in slow] == [p.device for p in fast]:
        step(slow, fast, 0)
    else:
        for one, other in zip(slow, fast, strict=True):
            step([one], [other.to(one.device)], 0)
    for held, counted in zip(average.buffers(), model.buffers(), strict=True):
        held.copy_(counted)
