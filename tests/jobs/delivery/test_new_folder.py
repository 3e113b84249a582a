"""Whoever mistypes the place of a result learns it at the beginning."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from understudy.events import Event, Notice
from understudy.jobs import stages
from understudy.jobs.delivery.new_folder import new_folder_told
from understudy.jobs.request import SwapRequest
from understudy.jobs.swap import swap
from understudy.project.project import Project


def words(event: Event) -> str:
    return event.text if isinstance(event, Notice) else ""


def test_a_result_in_a_folder_that_is_not_there_is_said_before_anything_else(
    ready: Project, tmp_path: Path
) -> None:
    list(stages.merge(ready, "main", said={}, device="cpu"))
    out = tmp_path / "nowhere" / "o.mp4"
    for events in (
        stages.encode(ready, "main", out=out, said={}),
        swap(SwapRequest(project=ready.folder, out=out)),
    ):
        (first,) = islice(events, 1)
        assert words(first).startswith(f"There is no folder {out.parent} yet") and not out.parent.exists()


def test_nothing_is_said_of_a_folder_that_is_there(tmp_path: Path) -> None:
    assert list(new_folder_told(tmp_path / "o.mp4")) == list(new_folder_told(None)) == []
