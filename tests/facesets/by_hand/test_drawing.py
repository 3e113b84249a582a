"""`facesets/by_hand/drawing.py`; what a hand does on a whole project is in `tests/jobs/frames/test_desk.py`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.facesets.by_hand.test_stored import add
from tests.facesets.extraction.stand_in import FACE
from understudy.facesets.by_hand.drawing import Hand, HandFace
from understudy.facesets.by_hand.stored import StoredFaces
from understudy.facesets.curation.history import History
from understudy.facesets.extraction.found import FoundFrame, FoundLog, frame_of_line
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.extraction.redone import look_redone, redone_path
from understudy.facesets.store import Faceset
from understudy.media.clip import Frame


def drawn(index: int, x: float = 60) -> HandFace:
    frame = Frame(index, index, index / 25, np.full((120, 160, 3), 90, np.uint8))
    return HandFace(
        index, lambda: frame, np.round(FACE * 48 + [x, 60], 2), np.array([x - 24, 36.0, x + 24, 84])
    )


@pytest.fixture
def hand(tmp_path: Path) -> Hand:
    folder = tmp_path / "faces"
    folder.mkdir()
    add(folder, 3)
    return Hand(
        clip_name="shot",
        content="content",
        options=ExtractOptions(size_px=128),
        trash=tmp_path / "trash",
        project=tmp_path,
        cache=tmp_path / "cache",
        stored=StoredFaces(folder, "shot", lambda: Faceset(folder)),
        known=lambda _: None,
    )


def test_a_face_drawn_beside_another_leaves_it_and_one_drawn_over_it_does_not(hand: Hand) -> None:
    hand.put([drawn(3, x=130)])
    assert len(hand.stored.of_frame(3)) == 2
    step = hand.put([drawn(3, x=62)])
    assert len(step.away) == 1
    assert sorted(round(place.box_xyxy[0]) for place in hand.stored.of_frame(3)) == [38, 106]


def test_several_frames_are_one_step(hand: Hand) -> None:
    step = hand.put([drawn(5), drawn(6), drawn(8)], verb="carry")
    assert step.words == "carry 3 faces in frame 5-6, 8"
    assert [frame.index for frame in look_redone(hand.cache, "shot", manual=hand.manual)] == [5, 6, 8]
    hand.undo()
    assert look_redone(hand.cache, "shot", manual=hand.manual) == []
    assert set(hand.stored.all()) == {3}


def test_a_face_that_another_hand_took_meanwhile_is_no_obstacle_to_taking_back(hand: Hand) -> None:
    step = hand.put([drawn(5)])
    (hand.stored.folder / step.there[0]).unlink()
    hand.undo()
    assert set(hand.stored.all()) == {3}
    hand.redo()
    assert set(hand.stored.all()) == {3}  # its file is gone for good


def test_steps_on_one_frame_go_back_together_with_one_look_at_the_faceset(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand.stored.refresh()
    first, opened, logs = {place.name for place in hand.stored.of_frame(3)}, [], []
    for x in (62, 64, 66):
        hand.put([drawn(3, x=x)], command="again and again")
    monkeypatch.setattr(hand.stored, "_opened", lambda: opened.append(1) or Faceset(hand.stored.folder))
    monkeypatch.setattr(
        "understudy.facesets.by_hand.drawing.History",
        lambda *asked, **more: logs.append(1) or History(*asked, **more),
    )
    assert len(hand.undo()) == 3
    assert {place.name for place in hand.stored.of_frame(3)} == first
    assert (len(opened), len(logs)) == (1, 1)  # the look afterwards
    hand.redo()
    (place,) = hand.stored.of_frame(3)
    assert round(place.box_xyxy[0]) == 42
    assert (len(opened), len(logs)) == (2, 2)


def test_a_stroke_makes_of_the_finds_done_again_those_of_its_own_frames_alone(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index in (5, 6, 7, 8):
        hand.put([drawn(index)])
    made = list[int]()

    def counted(value: dict) -> FoundFrame:
        made.append(value["frame"])
        return frame_of_line(value)

    monkeypatch.setattr("understudy.facesets.by_hand.glance.frame_of_line", counted)
    monkeypatch.setattr(FoundLog, "look", lambda *_, **__: pytest.fail("all of the log is read"))
    step = hand.put([drawn(6, x=62)])
    assert set(made) == {6} and step.before.redone[6] is not None
    assert hand.put([drawn(9)]).before.redone == {9: None}


def test_finds_that_an_earlier_version_left_in_the_cache_are_what_was_before_a_step(hand: Hand) -> None:
    hand.put([drawn(5)])
    old = redone_path(hand.cache, "shot")
    old.parent.mkdir()
    redone_path(hand.manual, "shot").replace(old)
    again = replace(hand, redone=(), log=None)
    assert again.put([drawn(5, x=62)]).before.redone[5] is not None
    old.write_bytes(old.read_bytes().replace(b'"content"', b'"of another"', 1))
    again = replace(hand, redone=(), log=None)
    assert again.put([drawn(7)]).before.redone[7] is None
