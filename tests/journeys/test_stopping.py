"""Nothing is lost: kills, Ctrl-C, torn files, two at once."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path

import pytest

from tests.journeys.conftest import QUICK, Clips, Terminal
from understudy.media.opening import open_clip
from understudy.project.lock import exclusive
from understudy.project.project import Rehearsal

pytestmark = [
    pytest.mark.journey,
    pytest.mark.skipif(os.name == "nt", reason="signals of this kind are POSIX"),
]


def _iterations(project: Path) -> int:
    states = [
        json.loads(p.read_text()) for p in (project / "models" / "main" / "checkpoints").glob("*/state.json")
    ]
    return max(int(state["iteration"]) for state in states)


def test_a_job_killed_twice_goes_on_each_time_and_finishes(
    clips: Clips, desk: Path, terminal: Terminal
) -> None:
    out = desk / "out.mp4"
    project = desk / "out.understudy"
    command = ("swap", clips.src, clips.dst, "-o", out, "--iterations", 40, *QUICK, "--json")

    code, said = terminal.run_until(
        lambda line: '"Progress"' in line and '"find"' in line and '"done": 0' not in line,
        signal.SIGKILL,
        *command,
    )
    assert code == -signal.SIGKILL, said
    assert not out.exists()

    code, said = terminal.run_until(
        lambda line: (
            '"train"' in line
            and '"Progress"' in line
            and any((project / "models" / "main" / "checkpoints").glob("*/state.json"))
        ),
        signal.SIGKILL,
        *command,
    )
    assert code == -signal.SIGKILL, said
    assert re.search(r"goes on at frame [1-9]\d* of 40", said), said
    before = _iterations(project)
    assert 0 < before < 40

    code, said = terminal.run(*command)
    assert code == 0, said
    assert f"iteration {before}" in said, "it must say where it goes on"
    assert _iterations(project) == 40, "a plan that was cut short is finished, not started anew"
    with open_clip(out) as clip, open_clip(clips.dst) as dst:
        assert clip.info.frame_count == dst.info.frame_count
    assert not list(desk.rglob("*.partial*"))


def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(clips: Clips, desk: Path, terminal: Terminal) -> None:
    command = ("swap", clips.src, clips.dst, "-o", desk / "out.mp4", "--iterations", 5000, *QUICK, "--json")
    code, said = terminal.run_until(
        lambda line: '"train"' in line and '"Progress"' in line, signal.SIGINT, *command
    )
    assert code == 130, said
    assert "same command" in said and "Traceback" not in said
    assert _iterations(desk / "out.understudy") > 0


@pytest.mark.parametrize("stage", ["crop", "merge", "encode"])
def test_a_job_killed_in_any_stage_goes_on_without_training_again(
    clips: Clips, desk: Path, terminal: Terminal, stage: str
) -> None:
    out, project = desk / "out.mp4", desk / "out.understudy"
    command = ("swap", clips.src, clips.dst, "-o", out, "--iterations", 4, *QUICK, "--json")
    with exclusive(Rehearsal.of(project).ledger_lock):  # nothing is finished before it is killed
        code, said = terminal.run_until(
            lambda line: '"StageStarted"' in line and f'"stage": "{stage}"' in line, signal.SIGKILL, *command
        )
    assert code == -signal.SIGKILL, said
    code, said = terminal.run(*command)
    assert code == 0, said
    assert _iterations(project) == 4, said
    with open_clip(out) as clip, open_clip(clips.dst) as dst:
        assert clip.info.frame_count == dst.info.frame_count
    code, said = terminal.run("verify", out)
    assert code == 0, said


def test_a_corrupt_checkpoint_falls_back_to_the_one_before_and_says_so(
    clips: Clips, desk: Path, terminal: Terminal
) -> None:
    out, checkpoints = desk / "out.mp4", desk / "out.understudy" / "models" / "main" / "checkpoints"
    command = ("swap", clips.src, clips.dst, "-o", out, *QUICK)
    for _ in range(2):
        code, said = terminal.run(*command, "--iterations", 4)
        assert code == 0, said
    newest = max(checkpoints.glob("[0-9]*"))
    assert int(newest.name) == 8
    torn = newest / "model.safetensors"
    torn.write_bytes(torn.read_bytes()[:-1000])
    code, said = terminal.run(*command, "--iterations", 3)
    assert code == 0, said
    assert "warning" in said and "the one before" in said, said
    assert any(f"goes on at iteration {before}" in said for before in range(4, 8)), said


def test_a_model_in_use_is_refused_and_its_process_named(clips: Clips, desk: Path, terminal: Terminal) -> None:
    command = ("swap", clips.src, clips.dst, "-o", desk / "out.mp4", "--iterations", 5000, *QUICK, "--json")
    process = terminal.start(*command)
    assert process.stdout is not None
    for line in process.stdout:
        if '"train"' in line and '"Progress"' in line:
            break
    code, said = terminal.run("train", desk / "out.understudy", "--iterations", 1, *QUICK)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)
    assert code == 2 and str(process.pid) in said, said
