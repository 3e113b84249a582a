"""Whatever is wrong with the input: one clear sentence, exit code 2, no traceback, nothing half-written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.journeys.conftest import QUICK, SIZE_PX, Clips, Terminal, write_clip
from understudy.media.clip import ColorTags
from understudy.media.images import encode_png
from understudy.media.movie import MovieWriter

pytestmark = pytest.mark.journey


def _refusal(said: str) -> str:
    """The one line of refusal; fails when there is none or when it is a traceback."""
    assert "Traceback" not in said, said
    lines = [line for line in said.splitlines() if line.startswith("understudy: ")]
    assert len(lines) == 1, said
    return lines[0]


def _swap(terminal: Terminal, src: Path, dst: Path, out: Path) -> str:
    code, said = terminal.run("swap", src, dst, "-o", out, "--iterations", 2, *QUICK)
    assert code == 2, said
    assert not out.exists()
    assert not list(out.parent.rglob("*.partial*"))
    return _refusal(said)


def _corrected(clips: Clips, terminal: Terminal, out: Path) -> None:
    """After a refusal the corrected command must find nothing in its way."""
    code, said = terminal.run("swap", clips.src, clips.dst, "-o", out, "--iterations", 2, *QUICK)
    assert code == 0, said


def _wall(path: Path, frames: int = 10) -> Path:
    """A clip of a wall: nobody in it."""
    return write_clip(path, [np.full((96, 128, 3), 90 + index, np.uint8) for index in range(frames)])


def test_a_text_file_called_mp4_is_refused(clips: Clips, desk: Path, terminal: Terminal) -> None:
    fake = desk / "brief 影.mp4"
    fake.write_text("Dear performer,\n" * 50, encoding="utf-8")
    assert str(fake) in _swap(terminal, fake, clips.dst, desk / "out.mp4")
    _corrected(clips, terminal, desk / "out.mp4")


def test_a_clip_with_sound_alone_is_refused(clips: Clips, desk: Path, terminal: Terminal) -> None:
    import av

    path = desk / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 48_000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 48_000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    assert "video" in _swap(terminal, path, clips.dst, desk / "out.mp4")


def test_a_src_without_a_face_is_refused(clips: Clips, desk: Path, terminal: Terminal) -> None:
    assert "face" in _swap(terminal, _wall(desk / "wall.mp4"), clips.dst, desk / "out.mp4")


def test_a_dst_without_a_face_is_refused(clips: Clips, desk: Path, terminal: Terminal) -> None:
    assert "face" in _swap(terminal, clips.src, _wall(desk / "wall.mp4"), desk / "out.mp4")


def test_images_of_mixed_sizes_are_refused_with_both_sizes(
    clips: Clips, desk: Path, terminal: Terminal
) -> None:
    plates = desk / "plates"
    plates.mkdir()
    for name, size in (("1.png", 64), ("2.png", 80)):
        (plates / name).write_bytes(encode_png(np.zeros((size, size, 3), np.uint8)))
    said = _swap(terminal, clips.src, plates, desk / "out")
    assert "64" in said and "80" in said


def test_a_place_that_cannot_be_written_is_refused_before_any_work(
    clips: Clips, desk: Path, terminal: Terminal
) -> None:
    # A file where a folder is needed stops even a superuser, whom modes do not stop.
    (desk / "locked").write_text("not a folder")
    code, said = terminal.run("swap", clips.src, clips.dst, "-o", desk / "locked" / "out.mp4", *QUICK)
    assert code == 2
    assert "written" in _refusal(said)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own where this system lets us have one."""
    place = tmp_path / "small disk"
    place.mkdir()
    mounted = os.system(f"mount -t tmpfs -o size=4m tmpfs '{place}' 2>/dev/null") == 0
    if not mounted:
        pytest.skip("this test needs the right to mount a small disk")
    yield place
    os.system(f"umount '{place}'")


def test_a_full_disk_is_refused_before_any_work(clips: Clips, full_disk: Path, terminal: Terminal) -> None:
    code, said = terminal.run("swap", clips.src, clips.dst, "-o", full_disk / "out.mp4", *QUICK)
    assert code == 2
    assert "MB are needed" in _refusal(said)


def test_a_truncated_dst_gives_what_decodes_and_says_how_much(
    clips: Clips, desk: Path, terminal: Terminal
) -> None:
    whole = desk / "whole.mkv"
    with MovieWriter(
        whole,
        width=SIZE_PX,
        height=SIZE_PX,
        time_base=Fraction(1, 25),
        rate=Fraction(25),
        color=ColorTags(matrix=1, range=1, primaries=1, transfer=1),
        preset="ultrafast",
    ) as movie:
        for index, rgb in enumerate(clips.dst_frames):
            movie.write(rgb, index)
    torn = desk / "torn.mkv"
    torn.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * 0.6)])
    out = desk / "out.mkv"
    code, said = terminal.run("swap", clips.src, torn, "-o", out, "--iterations", 2, *QUICK)
    assert code == 0, said
    assert "warning" in said and "frames" in said
    assert out.exists()


def test_few_src_faces_give_a_warning_with_their_count(clips: Clips, desk: Path, terminal: Terminal) -> None:
    short = write_clip(desk / "short.mp4", clips.src_frames[:8])
    code, said = terminal.run("swap", short, clips.dst, "-o", desk / "out.mp4", "--iterations", 2, *QUICK)
    assert code == 0, said
    assert any("warning" in line and "8" in line for line in said.splitlines()), said


def test_a_project_of_a_newer_version_is_refused(clips: Clips, desk: Path, terminal: Terminal) -> None:
    project = desk / "shot"
    assert terminal.run("new", project)[0] == 0
    manifest = project / "understudy.toml"
    manifest.write_text(manifest.read_text().replace("version = 1", "version = 99"))
    before = manifest.read_bytes()
    code, said = terminal.run("status", project)
    assert code == 2 and "newer" in _refusal(said)
    assert manifest.read_bytes() == before


def test_refused_consent_stops_the_job_before_the_work(clips: Clips, desk: Path, terminal: Terminal) -> None:
    code, said = terminal.run(
        "swap", clips.src, clips.dst, "-o", desk / "out.mp4", "--consent", "refused", "--iterations", 2, *QUICK
    )
    assert code == 2 and "consent" in _refusal(said)
    assert not list((desk / "out.understudy").rglob("*.jpg"))


def test_a_vanished_clip_is_named_when_a_project_goes_on(clips: Clips, desk: Path, terminal: Terminal) -> None:
    dst = desk / "dst.mp4"
    shutil.copy(clips.dst, dst)
    project = desk / "shot"
    assert terminal.run("new", project, "--src", clips.src, "--dst", dst)[0] == 0
    dst.unlink()
    code, said = terminal.run("extract", project, "--device", "cpu")
    assert code == 2 and "dst.mp4" in _refusal(said)
