"""The clip tools and the measuring on footage as it comes: uneven, turned, deep, with sounds and cuts."""

from __future__ import annotations

import json
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.journeys.conftest import Clips, Terminal, write_clip
from tests.media.made import numbered, sine
from understudy.media.clip import ColorTags
from understudy.media.images import read_image_deep
from understudy.media.movie import MovieWriter
from understudy.media.opening import open_clip

pytestmark = pytest.mark.journey
_TICKS = np.cumsum(np.random.default_rng(4).choice([1001, 2002, 500], 40)).tolist()
WIDTH, HEIGHT = 96, 64


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """40 frames of 10 bits at uneven times, a quarter turned, with the sound of three tracks."""
    sounds = tmp_path / "sounds.mov"
    with av.open(str(sounds), "w") as container:
        streams = [container.add_stream("aac", rate=48000) for _ in range(3)]
        for stream in streams:
            stream.codec_context.layout = "mono"
        samples, rate = sine(1.6)
        for number, stream in enumerate(streams, 1):
            for place in range(0, len(samples) - 1024, 1024):
                piece = (samples[place : place + 1024] / number)[None].astype(np.float32)
                frame = av.AudioFrame.from_ndarray(piece, "fltp", "mono")
                frame.sample_rate, frame.pts = rate, place
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    path = tmp_path / "Tëst footage 影.mov"
    with MovieWriter(
        path, width=WIDTH, height=HEIGHT, time_base=Fraction(1, 30000), rate=Fraction(25),
        color=ColorTags(1, 1, 1, 1), bit_depth=10, codec="hevc", preset="ultrafast", audio_from=sounds,
        pixel_aspect=Fraction(4, 3),
    ) as movie:  # fmt: skip
        for number, at in enumerate(_TICKS):
            movie.write(numbered(number, width=WIDTH, height=HEIGHT).astype(np.uint16) * 257 + number, at)
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4 + 40
    data[place : place + 36] = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, HEIGHT << 16, 0, 1 << 30)
    path.write_bytes(data)
    return path


def info(terminal: Terminal, path: Path) -> dict[str, Any]:
    code, said = terminal.run("clip", "info", path, "--json")
    assert code == 0, said
    return json.loads(said)


def test_odd_footage_goes_through_every_tool_and_keeps_what_it_is(
    odd: Path, terminal: Terminal, tmp_path: Path
) -> None:
    facts = info(terminal, odd)
    assert (facts["width"], facts["height"], facts["frames"]) == (HEIGHT, WIDTH, 40)  # upright
    assert facts["rotation_deg"] in (90, 270) and facts["variable_rate"] and facts["bit_depth"] == 10
    assert [sound["codec"] for sound in facts["audio"]] == ["aac"] * 3 and facts["pixel_aspect"] == "3/4"

    cut, clean, frames = tmp_path / "cut.mov", tmp_path / "clean.mov", tmp_path / "frames"
    assert (
        terminal.run("clip", "cut", odd, "-o", cut, "--from", "5f", "--to", "30f", "--audio-track", "2")[0] == 0
    )
    assert terminal.run("clip", "denoise", cut, "-o", clean, "--codec", "prores")[0] == 0
    assert terminal.run("clip", "frames", clean, "-o", frames)[0] == 0
    with open_clip(odd) as clip:
        whole = [pts * clip.time_base for pts in clip.timestamps()]
    for path in (cut, clean):
        facts = info(terminal, path)
        assert (facts["width"], facts["height"], facts["frames"], facts["bit_depth"]) == (HEIGHT, WIDTH, 25, 10)
        assert len(facts["audio"]) == 1 and facts["variable_rate"] and not facts["damage"]
        assert (facts["pixel_aspect"], facts["rotation_deg"]) == ("3/4", 0)
        with open_clip(path) as clip:
            assert [pts * clip.time_base for pts in clip.timestamps()] == [at - whole[5] for at in whole[5:30]]
    pictures = sorted(frames.glob("*.png"))
    assert len(pictures) == 25 and read_image_deep(pictures[3]).dtype == np.uint16

    back = tmp_path / "back.mov"
    assert terminal.run("clip", "join", frames, "-o", back, "--like", clean, "--codec", "prores")[0] == 0
    with open_clip(back) as one, open_clip(clean) as other:
        assert list(one.timestamps()) == list(other.timestamps()) and one.info.color == other.info.color
        assert one.info.pixel_aspect == other.info.pixel_aspect == Fraction(3, 4)
        for a, b in zip(one.frames(deep=True), other.frames(deep=True), strict=True):
            assert np.abs(a.rgb.astype(int) - b.rgb).mean() < 400  # of 65535: ProRes over ProRes


def test_a_stopped_frames_job_goes_on(odd: Path, terminal: Terminal, tmp_path: Path) -> None:
    out = tmp_path / "frames"
    assert terminal.run("clip", "frames", odd, "-o", out, "--fps", "12")[0] == 0
    count = len(list(out.glob("*.png")))
    sorted(out.glob("*.png"))[2].unlink()
    code, said = terminal.run("clip", "frames", odd, "-o", out, "--fps", "12")
    assert code == 0 and f"{count - 1} of {count} frames" in said, said
    code, said = terminal.run("clip", "frames", odd, "-o", out, "--fps", "9")
    assert code == 2 and "other settings" in said


def test_two_shots_are_measured_each_for_itself_and_what_trembles_is_named(
    clips: Clips, terminal: Terminal, tmp_path: Path
) -> None:
    """The first shot stays as it is but for a tint; in the second the face pumps and jumps about."""
    plate = [*clips.dst_frames, *[np.ascontiguousarray(frame) for frame in clips.src_frames[:14]]]
    rng, result = np.random.default_rng(1), []
    for index, frame in enumerate(plate):
        tinted = frame.astype(float) + np.array([4, 0, -4])
        if index >= len(clips.dst_frames):
            centre = slice(50, 150), slice(55, 135)
            moved = np.roll(tinted, tuple(rng.integers(-3, 4, 2)), axis=(0, 1)) + 12 * (index % 2)
            tinted[centre] = moved[centre]
        result.append(np.clip(tinted, 0, 255).astype(np.uint8))
    write_clip(tmp_path / "plate.mp4", plate)
    write_clip(tmp_path / "result.mp4", result)
    code, said = terminal.run(
        "measure", tmp_path / "result.mp4", "--plate", tmp_path / "plate.mp4", "--device", "cpu", "--json"
    )
    assert code == 0, said
    summary = json.loads(said.splitlines()[-1])["summary"]
    first, second = summary["shots"]
    assert first["frames"] == [0, len(clips.dst_frames) - 1]
    assert 0.85 < first["jitter"] < 1.15 and 0.9 < first["sharpness"] < 1.1
    assert second["jitter"] > 1.5 and second["pumping_delta_e"] > 1
    assert summary["worst_second"]["frames"][0] >= len(clips.dst_frames) and not summary["within"]
    code, said = terminal.run(
        "measure", tmp_path / "result.mp4", "--plate", tmp_path / "plate.mp4", "--device", "cpu"
    )
    assert "worst second" in said and "outside the goals" in said and len(said.splitlines()) < 30
