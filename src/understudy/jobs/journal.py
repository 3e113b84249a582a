"""How far the last swap of a project came, so that running it again goes on instead of training twice.

The stages know themselves what they have done; only "ten more minutes" needs a memory of what was asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from understudy.files import read_json, write_json
from understudy.jobs.settings import Said
from understudy.project.project import Project
from understudy.project.state import newest_checkpoint

# What a first impression takes on a CPU; said aloud when nobody named a length.
DEFAULT_MINUTES = 30.0
_LENGTHS = ("minutes", "iterations")


class SwapJournal:
    """The last swap with one model: what it was asked, and whether training and delivery are done."""

    def __init__(self, project: Project, model: str) -> None:
        self._path = project.logs_folder / f"swap-{model}.json"
        self._model_folder = project.model_folder(model)
        self._state = self._read()

    def training_left(self, said: Said, set_in_project: Mapping[str, Any]) -> dict[str, Any] | None:
        """The length to train now, as options, or None when the last run has trained all it was asked.

        A run that was interrupted is finished; one that was finished is followed by as much again when a
        length is said, and by none when it is not.
        """
        asked = {name: said[name] for name in _LENGTHS if said.get(name) is not None}
        plan = self._plan()
        if not asked:
            if plan is not None and plan.get("finished"):
                return None
            if plan is not None and any(plan.get(name) for name in _LENGTHS):
                return {name: plan.get(name) for name in _LENGTHS}
            known = {name: set_in_project[name] for name in _LENGTHS if set_in_project.get(name) is not None}
            return known or {"minutes": DEFAULT_MINUTES}
        if (
            self._state.get("asked") == asked
            and self._state.get("trained")
            and not self._state.get("delivered")
        ):
            return None
        return asked

    def begin(self, said: Said) -> None:
        """A run starts that was asked for `said`."""
        asked = {name: said[name] for name in _LENGTHS if said.get(name) is not None}
        if self._state.get("asked") != asked or self._state.get("delivered"):
            self._write({"asked": asked, "trained": False, "delivered": False})

    def trained(self) -> None:
        """Training has come to its planned end."""
        self._write({**self._state, "trained": True})

    def delivered(self) -> None:
        """All is done; the next run is a new one."""
        self._write({**self._state, "delivered": True})

    def _plan(self) -> dict[str, Any] | None:
        found = newest_checkpoint(self._model_folder)
        return None if found is None else found[0].get("plan")

    def _read(self) -> dict[str, Any]:
        try:
            state = read_json(self._path)
        except (OSError, ValueError):  # none yet, or torn: then a named length is trained, which is safe
            return {}
        return state if isinstance(state, dict) else {}

    def _write(self, state: dict[str, Any]) -> None:
        write_json(self._path, state)
        self._state = state
