"""The main job on files, as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.journeys.conftest import DST_FRAMES, QUICK, Clips, Terminal, write_clip
from understudy.facesets.extraction.reasons import DELETED
from understudy.media.images import encode_png, read_image
from understudy.media.opening import open_clip
from understudy.media.sequence import image_files

pytestmark = pytest.mark.journey


def _frames(path: Path) -> list[np.ndarray]:
    with open_clip(path) as clip:
        return [frame.rgb for frame in clip.frames()]


def _change(a: Path, b: Path) -> float:
    return float(
        np.mean([np.abs(x.astype(int) - y).mean() for x, y in zip(_frames(a), _frames(b), strict=True)])
    )


def test_two_clips_become_a_finished_signed_shot_and_a_second_run_has_nothing_to_do(
    clips: Clips, desk: Path, terminal: Terminal
) -> None:
    out = desk / "fertig 影.mp4"
    command = ("swap", clips.src, clips.dst, "-o", out, "--iterations", 25, "--consent", "fictional", *QUICK)
    code, said = terminal.run(*command)
    assert code == 0, said
    report = json.loads((desk / "fertig 影.swap.json").read_text(encoding="utf-8"))
    stages = {stage["stage"]: stage for stage in report["stages"]}
    assert stages["merge"]["swapped"] == DST_FRAMES and stages["merge"]["unswapped"] == []
    assert _change(out, clips.dst) > 0.5, "the faces were not replaced"
    code, said = terminal.run("verify", out)
    assert code == 0 and "trusted" in said and "does not exist" in said, said

    made_at = out.stat().st_mtime_ns
    code, said = terminal.run("swap", "--project", desk / "fertig 影.understudy", "-o", out, "--device", "cpu")
    assert code == 0, said
    assert said.count("nothing left to do") >= 4, said
    assert out.stat().st_mtime_ns == made_at

    code, said = terminal.run(*command[:5], "--iterations", 5, *QUICK)
    assert code == 0, said
    code, said = terminal.run("status", desk / "fertig 影.understudy")
    assert "iteration 30" in said, said


def test_uneven_frame_times_and_sound_arrive_untouched(clips: Clips, desk: Path, terminal: Terminal) -> None:
    pts = np.cumsum([0, *([33, 50, 20, 67] * DST_FRAMES)])[:DST_FRAMES].tolist()
    dst = write_clip(desk / "uneven.mp4", clips.dst_frames, pts=pts)
    out = desk / "out.mp4"
    code, said = terminal.run("swap", clips.src, dst, "-o", out, "--iterations", 3, *QUICK)
    assert code == 0, said
    with open_clip(dst) as before, open_clip(out) as after:
        times = [[float(t * clip.time_base) for t in clip.timestamps()] for clip in (before, after)]
        assert times[0] == times[1]
        assert after.info.has_audio and after.info.variable_rate
        assert before.info.color == after.info.color


def test_a_folder_of_images_becomes_a_folder_of_images_of_the_same_names(
    clips: Clips, desk: Path, terminal: Terminal
) -> None:
    plates = desk / "plates 影"
    plates.mkdir()
    for index, rgb in enumerate(clips.dst_frames[:8]):
        (plates / f"shot.{index + 1001}.png").write_bytes(encode_png(rgb))
    code, said = terminal.run("swap", clips.src, plates, "-o", desk / "out", "--iterations", 3, *QUICK)
    assert code == 0, said
    names = [path.name for path in image_files(desk / "out")]
    assert names == [path.name for path in image_files(plates)]
    assert (read_image(desk / "out" / names[0]) != read_image(plates / names[0])).any()


def test_two_people_in_dst_stop_the_job_with_pictures_and_numbers_until_one_is_chosen(
    clips: Clips, desk: Path, terminal: Terminal
) -> None:
    command = ("swap", clips.src, clips.two_people, "-o", desk / "out.mp4", "--iterations", 3, *QUICK)
    code, said = terminal.run(*command)
    assert code == 2 and "--dst-face" in said, said
    pictures = list((desk / "out.understudy" / "people").rglob("person-*.jpg"))
    assert len(pictures) == 2
    code, said = terminal.run(*command, "--dst-face", 1)
    assert code == 0, said
    a, b = _frames(clips.two_people)[0].astype(int), _frames(desk / "out.mp4")[0]
    change = np.abs(a - b).mean(axis=(0, 2))
    half = len(change) // 2
    left, right = sorted([change[:half].mean(), change[half:].mean()])
    assert right > 2 * left, "only the chosen person may change"


def test_an_ascii_terminal_can_follow_everything(clips: Clips, desk: Path, terminal: Terminal) -> None:
    ascii_only = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    code, said = terminal.run(
        "swap", clips.src, clips.dst, "-o", desk / "out 影.mp4", "--iterations", 2, *QUICK, **ascii_only
    )
    assert code == 0, said
    code, said = terminal.run("status", desk / "out 影.understudy", **ascii_only)
    assert code == 0 and "Traceback" not in said, said


def test_the_stages_one_by_one_make_the_same_shot(clips: Clips, desk: Path, terminal: Terminal) -> None:
    project = desk / "shot"
    for command in (
        ("new", project, "--src", clips.src, "--dst", clips.dst, "--consent", "fictional"),
        ("extract", project),
        ("train", project, "--iterations", 4, *QUICK),
        ("merge", project, "--color", "rct"),
        ("encode", project),
    ):
        code, said = terminal.run(*command)
        assert code == 0, said
    finished = list((project / "out").glob("*.mp4"))
    assert len(finished) == 1
    code, said = terminal.run("clean", project, "merge", "--dry-run")
    assert code == 0 and "would move" in said and any((project / "merged").iterdir())
    code, said = terminal.run("clean", project, "merge")
    assert code == 0 and not any((project / "merged").iterdir())
    assert any((project / "trash").iterdir())
    code, said = terminal.run("measure", finished[0], clips.dst, "--device", "cpu")
    assert code == 0 and "inside the face" in said, said
    code, said = terminal.run("measure", finished[0], "--project", project, "--device", "cpu")
    assert code == 0 and "worst second" in said and "sharpness" in said, said


def test_a_deleted_dst_face_is_not_swapped_and_the_report_says_so(
    clips: Clips, desk: Path, terminal: Terminal
) -> None:
    out = desk / "out.mp4"
    command = ("swap", clips.src, clips.dst, "-o", out, "--iterations", 3, *QUICK)
    assert terminal.run(*command)[0] == 0
    face = sorted((desk / "out.understudy" / "facesets" / "dst" / "main").glob("*-000005-*.jpg"))[0]
    face.unlink()
    code, said = terminal.run(*command[:5], "--device", "cpu")
    assert code == 0, said
    report = json.loads(out.with_name("out.swap.json").read_text(encoding="utf-8"))
    merged = next(stage for stage in report["stages"] if stage["stage"] == "merge")
    assert [entry["frame"] for entry in merged["unswapped"]] == [5]
    assert merged["unswapped"][0]["reason"] == DELETED
