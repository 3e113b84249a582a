"""What waits in a project that came from elsewhere is a stranger's command, and does not begin by itself."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

from understudy.errors import RunImpossible
from understudy.files import write_json
from understudy.jobs.runs.book import RunBook
from understudy.jobs.runs.run import KEEPER, RUN
from understudy.project.project import Project
from understudy.provenance.identity import home_folder


def _sent(book: RunBook, id: str = "20260101-000000-000-new", **more: object) -> str:
    (book.folder / id).mkdir(parents=True, exist_ok=True)
    write_json(book.folder / id / RUN, {"title": "Find faces", "words": ["extract"], "created": 1.0, **more})
    return id


def _queued(book: RunBook, monkeypatch: pytest.MonkeyPatch) -> str:
    with monkeypatch.context() as patch:
        patch.setattr(RunBook, "go_on", lambda _: None)
        return book.queue(["extract"]).id


@pytest.mark.parametrize("more", [{}, {"seals": []}, {"seals": ["0" * 64]}])
def test_a_run_that_came_with_a_project_waits_for_a_person(book: RunBook, more: dict[str, object]) -> None:
    id = _sent(book, **more)
    assert book.go_on() is None
    run = book.get(id)
    assert (run.state, run.from_elsewhere) == ("queued", True)
    assert not (book.folder / id / KEEPER).exists()


def test_a_person_lets_it_begin_or_takes_it_out(book: RunBook, ended) -> None:
    first, second = _sent(book), _sent(book, "20260101-000000-001-new")
    assert book.accept(first).from_elsewhere is False
    assert ended(first).state == "done"
    assert book.get(second).from_elsewhere  # the end of the first began it not
    assert book.stop(second).state == "stopped"
    for over in (first, second):
        with pytest.raises(RunImpossible, match="no run that waits from elsewhere"):
            book.accept(over)


def test_it_holds_up_nothing_that_is_asked_for_here(book: RunBook, ended) -> None:
    sent = _sent(book)
    assert ended(book.queue(["extract"]).id).state == "done"
    assert book.get(sent).state == "queued"


def test_a_project_that_is_moved_keeps_its_queue_and_a_copy_has_to_be_asked(
    book: RunBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    id, home = _queued(book, monkeypatch), book.project.folder
    copy = home.with_name("copy")
    shutil.copytree(home, copy)
    assert RunBook(Project.open(copy)).get(id).from_elsewhere
    moved = home.rename(home.with_name("moved"))
    assert not RunBook(Project.open(moved)).get(id).from_elsewhere
    shutil.rmtree(moved)
    back = copy.rename(home)  # a backup that is put back where it was
    assert not RunBook(Project.open(back)).get(id).from_elsewhere


def test_a_seal_is_of_one_command_alone(book: RunBook, monkeypatch: pytest.MonkeyPatch) -> None:
    id = _queued(book, monkeypatch)
    folder = book.folder / id
    said = (folder / RUN).read_text("utf-8")
    (folder / RUN).write_text(said.replace('"extract"', '"clean"'), "utf-8")
    assert book.get(id).from_elsewhere
    (folder / RUN).write_text(said, "utf-8")
    assert not book.get(id).from_elsewhere
    folder.rename(folder.with_name("again"))
    assert book.get("again").from_elsewhere


def test_the_secret_is_this_user_s_alone_and_another_user_s_seal_is_none(
    book: RunBook, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    id = _queued(book, monkeypatch)
    secret = home_folder() / "runs.key"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "another"))
    assert book.get(id).from_elsewhere
