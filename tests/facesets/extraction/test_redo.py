"""Deleting an overlay and asking again does those frames again, and no others."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.facesets.extraction.stand_in import Drawn, StandIn, StandInPlan, frame_with, one_person
from tests.facesets.extraction.test_extract import OPTIONS, texts
from tests.facesets.extraction.test_overlays import WITH, DrawnRoom
from understudy.events import StageFinished, StageStarted
from understudy.faces.detect import DETECTORS
from understudy.facesets.extraction import redo
from understudy.facesets.extraction.redone import look_found
from understudy.facesets.store import Faceset
from understudy.files import move_to_trash
from understudy.media.images import encode_png


class Shifted(StandIn):
    """Another detector, whose boxes are wider."""

    def detect(self, frames):
        found = super().detect(frames)
        for row in found:
            for detection in row:
                detection.box_xyxy[:] += [-3, -3, 3, 3]
        return found


@pytest.fixture
def other(monkeypatch) -> StandIn:
    detector = Shifted()
    monkeypatch.setitem(DETECTORS, "other", lambda _: detector)
    return detector


OTHER = WITH.changed(detector="other")


class RedoRoom(DrawnRoom):
    def redo(self, options=WITH, **more) -> list:
        self.faceset.refresh()
        return list(self.start(options, redo_with=self.put_away, **more))

    def put_away(self, faces) -> None:
        for face in faces:
            move_to_trash(face.path, self.folder / "trash")

    def delete(self, *indices: int) -> None:
        for index in indices:
            (self.overlays / f"{index:06d}.jpg").unlink()

    def trash(self) -> list[str]:
        return sorted(path.name.split("-", 3)[-1] for path in (self.folder / "trash").glob("*"))

    def boxes(self) -> dict[int, float]:
        faces = Faceset(self.folder / "faces").faces()
        return {face.record.frame: face.record.box_xyxy[2] - face.record.box_xyxy[0] for face in faces}


def files(room: RedoRoom) -> dict[str, tuple[int, bytes]]:
    paths = (room.folder / "faces").glob("*.jpg")
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in paths}


def test_the_frames_of_deleted_overlays_are_done_again_with_what_is_said_now_and_no_others(
    tmp_path, detector, other
):
    room = RedoRoom(tmp_path, one_person(10))
    room.run()
    before, faces_before = room.state(), files(room)
    room.delete(3, 7)
    events = room.redo(OTHER)
    assert other.seen == 2
    stages = [event.stage for event in events if isinstance(event, StageStarted)]
    assert stages == ["find again", "crop", "overlays"]
    summary = events[-1].summary
    assert (summary["frames_redone"], summary["faces_written"], summary["faces_put_away"]) == ("3, 7", 2, 2)
    assert room.boxes() == {index: 54 if index in (3, 7) else 48 for index in range(10)}
    assert len(room.trash()) == 2
    assert room.drawn() == list(range(10))
    again = {f"{index:06d}.jpg" for index in (3, 7)}
    assert {name for name, state in room.state().items() if state != before[name]} == again
    changed = {name for name, state in files(room).items() if state != faces_before[name]}
    assert len(changed) == 2


def test_many_frames_are_done_again_by_several_processes_after_their_weights_were_fetched(
    tmp_path, detector, monkeypatch
):
    wanted = []

    def noted(*programs):
        wanted.append(programs[:2])
        yield from ()

    monkeypatch.setattr(redo, "fetched", noted)
    room = RedoRoom(tmp_path, one_person(10))
    room.run()
    room.delete(1, 3, 4, 8)
    seen = detector.seen
    events = room.redo(WITH.changed(workers=2, batch_frames=1), plan_of=StandInPlan)
    assert wanted == [("stand-in", "five-point")]
    assert "2 processes look for faces." in texts(events) and detector.seen == seen
    assert events[-1].summary["faces_written"] == 4 and room.drawn() == list(range(10))


def test_later_extractions_respect_what_was_done_again(tmp_path, detector, other):
    room = RedoRoom(tmp_path, one_person(6))
    room.run()
    room.delete(2)
    room.redo(OTHER)
    assert room.run(WITH)[-1].skipped
    assert detector.seen == 6
    for path in (tmp_path / "faces").glob("*"):
        path.unlink()
    room.faceset = Faceset(tmp_path / "faces")
    room.run(OPTIONS)
    assert room.boxes() == {index: 54 if index == 2 else 48 for index in range(6)}
    boxes = [frame.faces[0].detection.box_xyxy for frame in look_found(tmp_path / "cache", "clip 影")]
    assert [right - left for left, _, right, _ in boxes] == [48, 48, 54, 48, 48, 48]


def test_it_works_after_the_faces_were_renamed_or_deleted(tmp_path, detector, other):
    room = RedoRoom(tmp_path, one_person(6))
    room.run()
    faces = room.faceset.faces()
    faces[2].path.rename(tmp_path / "faces" / "00001.jpg")
    faces[3].path.unlink()
    room.delete(2, 3)
    room.redo(OTHER)
    room.faceset = Faceset(tmp_path / "faces")
    assert [face.record.frame for face in room.faceset.faces()] == list(range(6))
    assert room.boxes()[2] == room.boxes()[3] == 54
    assert room.trash() == ["00001.jpg"]
    assert room.run()[-1].skipped


def test_without_a_deleted_overlay_it_says_so_and_does_nothing(tmp_path, detector):
    room = RedoRoom(tmp_path, one_person(4))
    room.run(OPTIONS)
    seen = detector.seen
    assert "no overlay was drawn yet" in texts(room.redo())[0]
    room.run()
    before = room.state(), files(room)
    events = room.redo()
    assert "no overlay was deleted" in texts(events)[0]
    assert isinstance(events[-1], StageFinished)
    assert events[-1].skipped
    assert detector.seen == seen
    assert (room.state(), files(room)) == before


def test_a_frame_in_which_nothing_is_found_now_loses_its_face(tmp_path, detector, monkeypatch):
    class Blind(StandIn):
        def detect(self, frames):
            return [[] for _ in frames]

    monkeypatch.setitem(DETECTORS, "other", lambda _: Blind())
    room = RedoRoom(tmp_path, one_person(5))
    room.run()
    room.delete(1)
    summary = room.redo(OTHER)[-1].summary
    assert summary["frames_skipped"] == {"no face": "1"}
    assert sorted(room.boxes()) == [0, 2, 3, 4]
    assert len(room.trash()) == 1
    assert room.drawn() == list(range(5))


def test_a_clip_that_was_replaced_is_refused_before_anything_moves(tmp_path, detector, other):
    room = RedoRoom(tmp_path, one_person(4))
    room.run()
    room.delete(1)
    (room.clip / "00000.png").write_bytes(encode_png(frame_with([Drawn(90, 50, 40, 2)], seed=77)))
    before = files(room)
    events = room.redo(OTHER)
    assert events[-1].skipped
    assert files(room) == before


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.facesets.extraction import test_redo
from tests.facesets.extraction.stand_in import StandIn, installed, one_person
from understudy.faces.detect import DETECTORS
from understudy.facesets.store import Faceset
installed(StandIn())
DETECTORS["other"] = lambda _: test_redo.Shifted()
room = object.__new__(test_redo.RedoRoom)
room.folder = Path(sys.argv[1])
room.clip = room.folder / "clip 影"
room.faceset = Faceset(room.folder / "faces")
stop = sys.argv[2]
def put_away(faces, before=room.put_away):
    before(faces[:1])
    if stop == "trash":
        os.kill(os.getpid(), signal.SIGKILL)
    before(faces[1:])
for event in room.start(test_redo.OTHER, redo_with=put_away):
    if getattr(event, "stage", "") == stop and type(event).__name__ == "Progress":
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("stop", ["find again", "trash", "crop", "overlays"])
def test_a_redo_that_was_killed_anywhere_ends_like_one_that_was_not(tmp_path, detector, other, stop):
    room = RedoRoom(tmp_path, one_person(8))
    room.run()
    room.delete(2, 3, 6)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path, stop],
        cwd=Path(__file__).parents[3],
        check=False,
        capture_output=True,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    room.redo(OTHER)
    assert room.boxes() == {index: 54 if index in (2, 3, 6) else 48 for index in range(8)}
    assert room.drawn() == list(range(8))
    room.run()  # a picture that was made but not yet noted is made again
    assert room.run()[-1].skipped


def test_frames_done_again_are_looked_at_alone_though_landmarks_lead_elsewhere(tmp_path, detector, dense):
    options = WITH.changed(landmarker="dense", detect_every=4)
    room = RedoRoom(tmp_path, one_person(12))
    room.run(options)
    detector.seen = 0
    room.delete(5, 9)
    room.redo(options)
    assert detector.seen == 2
    assert sorted(room.boxes()) == list(range(12))
