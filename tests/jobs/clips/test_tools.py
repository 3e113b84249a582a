"""Frames, pieces and cleaned clips are what was asked for; nothing is replaced and no marks are lost."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.media.made import make_movie, number_of, numbered, sine
from tests.media.test_cutting import long_groups
from tests.provenance.material import facts_for
from understudy.errors import ClipMissing, FolderUnwritable, MarksUnreadable, OptionInvalid
from understudy.events import Events, Made, Notice, Progress, StageFinished, StageStarted
from understudy.jobs.clips.movies import join
from understudy.jobs.clips.results import made_file
from understudy.jobs.clips.tools import cut, denoise, write_frames
from understudy.media.clip import ColorTags
from understudy.media.images import encode_jpeg, encode_png, image_size, read_image_deep
from understudy.media.movie import MovieWriter
from understudy.media.opening import open_clip
from understudy.media.options import CutOptions, DenoiseOptions, FrameFileOptions, JoinOptions
from understudy.provenance.sign import sign_file
from understudy.provenance.verify import verify
from understudy.provenance.xmp import append_packet, source_type_in


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return long_groups(tmp_path_factory.mktemp("clips") / "long.mp4")


def done(events: Events) -> dict[str, Any]:
    last = list(events)[-1]
    assert isinstance(last, StageFinished)
    return last.summary | {"skipped": last.skipped}


def numbers(path: Path) -> list[int]:
    with open_clip(path) as clip:
        return [number_of(frame.rgb) for frame in clip.frames()]


def uneven(path: Path, **options: Any) -> list[int]:
    """30 frames of 20, 40 or 60 milliseconds; gives their times."""
    pts = np.cumsum(np.random.default_rng(1).choice([20, 40, 60], 30)).tolist()
    make_movie(path, pts=pts, **options)
    return pts


def deep_ramp(path: Path, *, count: int = 4, sigma: float = 0) -> list[np.ndarray]:
    """A 10-bit ProRes film of a ramp under noise."""
    rng = np.random.default_rng(0)
    ramp = np.linspace(10_000, 50_000, 64)[None, :, None].repeat(48, 0).repeat(3, 2)
    frames = [np.rint(ramp + rng.normal(size=ramp.shape) * sigma).astype(np.uint16) for _ in range(count)]
    with MovieWriter(
        path, width=64, height=48, time_base=Fraction(1, 24), rate=Fraction(24),
        color=ColorTags(1, 1, 1, 1), bit_depth=10, codec="prores",
    ) as movie:  # fmt: skip
        for index, frame in enumerate(frames):
            movie.write(frame, index)
    return frames


# frames


def test_every_frame_is_written_under_its_number_with_its_time(tmp_path: Path) -> None:
    pts = uneven(tmp_path / "v.mp4")
    assert done(write_frames(tmp_path / "v.mp4", tmp_path / "f", FrameFileOptions()))["frames"] == 30
    assert numbers(tmp_path / "f") == list(range(30))
    times = json.loads((tmp_path / "f" / "frames.json").read_text())["times_s"]
    assert list(times) == [f"{index:06d}.png" for index in range(30)]
    assert [times[name] for name in times] == pytest.approx([at / 1000 for at in pts])


@pytest.mark.parametrize("fps", [5.0, 12.5, 60.0])
def test_a_pace_takes_the_first_frame_at_every_tick(tmp_path: Path, fps: float) -> None:
    pts = np.array(uneven(tmp_path / "v.mp4"))
    done(write_frames(tmp_path / "v.mp4", tmp_path / "f", FrameFileOptions(fps=fps)))
    ticks = np.arange(0, pts[-1] - pts[0] + 1e-3, 1000 / fps)
    expected = sorted({int(np.flatnonzero(pts - pts[0] >= tick - 1e-3)[0]) for tick in ticks})
    assert numbers(tmp_path / "f") == expected
    assert len(expected) < 30 or fps == 60


def test_jpg_has_its_quality_and_png_its_sixteen_bits(tmp_path: Path) -> None:
    deep_ramp(tmp_path / "v.mov")
    sizes = {}
    for quality in (20, 95):
        folder = tmp_path / str(quality)
        done(write_frames(tmp_path / "v.mov", folder, FrameFileOptions(image_format="jpg", quality=quality)))
        sizes[quality] = sum(path.stat().st_size for path in folder.glob("*.jpg"))
    assert sizes[20] < 0.8 * sizes[95] and len(list((tmp_path / "20").glob("*.jpg"))) == 4
    done(write_frames(tmp_path / "v.mov", tmp_path / "png", FrameFileOptions()))
    picture = read_image_deep(tmp_path / "png" / "000000.png")
    assert picture.dtype == np.uint16 and len(np.unique(picture[10, :, 1])) > 55


def test_frames_go_on_where_they_were_stopped(tmp_path: Path) -> None:
    make_movie(tmp_path / "v.mp4", 12)
    out, options = tmp_path / "f", FrameFileOptions()
    events = write_frames(tmp_path / "v.mp4", out, options)
    while not isinstance(event := next(events), Progress) or event.done < 5:
        pass
    events.close()
    (out / "000002.png").unlink()
    kept = (out / "000003.png").stat().st_mtime_ns
    events = list(write_frames(tmp_path / "v.mp4", out, options))
    assert isinstance(events[0], StageStarted) and events[0].done == 4
    assert numbers(out) == list(range(12)) and (out / "000003.png").stat().st_mtime_ns == kept
    assert done(write_frames(tmp_path / "v.mp4", out, options))["skipped"]


def test_frames_go_into_nobody_elses_folder(tmp_path: Path) -> None:
    make_movie(tmp_path / "v.mp4", 3)
    done(write_frames(tmp_path / "v.mp4", tmp_path / "f", FrameFileOptions()))
    with pytest.raises(FolderUnwritable, match="other settings"):
        done(write_frames(tmp_path / "v.mp4", tmp_path / "f", FrameFileOptions(fps=5)))
    with pytest.raises(FolderUnwritable, match="other files"):
        done(write_frames(tmp_path / "v.mp4", tmp_path, FrameFileOptions()))
    with pytest.raises(ClipMissing):
        done(write_frames(tmp_path / "none.mp4", tmp_path / "g", FrameFileOptions()))
    assert not (tmp_path / "g").exists()


def test_frames_of_a_clip_whose_file_was_changed_do_not_mix_with_the_older_ones(tmp_path: Path) -> None:
    clip, out = tmp_path / "v.mp4", tmp_path / "f"
    make_movie(clip, 3)
    done(write_frames(clip, out, FrameFileOptions()))
    before = {path: path.read_bytes() for path in out.iterdir()}
    clip.write_bytes(clip.read_bytes() + b"\0\0\0\x08free")  # the same name, length and number of frames
    with pytest.raises(FolderUnwritable, match="before its file was changed"):
        done(write_frames(clip, out, FrameFileOptions()))
    assert {path: path.read_bytes() for path in out.iterdir()} == before


@pytest.mark.parametrize("said", ["[]", "{", "\ud800", "null"])
def test_a_folder_with_a_list_of_frames_that_says_nothing_is_somebody_elses(said: str, tmp_path: Path) -> None:
    make_movie(tmp_path / "v.mp4", 3)
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "frames.json").write_bytes(said.encode("utf-8", "surrogatepass"))
    with pytest.raises(FolderUnwritable, match="other files"):
        done(write_frames(tmp_path / "v.mp4", tmp_path / "f", FrameFileOptions()))


# cut


def test_a_piece_at_key_frames_is_copied_and_any_other_is_exact(long: Path, tmp_path: Path) -> None:
    events = list(cut(long, tmp_path / "a.mp4", CutOptions(), start="24f", stop="48f"))
    assert events[-1].summary["copied"] and numbers(tmp_path / "a.mp4") == list(range(24, 48))
    assert any("not a bit of the pictures" in event.text for event in events if isinstance(event, Notice))
    events = list(cut(long, tmp_path / "b.mp4", CutOptions(), start="1.2", stop="0:01.6"))
    assert not events[-1].summary["copied"] and numbers(tmp_path / "b.mp4") == list(range(30, 40))
    assert any(isinstance(event, Made) and event.path == tmp_path / "b.mp4" for event in events)


def test_copy_only_takes_more_and_says_how_much(long: Path, tmp_path: Path) -> None:
    events = list(cut(long, tmp_path / "a.mp4", CutOptions(copy_only=True), start="30f", stop="60f"))
    assert numbers(tmp_path / "a.mp4") == list(range(24, 60))
    assert any("6 frames earlier than asked" in event.text for event in events if isinstance(event, Notice))
    make_movie(tmp_path / "v.mov", 5, codec="prores", preset=None)
    with pytest.raises(OptionInvalid, match=r"can't be copied to \.mp4"):
        done(cut(tmp_path / "v.mov", tmp_path / "c.mp4", CutOptions(copy_only=True)))


def test_av1_is_copied_where_its_container_can_be_and_encoded_where_not(tmp_path: Path) -> None:
    make_movie(tmp_path / "v.mp4", 10, codec="av1", pixel_aspect=Fraction(4, 3))
    for ending, copied in ((".mp4", True), (".mkv", True), (".mov", False)):
        said = done(cut(tmp_path / "v.mp4", tmp_path / f"out{ending}", CutOptions()))
        assert said["copied"] == copied and numbers(tmp_path / f"out{ending}") == list(range(10))
        with open_clip(tmp_path / f"out{ending}") as clip:
            assert clip.info.pixel_aspect == Fraction(4, 3)
    with pytest.raises(OptionInvalid, match=r"can't be copied to \.mov"):
        done(cut(tmp_path / "v.mp4", tmp_path / "only.mov", CutOptions(copy_only=True)))


def test_a_bitrate_or_a_codec_asks_for_encoding(long: Path, tmp_path: Path) -> None:
    said = done(cut(long, tmp_path / "a.mp4", CutOptions(bitrate=1), start="24f", stop="48f"))
    assert not said["copied"]
    said = done(cut(long, tmp_path / "b.mov", CutOptions(codec="prores"), start="24f", stop="26f"))
    with open_clip(tmp_path / "b.mov") as clip:
        assert (clip.info.codec, clip.info.frame_count) == ("prores", 2)
    sizes = []
    for mbit in (0.05, 20):
        done(cut(long, tmp_path / f"{mbit}.mp4", CutOptions(bitrate=mbit), start="1f", stop="50f"))
        sizes.append((tmp_path / f"{mbit}.mp4").stat().st_size)
    assert sizes[0] < sizes[1]


def test_what_would_do_nothing_is_refused(long: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionInvalid, match="bitrate would do nothing"):
        done(cut(long, tmp_path / "o.mp4", CutOptions(copy_only=True, bitrate=3)))
    with pytest.raises(OptionInvalid, match="quality would do nothing"):
        done(write_frames(long, tmp_path / "o", FrameFileOptions(quality=80)))
    with pytest.raises(OptionInvalid, match="codec would do nothing"):
        done(denoise(long, tmp_path / "o", DenoiseOptions(codec="hevc")))
    with pytest.raises(OptionInvalid, match="fps would do nothing"):
        done(join([long, long], tmp_path / "o.mp4", JoinOptions(fps=24)))
    assert not list(tmp_path.glob("o*"))


def test_uneven_times_and_sound_keep_together(tmp_path: Path) -> None:
    pts = uneven(tmp_path / "v.mp4", sound=sine(1.3))
    done(cut(tmp_path / "v.mp4", tmp_path / "a.mp4", CutOptions(), start="7f", stop="21f"))
    with open_clip(tmp_path / "a.mp4") as clip:
        times_ms = [1000 * pts * clip.time_base for pts in clip.timestamps()]
        assert clip.info.variable_rate and times_ms == [at - pts[7] for at in pts[7:21]]
    with av.open(str(tmp_path / "a.mp4")) as container:
        sound = container.streams.audio[0]
        assert abs(float(sound.duration * sound.time_base) - (pts[21] - pts[7]) / 1000) < 0.05


def test_the_timecode_goes_on_from_where_the_piece_begins(tmp_path: Path) -> None:
    make_movie(tmp_path / "v.mov", 40, codec="prores", preset=None, timecode="01:00:00:20")
    done(cut(tmp_path / "v.mov", tmp_path / "encoded.mov", CutOptions(codec="h264"), start="10f"))
    with open_clip(tmp_path / "encoded.mov") as clip:
        assert clip.info.timecode == "01:00:01:05"
    assert done(cut(tmp_path / "v.mov", tmp_path / "copied.mov", CutOptions(), start="10f"))["copied"]
    with open_clip(tmp_path / "copied.mov") as clip:
        assert clip.info.timecode == "01:00:01:05"
    done(denoise(tmp_path / "v.mov", tmp_path / "clean.mov", DenoiseOptions()))
    with open_clip(tmp_path / "clean.mov") as clip:
        assert clip.info.timecode == "01:00:00:20"


def test_one_track_goes_along_all_or_none(tmp_path: Path) -> None:
    make_movie(tmp_path / "v.mp4", 10, sound=sine(0.4))

    def tracks(**options: int) -> int:
        out = tmp_path / f"{options}.mp4"
        done(cut(tmp_path / "v.mp4", out, CutOptions(**options), start="2f"))
        with av.open(str(out)) as container:
            return len(container.streams.audio)

    assert (tracks(), tracks(audio_track=1), tracks(audio_track=0)) == (1, 1, 0)
    with pytest.raises(OptionInvalid, match="no audio track 2"):
        tracks(audio_track=2)


def test_places_outside_and_folders_are_refused_in_a_sentence(long: Path, tmp_path: Path) -> None:
    for places in ({"start": "5.0"}, {"start": "30f", "stop": "30f"}):
        with pytest.raises(OptionInvalid, match=r"60 frames and lasts 2\.4"):
            done(cut(long, tmp_path / "a.mp4", CutOptions(), **places))
    with pytest.raises(OptionInvalid, match="no place in a clip"):
        done(cut(long, tmp_path / "a.mp4", CutOptions(), start="soon"))
    with pytest.raises(OptionInvalid, match="endings"):
        done(cut(long, tmp_path / "a.gif", CutOptions()))
    with pytest.raises(FolderUnwritable, match="there already"):
        done(cut(long, long, CutOptions()))
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "0.png").write_bytes(encode_png(numbered(1)))
    with pytest.raises(OptionInvalid, match="Only a video"):
        done(cut(tmp_path / "f", tmp_path / "a.mp4", CutOptions()))


def test_nothing_is_left_when_a_cut_is_stopped(long: Path, tmp_path: Path) -> None:
    for start in ("24f", "25f"):
        events = cut(long, tmp_path / "out" / "a.mp4", CutOptions(), start=start, stop="48f")
        while not isinstance(next(events), Progress):
            pass
        events.close()
        assert list((tmp_path / "out").iterdir()) == []


# denoise


def test_noise_goes_and_depth_times_and_sound_stay(tmp_path: Path) -> None:
    clean = deep_ramp(tmp_path / "v.mov", count=12, sigma=0)[0]
    (tmp_path / "v.mov").unlink()
    deep_ramp(tmp_path / "v.mov", count=12, sigma=700)
    left = {}
    for strength in (1, 8):
        out = tmp_path / f"{strength}.mov"
        done(denoise(tmp_path / "v.mov", out, DenoiseOptions(strength=strength, codec="prores")))
        with open_clip(out) as clip:
            assert (clip.info.bit_depth, clip.info.frame_count, clip.info.rate) == (10, 12, 24)
            picture = list(clip.frames(deep=True))[6].rgb.astype(float)
        left[strength] = float((picture - clean)[4:-4, 4:-4].std())
    assert left[8] < 0.5 * left[1]


def test_uneven_times_and_all_sound_survive_denoising(tmp_path: Path) -> None:
    pts = uneven(tmp_path / "v.mp4", sound=sine(1.3))
    done(denoise(tmp_path / "v.mp4", tmp_path / "a.mp4", DenoiseOptions()))
    assert numbers(tmp_path / "a.mp4") == list(range(30))
    with open_clip(tmp_path / "a.mp4") as clip:
        assert [1000 * at * clip.time_base for at in clip.timestamps()] == pts and clip.info.has_audio


def test_images_are_denoised_under_their_names(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    for number in range(4):
        (tmp_path / "f" / f"shot.{number:04d}.png").write_bytes(encode_png(numbered(number)))
    done(denoise(tmp_path / "f", tmp_path / "g", DenoiseOptions()))
    assert sorted(path.name for path in (tmp_path / "g").iterdir()) == [f"shot.{n:04d}.png" for n in range(4)]
    assert image_size(tmp_path / "g" / "shot.0002.png") == (64, 48) and numbers(tmp_path / "g") == [0, 1, 2, 3]
    with pytest.raises(FolderUnwritable):
        done(denoise(tmp_path / "f", tmp_path / "g", DenoiseOptions()))
    with pytest.raises(OptionInvalid, match="Choose a place outside"):
        done(denoise(tmp_path / "f", tmp_path / "f" / "clean", DenoiseOptions()))


def test_images_that_differ_in_their_ending_alone_are_all_denoised(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    for number in range(4):
        data = encode_jpeg(numbered(number), 95) if number % 2 else encode_png(numbered(number))
        (tmp_path / "f" / f"{number // 2:04d}.{'jpg' if number % 2 else 'png'}").write_bytes(data)
    before = numbers(tmp_path / "f")
    done(denoise(tmp_path / "f", tmp_path / "g", DenoiseOptions()))
    assert sorted(before) == [0, 1, 2, 3] and numbers(tmp_path / "g") == before


# marks


def test_credentials_go_along_with_everything_that_is_made(tmp_path: Path) -> None:
    make_movie(tmp_path / "plain.mp4", 8)
    signed = tmp_path / "signed.mp4"
    sign_file(tmp_path / "plain.mp4", signed, facts_for(tmp_path / "plain.mp4"))
    events = [
        *cut(signed, tmp_path / "copied.mp4", CutOptions()),
        *cut(signed, tmp_path / "encoded.mkv", CutOptions(), start="3f"),
        *denoise(signed, tmp_path / "clean.mp4", DenoiseOptions()),
        *denoise(signed, tmp_path / "clean", DenoiseOptions()),
        *write_frames(signed, tmp_path / "frames", FrameFileOptions()),
    ]
    told = [event.text for event in events if isinstance(event, Notice) and "go along" in event.text]
    beside = [".c2pa beside it. Copy that with the result." in text for text in told]
    assert beside == [False, True, False, True, True], "in an mp4 there is nothing to copy"
    assert all("inside the file." in text for text, copied in zip(told, beside, strict=True) if not copied)
    for name in ("copied.mp4", "encoded.mkv", "clean.mp4", "clean", "frames"):
        verdict = verify(tmp_path / name)
        assert verdict.state == "trusted", name
        assert verdict.facts["ingredients"] == [{"title": "signed.mp4", "has_credentials": True}]
    done(cut(tmp_path / "plain.mp4", tmp_path / "none.mp4", CutOptions()))
    assert verify(tmp_path / "none.mp4").state == "none"


def test_frames_whose_marks_a_kill_prevented_get_them_from_the_same_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_movie(tmp_path / "plain.mp4", 3)
    signed = tmp_path / "signed.mp4"
    sign_file(tmp_path / "plain.mp4", signed, facts_for(tmp_path / "plain.mp4"))

    def killed(*_: Any) -> list[Any]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("understudy.jobs.clips.tools.sign_folder", killed)
        with pytest.raises(KeyboardInterrupt):
            list(write_frames(signed, tmp_path / "frames", FrameFileOptions()))
    done(write_frames(signed, tmp_path / "frames", FrameFileOptions()))
    assert verify(tmp_path / "frames").state == "trusted"


def test_what_is_made_from_a_painted_clip_names_its_source_type_too(tmp_path: Path) -> None:
    plain, painted = tmp_path / "plain.mp4", tmp_path / "painted.mp4"
    for clip in (plain, painted):
        make_movie(clip, 4)
    append_packet(painted)
    for name, clip, word in (("a", plain, ""), ("b", painted, "compositeWithTrainedAlgorithmicMedia")):
        list(cut(clip, tmp_path / f"cut {name}.mp4", CutOptions(), stop="2f"))
        list(denoise(clip, tmp_path / f"denoised {name}", DenoiseOptions()))
        list(write_frames(clip, tmp_path / f"frames {name}", FrameFileOptions(image_format="png")))
        list(join([tmp_path / f"frames {name}", plain], tmp_path / f"joined {name}.mp4", JoinOptions()))
        images = (f"denoised {name}/000000.png", f"frames {name}/000003.png")
        for made in (*images, f"cut {name}.mp4", f"joined {name}.mp4"):
            assert source_type_in(tmp_path / made) == word
        assert len(numbers(tmp_path / f"cut {name}.mp4")) == 2


def test_a_picture_made_from_a_painted_clip_names_its_source_type_too(tmp_path: Path) -> None:
    make_movie(tmp_path / "painted.mp4", 4)
    append_packet(tmp_path / "painted.mp4")
    with made_file(tmp_path / "sheet.png", [tmp_path / "painted.mp4"], "Laid.") as (place, _):
        place.write_bytes(encode_png(np.zeros((8, 8, 3), np.uint8)))
    assert source_type_in(tmp_path / "sheet.png") == "compositeWithTrainedAlgorithmicMedia"


def test_damaged_credentials_stop_the_work_before_it_begins(tmp_path: Path) -> None:
    make_movie(tmp_path / "v.mkv", 4)
    (tmp_path / "v.c2pa").write_bytes(b"no credentials")
    for events in (
        cut(tmp_path / "v.mkv", tmp_path / "a.mp4", CutOptions()),
        denoise(tmp_path / "v.mkv", tmp_path / "b", DenoiseOptions()),
        write_frames(tmp_path / "v.mkv", tmp_path / "c", FrameFileOptions()),
    ):
        with pytest.raises(MarksUnreadable, match="would be lost"):
            done(events)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "home") == ["v.c2pa", "v.mkv"]
