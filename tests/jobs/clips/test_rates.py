"""The rate that was said for an image sequence counts wherever time does, until another is said."""

from __future__ import annotations

import shlex
from fractions import Fraction
from pathlib import Path

import pytest

from understudy.cli.main import main
from understudy.errors import OptionInvalid
from understudy.events import Notice
from understudy.jobs import stages
from understudy.jobs.clips.rates import choose_rate, fps_of
from understudy.jobs.delivery import finished_files
from understudy.jobs.frames.desk import FramesDesk
from understudy.media.images import encode_png
from understudy.media.opening import open_clip
from understudy.project.project import Project
from understudy.project.state import project_state


@pytest.fixture
def sequence(ready: Project, tmp_path: Path) -> Project:
    """A project whose dst are images."""
    folder = tmp_path / "dst images"
    folder.mkdir()
    with open_clip(ready.clip_path("dst")) as clip:
        for frame in clip.frames():
            (folder / f"shot.{1001 + frame.index}.png").write_bytes(encode_png(frame.rgb_8bit))
    with ready.change() as manifest:
        manifest.clips["dst"].path = str(folder)
    return ready


def add(project: Project, *words: str) -> int:
    return main(["add", str(project.folder), "--dst", str(project.clip_path("dst")), *words])


def test_a_finished_movie_has_the_rate_that_was_said_last(sequence: Project) -> None:
    list(stages.merge(sequence, "main", said={}, device="cpu"))
    for fps, rate, assumed in (("", 25, True), ("23.976", Fraction(24000, 1001), False), ("0", 25, True)):
        if fps:
            assert add(sequence, "--fps", fps) == 0
        opened = Project.open(sequence.folder)
        told = list(stages.encode(opened, "main", out=opened.out_folder / "a.mp4", said={}))
        says = [event.text for event in told if isinstance(event, Notice) and "say no rate" in event.text]
        said = ["understudy", "add", str(opened.folder), "--dst", str(opened.clip_path("dst")), "--fps", "24"]
        assert bool(says) is assumed and all(f"`{shlex.join(said)}`" in text for text in says)
        with open_clip(opened.out_folder / "a.mp4") as movie:
            assert movie.info.rate == rate and movie.info.frame_count == 3
    assert fps_of(Project.open(sequence.folder), "dst") is None


def test_what_is_looked_at_before_has_it_too(sequence: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert add(sequence, "--fps", "24") == 0
    opened = Project.open(sequence.folder)
    (dst,) = [clip for clip in project_state(opened).clips if clip.role == "dst"]
    assert dst.fps == 24
    capsys.readouterr()
    assert main(["status", str(sequence.folder)]) == 0
    assert "24 frames a second" in capsys.readouterr().out
    file = finished_files.outlook(opened, "main", "dst", said={})["file"]
    assert (file["rate"], file["seconds"]) == (24, pytest.approx(3 / 24))
    desk = FramesDesk(opened, "dst")
    try:
        assert desk.frames.info.rate == 24
    finally:
        desk.frames.close()


@pytest.mark.parametrize("fps", [-1, 1001, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused(sequence: Project, fps: float) -> None:
    with pytest.raises(OptionInvalid, match="like 24"):
        choose_rate(sequence, ["dst"], fps)


def test_a_video_takes_no_rate_and_nothing_is_added_with_one(
    sequence: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (sequence.folder / "understudy.toml").read_bytes()
    other = tmp_path / "src.mp4"
    assert main(["add", str(sequence.folder), "--dst", str(other), "--fps", "24"]) != 0
    assert "a video keeps its own times" in capsys.readouterr().err
    assert (sequence.folder / "understudy.toml").read_bytes() == before
    choose_rate(sequence, ["src"], 0)
    assert fps_of(sequence, "src") is None and fps_of(sequence, "nobody") is None
