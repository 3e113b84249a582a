"""`cli/studio.py`."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from understudy.cli.main import main
from understudy.project.project import Project
from understudy.studio.open_studio import Studio


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Studio]:
    """The studios that would have been served."""
    studios: list[Studio] = []

    def serve(studio: Studio, *_: Any, **__: Any) -> None:
        studios.append(studio)

    monkeypatch.setattr("understudy.studio.server.serve", serve)
    return studios


def test_the_named_project_is_the_one_that_is_served(tmp_path: Path, served: list[Studio]) -> None:
    Project.create(tmp_path / "shot")
    assert main(["studio", str(tmp_path / "shot")]) == 0
    assert (served[0].folder, served[0].projects) == (tmp_path / "shot", tmp_path)


def test_a_folder_that_is_no_project_is_refused_before_anything_is_served(
    tmp_path: Path, served: list[Studio], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["studio", str(tmp_path)]) == 2
    assert "no project" in capsys.readouterr().err and not served


def test_projects_and_clips_are_the_folders_that_were_named(tmp_path: Path, served: list[Studio]) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    clips = ["--clips", str(tmp_path), "--clips", str(tmp_path / "b")]
    assert main(["studio", "--projects", str(tmp_path / "a"), *clips]) == 0
    assert served[0].projects == tmp_path / "a" and served[0].clips == (tmp_path, tmp_path / "b")


def test_a_studio_for_another_project_is_started_with_the_same_flags(
    tmp_path: Path, served: list[Studio], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = ["--host", "::1", "--key", "k.pem", "--certificate", "c.pem", "--clips", ".", "--projects", "."]
    assert main(["studio", "--port", "9", "--no-browser", *said]) == 0
    flags = served[0].flags
    served.clear()
    assert main(["studio", *flags]) == 0
    assert served[0].flags == flags and served[0].clips == (tmp_path,) and "--port" not in flags
    assert {("--host", "::1"), ("--key", str(tmp_path / "k.pem"))} < set(pairwise(flags))
    for said in ([], ["--no-encryption"]):
        served.clear()
        main(["studio", *said])
        assert ("--no-encryption" in served[0].flags) == bool(said)


@pytest.mark.parametrize(
    ("said", "seen", "is_warned"),
    [([], ["http://here"], False), (["--no-browser"], [], False), (["--no-encryption"], ["http://here"], True)],
)
def test_the_browser_shows_the_studio_unless_it_is_not_wanted_and_an_open_connection_is_warned_of(
    said: list[str],
    seen: list[str],
    is_warned: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    address, links = SimpleNamespace(port=9, beyond_this_machine=True), []
    serving = SimpleNamespace(address=address, new_link=lambda: "http://here")
    monkeypatch.setattr("understudy.studio.server.serve", lambda *_, when_open: when_open(serving))
    monkeypatch.setattr("understudy.cli.studio._has_browser", lambda: True)
    monkeypatch.setattr("understudy.cli.studio.person_sits_here", lambda: False)
    monkeypatch.setattr("webbrowser.open", links.append)
    assert main(["studio", *said]) == 0
    assert links == seen and ("whoever sees the network's traffic" in capsys.readouterr().err) == is_warned


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (["--host", "0.0.0.0"], "--no-encryption"),
        (["--host", "192.0.2.1", "--no-encryption"], "not an address"),
        (["--port", "70000"], "port"),
        (["--certificate", "nowhere.pem"], "not there"),
        (["--clips", "nowhere"], "not there"),
        (["--projects", "nowhere"], "not there"),
    ],
)
def test_what_cant_be_served_is_a_sentence(
    said: list[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["studio", *said]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and word in told
