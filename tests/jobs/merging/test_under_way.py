"""Who merges a clip right now is known of its lock, also where a terminal does it."""

from __future__ import annotations

import os
import sys

import pytest

from understudy.jobs.delivery import finished_files
from understudy.jobs.merging.under_way import merging_now
from understudy.project.lock import exclusive
from understudy.project.project import Project


@pytest.mark.parametrize(("command", "does"), [("merge", "merged"), ("swap", "worked on")])
def test_a_clip_says_which_process_merges_it_and_delivering_waits_for_that(
    ready: Project, monkeypatch: pytest.MonkeyPatch, command: str, does: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["understudy", command, "a project"])
    with exclusive(ready.clip_lock("dst")):
        told = merging_now(ready, "dst")
        (block,) = finished_files.outlook(ready, "main", "dst", said={})["blocks"]
    assert told.startswith(f"It is being {does} right now by process {os.getpid()} on ")
    assert f"`understudy {command} a project`" in told
    assert told in block and "Wait until that is done." in block and "Merge first" not in block
    assert merging_now(ready, "dst") == ""
    (block,) = finished_files.outlook(ready, "main", "dst", said={})["blocks"]
    assert "Merge first." in block


def test_whoever_else_holds_a_clip_merges_nothing(ready: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["understudy", "extract", "merge"])
    with exclusive(ready.clip_lock("dst")):
        assert merging_now(ready, "dst") == ""
