"""The merge stage: what is made, kept, made again, removed and reported."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.media.interlaced import make_interlaced, make_partly_interlaced
from tests.merging.conftest import HEIGHT, WIDTH, Painter, landmarks, record
from understudy.errors import ClipInterlaced, OptionInvalid, ProjectInvalid
from understudy.events import Notice, StageFinished, StageStarted
from understudy.facesets.store import Faceset
from understudy.media.images import read_image
from understudy.media.opening import open_clip
from understudy.merging.journal import merge_facts
from understudy.merging.merge import merge
from understudy.merging.options import MergeOptions
from understudy.networks.swap import Prediction

MakeFaceset = Callable[[dict[int, list[np.ndarray]]], Faceset]
PLAIN = MergeOptions(color="none", steady_frames=0, steady_face=0, steady_mask=0, mask="dst-hull")


def run(clip: Path, faces: Faceset, predictor: Painter, folder: Path, options: MergeOptions = PLAIN, **more):
    events = list(merge(clip, faces=faces, predictor=predictor, folder=folder, options=options, **more))
    finished = events[-1]
    assert isinstance(finished, StageFinished)
    assert isinstance(events[0], StageStarted)
    return finished


def pictures(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.png"))}


def test_only_frames_with_a_face_become_pictures_and_the_others_are_listed_with_reasons(
    movie: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    faces = faceset({1: [landmarks()], 4: [landmarks(64)]})
    finished = run(movie, faces, painter, tmp_path / "merged", reasons={0: "no face found"})
    assert sorted(pictures(tmp_path / "merged")) == ["000001.png", "000004.png"]
    assert finished.summary["swapped"] == 2
    assert [entry["frame"] for entry in finished.summary["unswapped"]] == [0, 2, 3, 5, 6, 7]
    assert finished.summary["unswapped"][0]["reason"] == "no face found"
    assert all(entry["reason"] for entry in finished.summary["unswapped"])
    ranges = [(entry["first"], entry["last"]) for entry in finished.summary["unswapped_ranges"]]
    assert ranges == [(0, 0), (2, 3), (5, 7)]
    state = json.loads((tmp_path / "merged" / "merge.json").read_text())
    assert state["complete"] and state["unswapped"] == finished.summary["unswapped"]
    facts = merge_facts(tmp_path / "merged")
    assert (facts.model_name, facts.frames, facts.swapped) == ("painter", 8, 2)
    assert facts.unswapped == finished.summary["unswapped"]


def test_a_merge_that_was_stopped_gives_no_facts(
    movie: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    faces = faceset({i: [landmarks()] for i in range(4)})
    stage = merge(movie, faces=faces, predictor=painter, folder=tmp_path / "merged", options=PLAIN)
    for event in stage:
        if getattr(event, "done", 0) == 1:
            break
    stage.close()
    with pytest.raises(ProjectInvalid, match="merged to its end"):
        merge_facts(tmp_path / "merged")


def test_the_face_is_painted_and_the_rest_of_the_frame_is_untouched(
    movie: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    run(movie, faceset({2: [landmarks()]}), painter, tmp_path / "merged")
    with open_clip(movie) as clip:
        original = next(iter(clip.frames(2, 3))).rgb
    merged = read_image(tmp_path / "merged" / "000002.png")
    assert np.abs(merged[50, 60].astype(int) - [230, 51, 51]).max() <= 2
    np.testing.assert_array_equal(merged[:, :20], original[:, :20])
    np.testing.assert_array_equal(merged[:10], original[:10])


@pytest.mark.parametrize("place", [".", "masks", "faces"])
def test_what_a_killed_merge_left_half_written_is_cleared_away(
    place: str, movie: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    folder = tmp_path / "merged"
    (folder / place).mkdir(parents=True)
    for ending in ("png", "exr"):
        (folder / place / f".000001.123.partial.{ending}").write_bytes(b"half")
    run(movie, faceset({1: [landmarks()]}), painter, folder, PLAIN.changed(layers="all"))
    assert not list(folder.rglob(".*"))


def test_a_second_run_does_nothing_and_says_so(
    movie: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    faces = faceset({i: [landmarks()] for i in range(4)})
    first = run(movie, faces, painter, tmp_path / "merged")
    before, painted = pictures(tmp_path / "merged"), painter.painted
    again = run(movie, faces, painter, tmp_path / "merged")
    assert not first.skipped and again.skipped and painter.painted == painted
    assert pictures(tmp_path / "merged") == before
    assert again.summary["unswapped"] == first.summary["unswapped"]


def test_stopping_keeps_what_is_done_and_going_on_gives_the_same_pictures(
    movie: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    options = MergeOptions(batch=1, steady_frames=2)
    faces = faceset({i: [landmarks(50 + 2 * i)] for i in range(8)})
    run(movie, faces, painter, tmp_path / "whole", options)
    stage = merge(movie, faces=faces, predictor=painter, folder=tmp_path / "part", options=options)
    for event in stage:
        if getattr(event, "done", 0) == 3:
            break
    stage.close()
    kept = pictures(tmp_path / "part")
    assert 1 <= len(kept) < 8
    started = next(
        iter(merge(movie, faces=faces, predictor=painter, folder=tmp_path / "part", options=options))
    )
    assert isinstance(started, StageStarted) and started.done == len(kept) and started.why
    run(movie, faces, painter, tmp_path / "part", options)
    assert pictures(tmp_path / "part") == pictures(tmp_path / "whole")


@pytest.mark.parametrize(
    "change",
    ["settings", "model", "face"],
)
def test_what_changed_is_made_again_and_nothing_else(
    change: str, movie: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    folder = tmp_path / "merged"
    faces = faceset({i: [landmarks()] for i in range(4)})
    run(movie, faces, painter, folder)
    before = pictures(folder)
    options, predictor = PLAIN, painter
    if change == "settings":
        options = PLAIN.changed(erode=0.1)
    elif change == "model":
        predictor = Painter((0.1, 0.9, 0.1), sha256="1" * 64)
    else:
        faces.add(np.zeros((16, 16, 3), np.uint8), record(2, landmarks(70)))
    again = run(movie, faces, predictor, folder, options)
    changed = {name for name, data in pictures(folder).items() if before[name] != data}
    assert changed == ({"000002.png"} if change == "face" else set(before))
    assert again.summary["made_now"] == len(changed)


def test_a_moved_face_also_remakes_the_neighbours_whose_colours_it_steadies(
    movie: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    options = MergeOptions(color="rct", steady_frames=1, steady_mask=1, steady_face=1)
    faces = faceset({i: [landmarks()] for i in range(6)})
    run(movie, faces, painter, tmp_path / "merged", options)
    faces.add(np.zeros((16, 16, 3), np.uint8), record(2, landmarks(70)))
    assert run(movie, faces, painter, tmp_path / "merged", options).summary["made_now"] == 3


def test_motion_blur_follows_the_neighbours_of_the_track_and_stops_where_it_ends(
    movie: Path, faceset: MakeFaceset, tmp_path: Path
) -> None:
    rough = np.random.default_rng(0).uniform(0.2, 0.8, (32, 32, 3)).astype(np.float32)
    faces = faceset({1: [landmarks(60)], 2: [landmarks(66)], 5: [landmarks(60)], 6: [landmarks(60)]})
    sharp, blurred = tmp_path / "sharp", tmp_path / "blurred"
    run(movie, faces, Painter(rough), sharp)
    run(movie, faces, Painter(rough), blurred, PLAIN.changed(motion_blur=1.0))
    changed = {name for name, data in pictures(blurred).items() if pictures(sharp)[name] != data}
    assert changed == {"000001.png", "000002.png"}
    faces.add(np.zeros((16, 16, 3), np.uint8), record(6, landmarks(66)))
    assert run(movie, faces, Painter(rough), blurred, PLAIN.changed(motion_blur=1.0)).summary["made_now"] == 2


def test_looking_at_neighbours_for_their_movement_steadies_no_colours_that_are_not_to_be(
    movie: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    faces, options = faceset({i: [landmarks()] for i in range(4)}), PLAIN.changed(color="rct")
    run(movie, faces, painter, tmp_path / "still", options)
    run(movie, faces, painter, tmp_path / "blurred", options.changed(motion_blur=2.0))
    assert pictures(tmp_path / "blurred") == pictures(tmp_path / "still")


def test_an_unknown_enlarger_is_refused_before_older_pictures_are_touched(
    movie: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    faces = faceset({1: [landmarks()]})
    run(movie, faces, painter, tmp_path / "merged")
    before = pictures(tmp_path / "merged")
    with pytest.raises(OptionInvalid, match="super_resolution"):
        run(movie, faces, painter, tmp_path / "merged", PLAIN.changed(super_resolution="magic"))
    assert pictures(tmp_path / "merged") == before
    assert run(movie, faces, painter, tmp_path / "merged").skipped


def test_changing_only_the_batch_makes_nothing_again(
    movie: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    faces = faceset({i: [landmarks()] for i in range(3)})
    run(movie, faces, painter, tmp_path / "merged")
    assert run(movie, faces, painter, tmp_path / "merged", PLAIN.changed(batch=3)).skipped


def test_a_deleted_face_takes_its_merged_frame_with_it(
    movie: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    faces = faceset({1: [landmarks()], 2: [landmarks()]})
    run(movie, faces, painter, tmp_path / "merged")
    next(face for face in faces.faces() if face.record.frame == 1).path.unlink()
    faces.refresh()
    finished = run(movie, faces, painter, tmp_path / "merged")
    assert sorted(pictures(tmp_path / "merged")) == ["000002.png"]
    assert not finished.skipped and 1 in [entry["frame"] for entry in finished.summary["unswapped"]]


def test_a_picture_someone_removed_is_made_again(
    movie: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    faces = faceset({1: [landmarks()], 2: [landmarks()]})
    run(movie, faces, painter, tmp_path / "merged")
    (tmp_path / "merged" / "000001.png").unlink()
    assert run(movie, faces, painter, tmp_path / "merged").summary["made_now"] == 1
    assert len(pictures(tmp_path / "merged")) == 2


def test_a_damaged_journal_only_costs_the_work_again(
    movie: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    faces = faceset({1: [landmarks()]})
    run(movie, faces, painter, tmp_path / "merged")
    (tmp_path / "merged" / "merge.json").write_text('{"version": 1, "merged": [')
    assert run(movie, faces, painter, tmp_path / "merged").summary["made_now"] == 1


def test_going_back_to_older_settings_after_a_kill_never_keeps_a_picture_of_the_newer_ones(
    movie: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    folder, faces = tmp_path / "merged", faceset({i: [landmarks()] for i in range(6)})
    run(movie, faces, painter, folder)
    before = pictures(folder)
    stage = merge(
        movie, faces=faces, predictor=painter, folder=folder, options=PLAIN.changed(erode=0.1, batch=1)
    )
    for event in stage:
        if getattr(event, "done", 0) == 3:
            break
    as_a_kill_leaves_it = (folder / "merge.json").read_bytes()
    stage.close()
    (folder / "merge.json").write_bytes(as_a_kill_leaves_it)
    run(movie, faces, painter, folder)
    assert pictures(folder) == before


def test_faces_of_another_clip_or_size_are_left_out_with_a_reason(
    movie: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    faces = faceset({1: [landmarks()]})
    alien = record(3, landmarks()).model_copy(update={"frame_size": (WIDTH * 2, HEIGHT)})
    faces.add(np.zeros((16, 16, 3), np.uint8), alien)
    faces.add(np.zeros((16, 16, 3), np.uint8), record(5, landmarks(), clip="other"))
    finished = run(movie, faces, painter, tmp_path / "merged", clip_name="dst")
    assert finished.summary["swapped"] == 1
    reasons = {entry["frame"]: entry["reason"] for entry in finished.summary["unswapped"]}
    assert "another clip" in reasons[3]


def test_a_face_outside_the_frame_is_reported_and_not_tried_again(
    movie: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    faces = faceset({1: [landmarks()], 2: [landmarks(-300, -300)]})
    finished = run(movie, faces, painter, tmp_path / "merged")
    reasons = {entry["frame"]: entry["reason"] for entry in finished.summary["unswapped"]}
    assert "outside the frame" in reasons[2]
    assert run(movie, faces, painter, tmp_path / "merged").skipped


def test_one_face_that_cannot_be_painted_does_not_keep_the_other_from_it(
    movie: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    faces = faceset({1: [landmarks(), landmarks(-300, -300)], 2: [landmarks()]})
    finished = run(movie, faces, painter, tmp_path / "merged")
    assert finished.summary["swapped"] == 2
    assert [entry["frame"] for entry in finished.summary["partly"]] == [1]
    assert run(movie, faces, painter, tmp_path / "merged").summary["partly"] == finished.summary["partly"]
    assert np.abs(read_image(tmp_path / "merged" / "000001.png")[50, 60].astype(int) - [230, 51, 51]).max() <= 2


def test_pictures_that_no_journal_knows_are_not_taken_for_merged_ones(
    movie: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    folder = tmp_path / "merged"
    faces = faceset({1: [landmarks()], 2: [landmarks()]})
    run(movie, faces, painter, folder)
    (folder / "merge.json").unlink()
    next(face for face in faces.faces() if face.record.frame == 1).path.unlink()
    faces.refresh()
    run(movie, faces, painter, folder)
    assert sorted(pictures(folder)) == ["000002.png"]


def test_images_merge_like_video(images: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path) -> None:
    run(images, faceset({0: [landmarks()], 5: [landmarks()]}), painter, tmp_path / "merged")
    assert sorted(pictures(tmp_path / "merged")) == ["000000.png", "000005.png"]


def _merge_slowly(movie: Path, faces: Path, folder: Path) -> None:
    for _ in merge(
        movie,
        faces=Faceset(faces),
        predictor=Painter(),
        folder=folder,
        options=MergeOptions(batch=1, color="rct"),
    ):
        time.sleep(0.02)


def test_a_kill_leaves_only_whole_pictures_and_the_same_command_goes_on(
    movie: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    faces = faceset({i: [landmarks(50 + i)] for i in range(8)})
    faces.close()
    folder = tmp_path / "merged"
    process = multiprocessing.get_context("spawn").Process(
        target=_merge_slowly, args=(movie, faces.folder, folder)
    )
    process.start()
    deadline = time.monotonic() + 60
    while len(list(folder.glob("0*.png"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    for path in folder.glob("0*.png"):
        assert read_image(path).shape == (HEIGHT, WIDTH, 3)
    options = MergeOptions(color="rct")
    run(movie, faces, painter, folder, options)
    run(movie, faces, painter, tmp_path / "whole", options)
    assert pictures(folder) == pictures(tmp_path / "whole")
    assert not list(folder.glob(".*"))


def test_a_mode_that_leaves_the_frame_swaps_nothing_and_says_so(
    movie: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    folder, faces = tmp_path / "merged", faceset({1: [landmarks()], 4: [landmarks(64)]})
    finished = run(movie, faces, painter, folder, PLAIN.changed(mode="original"))
    assert finished.summary["swapped"] == merge_facts(folder).swapped == 0
    said = {entry["frame"]: entry["reason"] for entry in merge_facts(folder).unswapped}
    assert "leaves the frame" in said[1] and "no face" in said[0]
    assert run(movie, faces, painter, folder, PLAIN.changed(mode="original")).skipped
    run(movie, faces, painter, folder)
    assert merge_facts(folder).swapped == 2


def test_footage_that_becomes_interlaced_on_the_way_is_refused_there_and_what_is_made_stays(
    painter: Painter, tmp_path: Path
) -> None:
    film = make_partly_interlaced(tmp_path / "v.ts")
    with open_clip(film) as clip:
        assert clip.info.frame_count == 12 and not clip.info.interlaced
    with Faceset(tmp_path / "faces") as faces:
        for frame in (0, 1, 9):
            face = record(frame, landmarks(32, 24, width_px=20), frame_size=(64, 48))
            faces.add(np.zeros((16, 16, 3), np.uint8), face)
        with pytest.raises(ClipInterlaced, match="clip deinterlace"):
            run(film, faces, painter, tmp_path / "merged", PLAIN.changed(batch=1))
    assert list(pictures(tmp_path / "merged")) == ["000000.png", "000001.png"]


def test_interlaced_footage_is_refused_with_the_way_out(
    faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    film = make_interlaced(tmp_path / "v.mov")
    with pytest.raises(ClipInterlaced, match="clip deinterlace"):
        run(film, faceset({1: [landmarks()]}), painter, tmp_path / "merged")


class Beginner(Painter):
    """Has not learnt where the face is: its mask is a half everywhere."""

    def predict(self, crops_NHWC: np.ndarray) -> Prediction:
        made = super().predict(crops_NHWC)
        half = np.full_like(made.mask_NHW, 0.5)
        return replace(made, mask_NHW=half, dst_mask_NHW=half)


def test_a_model_without_a_learnt_mask_paints_within_the_hull_and_that_is_said_once(
    movie: Path, faceset: MakeFaceset, tmp_path: Path
) -> None:
    faces = faceset({frame: [landmarks()] for frame in (1, 2, 3)})

    def made(mask: str) -> tuple[dict[str, bytes], list[str]]:
        options = PLAIN.model_copy(update={"mask": mask})
        folder = tmp_path / mask
        events = list(merge(movie, faces=faces, predictor=Beginner(), folder=folder, options=options))
        return pictures(folder), [event.text for event in events if isinstance(event, Notice)]

    learned, told = made("learned-prd")
    hull, nothing = made("dst-hull")
    assert len(learned) == 3 and learned == hull
    assert [text for text in told if "stands in for the model's mask" in text] == told[-1:] and len(told) == 1
    assert nothing == []


@pytest.mark.parametrize(
    ("settings", "is_told"),
    [
        ({"mode": "raw-rgb", "layers": "none"}, False),
        ({"mode": "raw-predict", "layers": "none"}, False),
        ({"mode": "raw-rgb", "layers": "mask"}, True),
        ({"mode": "original", "layers": "none"}, True),  # which keeps masks in any case
        ({"mode": "raw-mask", "layers": "none"}, True),
    ],
)
def test_the_hull_is_told_where_a_mask_is_seen_and_nowhere_else(
    settings: dict[str, str], is_told: bool, movie: Path, faceset: MakeFaceset, tmp_path: Path
) -> None:
    faces, options = faceset({1: [landmarks()]}), PLAIN.changed(mask="learned-prd", **settings)
    events = list(merge(movie, faces=faces, predictor=Beginner(), folder=tmp_path / "out", options=options))
    told = [event.text for event in events if isinstance(event, Notice)]
    assert any("stands in for the model's mask" in text for text in told) == is_told
