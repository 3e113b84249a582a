"""`understudy frames` as a person meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.facesets.extraction.stand_in import StandIn, installed, one_person
from tests.jobs.frames.test_carry import StandInReader
from tests.jobs.frames.test_desk import extracted, made
from understudy.cli.main import main
from understudy.faces.detect import DETECTORS
from understudy.project.project import Project
from understudy.training.keeping.lock import model_lock


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    installed(StandIn())
    monkeypatch.setattr("understudy.faces.dense.by_hand.HandReader", StandInReader)
    yield str(extracted(made(tmp_path, one_person(8))).folder)
    del DETECTORS["stand-in"]


def listed(project: str, capsys: pytest.CaptureFixture[str], which: str = "no face") -> list[int]:
    capsys.readouterr()
    assert main(["frames", "list", project, "shot", "--which", which, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_faces_are_removed_drawn_carried_and_taken_back_by_command(project: str, capsys) -> None:
    for frame in ("3", "4", "5"):
        assert main(["frames", "remove", project, "shot", frame]) == 0
    assert listed(project, capsys) == [3, 4, 5]
    assert main(["frames", "draw", project, "shot", "3", "--box", "72", "60", "60", "--accurate"]) == 0
    assert "shot-000003-1.jpg" in capsys.readouterr().out
    assert listed(project, capsys, "drawn") == [3]
    assert main(["frames", "carry", project, "shot", "3", "--count", "9"]) == 0
    assert "frame 6 has a face already" in capsys.readouterr().out
    assert listed(project, capsys) == []
    assert main(["frames", "undo", project, "shot", "--step", "1"]) == 2
    assert "another step than the one that was offered" in capsys.readouterr().err
    assert listed(project, capsys) == []
    assert main(["frames", "undo", project, "shot", "--step", "5"]) == 0
    assert "taken back: carry 2 faces in frame 4-5 (step 5)" in capsys.readouterr().out
    assert listed(project, capsys) == [4, 5]
    assert main(["frames", "redo", project, "shot", "--step", "4"]) == 2
    assert main(["frames", "redo", project, "shot", "--step", "5"]) == 0
    assert listed(project, capsys) == []
    assert (
        main(["frames", "carry", project, "shot", "3", "--count", "4", "--existing", "replace", "--accurate"])
        == 0
    )
    assert listed(project, capsys, "drawn") == [3, 4, 5, 6, 7]


def test_who_changes_faces_in_frames_while_they_are_trained_on_is_told_so(project: str, capsys) -> None:
    opened = Project.open(Path(project))
    opened.add_model("main")
    changes = (
        ["remove", project, "shot", "3"],
        ["draw", project, "shot", "3", "--box", "72", "60", "60"],
        ["carry", project, "shot", "3", "--count", "2", "--existing", "replace", "--json"],
        ["undo", project, "shot"],
        ["redo", project, "shot"],
    )
    with model_lock(opened.model_folder("main")):
        for words in changes:
            assert main(["frames", *words]) == 0, words
            said = capsys.readouterr()
            assert "as they were when it began" in said.out + said.err, words


def test_what_can_not_be_done_is_said_in_a_sentence(project: str, capsys) -> None:
    assert main(["frames", "list", project, "nobody"]) == 2
    assert main(["frames", "remove", project, "shot", "3"]) == 0
    assert main(["frames", "remove", project, "shot", "3"]) == 2
    assert "no face in the faceset" in capsys.readouterr().err
    assert main(["frames", "list", project, "shot"]) == 0
    assert "shot, no face: 3 (1 of 8 frames)" in capsys.readouterr().out


def test_a_box_is_said_with_three_numbers_and_never_as_none(project: str, capsys) -> None:
    assert main(["frames", "draw", project, "shot", "3", "--empty-box"]) == 2
    assert "--empty-box" in (said := capsys.readouterr().err) and "field required" not in said
    assert main(["frames", "draw", project, "shot", "3", "--box", "72", "60", "0"]) == 2
    assert "side of a box" in capsys.readouterr().err
