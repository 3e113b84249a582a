"""A change of options that a person asked of a running training, until it has proved to fit into memory.

Pure bookkeeping. Not here: what follows where it does not fit (`live_changes.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from understudy.training.options import TrainOptions

_PROVEN_AFTER = 3  # iterations: the first, one with the next batch in hand, and one from what was kept of both


@dataclass(frozen=True)
class Untried:
    """`values` are those that the changed options had before."""

    values: Mapping[str, Any]
    iteration: int

    @classmethod
    def after(cls, earlier: Self | None, before: TrainOptions, names: Iterable[str], *, iteration: int) -> Self:
        """After options of these `names` changed, at an iteration. What an `earlier` change left unproven is
        taken back with it."""
        values = {name: getattr(before, name) for name in names}
        if earlier is not None and earlier.is_new_at(iteration):
            values |= earlier.values
        return cls(values, iteration)

    def is_new_at(self, iteration: int) -> bool:
        """Whether want of memory at this iteration is the change's doing."""
        return iteration < self.iteration + _PROVEN_AFTER
