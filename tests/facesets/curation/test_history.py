"""Every change can be taken back to the byte, and a kill at any file leaves the faceset before or after it."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.facesets.curation.conftest import SIZE_PX, add_faces, content, noise
from understudy.errors import NothingToUndo, UndoImpossible
from understudy.facesets.curation import moves
from understudy.facesets.curation.entries import HISTORY_NAME
from understudy.facesets.curation.gather import gather
from understudy.facesets.curation.history import History
from understudy.facesets.curation.naming import recover_names, rename_in_order
from understudy.facesets.curation.recut import Shape, recut
from understudy.facesets.curation.reject import reject, restore
from understudy.facesets.extraction.journal import Journal
from understudy.facesets.store import Faceset
from understudy.workers.identity import mark_of


class Killed(BaseException):
    """The process is gone: nothing after it runs."""


def kill_at(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Die before the move of that number."""
    left, real = [count], moves.move

    def dying(start: Path, goal: Path) -> None:
        if left[0] == 0:
            raise Killed
        left[0] -= 1
        real(start, goal)

    monkeypatch.setattr(moves, "move", dying)


def undo_all(faceset: Faceset, trash: Path) -> int:
    steps = 0
    while (history := History(faceset.folder, trash)).can_undo:
        history.undo()
        steps += 1
    faceset.refresh()
    return steps


def test_undo_brings_the_very_files_back(faceset: Faceset, trash: Path) -> None:
    before = content(faceset.folder)
    reject(faceset, faceset.faces()[2:5], trash=trash)
    assert len(content(faceset.folder)) == 5
    assert len(list(trash.rglob("*.jpg"))) == 3
    entry, surprises = History(faceset.folder, trash).undo()
    assert (entry.verb, entry.faces, surprises) == ("reject", 3, [])
    assert content(faceset.folder) == before


def test_redo_does_it_again_until_something_else_was_done(faceset: Faceset, trash: Path) -> None:
    reject(faceset, faceset.faces()[:1], trash=trash)
    after = content(faceset.folder)
    History(faceset.folder, trash).undo()
    History(faceset.folder, trash).redo()
    assert content(faceset.folder) == after
    History(faceset.folder, trash).undo()
    faceset.refresh()
    reject(faceset, faceset.faces()[4:5], trash=trash)
    with pytest.raises(NothingToUndo):
        History(faceset.folder, trash).redo()


def test_a_fresh_faceset_has_nothing_to_take_back(faceset: Faceset, trash: Path) -> None:
    with pytest.raises(NothingToUndo):
        History(faceset.folder, trash).undo()
    assert not (faceset.folder / HISTORY_NAME).exists()


def _verb(faceset: Faceset, trash: Path, chance: random.Random) -> None:
    faces = faceset.faces()
    verb = chance.choice(["reject", "restore", "rename", "recover", "undo", "redo", "recut", "gather"])
    if verb == "reject":
        reject(faceset, chance.sample(faces, min(len(faces), chance.randint(0, 3))), trash=trash)
    elif verb == "restore":
        restore(faceset, trash=trash, last=chance.random() < 0.5)
    elif verb == "rename":
        chance.shuffle(faces)
        list(rename_in_order(faceset, faces[chance.randint(0, 1) :], trash=trash, by="chance"))
    elif verb == "recut":
        shape = Shape(size_px=chance.choice([64, 80]), face_type=chance.choice([None, "half"]))
        some = chance.sample(faces, min(len(faces), 2))
        list(recut(faceset, some, shape, clip_of=lambda _: None, trash=trash, verb="retype"))
    elif verb == "gather":
        with add_faces(trash.parent / "src" / "other", 2, start=chance.randint(0, 4)) as other:
            list(gather(faceset, [(other, other.faces())], trash=trash, verb="merge", words="merge"))
    elif verb == "recover":
        list(recover_names(faceset, trash=trash))
    else:
        history = History(faceset.folder, trash)
        if verb == "undo" and history.can_undo:
            history.undo()
        if verb == "redo" and history.can_redo:
            history.redo()
        faceset.refresh()


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(seed=st.integers(0, 10**6))
def test_any_row_of_commands_can_be_taken_back_to_the_byte(seed: int, tmp_path_factory) -> None:
    place = tmp_path_factory.mktemp("set")
    chance = random.Random(seed)
    with add_faces(place / "src" / "main", 5) as faceset:
        before = content(faceset.folder)
        for _ in range(8):
            _verb(faceset, place / "trash", chance)
        undo_all(faceset, place / "trash")
        assert content(faceset.folder) == before
        assert len(faceset) == 5


@pytest.mark.parametrize("count", range(0, 16))
def test_a_rename_that_is_killed_at_any_file_is_finished_at_the_next_opening(
    count: int, faceset: Faceset, trash: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(faceset.folder)
    faces = faceset.faces()
    list(rename_in_order(faceset, faces, trash=trash, by="frame"))
    names = {face.name: face.record.frame for face in faceset.faces()}
    with monkeypatch.context() as patch:
        kill_at(patch, count)
        with pytest.raises(Killed):
            list(rename_in_order(faceset, faceset.faces()[::-1], trash=trash, by="frame backwards"))
    notices = History(faceset.folder, trash).notices
    assert len(notices) == 1 and "rename by frame backwards" in notices[0]
    faceset.refresh()
    assert {f.name: 7 - f.record.frame for f in faceset.faces()} == names
    assert undo_all(faceset, trash) == 2
    assert content(faceset.folder) == before


@pytest.mark.parametrize("count", range(0, 16, 3))
def test_an_undo_that_is_killed_at_any_file_is_finished_too(
    count: int, faceset: Faceset, trash: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(faceset.folder)
    list(rename_in_order(faceset, faceset.faces()[::-1], trash=trash, by="frame backwards"))
    with monkeypatch.context() as patch:
        kill_at(patch, count)
        with pytest.raises(Killed):
            History(faceset.folder, trash).undo()
    assert "taken back" in History(faceset.folder, trash).notices[0]
    assert content(faceset.folder) == before


def test_a_change_that_fails_while_it_is_prepared_moves_nothing(faceset: Faceset, trash: Path) -> None:
    before = content(faceset.folder)
    with pytest.raises(OSError), History(faceset.folder, trash).change("resize", "resize") as change:
        change.remove(faceset.faces()[0].name)
        change.add("new.jpg", b"half of it")
        raise OSError
    assert content(faceset.folder) == before
    assert list(trash.rglob("*.jpg")) == []
    assert History(faceset.folder, trash).entries() == []


def test_what_a_killed_process_only_prepared_is_put_away(
    faceset: Faceset, trash: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(History, "_forget_staged", lambda *_: None)
        with History(faceset.folder, trash).change("resize", "resize") as change:
            change.add("new.jpg", b"half of it")
            raise Killed
    assert len(list(trash.rglob("new.jpg"))) == 1
    History(faceset.folder, trash)
    assert list(trash.rglob("new.jpg")) == []


def test_a_torn_last_line_is_passed_over_and_does_not_swallow_the_next(faceset: Faceset, trash: Path) -> None:
    reject(faceset, faceset.faces()[:1], trash=trash)
    with (faceset.folder / HISTORY_NAME).open("ab") as file:
        file.write(b'{"entry": 2, "verb": "rej')
    reject(faceset, faceset.faces()[:1], trash=trash)
    assert [entry.verb for entry in History(faceset.folder, trash).entries()] == ["reject", "reject"]
    assert undo_all(faceset, trash) == 2


def test_a_history_from_a_stranger_leads_nowhere_outside(faceset: Faceset, trash: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim.txt"
    victim.write_text("mine")
    line = {
        "entry": 1, "verb": "reject", "words": "", "when": "", "hold": "h", "noted": [],
        "leaving": [["../../../victim.txt", "h/victim.txt"]], "coming": [["evil.jpg", "../victim.txt"]],
    }  # fmt: skip
    (faceset.folder / HISTORY_NAME).write_text(json.dumps(line) + "\n")
    history = History(faceset.folder, trash)
    assert history.entries() == [] and victim.read_text() == "mine"


def test_when_the_trash_was_emptied_nothing_is_half_taken_back(faceset: Faceset, trash: Path) -> None:
    reject(faceset, faceset.faces()[:3], trash=trash)
    next(trash.rglob("*.jpg")).unlink()
    left = content(faceset.folder)
    with pytest.raises(UndoImpossible, match="1 of the 3 files"):
        History(faceset.folder, trash).undo()
    assert content(faceset.folder) == left


def test_a_stranger_under_a_needed_name_goes_to_the_trash_and_is_told(faceset: Faceset, trash: Path) -> None:
    face = faceset.faces()[0]
    before = content(faceset.folder)
    reject(faceset, [face], trash=trash)
    face.path.write_bytes(b"somebody else's")
    _, surprises = History(faceset.folder, trash).undo()
    assert content(faceset.folder) == before
    assert "1 file of the same name " in surprises[0]
    assert b"somebody else's" in {path.read_bytes() for path in trash.rglob("*.jpg")}


def test_a_face_deleted_after_a_rename_stays_deleted_when_the_rename_is_taken_back(
    faceset: Faceset, trash: Path
) -> None:
    names = sorted(content(faceset.folder))
    list(rename_in_order(faceset, faceset.faces(), trash=trash, by="frame"))
    (faceset.folder / "00002.jpg").unlink()
    _, surprises = History(faceset.folder, trash).undo()
    assert sorted(content(faceset.folder)) == names[:2] + names[3:]
    assert "1 file was no longer there" in surprises[0]


def test_faces_that_lie_on_another_disk_come_back_too(
    faceset: Faceset, trash: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(faceset.folder)
    real = Path.rename

    def across(self: Path, goal: Path) -> Path:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(Path, "rename", across)
    reject(faceset, faceset.faces()[:2], trash=trash)
    assert len(content(faceset.folder)) == 6
    History(faceset.folder, trash).undo()
    monkeypatch.setattr(Path, "rename", real)
    assert content(faceset.folder) == before


def _extracted(faceset: Faceset, frames: range) -> None:
    with Journal(faceset.folder) as journal:
        for frame in frames:
            add_faces(faceset.folder, 1, clip="shot", start=frame).close()
            journal.note_face("shot", content="abc", frame=frame, person=1)


def test_an_extraction_is_one_step_and_taking_it_back_lets_it_be_made_anew(
    faceset: Faceset, trash: Path
) -> None:
    before = content(faceset.folder)
    number = History(faceset.folder, trash).begin_extraction("shot")
    _extracted(faceset, range(20, 23))
    History(faceset.folder, trash).end_extraction(number)
    after = content(faceset.folder)
    history = History(faceset.folder, trash)
    assert [entry.words for entry in history.entries()] == ["extract shot: 3 faces"]
    history.undo()
    assert content(faceset.folder) == before
    assert Journal.look(faceset.folder).frames("shot", 1) == set()
    history.redo()
    assert content(faceset.folder) == after
    assert Journal.look(faceset.folder).frames("shot", 1) == {20, 21, 22}


def test_an_extraction_that_was_killed_is_a_step_all_the_same(
    faceset: Faceset, trash: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.getpid", lambda: 2**22 + 7)
    History(faceset.folder, trash).begin_extraction("shot")
    monkeypatch.undo()
    _extracted(faceset, range(20, 22))
    assert [entry.words for entry in History(faceset.folder, trash).entries()] == ["extract shot: 2 faces"]


def test_an_extraction_goes_on_when_the_clock_was_set(
    faceset: Faceset, trash: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = History(faceset.folder, trash).begin_extraction("shot")
    told = psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: told(process) + 7200)
    _extracted(faceset, range(20, 22))
    assert History(faceset.folder, trash).entries() == []
    History(faceset.folder, trash).end_extraction(number)
    assert [entry.words for entry in History(faceset.folder, trash).entries()] == ["extract shot: 2 faces"]


@pytest.mark.parametrize(
    ("started", "steps"),
    [(None, 0), (psutil.Process().create_time(), 0), (1.0, 1)],
    ids=["no clock", "its clock", "another clock"],
)
def test_histories_of_before_tell_which_process_it_was_by_number_and_clock(
    faceset: Faceset, trash: Path, started: float | None, steps: int
) -> None:
    History(faceset.folder, trash).begin_extraction("shot")
    _extracted(faceset, range(20, 22))
    path = faceset.folder / HISTORY_NAME
    line = json.loads(path.read_text())
    del line["process"]
    before = {"pid": os.getpid()} | ({} if started is None else {"pid_started": started})
    path.write_text(json.dumps(line | before) + "\n")
    assert len(History(faceset.folder, trash).entries()) == steps


def test_an_extraction_whose_process_number_another_one_got_is_a_step_too(
    faceset: Faceset, trash: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = mark_of() | {"ticks": 1, "started": 1.0}
    monkeypatch.setattr("understudy.facesets.curation.history.mark_of", lambda: earlier)
    History(faceset.folder, trash).begin_extraction("shot")
    _extracted(faceset, range(20, 22))
    assert [entry.words for entry in History(faceset.folder, trash).entries()] == ["extract shot: 2 faces"]


def test_an_extraction_that_still_runs_is_left_alone(faceset: Faceset, trash: Path) -> None:
    number = History(faceset.folder, trash).begin_extraction("shot")
    reject(faceset, faceset.faces()[:1], trash=trash)
    _extracted(faceset, range(20, 21))
    assert [entry.verb for entry in History(faceset.folder, trash).entries()] == ["reject"]
    History(faceset.folder, trash).end_extraction(number)
    assert [entry.verb for entry in History(faceset.folder, trash).entries()] == ["reject", "extract"]


def test_a_face_that_an_extraction_replaced_is_there_again_when_all_is_taken_back(
    faceset: Faceset, trash: Path
) -> None:
    _extracted(faceset, range(20, 22))
    faceset.refresh()
    before = content(faceset.folder)
    number = History(faceset.folder, trash).begin_extraction("shot")
    (old,) = (face for face in faceset.faces() if face.record.clip == "shot" and face.record.frame == 20)
    reject(faceset, [old], trash=trash)
    faceset.add(noise(SIZE_PX, seed=77), old.record)
    with Journal(faceset.folder) as journal:
        journal.note_face("shot", content="abc", frame=20, person=1)
    History(faceset.folder, trash).end_extraction(number)
    after = content(faceset.folder)
    assert after.keys() == before.keys() and after != before
    assert undo_all(faceset, trash) == 2
    assert content(faceset.folder) == before
    History(faceset.folder, trash).redo()
    History(faceset.folder, trash).redo()
    assert content(faceset.folder) == after
    assert not History(faceset.folder, trash).can_redo


def _redone(faceset: Faceset, trash: Path) -> None:
    """Three faces are put away and two made, by one command."""
    number = History(faceset.folder, trash).begin_extraction("shot", command="c1")
    reject(faceset, faceset.faces()[:3], trash=trash, command="c1")
    _extracted(faceset, range(20, 22))
    History(faceset.folder, trash).end_extraction(number)
    faceset.refresh()


def test_all_that_one_command_changed_is_one_step(faceset: Faceset, trash: Path) -> None:
    before = content(faceset.folder)
    _redone(faceset, trash)
    after = content(faceset.folder)
    (step,) = History(faceset.folder, trash).steps()
    assert (step.words, step.faces, step.verb) == ("reject 3 faces; extract shot: 2 faces", 5, "extract")
    assert undo_all(faceset, trash) == 1
    assert content(faceset.folder) == before
    assert [step.undone for step in History(faceset.folder, trash).steps()] == [True]
    History(faceset.folder, trash).redo()
    assert content(faceset.folder) == after and not History(faceset.folder, trash).can_redo


def test_histories_that_do_not_name_the_command_go_back_entry_by_entry(faceset: Faceset, trash: Path) -> None:
    before = content(faceset.folder)
    _redone(faceset, trash)
    path = faceset.folder / HISTORY_NAME
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    old = [{k: v for k, v in line.items() if k != "command"} for line in lines]
    path.write_text("".join(json.dumps(line) + "\n" for line in old))
    assert len(History(faceset.folder, trash).steps()) == 2
    assert undo_all(faceset, trash) == 2
    assert content(faceset.folder) == before


@pytest.mark.parametrize("way", ["undo", "redo"])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, "between"])
def test_a_step_of_several_changes_that_is_killed_is_gone_through_to_the_end(
    faceset: Faceset, trash: Path, monkeypatch: pytest.MonkeyPatch, count: int | str, way: str
) -> None:
    wanted = content(faceset.folder)
    _redone(faceset, trash)
    if way == "redo":
        wanted = content(faceset.folder)
        History(faceset.folder, trash).undo()
    history = History(faceset.folder, trash)
    if isinstance(count, int):
        kill_at(monkeypatch, count)
    else:
        kill_before_the_last_change(monkeypatch)
    with pytest.raises(Killed):
        history.undo() if way == "undo" else history.redo()
    monkeypatch.undo()
    assert History(faceset.folder, trash, recover=False).is_unfinished
    assert content(faceset.folder) != wanted
    (notice,) = History(faceset.folder, trash).notices
    assert "A stopped change" in notice
    assert content(faceset.folder) == wanted
    assert [step.undone for step in History(faceset.folder, trash).steps()] == [way == "undo"]


def kill_before_the_last_change(monkeypatch: pytest.MonkeyPatch) -> None:
    real = History._write

    def dying(history: History, line: dict[str, object]) -> None:
        if line.get("state") == "begun" and "then" not in line:
            raise Killed
        real(history, line)

    monkeypatch.setattr(History, "_write", dying)


def test_a_step_whose_files_are_partly_lost_stays_whole(faceset: Faceset, trash: Path) -> None:
    _redone(faceset, trash)
    after = content(faceset.folder)
    next(trash.rglob("*.jpg")).unlink()
    with pytest.raises(UndoImpossible):
        History(faceset.folder, trash).undo()
    assert content(faceset.folder) == after


def test_a_rejected_face_counts_as_made_until_the_rejection_is_taken_back(
    faceset: Faceset, trash: Path
) -> None:
    list(rename_in_order(faceset, faceset.faces(), trash=trash, by="frame"))
    reject(faceset, faceset.faces()[3:5], trash=trash)
    assert Journal.look(faceset.folder).frames("clip", 1) == {3, 4}
    History(faceset.folder, trash).undo()
    assert Journal.look(faceset.folder).frames("clip", 1) == set()
