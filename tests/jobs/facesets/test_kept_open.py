"""A faceset that stays open says the same as one that is opened anew, and reads only what changed."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from tests.facesets.conftest import make_record, noise
from understudy.errors import FacesUnknown, FolderUnwritable, SortingStopped
from understudy.facesets import store
from understudy.facesets.curation.choose import Choice
from understudy.facesets.index import Index
from understudy.facesets.reading import ReadFile
from understudy.facesets.record import FaceRecord
from understudy.facesets.sorting import glances
from understudy.facesets.sorting.sorts import SORTS
from understudy.facesets.sorting.told import Told
from understudy.facesets.store import Faceset
from understudy.jobs.facesets import curating as jobs
from understudy.jobs.facesets import kept_open
from understudy.jobs.facesets.kept_open import KeptFaceset, KeptFacesets, Unmeasured
from understudy.project.project import Project


@pytest.fixture
def filled(project: Project) -> Project:
    with project.faceset("src") as faceset:
        for number in range(12):
            record = make_record(clip="src", frame=number // 2, person=1 + number % 2, yaw_deg=float(-number))
            faceset.add(noise(64, seed=number), record)
    return project


@pytest.fixture
def kept(filled: Project) -> Iterator[KeptFaceset]:
    facesets = KeptFacesets()
    yield facesets.get(filled, "src")
    facesets.close()


def names(kept: KeptFaceset, project: Project, choice: Choice) -> list[str]:
    look = kept.look(project)
    found = kept.order(look, choice)
    assert found is not None
    return [look.table.faces[place].name for place in found.places]


@pytest.mark.parametrize("sort", [name for name, sort in SORTS.items() if sort.needs != "identity"])
def test_every_sort_is_the_one_of_the_commands(kept: KeptFaceset, filled: Project, sort: str) -> None:
    list(jobs.measure_faceset(filled, "src"))
    choice = Choice(sort=sort, where="frame > 0", limit=7)
    assert names(kept, filled, choice) == [row["name"] for row in jobs.list_faces(filled, "src", choice)]


def test_a_look_is_the_same_until_something_changes(kept: KeptFaceset, filled: Project) -> None:
    first = kept.look(filled)
    assert kept.look(filled) is first
    (filled.faceset_folder("src") / first.table.faces[0].name).unlink()
    second = kept.look(filled)
    assert (len(second.table.faces), second.version != first.version) == (11, True)
    list(jobs.measure_faceset(filled, "src"))  # as another process would
    third = kept.look(filled)
    assert third.version != second.version and third.unmeasured_pixels == 0
    assert len(first.table.faces) == 12


def test_a_file_painted_in_place_is_seen_a_little_later(
    kept: KeptFaceset, filled: Project, monkeypatch
) -> None:
    first = kept.look(filled)
    face = first.table.faces[0]
    face.path.write_bytes(face.path.read_bytes() + b"\0")
    assert kept.look(filled) is first
    monkeypatch.setattr(kept_open, "_LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(kept_open, "_TIMES_THE_LOOK", 0.0)
    assert kept.look(filled).face(face.name)[1] != first.face(face.name)[1]


def test_after_a_rejection_only_new_records_are_read(kept: KeptFaceset, filled: Project, monkeypatch) -> None:
    gone = kept.look(filled).table.faces[0].name
    read, parse = [], FaceRecord.model_validate_json
    monkeypatch.setattr(FaceRecord, "model_validate_json", lambda text: read.append(1) or parse(text))
    with kept.in_hand() as opened:
        jobs.reject_faces(filled, "src", Choice(names=(gone,)), opened=opened)
    assert gone not in kept.look(filled).place_of_name
    assert len(read) == 1  # the one that went
    with kept.in_hand() as opened:
        list(jobs.undo(filled, "src", opened=opened))
    assert gone in kept.look(filled).place_of_name
    assert len(read) < 4


def test_a_sort_that_takes_long_is_there_when_asked_again(
    kept: KeptFaceset, filled: Project, monkeypatch
) -> None:
    go_on, told = threading.Event(), threading.Event()
    real = kept_open.ordered
    monkeypatch.setattr(kept_open, "ordered", lambda *asked: go_on.wait(10) and real(*asked))
    look, choice = kept.look(filled), Choice(sort="yaw_deg")
    assert kept.order(look, choice, wait_s=0.01) is None
    underway = kept.sorting(look, choice)
    assert underway is not None and not underway.future.done()
    underway.future.add_done_callback(lambda _: told.set())
    assert not told.is_set()
    go_on.set()
    assert told.wait(10)
    found = kept.order(look, choice, wait_s=0.01)
    assert found is not None and found.values == sorted(found.values)
    assert kept.order(look, choice) is found


def test_a_sort_is_stopped_and_made_when_it_is_asked_for_again(
    kept: KeptFaceset, filled: Project, monkeypatch
) -> None:
    begun = threading.Event()

    def endless(look: object, choice: Choice, group: str, told: Told) -> None:
        for step in itertools.count():
            told(min(0.5, step / 1000))
            begun.set()
            time.sleep(0.001)

    real = kept_open.ordered
    monkeypatch.setattr(kept_open, "ordered", endless)
    look, choice = kept.look(filled), Choice(sort="yaw_deg")
    assert kept.order(look, choice, wait_s=0.05) is None and begun.wait(20)
    assert kept.stop_sorting() == 1
    underway = kept.sorting(look, choice)
    assert underway is not None
    with pytest.raises(SortingStopped):
        underway.future.result(10)
    monkeypatch.setattr(kept_open, "ordered", real)
    assert kept.order(look, choice) is not None and kept.stop_sorting() == 0


def test_faces_are_shown_while_others_are_read_and_what_is_read_stays(
    filled: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (filled.faceset_folder("src") / "index.sqlite").unlink()
    monkeypatch.setattr(store, "_PIECE", 2)
    monkeypatch.setattr(kept_open, "_SHOWN_FROM", 4)
    monkeypatch.setattr(kept_open, "_SAY_EVERY_S", 0.0)
    go_on, said, read = threading.Semaphore(2), list[tuple[str, dict]](), store.read_files

    def slowly(folder: Path, names: Sequence[str]) -> Iterator[ReadFile]:
        assert go_on.acquire(timeout=20)
        yield from read(folder, names)

    monkeypatch.setattr(store, "read_files", slowly)
    facesets = KeptFacesets(lambda topic, **facts: said.append((topic, facts)))
    kept = facesets.get(filled, "src")
    some = kept.look(filled)
    assert kept.reading is not None
    assert (len(some.table.faces), kept.reading.total, kept.was_looked_at) == (4, 12, False)
    assert names(kept, filled, Choice(sort="yaw_deg")) == [face.name for face in some.table.faces][::-1]
    with closing(Index(filled.faceset_folder("src"))) as index:  # a kill now would lose nothing of it
        assert len(index.rows()) == 4 == len(set(index.glanced()))
    go_on.release(4)
    with kept.in_hand() as opened:
        assert len(opened) == 12
    look = kept.look(filled)
    assert (len(look.table.faces), kept.reading, kept.was_looked_at) == (12, None, True)
    topics = [topic for topic, _ in said]
    assert topics.count("reading") >= 6 and topics.count("faces") == 3  # of 4, of 8, of all
    assert [facts["done"] for topic, facts in said if topic == "reading"][:6] == [2, 4, 6, 8, 10, 12]
    facesets.close()


def test_records_that_only_tables_do_not_know_are_read_with_words_too(
    filled: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glances, "READ_TOGETHER", 5)
    monkeypatch.setattr(kept_open, "_SHOWN_FROM", 5)
    monkeypatch.setattr(kept_open, "_SAY_EVERY_S", 0.0)
    said = list[str]()
    facesets = KeptFacesets(lambda topic, **facts: said.append(f"{topic} {facts.get('done')}"))
    with facesets.get(filled, "src").in_hand() as opened:
        assert len(opened) == 12
    facesets.close()
    again = KeptFacesets(lambda topic, **facts: said.append("nothing is read"))
    assert len(again.get(filled, "src").look(filled).table.faces) == 12
    again.close()
    assert "reading 5" in said and "nothing is read" not in said


def test_a_faceset_that_can_not_be_opened_says_why_and_is_tried_again(
    filled: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    facesets = KeptFacesets()
    kept, refresh = facesets.get(filled, "src"), Faceset.refresh

    def broken(*_: object) -> bool:
        raise FolderUnwritable("The disk is gone.", filled.folder)

    monkeypatch.setattr(Faceset, "refresh", broken)
    for _ in range(2):
        with pytest.raises(FolderUnwritable):
            kept.look(filled)
    monkeypatch.setattr(Faceset, "refresh", refresh)
    assert len(kept.look(filled).table.faces) == 12
    facesets.close()


def test_an_order_speaks_of_the_look_it_was_asked_for(kept: KeptFaceset, filled: Project) -> None:
    list(jobs.measure_faceset(filled, "src"))
    look = kept.look(filled)
    jobs.reject_faces(filled, "src", Choice(where="person == 2"))
    kept.look(filled)
    found = kept.order(look, Choice(sort="hist"))
    assert found is not None and sorted(found.places.tolist()) == list(range(12))


def test_a_face_that_is_not_there_is_named(kept: KeptFaceset, filled: Project) -> None:
    with pytest.raises(FacesUnknown, match=r"nobody\.jpg"):
        kept.look(filled).face("nobody.jpg")


def test_only_some_facesets_stay_open(filled: Project, monkeypatch) -> None:
    monkeypatch.setattr(kept_open, "_FACESETS_KEPT", 1)
    facesets = KeptFacesets()
    first = facesets.get(filled, "src")
    assert facesets.get(filled, "src/main") is first
    facesets.get(filled, "dst")
    assert facesets.get(filled, "src") is not first
    facesets.close()


def test_a_faceset_is_closed_by_the_last_who_has_it_in_hand(filled: Project, monkeypatch) -> None:
    closed, real = [], Faceset.close
    monkeypatch.setattr(Faceset, "close", lambda self: (closed.append(self.folder.parent.name), real(self)))
    monkeypatch.setattr(kept_open, "_FACESETS_KEPT", 1)
    facesets, in_hand, go_on = KeptFacesets(), threading.Event(), threading.Event()
    told: list[int] = []

    def look_twice() -> None:
        kept = facesets.get(filled, "src")
        told.append(len(kept.look(filled).table.faces))
        in_hand.set()
        go_on.wait(20)
        filled_folder = kept.folder
        next(filled_folder.glob("*.jpg")).unlink()  # so that the files are read again
        told.append(len(kept.look(filled).table.faces))

    thread = threading.Thread(target=look_twice)
    thread.start()
    assert in_hand.wait(20)
    facesets.get(filled, "dst").look(filled)  # takes its place
    facesets.close()
    assert "src" not in closed
    go_on.set()
    thread.join(20)
    assert told == [12, 11]
    assert closed.count("src") == 1


def test_a_faceset_without_faces_is_empty(filled: Project) -> None:
    facesets = KeptFacesets()
    empty = facesets.get(filled, "dst")
    found = empty.order(empty.look(filled), Choice(sort="blur"), "yaw")
    assert found is not None and (len(found.places), found.groups, found.unmeasured) == (0, [], Unmeasured())
    assert np.dtype(found.places.dtype) == np.uint32


def test_a_part_that_is_shown_while_the_rest_is_read_is_said_to_be_a_part() -> None:
    said: list[object] = []
    shown: list[int] = []
    progress = kept_open._Progress(time.monotonic(), said.append, lambda: shown.append(len(said)))
    progress.told(kept_open._SHOWN_FROM, 2 * kept_open._SHOWN_FROM)
    assert shown == [1]
