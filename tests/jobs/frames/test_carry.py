"""`jobs/frames/carry.py`: a face carried from frame to frame, and where that ends."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.facesets.extraction.stand_in import FACE, Drawn, StandIn, installed, one_person
from tests.jobs.frames.test_desk import extracted, made
from understudy.errors import FacesUnknown
from understudy.events import Progress, StageFinished
from understudy.faces.dense.by_hand import DrawnBox, HandReading, box_about
from understudy.faces.detect import DETECTORS
from understudy.facesets.by_hand.options import CarryOptions
from understudy.facesets.store import Faceset
from understudy.jobs.frames.carry import carry, why_lost
from understudy.jobs.frames.desk import FramesDesk
from understudy.media.frame_reader import FrameReader

SIDE = 48


class StandInReader:
    """Reads what the first row of pixels says, as the stand-in detector does."""

    lost_at: int = -1
    spread_px: float = 1.0

    def read(self, frame, box: DrawnBox, *, accurate: bool = False) -> HandReading:
        x, y, side = frame.rgb_8bit[0, 0].astype(float)
        points = FACE * (side or SIDE) + [x, y]
        score = 0.1 if frame.index == self.lost_at else 0.9
        return HandReading(points, np.full(68, self.spread_px), score, box_about(points))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[FramesDesk]:
    """Faces in frame 0 and from 9 on in the faceset; a frame without any at the end."""
    installed(StandIn())
    project = extracted(made(tmp_path, [*one_person(12), []]))
    with FramesDesk(project, "shot", reader=StandInReader()) as desk:  # pyright: ignore[reportArgumentType]
        desk.remove([face["name"] for index in range(1, 9) for face in desk.faces(index)])
        yield desk
    del DETECTORS["stand-in"]


def summary(events: list) -> dict:
    assert isinstance(events[-1], StageFinished)
    return events[-1].summary


def test_a_face_is_carried_over_so_many_frames_as_one_step(desk: FramesDesk) -> None:
    events = list(carry(desk, 0, CarryOptions(count=5)))
    assert summary(events)["faces_written"] == 5
    assert summary(events)["stopped"] == ""
    assert desk.states().frames("no face") == [6, 7, 8, 12]
    for index in range(1, 6):
        points = np.array(desk.faces(index)[0]["landmarks"])
        assert points == pytest.approx(FACE * SIDE + [70 + index, 60], abs=0.01)
    desk.undo()
    assert desk.states().frames("no face") == [*range(1, 9), 12]


def test_it_stops_where_there_is_a_face_already_unless_told_to_go_over_it(desk: FramesDesk) -> None:
    assert summary(list(carry(desk, 0, CarryOptions(count=100))))["stopped"] == "frame 9 has a face already"
    assert desk.states().frames("no face") == [12]
    over = summary(list(carry(desk, 8, CarryOptions(count=3, existing="replace"))))
    assert (over["faces_written"], over["stopped"]) == (3, "")
    assert desk.states().frames("drawn") == list(range(1, 12))


def test_it_goes_on_from_the_faces_that_are_there_and_leaves_them_as_they_are(desk: FramesDesk) -> None:
    desk.draw(4, FACE * SIDE + [70 + 4, 58])  # a little higher than where it would be read
    told = summary(list(carry(desk, 0, CarryOptions(count=11, existing="skip"))))
    assert (told["faces_written"], told["faces_skipped"], told["last_frame"]) == (7, 4, 11)
    assert np.array(desk.faces(4)[0]["landmarks"]) == pytest.approx(FACE * SIDE + [74, 58], abs=0.01)
    assert desk.faces(9)[0]["drawn"] is False
    assert desk.states().frames("no face") == [12]


def test_another_person_s_face_is_none_to_skip(desk: FramesDesk) -> None:
    desk.draw(3, FACE * 30 + [130, 30])
    told = summary(list(carry(desk, 0, CarryOptions(count=4, existing="skip"))))
    assert (told["faces_written"], told["faces_skipped"]) == (4, 0)
    assert len(desk.faces(3)) == 2


def test_a_second_person_is_carried_past_the_first_one_s_faces(desk: FramesDesk) -> None:
    desk.draw(8, FACE * SIDE + [70 + 8, 60])  # the first person, as in the frames behind
    desk.reader.read = elsewhere  # pyright: ignore[reportAttributeAccessIssue]
    step = desk.draw(8, FACE * SIDE + [10, 10])
    told = summary(list(carry(desk, 8, CarryOptions(count=2), face=step.there[0])))
    assert (told["faces_written"], told["stopped"]) == (2, "")
    assert [sorted(face["person"] for face in desk.faces(index)) for index in (8, 9, 10)] == [[1, 2]] * 3
    assert desk.states().frames("several") == [8, 9, 10]
    again = summary(list(carry(desk, 9, CarryOptions(count=1), face=desk.stored.of_frame(9)[-1].name)))
    assert again["stopped"] == "frame 10 has a face already"


def elsewhere(frame, box: DrawnBox, *, accurate: bool = False) -> HandReading:
    points = FACE * SIDE + [10, 10]
    return HandReading(points, np.ones(68), 0.9, box_about(points))


def test_what_the_reader_says_of_a_carried_face_is_stored_and_bad_score_finds_it(desk: FramesDesk) -> None:
    desk.reader.spread_px = 4.0  # pyright: ignore[reportAttributeAccessIssue]
    list(carry(desk, 0, CarryOptions(count=2)))
    with Faceset(desk.stored.folder) as faceset:
        there = {face.record.frame: face.record for face in faceset.faces()}
    assert (there[1].score, there[1].spread_68) == (0.9, [4.0] * 68)
    error = desk.states().error
    assert error[1] == error[2] == pytest.approx(1000 * 4 / desk.faces(1)[0]["square"]["side"], abs=30)
    assert error[0] != error[1]
    assert desk.options.min_score <= 0.9
    desk.options = desk.options.model_copy(update={"min_score": 0.95})
    assert {1, 2} <= set(desk.states().frames("bad score"))


def test_a_reading_is_repeated_where_accuracy_is_asked_for(desk: FramesDesk) -> None:
    asked, read = [], desk.reader.read
    desk.reader.read = lambda *a, accurate=False, **k: (asked.append(accurate), read(*a, **k))[1]
    list(carry(desk, 0, CarryOptions(count=2, accurate=True)))
    list(carry(desk, 2, CarryOptions(count=1)))
    assert asked == [True, True, False]


def test_the_same_command_goes_on_behind_what_was_carried_before_a_kill(desk: FramesDesk) -> None:
    class Dead(BaseException):
        pass

    events = carry(desk, 0, CarryOptions(count=8))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("understudy.jobs.frames.carry._STORED_AT_ONCE", 2)
        patch.setattr("understudy.jobs.frames.carry._TIMES_A_STORE", 0.0)
        with pytest.raises(Dead):
            for event in events:
                if isinstance(event, Progress) and event.done == 5:
                    patch.setattr(
                        "understudy.jobs.frames.carry._store", lambda *_: None
                    )  # nothing after it runs
                    events.throw(Dead())  # pyright: ignore[reportAttributeAccessIssue]
    assert desk.states().frames("no face") == [5, 6, 7, 8, 12]
    begun, *_, end = list(carry(desk, 0, CarryOptions(count=8)))
    assert (begun.done, begun.total, begun.why) == (
        4,
        8,
        "goes on behind frame 4, to which it was carried before",
    )
    assert (end.summary["faces_written"], end.summary["last_frame"]) == (4, 8)
    assert desk.states().frames("no face") == [12]
    desk.undo()  # all of it is one step
    assert desk.states().frames("no face") == [*range(1, 9), 12]


def test_after_something_else_was_drawn_a_carrying_begins_anew(desk: FramesDesk) -> None:
    list(carry(desk, 0, CarryOptions(count=3)))
    desk.draw(12, FACE * SIDE + [70, 60])
    assert summary(list(carry(desk, 0, CarryOptions(count=8))))["stopped"] == "frame 1 has a face already"


def test_however_many_frames_are_carried_a_few_are_in_memory(desk: FramesDesk) -> None:
    alive, most = weakref.WeakValueDictionary(), []
    decode = desk.frames.clip.frames

    def counted(*asked, **more):
        for frame in decode(*asked, **more):
            alive[id(frame.rgb_8bit)] = frame.rgb_8bit
            most.append(len(alive))
            yield frame

    desk.frames.clip.frames = counted  # pyright: ignore[reportAttributeAccessIssue]
    picture = 160 * 120 * 3
    desk.frames = FrameReader(desk.frames.clip, most_bytes=2 * picture)
    list(carry(desk, 0, CarryOptions(count=8)))
    assert len(most) >= 8
    assert max(most) <= 5  # two kept, one read, one looked at before, one decoded ahead


@pytest.mark.parametrize(("store_s", "sizes"), [(0.0, [2, 2, 2, 2]), (1000.0, [2, 6])])
def test_where_storing_takes_long_it_is_done_more_seldom(
    desk: FramesDesk, monkeypatch: pytest.MonkeyPatch, store_s: float, sizes: list[int]
) -> None:
    clock, stored, draw_all = [0.0], [], desk.draw_all

    def slow(landmarks, **how):
        stored.append(len(landmarks))
        clock[0] += store_s
        return draw_all(landmarks, **how)

    monkeypatch.setattr("understudy.jobs.frames.carry._STORED_AT_ONCE", 2)
    monkeypatch.setattr("understudy.jobs.frames.carry.time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(desk, "draw_all", slow)
    list(carry(desk, 0, CarryOptions(count=8)))
    assert stored == sizes
    assert desk.states().frames("no face") == [12]


def test_the_more_is_stored_the_more_is_stored_at_once(
    desk: FramesDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored, draw_all = [], desk.draw_all

    def counted(landmarks, **how):
        stored.append(len(landmarks))
        return draw_all(landmarks, **how)

    monkeypatch.setattr("understudy.jobs.frames.carry._STORED_AT_ONCE", 1)
    monkeypatch.setattr("understudy.jobs.frames.carry._TIMES_A_STORE", 0.0)
    monkeypatch.setattr("understudy.jobs.frames.carry._OF_STORED", 1)
    monkeypatch.setattr(
        desk, "draw_all", lambda found, **how: stored.append(len(found)) or draw_all(found, **how)
    )
    list(carry(desk, 0, CarryOptions(count=8)))
    assert stored == [1, 1, 2, 4]
    assert desk.states().frames("no face") == [12]


def test_it_stops_where_the_face_is_lost(desk: FramesDesk) -> None:
    desk.reader.lost_at = 4  # pyright: ignore[reportAttributeAccessIssue]
    told = summary(list(carry(desk, 0, CarryOptions(count=8))))
    assert (told["faces_written"], told["last_frame"]) == (3, 3)
    assert "frame 4: the face is lost" in told["stopped"]


def test_what_is_carried_stays_when_it_is_stopped(desk: FramesDesk) -> None:
    with closing(carry(desk, 0, CarryOptions(count=8))) as events:
        for event in events:
            if isinstance(event, Progress) and event.done == 3:
                break
    assert desk.states().frames("no face") == [4, 5, 6, 7, 8, 12]


def test_it_stops_at_a_new_shot(tmp_path: Path) -> None:
    from understudy.media.images import decode_image, encode_png

    installed(StandIn())
    project = made(tmp_path, [[Drawn(70, 60, SIDE)], *one_person(6)])
    rng = np.random.default_rng(1)
    for index in (3, 4, 5, 6):
        path = tmp_path / "shot" / f"{index:05d}.png"
        rgb = decode_image(path.read_bytes()).copy()
        rgb[2:] = np.kron(rng.integers(0, 255, (12, 16, 3), np.uint8), np.ones((10, 10, 1), np.uint8))[2:]
        path.write_bytes(encode_png(rgb))
    with FramesDesk(project, "shot", reader=StandInReader()) as desk:  # pyright: ignore[reportArgumentType]
        desk.draw(0, FACE * SIDE + [70, 60])
        assert summary(list(carry(desk, 0, CarryOptions(count=6))))["stopped"] == "a new shot begins at frame 3"
    del DETECTORS["stand-in"]


def test_there_must_be_a_face_to_begin_with(desk: FramesDesk) -> None:
    with pytest.raises(FacesUnknown, match="frame 12"):
        list(carry(desk, 12))
    with pytest.raises(FacesUnknown, match="'x"):
        list(carry(desk, 0, face="x.jpg"))


def test_the_end_of_the_clip_is_no_mistake(desk: FramesDesk) -> None:
    desk.draw(12, FACE * SIDE + [70, 60])
    assert summary(list(carry(desk, 12, CarryOptions(count=9))))["stopped"] == "at the end of the clip"


@pytest.mark.parametrize(
    ("points", "words"),
    [
        (FACE * 48 + [50, 0], "leaps"),
        (FACE * 80, "changes its size"),
        (FACE * 48 * [1, -1], "eyes under the mouth"),
        (FACE * 48 + 3, ""),
    ],
)
def test_why_a_reading_is_not_the_same_face(points: np.ndarray, words: str, desk: FramesDesk) -> None:
    reading = HandReading(points, np.ones(68), 0.9, box_about(points))
    why = why_lost(FACE * 48, reading, desk.options)
    assert words in why if words else why == ""
