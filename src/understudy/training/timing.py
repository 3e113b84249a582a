"""How fast steps are on a device and whether they learn the same, on random faces: what the doctor asks."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from understudy.training.feeding.augment import Lesson
from understudy.training.learner import Learner
from understudy.training.machine.compiling import Size, Way, seconds_a_call
from understudy.training.machine.device import Compute, exactly_repeated
from understudy.training.options import TrainOptions

_BATCH_SIZE = 4
_STEPS_COMPARED = 20
_CHOICES: dict[Way, dict[str, str]] = {
    "plain": {"compile": "off", "replay": "off"},
    "compiled": {"compile": "on", "replay": "off"},
    "played back": {"compile": "off", "replay": "on"},
    "compiled and played back": {"compile": "on", "replay": "on"},
}
_YARDSTICKS: dict[Size, str] = {"small": "quick", "large": "df"}


@dataclass(frozen=True)
class Played:
    """Steps that are played back beside plain ones: how many times as fast, and how far apart losses come at
    most, as a share. `refused` says why none was recorded."""

    ratio: float
    apart: float
    refused: str = ""

    @property
    def ratio_to_keep(self) -> float:
        """0 where such steps must not be taken: a run repeats only where they lose the same to the last bit."""
        return 0.0 if self.refused or self.apart != 0 else self.ratio  # also where losses are no numbers


def compiled_ratio(compute: Compute, size: Size = "small") -> float:
    """How many times as fast a compiled step of such a network is as a plain one, at four faces a side."""
    return step_seconds("plain", compute, size=size) / step_seconds("compiled", compute, size=size)


def played(
    compute: Compute,
    network: Mapping[str, Any] | None = None,
    *,
    size: Size = "small",
    way: Way = "played back",
) -> Played:
    """Steps of such a network that are played back beside plain ones, at four faces a side, on a device that
    records. What was compiled too loses other than plain steps do, so its losses are held against those of
    compiled steps."""
    with exactly_repeated():
        # Not who learned them: two large networks at once may be more than the device holds.
        plain, expected = _trial("plain", compute, network, size)[:2]
        if way != "played back":
            expected = _trial("compiled", compute, network, size)[1]
        seconds, losses, learner = _trial(way, compute, network, size)
    apart = float(((losses - expected).abs() / expected.abs()).max())
    refused = "" if learner.replay.is_recorded else learner.replay.refused or "no step was like the one before"
    return Played(plain / seconds, apart, refused)


def step_seconds(
    way: Way, compute: Compute, network: Mapping[str, Any] | None = None, *, size: Size = "small"
) -> float:
    """Seconds of a step of such a network, whose sizes `network` changes, the quickest of five."""
    _, step = _begun(way, compute, network, size, speed=0.0)
    return seconds_a_call(step, compute)


def _trial(
    way: Way, compute: Compute, network: Mapping[str, Any] | None, size: Size
) -> tuple[float, Tensor, Learner]:
    """(Seconds of a step, the losses of the steps before, who learned them)."""
    learner, step = _begun(way, compute, network, size, speed=1.0)
    losses = torch.stack([step() for _ in range(_STEPS_COMPARED)])
    return seconds_a_call(step, compute), losses, learner


def _begun(
    way: Way, compute: Compute, network: Mapping[str, Any] | None, size: Size, *, speed: float
) -> tuple[Learner, Callable[[], Tensor]]:
    """Who learns, and a step of it."""
    gc.collect()  # learners hold what holds them
    if compute.device.type != "cpu":
        torch.accelerator.empty_cache()
    options = TrainOptions.model_validate({**_CHOICES[way], "batch_size": _BATCH_SIZE})
    learner = Learner(_YARDSTICKS[size], network, options=options, seed=0, compute=compute)
    src, dst = (_noise(learner.model.seen_px, learner.model.size_px, compute) for _ in range(2))
    return learner, lambda: learner.step(src, dst, options, speed=speed).totals()


def _noise(seen_px: int, size_px: int, compute: Compute) -> Lesson:
    draws = torch.Generator().manual_seed(0)

    def drawn(channels: int, side: int) -> torch.Tensor:
        return torch.rand(_BATCH_SIZE, channels, side, side, generator=draws).to(compute.device)

    seen = drawn(3, seen_px).contiguous(memory_format=torch.channels_last)
    return Lesson(seen, drawn(3, size_px), *(drawn(1, size_px) for _ in range(3)))
