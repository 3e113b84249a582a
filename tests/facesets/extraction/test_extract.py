import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.facesets.extraction.stand_in import (
    DOUBTFUL,
    FACE,
    Drawn,
    frame_with,
    one_person,
    write_clip,
)
from tests.media.interlaced import make_interlaced
from understudy.errors import (
    ClipInterlaced,
    ClipMissing,
    DiskFull,
    FacesetUnusable,
    FolderUnwritable,
    NoFaceFound,
    OptionInvalid,
    SeveralPeople,
)
from understudy.events import Made, Notice, Progress, StageFinished, StageStarted
from understudy.facesets.extraction.extract import extract
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.store import Faceset
from understudy.media.images import encode_png

OPTIONS = ExtractOptions(detector="stand-in", landmarker="five-point", size_px=128, batch_frames=4, fill_gap=0)


class Room:
    """One clip and what extracting it needs."""

    def __init__(self, folder: Path, frames: list[list[Drawn]]) -> None:
        self.folder = folder
        self.clip = write_clip(folder / "clip 影", frames)
        self.faceset = Faceset(folder / "faces")

    def start(self, options: ExtractOptions = OPTIONS, **more: object):
        values = {"clip_name": "clip 影", "role": "src", "faceset": self.faceset, "options": options}
        places = {"cache": self.folder / "cache", "people_folder": self.folder / "people"}
        return extract(self.clip, **(values | places | more))

    def run(self, options: ExtractOptions = OPTIONS, **more: object) -> list:
        return list(self.start(options, **more))

    def frames(self) -> list[int]:
        return [face.record.frame for face in Faceset(self.folder / "faces").faces()]


def summary_of(events: list) -> dict:
    assert isinstance(events[-1], StageFinished)
    return events[-1].summary


def texts(events: list) -> list[str]:
    return [event.text for event in events if isinstance(event, Notice)]


def test_one_person_in_every_frame_gives_a_face_for_every_frame(tmp_path, detector):
    room = Room(tmp_path, one_person(10))
    events = room.run()
    assert room.frames() == list(range(10))
    summary = summary_of(events)
    assert (summary["frames"], summary["faces_written"], summary["person"]) == (10, 10, 1)
    assert summary["frames_skipped"] == {}
    assert texts(events) == []
    stages = [event.stage for event in events if isinstance(event, StageStarted)]
    assert stages == ["find", "crop"]
    for stage in stages:
        done = [event.done for event in events if isinstance(event, Progress) and event.stage == stage]
        assert done == sorted(done)
        assert done[-1] == 10


def test_a_record_tells_the_truth_about_its_crop(tmp_path, detector):
    room = Room(tmp_path, one_person(6))
    room.run(OPTIONS.changed(smooth=False, image_format="png"))
    face = room.faceset.faces()[3]
    truth = FACE * 48 + [73, 60]
    assert face.record.frame_size == (160, 120)
    assert np.abs(face.record.landmarks() - truth)[36:48].mean() < 3
    # Going back through the record's own matrix shows the frame again.
    frame = frame_with(one_person(6)[3], seed=3)
    matrix = face.record.crop_matrix().copy()
    matrix[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    expected = cv2.warpAffine(
        frame, matrix, (128, 128), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    assert np.abs(expected.astype(int) - room.faceset.image(face)).mean() < 6
    assert abs(face.record.yaw_deg) < 10
    assert face.record.sharpness > 0


def test_faces_in_images_have_the_times_of_the_rate_that_was_said_also_after_they_were_found(
    tmp_path, detector
):
    room = Room(tmp_path, one_person(4))
    room.run(OPTIONS.changed(stop="3f"))
    room.run(fps=10.0)
    times = {face.record.frame: face.record.time_s for face in Faceset(tmp_path / "faces").faces()}
    assert times[3] == pytest.approx(0.3)
    assert summary_of(room.run(OPTIONS.changed(start="0.3"), fps=10.0))["frames"] == 1


def test_running_again_does_nothing_and_says_so(tmp_path, detector):
    room = Room(tmp_path, one_person(8))
    room.run()
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "faces").glob("*.jpg")}
    seen = detector.seen
    events = room.run()
    assert events[-1].skipped
    assert [type(event) for event in events] == [StageFinished]
    assert detector.seen == seen
    assert times == {path: path.stat().st_mtime_ns for path in (tmp_path / "faces").glob("*.jpg")}


def test_the_speed_counts_only_the_frames_that_this_run_looked_at(tmp_path, detector):
    room = Room(tmp_path, one_person(12))
    room.run(OPTIONS.changed(stop="8f"))
    detector.seconds = 0.05
    summary = summary_of(room.run())
    assert summary["frames_per_s"] * summary["seconds"] == pytest.approx(4, abs=0.5)
    assert summary_of(room.run())["frames_per_s"] == 0


def test_a_face_deleted_by_hand_stays_deleted_even_when_the_caches_are_gone(tmp_path, detector):
    room = Room(tmp_path, one_person(8))
    room.run()
    room.faceset.faces()[3].path.unlink()
    for path in (tmp_path / "cache").iterdir():
        path.unlink()
    room.faceset.close()
    for path in (tmp_path / "faces").glob("index*"):
        path.unlink()
    room.faceset = Faceset(tmp_path / "faces")
    summary = summary_of(room.run())
    assert room.frames() == [0, 1, 2, 4, 5, 6, 7]
    assert (summary["faces_written"], summary["faces_deleted_by_hand"]) == (0, 1)


@pytest.fixture
def renumbered(tmp_path, detector) -> Room:
    """A room whose left person is number 2 of the whole clip and number 1 of its first six frames."""
    left, right = Drawn(40, 60, 44, 1), Drawn(115, 60, 44, 2)
    frames = [[left] if i < 2 else [left, right] if i < 6 else [right] for i in range(10)]
    return Room(tmp_path, frames)


def test_a_deleted_face_stays_deleted_when_other_options_number_people_anew(renumbered):
    renumbered.run(person=2)
    assert renumbered.frames() == list(range(6))
    renumbered.faceset.faces()[3].path.unlink()
    renumbered.faceset.refresh()
    summary = summary_of(renumbered.run(OPTIONS.changed(stop="6f"), person=1))
    assert (summary["person"], summary["faces_deleted_by_hand"]) == (1, 1)
    assert renumbered.frames() == [0, 1, 2, 4, 5]


def test_a_face_is_not_taken_for_a_deleted_one_of_somebody_else_who_had_its_number(renumbered):
    renumbered.run(OPTIONS.changed(stop="6f"), person=1)
    renumbered.faceset.faces()[3].path.unlink()
    renumbered.faceset.refresh()
    renumbered.run(person=1)
    right = [f.record.frame for f in Faceset(renumbered.folder / "faces").faces() if f.record.box_xyxy[0] > 80]
    assert right == list(range(2, 10))


def test_a_deletion_noted_before_boxes_were_kept_still_counts(renumbered, tmp_path):
    renumbered.run(person=2)
    renumbered.faceset.faces()[3].path.unlink()
    renumbered.faceset.refresh()
    journal = tmp_path / "faces" / "extracted.jsonl"
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    for line in lines:
        line.pop("box", None)
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert summary_of(renumbered.run(person=2))["faces_deleted_by_hand"] == 1


def test_a_renamed_face_is_not_written_a_second_time(tmp_path, detector):
    room = Room(tmp_path, one_person(5))
    room.run()
    face = room.faceset.faces()[2]
    face.path.rename(face.path.with_name("favourite.jpg"))
    (tmp_path / "faces" / "extracted.jsonl").unlink()
    room.faceset.refresh()
    room.run()
    assert room.frames() == [0, 1, 2, 3, 4]


def test_a_face_that_was_stored_but_not_noted_when_its_process_died_is_not_made_twice(tmp_path, detector):
    room = Room(tmp_path, one_person(6))
    opened_before = room.faceset
    room.faceset = Faceset(tmp_path / "faces")
    room.run()
    journal = tmp_path / "faces" / "extracted.jsonl"
    *noted, _ = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(noted))
    room.faceset = opened_before
    room.run()
    assert room.frames() == list(range(6))


@pytest.mark.parametrize("stage", ["find", "crop"])
def test_closing_the_stage_keeps_what_is_done_and_the_next_run_goes_on(tmp_path, detector, stage):
    room = Room(tmp_path, one_person(20))
    events = room.start()
    for event in events:
        if isinstance(event, Progress) and event.stage == stage and event.done >= 8:
            break
    events.close()
    seen = detector.seen
    again = room.run()
    first = next(event for event in again if isinstance(event, StageStarted))
    assert (first.stage, first.done) == (stage, 8)
    assert first.why.startswith("goes on at")
    assert detector.seen == 20
    assert seen <= 20
    assert room.frames() == list(range(20))


def test_a_stopped_run_in_which_landmarks_lead_ends_like_one_that_was_not(tmp_path, detector, dense):
    straight, stopped = Room(tmp_path / "straight", one_person(18)), Room(tmp_path / "stopped", one_person(18))
    options = OPTIONS.changed(landmarker="dense", detect_every=4)
    straight.run(options)
    assert detector.seen < 9
    for most in (2, 9, 13):
        events = stopped.start(options.changed(batch_frames=most))
        for event in events:
            if isinstance(event, Progress) and event.stage == "find" and event.done >= most:
                break
        events.close()
    stopped.run(options)
    a, b = ([face.record for face in room.faceset.faces()] for room in (straight, stopped))
    assert len(a) == 18
    assert a == b
    assert all(len(record.spread_68) == 68 for record in a)


SLOW = """
import functools
import sys
import time
from pathlib import Path
from tests.facesets.extraction.stand_in import StandIn, StandInPlan, installed
from understudy.facesets.extraction.extract import extract
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.store import Faceset
folder, slow_crop, workers = Path(sys.argv[1]), sys.argv[2] == "crop", int(sys.argv[3])
installed(StandIn(0.0 if slow_crop else 0.02))
options = ExtractOptions(detector="stand-in", landmarker="five-point", size_px=128, batch_frames=2,
                         workers=workers, fill_gap=0)
plan_of = functools.partial(StandInPlan, seconds=0.0 if slow_crop else 0.02)
events = extract(folder / "clip 影", clip_name="clip 影", role="src", faceset=Faceset(folder / "faces"),
                 options=options, cache=folder / "cache", people_folder=folder / "people", plan_of=plan_of)
for event in events:
    if type(event).__name__ == "Progress":
        print(event.stage, event.done, flush=True)
        # Somewhere in the first of it; or it might be done before it can be killed.
        time.sleep(60 if event.stage == sys.argv[2] and event.done > 4 else 0.02)
"""


@pytest.mark.parametrize(("stage", "workers"), [("find", 1), ("find", 2), ("crop", 1)])
def test_a_run_killed_at_any_moment_ends_like_one_that_was_not(tmp_path, detector, stage, workers):
    straight, killed = Room(tmp_path / "straight", one_person(30)), Room(tmp_path / "killed", one_person(30))
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, killed.folder, stage, str(workers)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.split() >= [stage, "1"] and line.split()[0] == stage:
            break
    time.sleep(0.03)
    os.kill(process.pid, signal.SIGKILL)
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    log = tmp_path / "killed" / "cache" / "clip 影.found.jsonl"
    assert log.stat().st_size > 0
    with log.open("ab") as file:
        file.write(b"" if stage == "crop" else b'{"frame": 7, "time')  # as if it had died inside a line
    straight.run(OPTIONS.changed(batch_frames=2))
    killed.run(OPTIONS.changed(batch_frames=2))
    assert detector.seen < 60
    records = [[face.record for face in room.faceset.faces()] for room in (straight, killed)]
    a, b = ([record.model_copy(update={"sharpness": 0.0}) for record in side] for side in records)
    assert a == b
    # A sum over pixels: its last digit depends on how many threads share it.
    assert [r.sharpness for r in records[0]] == pytest.approx([r.sharpness for r in records[1]], rel=1e-4)
    pixels = [[room.faceset.image(face) for face in room.faceset.faces()] for room in (straight, killed)]
    assert np.array_equal(*pixels)


def two_people(count: int) -> list[list[Drawn]]:
    return [[Drawn(40, 60, 44, 1), Drawn(115, 60, 44, 2)] for _ in range(count)]


def test_several_people_are_shown_and_the_user_is_asked(tmp_path, detector):
    room = Room(tmp_path, two_people(6))
    events = []
    with pytest.raises(SeveralPeople, match=r"person 1 in 100 % .* --dst-face NUMBER") as caught:
        for event in room.start(role="dst"):
            events.append(event)
    assert caught.value.path == tmp_path / "people"
    pictures = [event.path for event in events if isinstance(event, Made)]
    tracks = ["track-01.jpg", "track-02.jpg", "tracks.jpg"]
    assert [path.name for path in pictures] == [*tracks, "person-1.jpg", "person-2.jpg"]
    assert all(path.stat().st_size > 500 for path in pictures)
    assert room.frames() == []


@pytest.mark.parametrize("number", [1, 2])
def test_the_chosen_person_alone_is_extracted(tmp_path, detector, number):
    room = Room(tmp_path, two_people(6))
    summary = summary_of(room.run(person=number))
    assert (summary["person"], summary["faces_written"]) == (number, 6)
    assert {face.record.person for face in room.faceset.faces()} == {number}
    means = [room.faceset.image(face)[40:90, 40:90].mean() for face in room.faceset.faces()]
    assert np.ptp(means) < 5


def test_the_portrait_and_the_number_belong_together(tmp_path, detector):
    room = Room(tmp_path, two_people(6))
    with pytest.raises(SeveralPeople):
        room.run()
    room.run(person=2)
    face = room.faceset.image(room.faceset.faces()[0])[50:80, 50:80].mean((0, 1))
    portraits = [
        cv2.imdecode(np.frombuffer((tmp_path / "people" / f"person-{n}.jpg").read_bytes(), np.uint8), 1)
        for n in (1, 2)
    ]
    middles = [p[p.shape[0] // 3 : -p.shape[0] // 3, p.shape[1] // 3 : -p.shape[1] // 3] for p in portraits]
    distances = [np.abs(middle.mean((0, 1))[::-1] - face).sum() for middle in middles]
    assert distances[1] < distances[0]


def test_a_person_that_nobody_is_is_refused_with_those_there_are(tmp_path, detector):
    room = Room(tmp_path, two_people(6))
    with pytest.raises(OptionInvalid, match=r"no person 3 .*person 1 in 100 %.*person 2 in 100 %"):
        room.run(person=3)


def test_a_clearly_dominant_person_goes_ahead_and_says_so(tmp_path, detector):
    frames = [[Drawn(60, 60, 60, 1)] + ([Drawn(130, 60, 34, 2)] if index < 3 else []) for index in range(12)]
    room = Room(tmp_path, frames)
    events = room.run()
    assert summary_of(events)["faces_written"] == 12
    (text,) = texts(events)
    assert "clearly the main one of 2 people" in text
    assert "--src-face" in text


def test_extracting_another_person_into_the_same_faceset_warns(tmp_path, detector):
    room = Room(tmp_path, two_people(6))
    room.run(person=1)
    assert any("also holds faces of person 1" in text for text in texts(room.run(person=2)))


def test_every_frame_without_a_face_is_listed_with_its_reason(tmp_path, detector):
    frames = [*one_person(4), [], [], [Drawn(60, 60, DOUBTFUL)], *one_person(2)]
    room = Room(tmp_path, frames)
    summary = summary_of(room.run())
    assert summary["frames_skipped"] == {"no face": "4-5", "too doubtful": "6"}
    assert (summary["frames"], summary["frames_with_face"], summary["faces_written"]) == (9, 6, 6)


@pytest.mark.parametrize(
    ("frames", "says"),
    [([[]] * 4, "Check that a face"), ([[Drawn(60, 60, DOUBTFUL)]] * 4, "left out were: 4 too doubtful")],
)
def test_a_clip_without_a_usable_face_is_said_plainly(tmp_path, detector, frames, says):
    room = Room(tmp_path, frames)
    with pytest.raises(NoFaceFound, match=rf"No face was found in the src clip .*{says}") as caught:
        room.run()
    assert caught.value.path == room.clip
    assert room.frames() == []


def test_a_missing_clip_leaves_nothing_behind(tmp_path, detector):
    room = Room(tmp_path, one_person(1))
    room.clip = tmp_path / "no such clip"
    with pytest.raises(ClipMissing):
        room.run()
    assert not (tmp_path / "cache").exists()


def test_an_unknown_detector_is_refused_with_those_there_are(tmp_path, detector):
    with pytest.raises(OptionInvalid, match="mtcnn"):
        Room(tmp_path, one_person(1)).run(OPTIONS.changed(detector="magic"))


def test_a_frame_step_takes_every_nth_frame(tmp_path, detector):
    room = Room(tmp_path, one_person(10))
    room.run(OPTIONS.changed(frame_step=3))
    assert room.frames() == [0, 3, 6, 9]
    assert detector.seen == 4


def test_another_detector_or_step_looks_again_and_other_sizes_do_not(tmp_path, detector):
    room = Room(tmp_path, one_person(10))
    room.run(OPTIONS.changed(frame_step=5))
    events = room.run(OPTIONS.changed(size_px=256))
    assert detector.seen == 12
    assert any("other settings" in text for text in texts(events))
    room.run(OPTIONS.changed(size_px=200))
    assert detector.seen == 12


def test_a_clip_replaced_by_another_of_its_name_is_not_mixed_in(tmp_path, detector):
    room = Room(tmp_path, one_person(5))
    room.run()
    (room.clip / "00000.png").write_bytes(encode_png(frame_with([Drawn(90, 50, 40, 2)], seed=77)))
    with pytest.raises(FacesetUnusable, match="no longer the one"):
        room.run()
    assert room.frames() == [0, 1, 2, 3, 4]


def test_a_copied_or_touched_clip_counts_as_the_same(tmp_path, detector):
    room = Room(tmp_path, one_person(5))
    room.run()
    for path in room.clip.iterdir():
        os.utime(path, (1, 1))
    room.clip = room.clip.rename(tmp_path / "moved")
    assert room.run()[-1].skipped


@pytest.mark.parametrize("kept_bytes", [10, 2000])
def test_a_damaged_clip_gives_what_decodes_and_says_how_much(tmp_path, detector, kept_bytes):
    room = Room(tmp_path, one_person(6))
    torn = room.clip / "00005.png"
    torn.write_bytes(torn.read_bytes()[:kept_bytes])
    events = room.run()
    assert room.frames() == [0, 1, 2, 3, 4]
    (text,) = texts(events)
    assert "5 of 6" in text


def test_a_full_disk_is_said_before_the_first_face_is_written(tmp_path, detector, monkeypatch):
    room = Room(tmp_path, one_person(6))
    usage = shutil.disk_usage(tmp_path)._replace(free=50_000)
    with monkeypatch.context() as full, pytest.raises(DiskFull, match="MB are needed"):
        full.setattr("understudy.files.shutil.disk_usage", lambda _: usage)
        room.run()
    assert room.frames() == []
    assert len(room.run()) > 1
    assert detector.seen == 6


def test_an_output_folder_that_can_not_be_made_is_said_plainly(tmp_path, detector):
    room = Room(tmp_path, one_person(3))
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(FolderUnwritable):
        room.run()
    assert detector.seen == 0


def test_only_frames_of_the_range_are_looked_at_and_a_wider_range_looks_at_the_rest_alone(tmp_path, detector):
    room = Room(tmp_path, one_person(20))
    summary = summary_of(room.run(OPTIONS.changed(start="5f", stop="0.4")))
    assert room.frames() == list(range(5, 10))
    assert (summary["frames"], detector.seen) == (5, 5)
    room.run(OPTIONS.changed(start="3f", stop="12f"))
    assert room.frames() == list(range(3, 12))
    assert detector.seen == 9
    assert room.run(OPTIONS.changed(start="6f", stop="9f"))[-1].skipped


def test_a_find_that_can_not_be_a_face_is_left_out_and_told(tmp_path, detector):
    frames = one_person(8)
    frames[3] = [Drawn(73, 60, 48, odd=True)]
    room = Room(tmp_path, frames)
    summary = summary_of(room.run())
    assert room.frames() == [0, 1, 2, 4, 5, 6, 7]
    assert summary["finds_left_out"] == {"face much larger than its box": 1}
    assert summary["frames_skipped"] == {"face much larger than its box": "3"}
    room.run(OPTIONS.changed(max_scale=0))
    assert room.frames() == list(range(8))
    assert detector.seen == 8, "a limit that changes costs no new search"


def test_as_many_faces_as_said_are_looked_at_and_0_means_all(tmp_path, detector):
    crowd = [[Drawn(20 + 30 * place, 60, 26 - place) for place in range(5)]] * 2
    for most, seen in ((3, 3), (0, 5)):
        room = Room(tmp_path / str(most), crowd)
        assert len(summary_of(room.run(OPTIONS.changed(max_faces=most), person=1))["people"]) == seen


def test_a_mark_only_face_is_its_whole_frame_with_the_data_of_the_face(tmp_path, detector):
    room = Room(tmp_path, one_person(3))
    room.run(OPTIONS.changed(face_type="mark-only", image_format="png"))
    faces = room.faceset.faces()
    assert [face.record.frame for face in faces] == [0, 1, 2]
    for face in faces:
        assert face.record.shows_whole_frame
        assert face.record.picture_size == (160, 120)
        assert np.array_equal(
            room.faceset.image(face), frame_with(one_person(3)[face.record.frame], seed=face.record.frame)
        )
        assert np.array_equal(face.record.crop_matrix(), np.eye(2, 3))
    plain = Room(tmp_path / "plain", one_person(3))
    plain.run(OPTIONS)
    a, b = faces[1].record, plain.faceset.faces()[1].record
    assert a.landmarks_68 == b.landmarks_68
    assert (a.sharpness, a.yaw_deg) == (b.sharpness, b.yaw_deg), "measured on the face, not on the frame"
    picture, record = room.faceset.crop_of(faces[1])
    assert picture.shape == (256, 256, 3)
    assert not record.shows_whole_frame
    cut, stored = plain.faceset.crop_of(plain.faceset.faces()[1])
    assert stored == plain.faceset.faces()[1].record
    assert np.abs(cv2.resize(picture, (128, 128), interpolation=cv2.INTER_AREA).astype(int) - cut).mean() < 4


@pytest.mark.parametrize("face_type", ["full-no-align", "head-no-align"])
def test_a_no_align_crop_keeps_the_frames_upright(tmp_path, detector, face_type):
    room = Room(tmp_path, one_person(2))
    room.run(OPTIONS.changed(face_type=face_type))
    (a, b, _), (c, d, _) = room.faceset.faces()[0].record.crop_from_frame
    assert (b, c) == (0, 0)
    assert a == d > 0


def test_interlaced_footage_is_refused_with_the_way_out(tmp_path, detector):
    room = Room(tmp_path, one_person(1))
    room.clip = make_interlaced(tmp_path / "v.mov")
    with pytest.raises(ClipInterlaced, match="clip deinterlace"):
        room.run()
