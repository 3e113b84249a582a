"""What the Project room says of commands that run in a terminal."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from understudy.project.project import Project

# Holds the model `main` as a training does, until it is told to end.
_TRAINS = """
import sys
from pathlib import Path
from understudy.training.keeping.lock import model_lock
sys.argv = ["understudy", "train", "."]
with model_lock(Path({folder!r})):
    (Path({folder!r}) / "metrics.jsonl").touch()
    print("holds", flush=True)
    sys.stdin.read()
"""


def test_a_training_in_a_terminal_is_told_without_buttons_while_it_lasts(page: Any, opened: Project) -> None:
    from understudy.project.manifest import ModelEntry

    with opened.change() as manifest:
        manifest.models["main"] = ModelEntry(preset="quick", face_type="full")
    page.locator(".pipeline").wait_for()
    folder = str(opened.model_folder("main"))
    terminal = subprocess.Popen(
        [sys.executable, "-c", _TRAINS.format(folder=folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert terminal.stdin and terminal.stdout and terminal.stdout.readline() == b"holds\n"
    told = page.locator(
        "us-run-list .elsewhere", has_text=f"Model main is being trained by process {terminal.pid}"
    )
    told.wait_for()
    assert told.locator("button").count() == 0
    terminal.communicate()
    told.wait_for(state="detached")
