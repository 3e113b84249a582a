"""`studio/watch.py`: what another process changes is told to the windows, by topic and place."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from understudy.files import write_bytes
from understudy.project.project import Project
from understudy.studio.app import studio_app
from understudy.studio.open_studio import Studio
from understudy.studio.watch import FileWatch, stamps


class Ear:
    """A window that hears."""

    is_heard = True

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []

    def say(self, topic: str, **facts: Any) -> None:
        """Note what is said."""
        self.heard.append({"topic": topic, **facts})

    def take(self) -> list[dict[str, Any]]:
        """What was said since."""
        heard, self.heard = self.heard, []
        return heard


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a faceset, a model, a merge and a segmenter."""
    folder = Project.create(tmp_path / "shot").folder
    for name in (
        "facesets/src/main",
        "models/main/previews",
        "merged/a/main",
        "masks/shot",
        "overlays/a",
        "manual",
    ):
        (folder / name).mkdir(parents=True)
    return folder


@pytest.fixture
def ear() -> Ear:
    """A window."""
    return Ear()


@pytest.fixture
def watch(project: Path, ear: Ear) -> FileWatch:
    """A watch that has looked once."""
    watch = FileWatch(Studio(project, live=ear))  # type: ignore[arg-type]
    watch.look(0)
    assert ear.take() == []
    return watch


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("understudy.toml", {"topic": "project"}),
        ("clips/a.mp4", {"topic": "project"}),
        ("out/a.mp4", {"topic": "project"}),
        ("facesets/src/main/a-000001-1.png", {"topic": "faces", "faceset": "src/main"}),
        ("facesets/src/main/history.jsonl", {"topic": "faces", "faceset": "src/main"}),
        ("facesets/dst/other/a-000001-1.png", {"topic": "faces", "faceset": "dst/other"}),
        ("models/main/metrics.jsonl", {"topic": "training", "model": "main"}),
        ("models/main/previews/000100.jpg", {"topic": "training", "model": "main"}),
        ("models/next/model.toml", {"topic": "training", "model": "next"}),
        ("masks/shot/metrics.jsonl", {"topic": "masks", "segmenter": "shot"}),
        ("merged/a/main/000001.png", {"topic": "merge", "clip": "a", "model": "main"}),
        ("merged/a/main/merge.jsonl", {"topic": "merge", "clip": "a", "model": "main"}),
        ("settings/a.jsonl", {"topic": "merge", "clip": "a"}),
        ("cache/.a.lock", {"topic": "merge", "clip": "a"}),
        ("overlays/a/000001.jpg", {"topic": "frames", "clip": "a"}),
        ("manual/a.json", {"topic": "frames"}),
    ],
)
def test_what_is_written_is_told_once(project: Path, watch: FileWatch, ear: Ear, path: str, told: dict) -> None:
    (project / path).parent.mkdir(parents=True, exist_ok=True)
    (project / path).write_text("new", encoding="utf-8")
    watch.look(1)
    assert told in ear.take()
    watch.look(3)
    assert ear.take() == []


def test_a_line_added_to_a_file_is_told(project: Path, watch: FileWatch, ear: Ear) -> None:
    metrics = project / "models/main/metrics.jsonl"
    for n in range(3):
        with metrics.open("a") as file:
            file.write("{}\n")
        watch.look(10 * n + 10)
        assert {"topic": "training", "model": "main"} in ear.take()


def test_what_is_removed_is_told(project: Path, watch: FileWatch, ear: Ear) -> None:
    (project / "masks/shot").rmdir()
    watch.look(1)
    assert {"topic": "masks", "segmenter": "shot"} in ear.take()
    watch.look(3)
    assert ear.take() == []


def test_a_place_that_changes_all_the_time_is_told_once_a_second_and_at_the_end(
    project: Path, watch: FileWatch, ear: Ear
) -> None:
    metrics = project / "models/main/metrics.jsonl"
    metrics.touch()
    watch.look(1)
    ear.take()
    for n in range(1, 5):
        metrics.write_text("x" * n)
        watch.look(1 + n / 10)
    assert ear.take() == []
    watch.look(2.1)
    assert ear.take() == [{"topic": "training", "model": "main"}]


def test_without_a_window_nothing_is_looked_at_and_nothing_is_lost(
    project: Path, watch: FileWatch, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear.is_heard = False
    with monkeypatch.context() as patch:
        patch.setattr("understudy.studio.watch.stamps", lambda _: pytest.fail("looked"))
        watch.look(1)
    (project / "out").mkdir()
    ear.is_heard = True
    watch.look(3)
    assert ear.take() == [{"topic": "project"}]


def test_reading_changes_nothing(project: Path, watch: FileWatch, ear: Ear) -> None:
    (project / "understudy.toml").read_text()
    list((project / "facesets/src/main").iterdir())
    watch.look(1)
    assert ear.take() == []


def test_opening_a_faceset_is_no_change_of_its_faces(project: Path, watch: FileWatch, ear: Ear) -> None:
    for n in range(1, 4):
        (project / f"facesets/src/main/index.sqlite-{n}").touch()
        watch.look(100 * n)
    assert ear.take() == []
    (project / "facesets/src/main/a-000001-1.png").touch()
    watch.look(1000)
    assert ear.take() == [{"topic": "faces", "faceset": "src/main"}]


def test_a_face_that_was_painted_anew_is_told(project: Path, watch: FileWatch, ear: Ear) -> None:
    face = project / "facesets/src/main/a-000001-1.png"
    write_bytes(face, b"one")
    watch.look(100)
    ear.take()
    write_bytes(face, b"two")
    watch.look(200)
    assert ear.take() == [{"topic": "faces", "faceset": "src/main"}]


def test_many_faces_are_looked_at_rarely_and_nothing_is_lost(
    project: Path, watch: FileWatch, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project / "facesets/src/main"
    seconds = iter(range(0, 10_000, 1))
    monkeypatch.setattr("time.perf_counter", lambda: next(seconds))  # a look takes a second
    (folder / "a-000001-1.png").touch()
    watch.look(100)
    assert ear.take() == [{"topic": "faces", "faceset": "src/main"}]
    (folder / "a-000002-1.png").touch()
    watch.look(110)
    assert ear.take() == []
    watch.look(121)
    assert ear.take() == [{"topic": "faces", "faceset": "src/main"}]


def test_until_a_look_at_the_images_is_due_no_change_of_them_costs_a_listing(
    project: Path, watch: FileWatch, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, listed = project / "facesets/src/main", list[str]()
    seconds, scandir = iter(range(10_000)), os.scandir
    monkeypatch.setattr("time.perf_counter", lambda: next(seconds))  # a look takes a second
    monkeypatch.setattr("os.scandir", lambda path: listed.append(str(path)) or scandir(path))
    for n in range(10):
        write_bytes(folder / "a-000001-1.png", str(n).encode())
        watch.look(100 + n)
    assert listed.count(str(folder)) == 1
    watch.look(121)
    assert listed.count(str(folder)) == 2
    assert ear.take() == 2 * [{"topic": "faces", "faceset": "src/main"}]


def test_looking_opens_no_file_and_grows_with_sets_not_with_faces(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(500):
        (project / f"facesets/src/main/a-{n:06}-1.png").touch()
    looked: list[Path] = []
    stat = Path.stat
    monkeypatch.setattr(Path, "stat", lambda self, **k: looked.append(self) or stat(self, **k))
    monkeypatch.setattr("builtins.open", lambda *_a, **_k: pytest.fail("opened"))
    monkeypatch.setattr(Path, "open", lambda *_a, **_k: pytest.fail("opened"))
    stamps(project)
    assert len(looked) < 40


def test_a_window_hears_of_a_command_in_another_process(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked, look = threading.Event(), FileWatch.look
    monkeypatch.setattr(FileWatch, "look", lambda self, now_s: (look(self, now_s), looked.set()))
    with (
        TestClient(studio_app(Studio(project))) as client,
        client.websocket_connect("/live") as window,
    ):
        assert looked.wait(60)  # what changes before the first look is no change
        (project / "facesets/src/main/a-000001-1.png").touch()
        while (message := window.receive_json())["topic"] != "faces":
            pass
        assert message["faceset"] == "src/main"


def test_reading_a_faceset_is_no_change_of_it_but_a_face_is(project: Path, watch: FileWatch, ear: Ear) -> None:
    opened, faceset = Project.open(project), project / "facesets" / "src" / "main"
    (faceset / "a.png").write_bytes(b"a face")
    with opened.faceset("src", "main"):
        pass
    watch.look(100.0)
    ear.take()
    before = faceset.stat().st_mtime_ns
    with opened.faceset("src", "main") as reading:
        reading.faces()
    assert faceset.stat().st_mtime_ns != before  # the index came and went
    watch.look(200.0)
    assert ear.take() == []
    (faceset / "a.png").rename(faceset / "b.png")
    watch.look(300.0)
    assert [said["topic"] for said in ear.take()] == ["faces"]
