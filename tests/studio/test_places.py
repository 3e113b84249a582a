"""`studio/places.py`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from tests.jobs.conftest import write_wall
from understudy.errors import ClipMissing, ProjectInvalid
from understudy.media.images import IMAGE_SUFFIXES, decode_image, encode_png
from understudy.media.movie_files import MOVIE_SUFFIXES
from understudy.project.project import Project
from understudy.studio import places
from understudy.studio.app import studio_app
from understudy.studio.open_studio import Studio
from understudy.studio.places import (
    clip_id,
    clip_path,
    clip_places,
    new_project_path,
    project_path,
    project_places,
)


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A folder of clips, with secrets beside it."""
    for name in ("clips/day/deep", "clips/plates", "clips/.hidden", "secret"):
        (tmp_path / name).mkdir(parents=True)
    for name in (
        "clips/b.mov",
        "clips/a.mp4",
        "clips/day/deep/c.MKV",
        "clips/notes.txt",
        "clips/.hidden/d.mp4",
    ):
        (tmp_path / name).write_bytes(b"x")
    for n in range(3):
        (tmp_path / f"clips/plates/{n}.png").write_bytes(encode_png(np.zeros((8, 8, 3), np.uint8)))
    (tmp_path / "clips/still.png").write_bytes(b"x")
    (tmp_path / "secret/e.mp4").write_bytes(b"x")
    return tmp_path


def test_movies_sequences_and_stills_are_listed_and_nothing_else(disk: Path) -> None:
    found = [
        (p.path.relative_to(disk / "clips").as_posix(), p.kind)
        for p in clip_places(Studio(None, clips=(disk / "clips",)))
    ]
    assert sorted(found) == [
        ("a.mp4", "movie"), ("b.mov", "movie"), ("day/deep/c.MKV", "movie"), ("plates", "images"),
        ("still.png", "image"),
    ]  # fmt: skip


def test_a_program_whose_name_ends_like_that_of_a_movie_is_none(disk: Path) -> None:
    (disk / "clips/uPlot.d.ts").write_text("declare class uPlot {}\n" * 20)
    (disk / "clips/short.ts").write_bytes(b"G")
    (disk / "clips/shot.ts").write_bytes((b"G" + bytes(187)) * 2)
    names = {p.path.name for p in clip_places(Studio(None, clips=(disk / "clips",)))}
    assert "shot.ts" in names and not names & {"uPlot.d.ts", "short.ts"}


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_leads_nowhere(disk: Path) -> None:
    (disk / "clips/link.mp4").symlink_to(disk / "secret/e.mp4")
    (disk / "clips/linked").symlink_to(disk / "secret")
    names = {p.path.name for p in clip_places(Studio(None, clips=(disk / "clips",)))}
    assert "link.mp4" not in names and "e.mp4" not in names


def test_only_what_is_listed_can_be_chosen(disk: Path) -> None:
    studio = Studio(None, clips=(disk / "clips",))
    assert clip_path(studio, clip_id(disk / "clips/a.mp4")) == disk / "clips/a.mp4"
    for other in (disk / "secret/e.mp4", disk / "clips/notes.txt", disk / "clips/.hidden/d.mp4"):
        with pytest.raises(ClipMissing):
            clip_path(studio, clip_id(other))
    for path in (str(disk / "clips/a.mp4"), "../secret/e.mp4", "a.mp4", ""):
        with pytest.raises(ClipMissing):
            clip_path(studio, path)


def test_what_was_sent_into_the_project_can_be_chosen_without_naming_a_folder(tmp_path: Path) -> None:
    folder = Project.create(tmp_path / "shot").folder
    (folder / "clips").mkdir()
    (folder / "clips/a.mp4").write_bytes(b"x")
    assert [p.path.name for p in clip_places(Studio(folder))] == ["a.mp4"]


def test_the_list_tells_no_path(disk: Path) -> None:
    client = TestClient(studio_app(Studio(None, clips=(disk / "clips",))))
    answer = client.get("/api/places/clips")
    assert str(disk) not in answer.text and answer.json()["folders"] == ["clips"]
    folders = {clip["name"]: clip["folder"] for clip in answer.json()["clips"]}
    assert folders["c.MKV"] == "clips/day/deep" and folders["a.mp4"] == "clips"


def test_the_list_tells_what_is_in_the_project_already(disk: Path) -> None:
    project = Project.create(disk / "project")
    a, plates = disk / "clips/a.mp4", disk / "clips/plates"
    for path, role in ((a, "src"), (a, "dst"), (plates, "dst")):
        project.add_clip(path, role)
    client = TestClient(studio_app(Studio(project.folder, clips=(disk / "clips",))))
    told = {clip["name"]: clip["is_in"] for clip in client.get("/api/places/clips").json()["clips"]}
    assert told["a.mp4"] == "src clip a and dst clip a-2" and told["plates"] == "dst clip plates"
    assert told["b.mov"] == ""


def test_the_list_tells_which_files_may_be_sent_instead() -> None:
    told = TestClient(studio_app(Studio(None))).get("/api/places/clips").json()["endings"]
    assert set(told) == MOVIE_SUFFIXES | IMAGE_SUFFIXES


def test_a_clip_has_a_small_picture_that_is_sent_once(tmp_path: Path) -> None:
    write_wall(tmp_path / "wall.mp4")
    client = TestClient(studio_app(Studio(None, clips=(tmp_path,))))
    (clip,) = client.get("/api/places/clips").json()["clips"]
    answer = client.get(f"/api/{clip['picture']}")
    assert answer.headers["content-type"] == "image/jpeg" and max(decode_image(answer.content).shape) <= 320
    assert (
        client.get(f"/api/{clip['picture']}", headers={"If-None-Match": answer.headers["etag"]}).status_code
        == 304
    )


def test_a_sequence_whose_middle_image_is_broken_has_a_small_picture_too(tmp_path: Path) -> None:
    for number in range(3):
        path = tmp_path / "shot" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(encode_png(np.full((48, 64, 3), 90, np.uint8)) if number != 1 else b"")
    client = TestClient(studio_app(Studio(None, clips=(tmp_path,))))
    (clip,) = client.get("/api/places/clips").json()["clips"]
    assert decode_image(client.get(f"/api/{clip['picture']}").content).shape[:2] == (48, 64)


def test_a_picture_of_a_listed_clip_walks_through_no_folder(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = Studio(None, clips=(disk / "clips",))
    assert len(list(clip_places(studio))) == 5
    walks, walk = list[Path](), os.walk
    monkeypatch.setattr(os, "walk", lambda root: walks.append(root) or walk(root))
    assert clip_path(studio, clip_id(disk / "clips/day/deep/c.MKV")).name == "c.MKV" and not walks
    (disk / "clips/day/deep/c.MKV").unlink()
    with pytest.raises(ClipMissing):
        clip_path(studio, clip_id(disk / "clips/day/deep/c.MKV"))
    assert len(walks) == 1


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_that_took_a_clips_place_leads_nowhere(disk: Path) -> None:
    studio = Studio(None, clips=(disk / "clips",))
    assert len(list(clip_places(studio))) == 5
    (disk / "clips/a.mp4").unlink()
    (disk / "clips/a.mp4").symlink_to(disk / "secret/e.mp4")
    (disk / "clips/day/deep").rename(disk / "secret/deep")
    (disk / "clips/day/deep").symlink_to(disk / "secret/deep")
    for gone in ("clips/a.mp4", "clips/day/deep/c.MKV"):
        with pytest.raises(ClipMissing):
            clip_path(studio, clip_id(disk / gone))
    with pytest.raises(ClipMissing):  # a folder that is no longer named
        clip_path(Studio(None, kept=studio.kept), clip_id(disk / "clips/b.mov"))


def test_what_goes_while_it_is_listed_is_left_out(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    studio = Studio(Project.create(disk / "shot").folder, clips=(disk / "clips",), projects=disk)
    going, walk = [disk / "clips/a.mp4", disk / "shot/understudy.toml"], places._clips_below

    def listing(root: Path) -> Iterator[places.ClipPlace]:
        for place in walk(root):
            going[0].unlink(missing_ok=True)
            yield place

    monkeypatch.setattr(places, "_clips_below", listing)
    client = TestClient(studio_app(studio))
    listed = client.get("/api/places/clips")
    assert listed.status_code == 200 and "a.mp4" not in [one["name"] for one in listed.json()["clips"]]
    monkeypatch.setattr(places, "clip_path", lambda *_: going[0])
    gone = client.get("/api/places/clips/x/picture")
    assert (gone.status_code, gone.json()["kind"]) == (422, "ClipMissing")


def test_projects_are_known_by_name_and_no_other_folder_is(tmp_path: Path) -> None:
    one, two = Project.create(tmp_path / "p/one").folder, Project.create(tmp_path / "p/two").folder
    Project.create(tmp_path / "elsewhere")
    (tmp_path / "p/empty").mkdir()
    studio = Studio(one, projects=tmp_path / "p")
    assert {folder.name for folder in project_places(studio)} == {"one", "two"}
    assert project_path(studio, "two") == two
    for name in ("empty", "../elsewhere", str(two), ".", "", "two/../two"):
        with pytest.raises(ProjectInvalid):
            project_path(studio, name)
    told = TestClient(studio_app(studio)).get("/api/places/projects").json()
    assert {p["id"]: p["open"] for p in told["projects"]} == {"one": True, "two": False} and told["can_make"]


def test_a_new_project_lies_where_projects_lie_whatever_it_is_called(tmp_path: Path) -> None:
    studio = Studio(None, projects=tmp_path)
    for name in ("../out", "/etc", "a/b", "..", ".hidden", "C:\\x"):
        assert new_project_path(studio, name).parent == tmp_path
    (tmp_path / "taken").mkdir()
    with pytest.raises(ProjectInvalid, match="already"):
        new_project_path(studio, "taken")
    with pytest.raises(ProjectInvalid, match="--projects"):
        new_project_path(Studio(None), "x")
