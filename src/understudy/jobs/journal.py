"""How far the last swap of a project came, so that running it again goes on instead of training twice.

The stages know themselves what they have done; only "ten more minutes" needs a memory of what was asked, and
of how far the model was then.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from understudy.files import read_json, write_json
from understudy.jobs.settings import Said
from understudy.project.project import Project
from understudy.project.state import newest_checkpoint

# What a first impression takes on a CPU; said aloud when nobody named a length.
DEFAULT_MINUTES = 30.0
_LENGTHS = ("minutes", "iterations")
_NOTES_KEPT = 60  # a handful for each run


class SwapJournal:
    """The last swap with one model: what it was asked, where the model stood, whether it was delivered."""

    def __init__(self, project: Project, model: str) -> None:
        self._path = project.logs_folder / f"swap-{model}.json"
        self._model_folder = project.model_folder(model)

    def training_left(self, said: Said, set_in_project: Mapping[str, Any]) -> dict[str, Any] | None:
        """The length to train now, as options, or None when the last run has trained all it was asked.

        A run that was interrupted is finished; one that was finished is followed by as much again when a
        length is said, and by none when it is not.
        """
        asked, (iteration, plan) = _length(said), self._model()
        finished = bool(plan.get("finished"))
        if asked:
            last = self._read()
            interrupted = last.get("asked") == asked and not last.get("delivered")
            return None if interrupted and finished and iteration > int(last.get("iteration", 0)) else asked
        if finished:
            return None
        return _length(plan) or _length(set_in_project) or {"minutes": DEFAULT_MINUTES}

    def begin(self, said: Said) -> None:
        """A run starts that was asked for `said`; one that goes on after an interruption changes nothing."""
        asked, last = _length(said), self._read()
        if last.get("asked") != asked or last.get("delivered"):
            now = {"asked": asked, "iteration": self._model()[0], "delivered": False}
            write_json(self._path, {**last, **now})

    def delivered(self) -> None:
        """All is done; the next run is a new one."""
        write_json(self._path, {**self._read(), "delivered": True})

    def note(self, figures: Mapping[str, Any]) -> None:
        """Remember of a stage what it did, for the report of the run that comes to the end: its plain figures,
        not its lists."""
        plain = {name: value for name, value in figures.items() if isinstance(value, str | int | float)}
        noted = [*self.noted, {"at": datetime.now(UTC).isoformat(timespec="seconds"), **plain}]
        write_json(self._path, {**self._read(), "noted": noted[-_NOTES_KEPT:]})

    @property
    def noted(self) -> list[dict[str, Any]]:
        """What stages of this project's swaps with the model did, the oldest first."""
        noted = self._read().get("noted", [])
        return noted if isinstance(noted, list) else []

    @property
    def iteration(self) -> int:
        """How far the model is."""
        return self._model()[0]

    @property
    def plan(self) -> Mapping[str, Any]:
        """The plan that the model's newest checkpoint follows; empty where there is none."""
        return self._model()[1]

    def _model(self) -> tuple[int, Mapping[str, Any]]:
        """Iterations of the newest checkpoint, and the plan it follows; (0, {}) where there is none."""
        found = newest_checkpoint(self._model_folder)
        if found is None:
            return 0, {}
        written = found[0]
        return int(written["iteration"]), written.get("state", {}).get("plan", {})

    def _read(self) -> dict[str, Any]:
        try:
            state = read_json(self._path)
        except (OSError, ValueError):  # none yet, or torn: then a named length is trained, which is safe
            return {}
        return state if isinstance(state, dict) else {}


def _length(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in _LENGTHS if values.get(name) is not None}
