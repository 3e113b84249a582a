"""An order stays while a hand goes through it, is told a window at a time, and costs no look at all faces."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.facesets.conftest import make_record, noise
from understudy.errors import OptionInvalid
from understudy.facesets import store
from understudy.facesets.curation.choose import Choice
from understudy.files import write_bytes
from understudy.jobs.facesets import drawing, kept_open
from understudy.jobs.facesets.kept_open import KeptFaceset, KeptFacesets
from understudy.jobs.facesets.lined_up import LineUps, Wish, counts, told
from understudy.project.project import Project


@pytest.fixture
def filled(project: Project) -> Project:
    with project.faceset("src") as faceset:
        for number in range(20):
            record = make_record(clip="src", frame=number, yaw_deg=float(-number), size_px=32)
            faceset.add(noise(32, seed=number), record)
    return project


@pytest.fixture
def kept(filled: Project) -> Iterator[KeptFaceset]:
    facesets = KeptFacesets()
    yield facesets.get(filled, "src")
    facesets.close()


def name(frame: int) -> str:
    return f"src-{frame:06d}-1.jpg"


def mark(project: Project, kept: KeptFaceset, frame: int, said: drawing.Mark) -> None:
    names = (name(frame),)
    with kept.in_hand(names) as opened:
        list(drawing.mark(project, "src", said, Choice(names=names), opened=opened))


@pytest.fixture
def files_looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of faces' files whose dates were asked for, in listings and one by one."""
    seen = list[str]()
    listed, one = store.image_files, store._is_of

    def listing(folder: Path) -> Iterator[tuple[str, int, int]]:
        for found in listed(folder):
            seen.append(found[0])
            yield found

    monkeypatch.setattr(store, "image_files", listing)
    monkeypatch.setattr(store, "_is_of", lambda row, path: seen.append(path.name) or one(row, path))
    return seen


def test_a_window_holds_what_is_around_a_face_and_never_more(kept: KeptFaceset, filled: Project) -> None:
    look, lines = kept.look(filled), LineUps()
    line = lines.get(kept, look, Choice())
    assert line is not None
    window = told(look, line, Wish(around=name(10), count=5))
    assert [face["frame"] for face in window["faces"]] == [8, 9, 10, 11, 12]
    assert (window["at"], window["start"], window["total"], window["done"]) == (10, 8, 20, 0)
    assert [face["frame"] for face in told(look, line, Wish(first=19, count=3))["faces"]] == [17, 18, 19]
    gone = told(look, line, Wish(around="gone.jpg", count=3))
    assert (gone["at"], gone["gone"], window["gone"]) == (-1, True, False)
    with pytest.raises(OptionInvalid, match="At most"):
        told(look, line, Wish(count=100_000))


def test_steps_stop_at_what_was_asked_for(kept: KeptFaceset, filled: Project) -> None:
    for frame, said in ((3, "confirmed"), (7, "skipped"), (12, "confirmed"), (15, "confirmed")):
        mark(filled, kept, frame, said)
    look = kept.look(filled)
    line = LineUps().get(kept, look, Choice())
    assert line is not None

    def goal(frame: int, by: int, which: str) -> int:
        return told(look, line, Wish(around=name(frame), by=by, which=which))["at"]

    assert [goal(3, 1, "drawn"), goal(3, 2, "drawn"), goal(3, 9, "drawn")] == [12, 15, 15]
    assert [goal(12, -1, "drawn"), goal(3, -1, "drawn"), goal(15, 1, "drawn")] == [3, -1, -1]
    assert [goal(6, 1, "undrawn"), goal(8, -1, "undrawn"), goal(0, 1, "skipped")] == [8, 6, 7]
    assert [goal(5, -5, "all"), goal(0, 5, "all"), goal(19, 1, "all")] == [0, 5, -1]
    with pytest.raises(OptionInvalid, match="undrawn"):
        goal(3, 1, "lost")


def test_a_face_that_is_drawn_on_keeps_its_place_until_the_order_is_asked_for_anew(
    kept: KeptFaceset, filled: Project
) -> None:
    lines, choice = LineUps(), Choice(where="drawing_mark == ''", sort="yaw_deg")
    line = lines.get(kept, kept.look(filled), choice)
    assert line is not None
    mark(filled, kept, 4, "confirmed")
    look = kept.look(filled)
    assert lines.get(kept, look, choice, line.id) is line
    window = told(look, line, Wish(around=name(4), count=1))
    assert (window["faces"][0]["state"], window["done"], window["total"]) == ("confirmed", 1, 20)
    anew = lines.get(kept, look, choice)
    assert anew is not None and len(anew.places) == 19
    (filled.faceset_folder("src") / name(9)).unlink()
    after = lines.get(kept, kept.look(filled), choice, line.id)
    assert after is not None and (after.id != line.id, len(after.places)) == (True, 18)


def test_a_line_of_another_order_or_faceset_is_not_taken(kept: KeptFaceset, filled: Project) -> None:
    look, lines = kept.look(filled), LineUps()
    by_yaw = lines.get(kept, look, Choice(sort="yaw_deg"))
    assert by_yaw is not None
    usual = lines.get(kept, look, Choice(), by_yaw.id)
    assert usual is not None and usual.places.tolist() == by_yaw.places.tolist()[::-1]


def test_drawing_on_one_face_looks_at_that_file_alone(
    kept: KeptFaceset, filled: Project, files_looked_at: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kept.look(filled)
    monkeypatch.setattr(kept_open, "_BESIDE_AFTER_S", 1e6)
    files_looked_at.clear()
    mark(filled, kept, 4, "confirmed")
    look = kept.look(filled)
    assert set(files_looked_at) == {name(4)}
    assert (look.version != before.version, look.line) == (True, before.line)
    assert look.place_of_name is before.place_of_name
    assert look.face(name(4))[1] != before.face(name(4))[1]
    nothing = {"drawn_on": 0, "learned_from": 0, "skipped": 0, "masks": {}}
    assert counts(look) == {"faces": 20, "confirmed": 1, **nothing}


def test_what_another_program_deletes_beside_it_is_seen(
    kept: KeptFaceset, filled: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.look(filled)
    (filled.faceset_folder("src") / name(9)).unlink()
    mark(filled, kept, 4, "confirmed")
    assert name(9) not in kept.look(filled).place_of_name  # gone before: the folder's date was another
    said = list[dict[str, Any]]()
    monkeypatch.setattr(kept, "_say", lambda topic, **facts: said.append({"topic": topic, **facts}))
    monkeypatch.setattr(kept_open, "_BESIDE_AFTER_S", 0.0)
    before = kept.look(filled)
    with kept.in_hand([name(4)]):
        (filled.faceset_folder("src") / name(10)).unlink()
        write_bytes(filled.faceset_folder("src") / name(11), b"another picture")
    for _ in range(1200):  # only a failure takes as long
        if said:
            break
        time.sleep(0.05)
    assert said == [{"topic": "faces", "faceset": "src/main"}]  # windows then ask for it
    after = kept.look(filled)
    assert name(10) not in after.place_of_name
    assert after.face(name(11))[1] != before.face(name(11))[1]
