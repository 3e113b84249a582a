"""Gaps of a track are filled, marked and kept; cuts, long gaps and what can't be followed stay open."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.facesets.extraction.stand_in import FACE, Drawn, frame_with
from tests.facesets.extraction.test_extract import OPTIONS, Room, summary_of
from tests.facesets.extraction.test_people import face, film
from understudy.events import Progress, StageStarted
from understudy.facesets.extraction.filling import FilledLog, filled_path, gaps_of
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.extraction.tracks import tracks_of
from understudy.media.cuts import NOTHING_SEEN, SceneNote
from understudy.media.images import encode_png

MISSED = {6, 7, 8, 15}
FILLING = OPTIONS.changed(smooth=False, fill_gap=12)


def drawn(index: int) -> Drawn:
    return Drawn(60 + index, 60, 48)


@pytest.fixture
def room(tmp_path, detector) -> Room:
    """A face with speckles to follow moves through 20 frames; the detector misses four of them."""
    room = Room(tmp_path, [[drawn(index)] for index in range(20)])
    speckles = cv2.resize(np.random.default_rng(3).integers(0, 60, (24, 20), np.uint8), (46, 56))
    for index in range(20):
        frame = frame_with([drawn(index)], seed=index)
        y, x = 60 - 28, 60 + index - 23
        part = frame[y : y + 56, x : x + 46]
        part[:] = np.clip(part.astype(int) - speckles[..., None], 0, 255)
        if index in MISSED:
            frame[0] = 0
        (room.clip / f"{index:05d}.png").write_bytes(encode_png(frame))
    return room


def stages(events: list) -> list[str]:
    return [event.stage for event in events if isinstance(event, StageStarted)]


def test_missed_faces_are_filled_in_their_place_and_marked(room):
    events = room.run(FILLING)
    assert stages(events) == ["find", "fill", "crop"]
    assert room.frames() == list(range(20))
    assert summary_of(events)["faces_filled"] == 4
    filled = {f.record.frame: f.record for f in room.faceset.faces() if f.record.filled}
    assert set(filled) == MISSED
    found = {f.record.frame: f.record for f in room.faceset.faces() if not f.record.filled}
    for index, record in filled.items():
        moved = record.landmarks() - found[index - 4].landmarks() if index - 4 in found else None
        if moved is not None:
            assert np.abs(moved - [4, 0]).mean() < 1.0
        truth = FACE * 48 + [60 + index, 60]
        assert np.abs(record.landmarks() - truth)[36:48].mean() < 3
        assert record.score == 0
        assert np.abs(np.array(record.box_xyxy) - [36 + index, 36, 84 + index, 84]).max() < 4


def test_filling_goes_on_where_it_stopped_and_costs_nothing_the_next_time(room):
    events = room.start(FILLING)
    for event in events:
        if isinstance(event, Progress) and event.stage == "fill":
            assert event.done == 3
            break
    events.close()
    again = room.run(FILLING)
    (started,) = [event for event in again if isinstance(event, StageStarted) and event.stage == "fill"]
    assert (started.done, started.total, started.why) == (3, 4, "goes on at frame 3 of 4")
    assert stages(room.run(FILLING)) == []


def test_no_gap_is_filled_when_it_is_off_or_longer(room):
    room.run(FILLING.changed(fill_gap=0))
    assert room.frames() == [index for index in range(20) if index not in MISSED]
    room.run(FILLING.changed(fill_gap=2))
    assert room.frames() == [index for index in range(20) if index not in MISSED - {15}]


def test_gaps_lie_within_one_shot_and_one_track():
    options = ExtractOptions()
    frames = film(*[[face(50, 1)] if index not in (4, 5, 10) else [] for index in range(16)])
    gaps = gaps_of(tracks_of(frames, options), frames, longest=12)
    assert [[frame.index for frame in gap.missing] for gap in gaps] == [[4, 5], [10]]
    (whole,) = tracks_of(frames, options)
    cut = [replace(f, scene=SceneNote(20.0, NOTHING_SEEN.grid)) if f.index == 5 else f for f in frames]
    merged = gaps_of([whole], cut, longest=12)
    assert [[frame.index for frame in gap.missing] for gap in merged] == [[10]]


@pytest.mark.parametrize("junk", [b'{"gap": "x', b"\xff\n", b'{"gap": "x"}\n'])
def test_a_torn_log_goes_on_and_one_of_something_else_begins_anew(room, junk):
    room.run(FILLING)
    path = filled_path(room.folder / "cache", "clip 影")
    whole = FilledLog.look(path)
    assert len(whole) == 2
    with path.open("ab") as file:
        file.write(junk)
    assert FilledLog.look(path).keys() == whole.keys()
    with FilledLog(path, {"content": "other"}) as log:
        assert log.gaps == {}
    assert FilledLog.look(path) == {}
