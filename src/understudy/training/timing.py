"""How fast steps are on a device, measured on random faces: what the doctor asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from understudy.training.feeding.augment import Lesson
from understudy.training.learner import Learner
from understudy.training.machine.compiling import Choice, seconds_a_call
from understudy.training.machine.device import Compute
from understudy.training.options import TrainOptions

_BATCH_SIZE = 4


def compiled_ratio(compute: Compute) -> float:
    """How many times as fast a compiled step of `quick` is as a plain one, at four faces a side."""
    return step_seconds("off", compute) / step_seconds("on", compute)


def step_seconds(choice: Choice, compute: Compute, network: Mapping[str, Any] | None = None) -> float:
    """Seconds of a step of `quick`, whose sizes `network` changes, the quickest of five."""
    options = TrainOptions(compile=choice, batch_size=_BATCH_SIZE)
    learner = Learner("quick", network, options=options, seed=0, compute=compute)
    src, dst = (_noise(learner.model.seen_px, learner.model.size_px, compute) for _ in range(2))
    return seconds_a_call(lambda: learner.step(src, dst, options, speed=0.0), compute)


def _noise(seen_px: int, size_px: int, compute: Compute) -> Lesson:
    draws = torch.Generator().manual_seed(0)

    def drawn(channels: int, side: int) -> torch.Tensor:
        return torch.rand(_BATCH_SIZE, channels, side, side, generator=draws).to(compute.device)

    seen = drawn(3, seen_px).contiguous(memory_format=torch.channels_last)
    return Lesson(seen, drawn(3, size_px), *(drawn(1, size_px) for _ in range(3)))
