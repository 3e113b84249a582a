"""`studio/neighbours.py`: a process never serves a second project."""

from __future__ import annotations

import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import psutil
import pytest
from fastapi.testclient import TestClient

from understudy.errors import StudioMissing
from understudy.project.project import Project
from understudy.provenance.identity import HOME_VARIABLE
from understudy.studio.app import studio_app
from understudy.studio.neighbours import open_project
from understudy.studio.open_studio import Studio
from understudy.studio.running import running


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's folder of this test alone."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Two projects side by side."""
    return Project.create(tmp_path / "one").folder, Project.create(tmp_path / "two").folder


def test_a_studio_without_a_project_opens_one_and_never_changes_it(two: tuple[Path, Path]) -> None:
    noted: list[Path] = []
    studio = Studio(None, when_opened=noted.append)
    assert open_project(studio, two[0]) is None and open_project(studio, two[0]) is None
    assert studio.folder == two[0] and noted == [two[0]]


def test_another_project_gets_a_process_of_its_own_that_ends_when_it_is_left(two: tuple[Path, Path]) -> None:
    studio = Studio(two[0], flags=("--host", "127.0.0.1"))
    link = open_project(studio, two[1])
    assert studio.folder == two[0] and link
    (note,) = running()
    process = psutil.Process(note.process["process"])
    try:
        assert note.project == str(two[1]) and "--ends-alone-min" in process.cmdline()
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        assert b'"two"' in browser.open(link).read() + browser.open(f"{note.url}/api/studio").read()
        again = open_project(studio, two[1])
        assert again and again != link and len(running()) == 1, "the one that runs is used"
    finally:
        process.terminate()
        process.wait(60)


def test_no_request_makes_a_window_reach_a_second_project(
    two: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Path] = []
    monkeypatch.setattr(
        "understudy.studio.neighbours._begun", lambda _studio, folder: begun.append(folder) or "http://there"
    )
    studio = Studio(two[0], projects=two[0].parent)
    client = TestClient(studio_app(studio))
    assert client.post("/api/project/projects/open", json={"name": "two"}).json()["link"] == "http://there"
    assert client.post("/api/project/projects/create", json={"name": "three"}).json()["link"] == "http://there"
    assert studio.folder == two[0] and [folder.name for folder in begun] == ["two", "three"]


def test_a_studio_that_does_not_begin_is_a_sentence_and_its_complaint_is_in_the_log(
    two: tuple[Path, Path],
) -> None:
    studio = Studio(two[0], flags=("--host", "192.0.2.1", "--no-encryption"))
    with pytest.raises(StudioMissing, match="did not begin"):
        open_project(studio, two[1])
    assert "not an address" in studio.log().read_text()
