"""`understudy advise` as a person meets it: seen, why, do, a command; or JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.jobs.conftest import write_wall
from tests.jobs.test_advise import filled
from understudy.cli.main import main
from understudy.jobs.clips.adding import add_clips
from understudy.project.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path / "p")
    src, dst = write_wall(tmp_path / "src.mp4"), write_wall(tmp_path / "dst.mp4")
    add_clips(made, src=[src], dst=[dst], consent="fictional")
    made.add_model("main")
    return made


def test_advice_is_read_as_seen_why_and_do(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["advise", str(filled(project).folder), "--device", "cpu"]) == 0
    said = capsys.readouterr().out
    assert " 1 !! " in said and "why  " in said and "do   " in said
    assert "src has 8 faces" in said and "understudy add " in said
    assert "of advice; " in said.splitlines()[-1]
    assert all(len(line) <= 100 for line in said.splitlines() if "understudy " not in line)


def test_json_holds_the_same(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["advise", str(filled(project).folder), "--json", "--device", "cpu"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rules"] > 20 and {"seen", "why", "todo", "command"} <= set(found["advice"][0])


def test_a_model_that_is_none_is_refused(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["advise", str(filled(project).folder), "--model", "nobody"]) == 2
    assert "nobody" in capsys.readouterr().err
