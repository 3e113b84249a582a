"""What a person did on a face's drawing, and what follows: each rule once, for one face and for very many.

Not here: how a drawing stands in a face (`record.py`), and how it gets there (`curation.by_hand`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

State = Literal["none", "drawn", "confirmed", "skipped", "applied"]
STATES: tuple[State, ...] = ("none", "drawn", "confirmed", "skipped", "applied")


@dataclass(frozen=True, eq=False)
class Done:
    """What stands on one face, or on each of N: numbers, truths and words, or (N,) arrays of them.

    The rules are written with `&`, `|` and `==`, which say the same of both.
    """

    regions: Any  # how many are drawn
    painted: Any  # whether anything is
    mark: Any  # confirmed, skipped or empty
    masks: Any  # how many a program made

    @property
    def is_drawn_on(self) -> Any:
        """Whether a person drew or painted anything on it."""
        return (self.regions > 0) | self.painted

    @property
    def is_confirmed(self) -> Any:
        """Whether a person said that its drawing is right."""
        return self.mark == "confirmed"

    @property
    def is_skipped(self) -> Any:
        """Whether a person said to leave it out."""
        return self.mark == "skipped"

    @property
    def teaches_masks(self) -> Any:
        """Whether a segmenter can learn from it what a person said is face: drew, painted, or confirmed of the
        mask that is there; never where it is marked as skipped."""
        confirmed = self.is_confirmed & (self.masks > 0)
        return (self.is_drawn_on | confirmed) & (self.mark != "skipped")

    def states(self) -> npt.NDArray[np.uint8]:
        """What was done in a word, as places in STATES, () or (N,): what a person said comes before what is
        drawn, and that before what a program applied."""
        says: dict[State, Any] = {
            "skipped": self.is_skipped,
            "confirmed": self.is_confirmed,
            "drawn": self.is_drawn_on,
            "applied": self.masks > 0,
        }
        places = [np.uint8(STATES.index(state)) for state in says]
        return np.select(list(says.values()), places, np.uint8(STATES.index("none")))
