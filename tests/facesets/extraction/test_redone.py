"""Frames that a person had done again stay so, are told, and are not lost with a cache."""

import shutil

import pytest

from tests.facesets.extraction.stand_in import Drawn, frame_with, one_person
from tests.facesets.extraction.test_extract import OPTIONS, texts
from tests.facesets.extraction.test_redo import OTHER, RedoRoom, other
from understudy.errors import FacesetUnusable
from understudy.facesets.extraction.redone import look_redone
from understudy.facesets.store import Faceset
from understudy.media.images import encode_png

__all__ = ["other"]
NAME = "clip 影.redone.jsonl"


class KeepingRoom(RedoRoom):
    """A room with a place for what is drawn by hand."""

    @property
    def manual(self):
        return self.folder / "manual"

    def start(self, options=OPTIONS, **more):
        return super().start(options, **({"manual_file": self.manual / "clip 影.json"} | more))

    def empty_faceset(self) -> None:
        for path in (self.folder / "faces").glob("*"):
            path.unlink()
        self.faceset = Faceset(self.folder / "faces")


@pytest.fixture
def room(tmp_path, detector, other) -> KeepingRoom:
    room = KeepingRoom(tmp_path, one_person(6))
    room.run()
    room.delete(2, 4)
    room.redo(OTHER)
    return room


def test_every_later_search_says_how_many_frames_are_kept_as_done_again(room, detector):
    (text,) = texts(room.run(OPTIONS.changed(min_face=0.1)))
    assert "2 frames kept as done again" in text and "--redo-deleted" in text and NAME in text
    (text,) = texts(room.run(OPTIONS.changed(stop="3f")))
    assert "1 frame kept" in text
    (room.manual / NAME).unlink()
    assert texts(room.run()) == []


def test_frames_done_again_stay_so_when_the_cache_is_gone(room, tmp_path):
    shutil.rmtree(tmp_path / "cache")
    room.empty_faceset()
    room.run(OPTIONS)
    assert room.boxes() == {index: 54 if index in (2, 4) else 48 for index in range(6)}


def test_what_lay_in_the_cache_once_counts_and_is_brought_over(room, tmp_path):
    old = tmp_path / "cache" / NAME
    (room.manual / NAME).rename(old)
    room.manual.rmdir()
    assert [f.index for f in look_redone(old.parent, "clip 影", manual=room.manual)] == [2, 4]
    room.empty_faceset()
    room.run(OPTIONS)
    assert room.boxes()[2] == 54
    assert (room.manual / NAME).exists() and not old.exists()


def test_frames_done_again_of_another_clip_of_the_name_wait_beside_and_it_is_said(room):
    first = room.clip / "00000.png"
    before, kept = first.read_bytes(), (room.manual / NAME).read_bytes()
    first.write_bytes(encode_png(frame_with([Drawn(90, 50, 40, 2)], seed=77)))
    said = []
    with pytest.raises(FacesetUnusable):
        for event in room.start():
            said.append(event)
    (text,) = [text for text in texts(said) if "done again" in text]
    (aside,) = room.manual.glob(f"*-{NAME}")
    assert str(aside) in text and aside.read_bytes() == kept
    first.write_bytes(before)
    room.run()
    assert (room.manual / NAME).read_bytes() == kept


@pytest.mark.parametrize("line", [0, 1])
def test_a_damaged_file_of_them_is_kept_whole_beside_before_it_goes_on(room, line):
    lines = (room.manual / NAME).read_bytes().splitlines(keepends=True)
    lines[line] = b"\xff\n"
    (room.manual / NAME).write_bytes(b"".join(lines))
    room.delete(1)
    said = texts(room.redo(OTHER))
    (aside,) = room.manual.glob(f"damaged-*-{NAME}")
    assert aside.read_bytes() == b"".join(lines)
    assert any(str(aside) in text for text in said)
