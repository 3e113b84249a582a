"""A stretch of dst is delivered by itself: its frames, its times from 0, its sound, its clock, its numbers."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.merging.conftest import HEIGHT, PTS, TIME_BASE, WIDTH, drawn_frame
from understudy.errors import OptionInvalid, ProjectInvalid
from understudy.events import Notice, StageFinished
from understudy.files import write_json
from understudy.media.clip import ColorTags
from understudy.media.images import encode_png, read_image
from understudy.media.movie import MovieWriter
from understudy.media.opening import open_clip
from understudy.merging.delivery.encode import encode
from understudy.merging.delivery.memory import DeliveryMemory
from understudy.merging.delivery.options import EncodeOptions
from understudy.merging.journal import JOURNAL_NAME

FPS, FRAMES, RATE_HZ = 25, 20, 48_000
FIRST, LAST = 8, 13
SHOWN = EncodeOptions(frames=f"{FIRST}:{LAST}", crf=4, preset="ultrafast")


def tone_hz(frame: int) -> float:
    """Every frame has a tone of its own."""
    return 400.0 + 200.0 * frame


@pytest.fixture
def sounding(tmp_path: Path) -> Path:
    """dst: twenty frames with a clock, and another tone beside each of them."""
    path = tmp_path / "sounding.mov"
    hz = np.repeat([tone_hz(frame) for frame in range(FRAMES)], RATE_HZ // FPS)
    tone = (0.4 * np.sin(2 * np.pi * np.cumsum(hz / RATE_HZ))).astype(np.float32)
    with MovieWriter(
        path, width=WIDTH, height=HEIGHT, time_base=Fraction(1, FPS), rate=Fraction(FPS),
        color=ColorTags(1, 1, 1, 1), crf=4, preset="ultrafast", sound=(tone, RATE_HZ), timecode="01:00:59:20",
    ) as writer:  # fmt: skip
        for index in range(FRAMES):
            writer.write(drawn_frame(index), index)
    return path


@pytest.fixture
def merged(tmp_path: Path) -> Path:
    """Frames 3 and 10 in plain colours; the merge left others to be made."""
    folder = tmp_path / "merged"
    folder.mkdir()
    for index, grey in ((3, 220), (10, 40)):
        picture = np.full((HEIGHT, WIDTH, 3), grey, np.uint8)
        (folder / f"{index:06d}.png").write_bytes(encode_png(picture))
    about = {"version": 1, "complete": False, "clip": {"frames": FRAMES}, "left": "0:7,14:19"}
    write_json(folder / JOURNAL_NAME, {**about, "merged": {"10": "a"}, "refused": {}, "partly": []})
    return folder


def run(clip: Path, merged: Path, out: Path, options: EncodeOptions = SHOWN, **more):
    return list(encode(clip, merged_folder=merged, out=out, options=options, **more))


def heard(path: Path) -> tuple[np.ndarray, float]:
    """The sound as (n,) samples, and when it begins, in seconds of the movie."""
    with av.open(str(path)) as container:
        frames = [frame for frame in container.decode(audio=0) if frame.pts is not None]
    begins = next(float(frame.pts * frame.time_base) for frame in frames)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]), begins


def strongest_hz(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 1 << 16))
    return float(np.argmax(spectrum) * RATE_HZ / (1 << 16))


@pytest.mark.parametrize(
    ("name", "codec"),
    [("out.mp4", "h264"), ("out.mov", "prores"), ("out.mkv", "ffv1"), ("out.mp4", "hevc")],
)
def test_a_stretch_has_its_frames_from_time_0_its_clock_and_its_sound(
    sounding: Path, merged: Path, tmp_path: Path, name: str, codec: str
) -> None:
    options = EncodeOptions(frames=f"{FIRST}:{LAST}", codec=codec)  # type: ignore[arg-type]
    finished = run(sounding, merged, tmp_path / name, options)[-1]
    assert isinstance(finished, StageFinished)
    assert (finished.summary["frames"], finished.summary["swapped"]) == (LAST - FIRST + 1, 1)
    with open_clip(tmp_path / name) as out:
        assert [float(pts * out.time_base) for pts in out.timestamps()] == pytest.approx(
            [index / FPS for index in range(LAST - FIRST + 1)], abs=1e-3
        )
        assert out.info.timecode == "01:01:00:03"
        for frame in out.frames():
            shown = frame.index + FIRST
            wanted = np.full((HEIGHT, WIDTH, 3), 40) if shown == 10 else drawn_frame(shown)
            assert np.abs(frame.rgb.astype(int) - wanted).mean() < 4, shown
    samples, begins_s = heard(tmp_path / name)
    for frame in range(FIRST + 1, LAST):  # the first and the last are cut between packets
        at = round(((frame - FIRST) / FPS - begins_s) * RATE_HZ)
        assert abs(strongest_hz(samples[at : at + RATE_HZ // FPS]) - tone_hz(frame)) < 40, frame
    assert len(samples) / RATE_HZ <= (LAST - FIRST + 1) / FPS + 2 * 1024 / RATE_HZ


def test_irregular_times_stay_irregular(movie: Path, merged: Path, tmp_path: Path) -> None:
    run(movie, merged, tmp_path / "out.mp4", SHOWN.changed(frames="2:5"))
    with open_clip(tmp_path / "out.mp4") as out:
        times = [Fraction(pts) * out.time_base for pts in out.timestamps()]
    assert times == [(pts - PTS[2]) * TIME_BASE for pts in PTS[2:6]]


def test_the_last_frame_and_the_first_can_be_a_stretch(sounding: Path, merged: Path, tmp_path: Path) -> None:
    for frames, shown in (("18:", (18, 19)), (":1", (0, 1)), ("19", (19,))):
        run(sounding, merged, tmp_path / "out.mp4", SHOWN.changed(frames=frames))
        with open_clip(tmp_path / "out.mp4") as out:
            pictures = [frame.rgb for frame in out.frames()]
        assert len(pictures) == len(shown)
        assert np.abs(pictures[0].astype(int) - drawn_frame(shown[0])).mean() < 3


def test_images_keep_the_numbers_and_names_of_the_whole(
    sounding: Path, images: Path, merged: Path, tmp_path: Path
) -> None:
    run(sounding, merged, tmp_path / "numbers", EncodeOptions(frames="9:11", first_number=1001))
    assert [path.name for path in sorted((tmp_path / "numbers").glob("*.png"))] == [
        "001010.png",
        "001011.png",
        "001012.png",
    ]
    assert (read_image(tmp_path / "numbers" / "001011.png") == 40).all()
    run(images, merged, tmp_path / "names", EncodeOptions(frames="2:3"))
    assert sorted(path.name for path in (tmp_path / "names").glob("*.png")) == ["take5.png", "take7.png"]


def test_one_frame_of_a_film_can_become_one_picture(sounding: Path, merged: Path, tmp_path: Path) -> None:
    run(sounding, merged, tmp_path / "still.png", EncodeOptions(frames="10"))
    assert (read_image(tmp_path / "still.png") == 40).all()
    with pytest.raises(OptionInvalid, match="single picture"):
        run(sounding, merged, tmp_path / "two.png", EncodeOptions(frames="10:11"))


def test_nothing_outside_the_stretch_is_needed(sounding: Path, merged: Path, tmp_path: Path) -> None:
    journal = json.loads((merged / JOURNAL_NAME).read_text())
    write_json(merged / JOURNAL_NAME, {**journal, "merged": {"3": "a", "10": "a"}})
    (merged / "000003.png").unlink()
    (merged / "masks").mkdir()
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[20:40, 30:50] = 255
    (merged / "masks" / "000010.png").write_bytes(encode_png(mask))
    said = EncodeOptions(frames=SHOWN.frames, content="face", window=True)
    run(sounding, merged, tmp_path / "patches", said)
    told = json.loads((tmp_path / "patches.transform.json").read_text())["frames"]
    assert [entry["frame"] for entry in told] == list(range(FIRST, LAST + 1))
    with pytest.raises(ProjectInvalid, match="gone"):
        run(sounding, merged, tmp_path / "more.mp4", SHOWN.changed(frames="2:10"))


def test_a_label_counts_from_the_beginning_of_the_stretch(sounding: Path, merged: Path, tmp_path: Path) -> None:
    said = EncodeOptions(frames="8:13", label="made with AI", label_size=0.2, label_seconds=0.1)
    run(sounding, merged, tmp_path / "out", said)
    names = sorted((tmp_path / "out").glob("*.png"))
    labelled = [bool((read_image(path)[-40:, :60] > 240).any()) for path in names]
    assert labelled == [True, True, True, False, False, False]


def test_the_report_is_about_the_stretch_in_dsts_numbers(sounding: Path, merged: Path, tmp_path: Path) -> None:
    missed = [{"frame": frame, "reason": "no face"} for frame in (0, 9, 19)]
    run(sounding, merged, tmp_path / "out.mp4", unswapped=missed)
    told = json.loads((tmp_path / "out.report.json").read_text())
    assert (told["frames"], told["swapped"], told["stretch"]) == (6, 5, "8:13")
    assert [entry["frame"] for entry in told["unswapped"]] == [9]
    assert "frames 8:13 of dst" in (tmp_path / "out.report.txt").read_text()


def test_a_stretch_that_is_merged_is_no_unfinished_merge_and_no_whole_delivery(
    sounding: Path, merged: Path, tmp_path: Path
) -> None:
    events = run(sounding, merged, tmp_path / "part.mp4")
    assert not [event for event in events if isinstance(event, Notice)]
    memory = DeliveryMemory(merged)
    assert memory.standing() == [tmp_path / "part.mp4"] and memory.standing_whole() == []
    assert run(sounding, merged, tmp_path / "part.mp4")[-1].skipped
    whole = run(sounding, merged, tmp_path / "part.mp4", SHOWN.changed(frames=""))
    assert whole[-1].summary["frames"] == FRAMES and memory.standing_whole() == [tmp_path / "part.mp4"]
    (said,) = [event.text for event in whole if isinstance(event, Notice)]
    assert "not run to its end" in said
