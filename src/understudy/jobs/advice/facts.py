"""What the rules of advice look at, and what they give: everything measured, nothing guessed.

Not here: measuring and reading it (`jobs/advise.py`), the rules (`faces.py`, `training.py`).
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from understudy.facesets.curation.coverage import Coverage
from understudy.geometry import FaceType
from understudy.training.options import TrainOptions

Array = npt.NDArray[np.float64]
_SOME_ITERATIONS = 800  # fewer tell no trend
_RECENT_SHARE = 0.2
_AT_SPEED = 0.5  # of the highest learning rate: below it a run settles, and its loss says nothing of a plateau


@dataclass(frozen=True)
class Advice:
    """One thing to do: what was seen (with its numbers), why it matters, what to do, a command where there is
    one.

    `weight` orders advice: 3 spoils the result, 2 costs much of it, 1 is worth a try.
    """

    rule: str
    weight: float
    seen: str
    why: str
    todo: str
    command: str = ""
    model: str = ""


@dataclass(frozen=True, eq=False)
class Faces:
    """One side's faces. `sets` are its facesets that hold any, each with how many; `columns` are those of
    `facesets.sorting.table.COLUMNS`, of all these joined in their order; `width` is the median of face width by
    face height among those that look ahead, NaN where none does."""

    sets: Mapping[str, int]
    columns: Mapping[str, npt.NDArray[Any]]
    width: float = float("nan")

    @property
    def count(self) -> int:
        """How many faces."""
        return len(self.columns["yaw_deg"])

    def holding(self, chosen: npt.NDArray[np.bool_]) -> list[str]:
        """The facesets that hold any of the faces that are chosen."""
        ends = np.cumsum([*self.sets.values()])[:-1]
        parts = zip(self.sets, np.split(chosen, ends), strict=True)
        return [name for name, part in parts if part.any()]

    def known(self, name: str) -> Array:
        """The measured values of a column."""
        values = np.asarray(self.columns[name], float)
        return values[~np.isnan(values)]


@dataclass(frozen=True, eq=False)
class Model:
    """One model of the project. `metrics` are the lines of metrics.jsonl; `crop_px` says for each side how many
    pixels of the frame its crop spans, the median; `unripe` what its training wrote down against calling it
    done."""

    name: str
    preset: str
    architecture: str
    face_type: FaceType
    size_px: int
    parameters: int
    iterations: int
    options: TrainOptions
    metrics: Sequence[Mapping[str, Any]] = ()
    losses_since: int = 0  # the iteration from which on it learned by its present set of losses
    crop_px: Mapping[str, float] | None = None
    unripe: str = ""

    def losses(self) -> Array:
        """(n, 2) losses of src and dst at full speed by the present set of losses, oldest first."""
        return np.array(
            [(float(line["loss_src"]), float(line["loss_dst"])) for _, line in self._told()]
        ).reshape(-1, 2)

    def _told(self) -> list[tuple[int, Mapping[str, Any]]]:
        """The lines that tell how it learns now, each with the iterations it is the mean of."""
        fastest = max((float(line.get("learning_rate", 0)) for line in self.metrics), default=0.0)
        return [
            (span, line)
            for span, line in self._spans()
            if float(line.get("learning_rate", 0)) >= _AT_SPEED * fastest
            and line["iteration"] > self.losses_since
        ]

    def _spans(self) -> list[tuple[int, Mapping[str, Any]]]:
        """Every line with the iterations it is the mean of; how often it was measured changes on the way."""
        ends = [int(line["iteration"]) for line in self.metrics]
        gaps = np.diff(ends).tolist()
        # An imported model counts on from iterations that were never measured here.
        begin = max(0, ends[0] - max(gaps)) if gaps else 0
        return [
            (end - before, line) for before, end, line in zip([begin, *ends], ends, self.metrics, strict=False)
        ]

    def lately(self, name: str, *, iterations: int | None = None) -> float | None:
        """The mean of a figure over the last `iterations`, or the last fifth of those that were measured; None
        where none is told."""
        spans = self._spans()
        last = spans[-1][1]["iteration"] if spans else 0
        measured = sum(span for span, _ in spans)
        since = last - (_RECENT_SHARE * measured if iterations is None else iterations)
        told = [
            (min(span, line["iteration"] - since), float(line[name]))
            for span, line in spans
            if line["iteration"] > since and name in line
        ]
        total = sum(span for span, _ in told)
        return sum(span * value for span, value in told) / total if total else None

    def recent_losses(self) -> Array:
        """`losses` of the last fifth of these iterations, once for every iteration."""
        return self._losses_where(self._ago() < _RECENT_SHARE)

    def _losses_where(self, lines: npt.NDArray[np.bool_]) -> Array:
        """`losses` of these lines, once for every iteration."""
        spans = np.array([span for span, _ in self._told()], int)
        return np.repeat(self.losses(), np.where(lines, spans, 0), axis=0)

    def _ago(self) -> Array:
        """How long before the last one each of these lines ended, as a share of their iterations."""
        ends = np.cumsum([span for span, _ in self._told()])
        return (ends[-1] - ends) / max(1, ends[-1]) if len(ends) else np.empty(0)

    def recent_gain(self) -> float | None:
        """By which share of itself the loss fell over the last fifth of training at full speed; None where
        there is too little to tell."""
        ago = self._ago()
        if sum(span for span, _ in self._told()) < _SOME_ITERATIONS:
            return None
        lately, earlier = ago < _RECENT_SHARE, (ago >= _RECENT_SHARE) & (ago < 2 * _RECENT_SHARE)
        if not earlier.any():
            return None
        before, now = (np.median(self._losses_where(lines).sum(1)) for lines in (earlier, lately))
        return float((before - now) / before) if before > 0 else None


@dataclass(frozen=True)
class Machine:
    """Where it would train: the device and its memory."""

    device: str
    memory_bytes: int


@dataclass(frozen=True, eq=False)
class Facts:
    """Everything the rules look at. `model` is None for rules about faces alone."""

    project: str  # the folder, as a person would write it
    src: Faces
    dst: Faces
    coverage: Coverage
    machine: Machine
    model: Model | None = None

    def command(self, words: str, rest: str = "") -> str:
        """`understudy WORDS PROJECT REST`."""
        return " ".join(filter(None, ("understudy", words, shlex.quote(self.project), rest)))

    def for_each(self, words: str, rests: Mapping[str, str]) -> str:
        """`understudy WORDS PROJECT FACESET REST` of each of these facesets, one after the other."""
        each = (self.command(words, f"{shlex.quote(name)} {rest}") for name, rest in rests.items())
        return " && ".join(each)

    def reject(self, chosen: npt.NDArray[np.bool_], where: str) -> str:
        """The command that rejects these faces of src, which are those `where` that is so."""
        return self.for_each("faceset reject", dict.fromkeys(self.src.holding(chosen), f'--where "{where}"'))

    def train(self, rest: str) -> str:
        """The command that trains the model on with other options."""
        name = f"--model {shlex.quote(self.model.name)} " if self.model and self.model.name != "main" else ""
        return self.command("train", name + rest)
