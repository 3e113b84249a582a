"""`understudy credits` as a person meets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.jobs.conftest import write_wall
from understudy.cli.main import main
from understudy.jobs.clips.adding import add_clips
from understudy.jobs.delivery.consents import record_consent
from understudy.media.images import read_image
from understudy.project.project import Project


@pytest.fixture
def shot(tmp_path: Path) -> Project:
    project = Project.create(tmp_path / "Tide")
    add_clips(project, src=[write_wall(tmp_path / "a.mp4")], dst=[write_wall(tmp_path / "b.mp4")])
    record_consent(project, "src", {"status": "agreed", "who": "Mira"})
    return project


def test_the_words_are_printed_in_the_language_asked_for(shot: Project, capsys) -> None:
    assert main(["credits", str(shot.folder), "--language", "de"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Tide" and said[2] == "Mira hat der Verwendung des eigenen Gesichts zugestimmt."


def test_the_card_is_a_picture_of_the_size_asked_for_or_text(shot: Project, tmp_path: Path) -> None:
    size = ["--width", "640", "--height", "360"]
    assert main(["credits", str(shot.folder), "-o", str(tmp_path / "card.png"), *size]) == 0
    assert read_image(tmp_path / "card.png").shape == (360, 640, 3)
    assert main(["credits", str(shot.folder), "-o", str(tmp_path / "card.txt")]) == 0
    assert "Mira agreed to the use of their face." in (tmp_path / "card.txt").read_text("utf-8")


def test_what_stood_there_goes_to_the_trash_and_other_endings_are_refused(
    shot: Project, tmp_path: Path, capsys
) -> None:
    (tmp_path / "card.txt").write_text("mine")
    assert main(["credits", str(shot.folder), "-o", str(tmp_path / "card.txt")]) == 0
    assert [path.read_text() for path in shot.trash.folder.iterdir()] == ["mine"]
    assert main(["credits", str(shot.folder), "-o", str(tmp_path / "card.pdf")]) == 2
    assert "end in .png or .txt" in capsys.readouterr().err
    assert main(["credits", str(shot.folder), "-o", str(tmp_path / "c.png"), "--width", "0"]) == 2
    capsys.readouterr()
    assert main(["credits", str(shot.folder), "-o", str(tmp_path / "c.png"), "--width", "100000"]) == 2
    assert "16384" in capsys.readouterr().err


def test_a_consent_that_ended_stops_the_card(shot: Project, capsys) -> None:
    record_consent(shot, "src", {"valid_until": "2020-01-01"})
    assert main(["credits", str(shot.folder)]) == 2
    assert "ended on 2020-01-01" in capsys.readouterr().err
