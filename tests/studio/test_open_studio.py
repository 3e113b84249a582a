"""`studio/open_studio.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.errors import AnotherProject, ProjectInvalid
from understudy.studio.open_studio import Studio


def test_a_studio_without_a_project_says_so() -> None:
    with pytest.raises(ProjectInvalid, match="No project is open"):
        Studio(None).project()


def test_what_was_done_in_a_window_of_another_project_is_refused(tmp_path: Path) -> None:
    none, first, second = (Studio(folder) for folder in (None, tmp_path / "first", tmp_path / "second"))
    with pytest.raises(AnotherProject, match="of another project"):
        second.require_meant(first.id)
    for meant in (second.id, none.id, None):  # its own, one that had none open yet, a program
        second.require_meant(meant)
