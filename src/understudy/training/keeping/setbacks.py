"""When training comes apart: what counts as that, and how often it was brought back.

Everything here goes through the checkpoint, so that an interrupted run decides as one that was not.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

import torch
from torch import Tensor

from understudy.errors import TrainingDiverged

_EXPLODED = 10.0  # times the usual loss
_USUAL_OVER = 20  # stretches
_USUAL_FROM = 5
_STRETCH = 20  # iterations: of single ones the memory would end before a slow explosion shows
_SLOWER = 0.5


def _no_number(what: str) -> TrainingDiverged:
    return TrainingDiverged(
        f"Training came apart: {what} no number any more. What was saved before is whole: start again with a "
        "smaller learning rate."
    )


def require_sound_weights(weights: Iterable[Tensor]) -> None:
    """Raise TrainingDiverged where a weight is no number: one step can spoil them before any loss shows it."""
    most = [w.detach().abs().amax() for w in weights if w.is_floating_point() and w.numel()]
    if most and not torch.stack(most).isfinite().all():  # one wait for the device, not one for each
        raise _no_number("the weights are")


@dataclass
class Watch:
    """Knows the usual loss, and a loss that is out of all proportion to it."""

    recent: list[float] = field(default_factory=list)
    summed: float = 0.0  # since the last stretch that was whole
    iterations: int = 0

    def look(self, loss: float, *, iterations: int = _STRETCH) -> None:
        """Take note of a measurement, the mean over so many iterations. Raises TrainingDiverged."""
        self.require_sound(loss)
        self.summed, self.iterations = self.summed + loss * iterations, self.iterations + iterations
        if self.iterations < _STRETCH and len(self.recent) >= _USUAL_FROM:
            return
        self.recent = [*self.recent[1 - _USUAL_OVER :], self.summed / max(1, self.iterations)]
        self.summed, self.iterations = 0.0, 0

    def require_sound(self, loss: float) -> None:
        """Raise TrainingDiverged where a loss is no number, or ten times the usual one."""
        if not math.isfinite(loss):
            raise _no_number("the loss is")
        if len(self.recent) < _USUAL_FROM:
            return
        usual = statistics.median(self.recent)
        if loss > _EXPLODED * usual > 0:
            raise TrainingDiverged(
                f"Training came apart: the loss rose to {loss:.3g} from {usual:.3g}. What was saved before is "
                "whole: start again with a smaller learning rate."
            )

    def as_json(self) -> dict[str, Any]:
        """Plain values for the checkpoint."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Undo `as_json`."""
        recent = [float(v) for v in value.get("recent", ())]
        return cls(recent, float(value.get("summed", 0.0)), int(value.get("iterations", 0)))


@dataclass(frozen=True)
class Setbacks:
    """How often a plan's training was brought back, and the share of the learning rate that is left."""

    count: int = 0
    rate: float = 1.0
    learning_rate: float = 0.0  # what was chosen at the last setback, whatever a stage made of it

    def one_more(self, learning_rate: float) -> Self:
        """After another setback."""
        return replace(self, count=self.count + 1, rate=self.rate * _SLOWER, learning_rate=learning_rate)

    def for_plan(self, learning_rate: float, *, goes_on: bool) -> Self:
        """What counts for a plan: another learning rate was chosen by a person, so it is taken as it is; a new
        plan may be brought back as often again."""
        if self.rate != 1.0 and learning_rate != self.learning_rate:
            return type(self)()
        return self if goes_on else replace(self, count=0)

    def as_json(self) -> dict[str, Any]:
        """Plain values for the checkpoint."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Undo `as_json`."""
        return cls(**value)
