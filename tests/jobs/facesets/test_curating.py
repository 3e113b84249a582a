"""Commands find a project's faceset by its name, keep others out meanwhile, and leave it as they say."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.facesets.conftest import make_record, noise
from understudy.errors import FacesetUnusable, FacesUnknown, FolderUnwritable, StepOutdated, UndoImpossible
from understudy.events import Notice, StageFinished
from understudy.facesets.curation import moves
from understudy.facesets.curation.choose import Choice
from understudy.facesets.extraction.journal import Journal
from understudy.facesets.extraction.task import Shelf
from understudy.facesets.store import Faceset
from understudy.facesets.xmp import extract_record
from understudy.jobs import stages
from understudy.jobs.facesets import curating
from understudy.project.manifest import FacesetEntry
from understudy.project.project import Project


@pytest.fixture
def filled(project: Project) -> Project:
    """The project with six faces in src/main."""
    with project.faceset("src") as faceset:
        for frame in range(6):
            faceset.add(noise(32, seed=frame), make_record(clip="src", frame=frame, size_px=32))
    return project


def _names(project: Project) -> list[str]:
    return [row["name"] for row in curating.list_faces(project, "src", Choice())]


def test_a_faceset_is_named_in_full_or_by_its_performer(project: Project) -> None:
    assert curating.full_name(project, "src") == curating.full_name(project, "src/main") == "src/main"
    with project.change() as manifest:
        manifest.performers["src"].facesets["close"] = FacesetEntry()
        del manifest.performers["src"].facesets["main"]
        manifest.performers["src"].facesets["wide"] = FacesetEntry()
    with pytest.raises(FacesUnknown, match="src/close, src/wide"):
        curating.full_name(project, "src")
    with pytest.raises(FacesUnknown, match="dst/main"):
        curating.full_name(project, "nobody")


def test_rejecting_keeping_and_taking_back(filled: Project) -> None:
    names = _names(filled)
    assert len(curating.reject_faces(filled, "src", Choice(where="frame < 2"))) == 2
    assert len(curating.keep_faces(filled, "src", Choice(limit=3))) == 1
    assert _names(filled) == names[2:5]
    assert list(curating.rejected_faces(filled, "src")) == [*names[:2], names[5]]
    assert curating.restore_faces(filled, "src", last=True) == [names[5]]
    events = list(curating.undo(filled, "src", steps=9))
    assert [e.text for e in events if isinstance(e, Notice)][-1] == "Only 3 of 9 steps were there."
    assert _names(filled) == names
    list(curating.undo(filled, "src", redo=True))
    assert _names(filled) == names[2:]
    words = [entry.words for entry in curating.history(filled, "src")]
    assert words[0] == "reject 2 faces (where frame < 2)"


def test_looking_first_changes_nothing(filled: Project) -> None:
    assert len(curating.reject_faces(filled, "src", Choice(limit=2), dry_run=True)) == 2
    assert len(curating.keep_faces(filled, "src", Choice(limit=2), dry_run=True)) == 4
    assert len(_names(filled)) == 6 and curating.history(filled, "src") == []


def test_saying_nothing_rejects_nothing_and_keeping_nothing_is_refused(filled: Project) -> None:
    with pytest.raises(FacesUnknown, match="which faces"):
        curating.reject_faces(filled, "src", Choice())
    with pytest.raises(FacesUnknown, match="No face is chosen"):
        curating.keep_faces(filled, "src", Choice(where="frame > 99"))
    assert len(_names(filled)) == 6


def test_every_change_can_be_looked_at_first(filled: Project) -> None:
    names = _names(filled)
    (would,) = curating.rename_faces(filled, "src", Choice(), dry_run=True)
    assert isinstance(would, Notice) and would.text.startswith(
        "6 faces would be renamed, src-000000-1.jpg to 00000"
    )
    (would,) = curating.recover_face_names(filled, "src", dry_run=True)
    assert isinstance(would, Notice) and would.text == "0 faces would be renamed"
    assert _names(filled) == names
    curating.reject_faces(filled, "src", Choice(limit=2))
    list(curating.rename_faces(filled, "src", Choice()))
    would_be = [e.text for e in curating.undo(filled, "src", steps=5, dry_run=True) if isinstance(e, Notice)]
    assert would_be == [
        "would be taken back: rename by clip and frame: 4 faces",
        "would be taken back: reject 2 faces (first 2)",
    ]
    with pytest.raises(StepOutdated):
        list(curating.undo(filled, "src", step=1, dry_run=True))
    assert len(curating.history(filled, "src")) == 2 and not curating.history(filled, "src")[0].undone


@pytest.mark.parametrize("redo", [False, True])
def test_many_steps_look_at_the_faceset_as_often_as_one(
    filled: Project, redo: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _names(filled)
    for backwards in (True, False, True):
        list(curating.rename_faces(filled, "src", Choice(backwards=backwards)))
        curating.reject_faces(filled, "src", Choice(limit=1))
    after = _names(filled)
    if redo:
        list(curating.undo(filled, "src", steps=6))
    looks, reads = list[int](), list[int]()
    refresh = Faceset.refresh
    monkeypatch.setattr(Faceset, "refresh", lambda self, told=None: looks.append(1) or refresh(self, told))
    monkeypatch.setattr(
        "understudy.facesets.store.extract_record", lambda data: reads.append(1) or extract_record(data)
    )
    list(curating.undo(filled, "src", steps=1, redo=redo))
    once = len(looks)
    list(curating.undo(filled, "src", steps=5, redo=redo))
    assert len(looks) == 2 * once
    assert len(reads) <= 3  # the rejected ones come back from the trash; no renamed one is read
    monkeypatch.undo()
    assert _names(filled) == (after if redo else before)


def test_steps_taken_back_stay_so_where_a_later_one_cant_be(filled: Project) -> None:
    curating.reject_faces(filled, "src", Choice(limit=1))
    shutil.rmtree(filled.trash.folder)
    curating.reject_faces(filled, "src", Choice(limit=1))
    with filled.faceset("src") as opened, pytest.raises(UndoImpossible):
        assert len(opened) == 4
        list(curating.undo(filled, "src", steps=2, opened=opened))
    assert len(opened) == 5 == len(_names(filled))


def test_a_rename_taken_back_reads_no_face_again(filled: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    names = _names(filled)
    list(curating.rename_faces(filled, "src", Choice(backwards=True)))
    monkeypatch.setattr("understudy.facesets.store.extract_record", lambda data: 1 / 0)
    list(curating.undo(filled, "src"))
    assert _names(filled) == names
    list(curating.undo(filled, "src", redo=True))
    assert _names(filled)[0] == "00005.jpg"


def test_a_faceset_without_faces_says_what_to_do(project: Project) -> None:
    with pytest.raises(FacesetUnusable, match="understudy extract"):
        curating.restore_faces(project, "dst")


def test_renaming_and_first_names(filled: Project) -> None:
    names = _names(filled)
    (finished,) = [
        e
        for e in curating.rename_faces(filled, "src", Choice(sort="frame", backwards=True))
        if isinstance(e, StageFinished)
    ]
    assert finished.summary == {"faces": 6, "renamed": 6}
    assert _names(filled) == [f"{n:05d}.jpg" for n in range(5, -1, -1)]
    list(curating.recover_face_names(filled, "src"))
    assert _names(filled) == names


def test_while_one_process_changes_a_faceset_another_is_refused(filled: Project) -> None:
    code = (
        "import sys, time; from pathlib import Path; from understudy.project.lock import exclusive\n"
        "with exclusive(Path(sys.argv[1])):\n    print('held', flush=True); time.sleep(60)"
    )
    lock = filled.faceset_lock("src/main")
    with subprocess.Popen([sys.executable, "-c", code, lock], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(FolderUnwritable, match="Another process"):
            curating.reject_faces(filled, "src", Choice(limit=1))
        holder.kill()


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("count", [2, 8])
def test_half_a_change_is_finished_before_anybody_learns_merges_or_looks(
    filled: Project, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    seen: list[int] = []

    def trained(folder: object, *, src: list, **_: object) -> list:
        seen.append(len(src[0]))
        return []

    left, real = [count], moves.move

    def dying(start: Path, goal: Path) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        real(start, goal)

    with filled.faceset("dst") as faceset:
        faceset.add(noise(32), make_record(clip="dst", size_px=32))
    monkeypatch.setattr("understudy.training.train.train", trained)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(moves, "move", dying)
        list(curating.rename_faces(filled, "src", Choice(backwards=True)))
    with filled.faceset("src") as faceset:
        assert len(faceset) < 6, "the kill must have hurt, or this shows nothing"
    events = list(stages.train(filled, "main", said={}, device="cpu"))
    assert seen == [6] and "src/main: A stopped change" in events[0].text  # type: ignore[union-attr]
    assert _names(filled)[0] == "00005.jpg"


def test_a_stopped_extraction_is_one_step(project: Project) -> None:
    with pytest.raises(KeyboardInterrupt), curating.step_of_extraction(project, "src/main", clip="src"):
        with project.faceset("src") as faceset, Journal(faceset.folder) as journal:
            faceset.add(noise(32), make_record(clip="src", size_px=32))
            journal.note_face("src", content="x", frame=0, person=1)
        raise KeyboardInterrupt
    assert [entry.words for entry in curating.history(project, "src")] == ["extract src: 1 faces"]


def test_an_extraction_that_puts_faces_away_is_one_step_back(
    filled: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _names(filled)

    def extracting(*_: object, clip_name: str, faceset: Faceset, shelf: Shelf, redo_with: Any, **__: object):
        first, second = faceset.faces()[:2]
        redo_with([first])
        shelf.put([second])
        with Journal(faceset.folder) as journal:
            faceset.add(noise(32), make_record(clip=clip_name, frame=90, size_px=32))
            journal.note_face(clip_name, content="x", frame=90, person=1)
        yield from ()

    monkeypatch.setattr("understudy.facesets.extraction.extract.extract", extracting)
    list(stages.extract(filled, clips=["src"], said={}, device="cpu", redo_deleted=True))
    after = _names(filled)
    assert len(set(before) - set(after)) == 2 and len(set(after) - set(before)) == 1
    (step,) = curating.history(filled, "src")
    assert "not meant in src" in step.words and step.words.endswith("extract src: 1 faces")
    list(curating.undo(filled, "src"))
    assert _names(filled) == before
    list(curating.undo(filled, "src", redo=True))
    assert _names(filled) == after


def test_an_extraction_that_writes_nothing_is_no_step(project: Project) -> None:
    with curating.step_of_extraction(project, "src/main", clip="src"):
        pass
    assert curating.history(project, "src") == []


def test_measuring_is_done_once_for_all_sorts(filled: Project) -> None:
    list(curating.measure_faceset(filled, "src"))
    assert all(row["sharpness"] is not None for row in curating.list_faces(filled, "src", Choice()))
    finished = list(curating.measure_faceset(filled, "src"))[-1]
    assert isinstance(finished, StageFinished) and finished.skipped
