"""The encode stage: dst's own times, colours, sound and names, and nothing half-written."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.media.interlaced import make_interlaced, make_partly_interlaced
from tests.merging.conftest import HEIGHT, PTS, TIME_BASE, WIDTH, drawn_frame
from understudy.errors import (
    ClipInterlaced,
    ClipSizesDiffer,
    FolderUnwritable,
    OptionInvalid,
    ProjectInvalid,
    WrittenWrongly,
)
from understudy.events import Made, Notice, StageFinished
from understudy.files import write_json
from understudy.media.clip import ColorTags
from understudy.media.images import encode_png, read_image
from understudy.media.movie import MovieWriter
from understudy.media.opening import open_clip
from understudy.merging.delivery.encode import encode
from understudy.merging.delivery.options import EncodeOptions
from understudy.provenance.credentials import sidecar_of


def sound_packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


QUICK = EncodeOptions(crf=4, preset="ultrafast")


def run(clip: Path, merged: Path, out: Path, options: EncodeOptions = QUICK, **more):
    return list(encode(clip, merged_folder=merged, out=out, options=options, **more))


@pytest.fixture
def merged(tmp_path: Path) -> Path:
    """Frames 2 and 3 in plain colours, as a finished merge."""
    folder = tmp_path / "merged"
    folder.mkdir()
    for index, grey in ((2, 40), (3, 220)):
        picture = np.full((HEIGHT, WIDTH, 3), grey, np.uint8)
        (folder / f"{index:06d}.png").write_bytes(encode_png(picture))
    write_json(folder / "merge.json", {"version": 1, "complete": True})
    return folder


def test_the_shot_keeps_the_irregular_times_the_colour_tags_and_the_size(
    movie: Path, merged: Path, tmp_path: Path
) -> None:
    events = run(movie, merged, tmp_path / "out.mp4")
    with open_clip(movie) as dst, open_clip(tmp_path / "out.mp4") as out:
        dst_times = [Fraction(pts) * dst.time_base for pts in dst.timestamps()]
        assert [Fraction(pts) * out.time_base for pts in out.timestamps()] == dst_times
        assert dst_times == [pts * TIME_BASE for pts in PTS]
        assert out.info.color == dst.info.color == ColorTags(1, 1, 1, 1)
        assert (out.info.width, out.info.height, out.info.bit_depth) == (WIDTH, HEIGHT, 8)
    finished = events[-1]
    assert isinstance(finished, StageFinished)
    assert (finished.summary["frames"], finished.summary["swapped"]) == (8, 2)
    assert [event.path for event in events if isinstance(event, Made)] == [tmp_path / "out.mp4"]


def test_frames_that_the_merge_lists_as_not_swapped_are_not_counted_though_they_have_a_picture(
    movie: Path, merged: Path, tmp_path: Path
) -> None:
    missed = [{"frame": 3, "reason": "the mode leaves the frame as it is"}]
    write_json(merged / "merge.json", {"version": 1, "complete": True, "unswapped": missed})
    *_, finished = run(movie, merged, tmp_path / "out.mp4")
    assert (finished.summary["frames"], finished.summary["swapped"]) == (8, 1)


def test_exactly_the_merged_frames_are_replaced(movie: Path, merged: Path, tmp_path: Path) -> None:
    run(movie, merged, tmp_path / "out.mp4")
    with open_clip(movie) as dst, open_clip(tmp_path / "out.mp4") as out:
        for before, after in zip(dst.frames(), out.frames(), strict=True):
            expected = {2: np.full_like(before.rgb, 40), 3: np.full_like(before.rgb, 220)}
            wanted = expected.get(before.index, before.rgb)
            assert np.abs(after.rgb.astype(int) - wanted).mean() < 3, before.index


def test_the_sound_is_carried_over_untouched(movie: Path, merged: Path, tmp_path: Path) -> None:
    run(movie, merged, tmp_path / "out.mp4")
    before, after = sound_packets(movie), sound_packets(tmp_path / "out.mp4")
    assert len(before) > 2 and after == before


def test_deep_clips_stay_deep(tmp_path: Path) -> None:
    dst = tmp_path / "deep.mov"
    with MovieWriter(
        dst,
        width=WIDTH,
        height=HEIGHT,
        time_base=Fraction(1, 25),
        rate=Fraction(25),
        color=ColorTags(1, 1, 1, 1),
        bit_depth=10,
        codec="prores",
    ) as writer:
        for index in range(2):
            writer.write(drawn_frame(index, deep=True), index)
    merged = tmp_path / "merged"
    merged.mkdir()
    picture = np.full((HEIGHT, WIDTH, 3), 30000, np.uint16)
    (merged / "000001.png").write_bytes(encode_png(picture))
    run(dst, merged, tmp_path / "out.mov", EncodeOptions(codec="prores"))
    with open_clip(tmp_path / "out.mov") as out:
        assert out.info.bit_depth > 8
        last = list(out.frames(deep=True))[1].rgb
    assert np.abs(last.astype(int) - 30000).max() < 200
    run(dst, merged, tmp_path / "out.mp4", EncodeOptions(codec="h264", eight_bit=True))
    with open_clip(tmp_path / "out.mp4") as out:
        assert (out.info.bit_depth, out.info.pixel_format) == (8, "yuv420p")
        last = list(out.frames())[1].rgb
    assert np.abs(last.astype(int) - round(30000 / 257)).max() <= 3


def test_the_same_options_by_another_purpose_are_not_encoded_again(
    movie: Path, merged: Path, tmp_path: Path
) -> None:
    run(movie, merged, tmp_path / "out.mp4", EncodeOptions(crf=20))
    written = (tmp_path / "out.mp4").stat().st_mtime_ns
    run(movie, merged, tmp_path / "out.mp4", EncodeOptions(crf=20, purpose="mine", container="mp4"))
    assert (tmp_path / "out.mp4").stat().st_mtime_ns == written


def test_signing_makes_the_final_file_out_of_the_unsigned_one(
    movie: Path, merged: Path, tmp_path: Path
) -> None:
    out, seen = tmp_path / "out.mp4", []

    def sign(unsigned: Path, signed: Path) -> Path:
        seen.append((unsigned.suffix, unsigned.stat().st_size > 0, signed, signed.exists()))
        signed.write_bytes(unsigned.read_bytes() + b"signed")
        sidecar = sidecar_of(signed)
        sidecar.write_bytes(b"marks")
        return sidecar

    events = run(movie, merged, out, sign=sign)
    assert [(*each[:2], each[2].parent, each[2].suffix) for each in seen] == [(".mp4", True, tmp_path, ".mp4")]
    assert not seen[0][3]  # made beside it, and swapped in when it is whole
    assert out.read_bytes().endswith(b"signed")
    assert [event.path.name for event in events if isinstance(event, Made)] == ["out.mp4", "out.mp4.c2pa"]
    assert not [path for path in merged.iterdir() if "unsigned" in path.name]


@pytest.mark.parametrize(("kept", "said"), [(5, "8 frames .* 5 over"), (0, "can't be read again")])
def test_a_movie_that_reads_back_shorter_is_not_delivered_and_the_older_one_stays(
    movie: Path, merged: Path, tmp_path: Path, kept: int, said: str
) -> None:
    out = tmp_path / "o" / "out.mov"
    run(movie, merged, out, sign=lambda made, goal: shutil.copyfile(made, goal) and None)
    before = out.read_bytes()

    def spoil(unsigned: Path, signed: Path) -> None:
        signed.write_bytes(b"no movie")
        if kept:
            with open_clip(movie) as clip, MovieWriter(
                signed, width=WIDTH, height=HEIGHT, time_base=TIME_BASE, rate=None, color=ColorTags()
            ) as writer:  # fmt: skip
                for frame in clip.frames(0, kept):
                    writer.write(frame.rgb_8bit, frame.pts)

    with pytest.raises(WrittenWrongly, match=said):
        run(movie, merged, out, sign=spoil, stamp="again")
    assert out.read_bytes() == before and [p.name for p in out.parent.iterdir()] == ["out.mov"]


def test_a_signature_that_fails_leaves_no_file(movie: Path, merged: Path, tmp_path: Path) -> None:
    def refuse(unsigned: Path, signed: Path) -> None:
        raise OptionInvalid("no")

    with pytest.raises(OptionInvalid):
        run(movie, merged, tmp_path / "new" / "out.mp4", sign=refuse)
    assert not list((tmp_path / "new").glob("*"))
    assert not [path for path in merged.iterdir() if "unsigned" in path.name]


def test_stopping_leaves_no_half_written_file(movie: Path, merged: Path, tmp_path: Path) -> None:
    stage = encode(movie, merged_folder=merged, out=tmp_path / "o" / "out.mp4", options=QUICK)
    for event in stage:
        if getattr(event, "done", 0) == 4:
            break
    stage.close()
    assert not list((tmp_path / "o").glob("*")) and not list((tmp_path / "o").glob(".*"))


def _encode_slowly(movie: Path, merged: Path, out: Path) -> None:
    for event in encode(movie, merged_folder=merged, out=out, options=QUICK):
        time.sleep(60 if getattr(event, "done", 0) > 1 else 0)  # or it might be done before it can be killed


def test_a_kill_leaves_nothing_under_the_final_name_and_the_next_run_clears_up(
    movie: Path, merged: Path, tmp_path: Path
) -> None:
    out = tmp_path / "o" / "out.mp4"
    process = multiprocessing.get_context("spawn").Process(target=_encode_slowly, args=(movie, merged, out))
    process.start()
    deadline = time.monotonic() + 60
    while not list(out.parent.glob(".out.*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    assert not out.exists() and list(out.parent.glob(".out.*"))
    run(movie, merged, out)
    assert [path.name for path in out.parent.iterdir()] == ["out.mp4"]


def test_encoding_the_same_again_does_nothing_until_something_changes(
    movie: Path, merged: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.mp4"
    assert not run(movie, merged, out, stamp="a")[-1].skipped
    assert run(movie, merged, out, stamp="a")[-1].skipped
    assert not run(movie, merged, out, stamp="b")[-1].skipped
    (merged / "000002.png").unlink()
    assert not run(movie, merged, out, stamp="b")[-1].skipped
    out.write_bytes(b"edited by somebody")
    assert not run(movie, merged, out, stamp="b")[-1].skipped


def test_an_unfinished_merge_is_told(movie: Path, merged: Path, tmp_path: Path) -> None:
    (merged / "merge.json").unlink()
    notices = [event.text for event in run(movie, merged, tmp_path / "out.mp4") if isinstance(event, Notice)]
    assert any("has not run to its end" in text for text in notices)


def test_a_merged_frame_whose_picture_is_gone_is_refused_before_anything_is_written(
    movie: Path, merged: Path, tmp_path: Path
) -> None:
    about = {"complete": True, "refused": {}, "partly": [], "merged": {"2": "a", "3": "b"}}
    write_json(merged / "merge.json", {"version": 1, **about})
    run(movie, merged, tmp_path / "out.mp4")
    before = (tmp_path / "out.mp4").read_bytes()
    (merged / "000003.png").unlink()
    with pytest.raises(ProjectInvalid, match=r"1 frame: 3.*merge` again"):
        run(movie, merged, tmp_path / "out.mp4")
    with pytest.raises(ProjectInvalid):
        run(movie, merged, tmp_path / "o" / "out.mp4")
    assert (tmp_path / "out.mp4").read_bytes() == before and not (tmp_path / "o").exists()


def test_an_image_folder_gives_images_of_the_same_names(images: Path, merged: Path, tmp_path: Path) -> None:
    out = tmp_path / "finished"
    run(images, merged, out)
    assert sorted(p.name for p in out.iterdir()) == sorted(p.name for p in images.iterdir())
    np.testing.assert_array_equal(read_image(out / "take1.png"), drawn_frame(0))
    assert (read_image(out / "take5.png") == 40).all()
    run(images, merged, out, stamp="again")  # its own older pictures may be replaced
    assert len(list(out.iterdir())) == 6


def test_a_folder_with_other_files_is_never_replaced(images: Path, merged: Path, tmp_path: Path) -> None:
    out = tmp_path / "finished"
    out.mkdir()
    (out / "thesis.odt").write_text("years of work")
    with pytest.raises(FolderUnwritable, match=r"thesis\.odt"):
        run(images, merged, out)
    assert (out / "thesis.odt").read_text() == "years of work"


def test_an_image_folder_becomes_a_movie_where_the_name_asks_for_one(
    images: Path, merged: Path, tmp_path: Path
) -> None:
    run(images, merged, tmp_path / "out.mp4")
    with open_clip(tmp_path / "out.mp4") as out:
        assert (out.info.frame_count, out.info.width) == (6, WIDTH)


def test_dst_is_never_overwritten(movie: Path, merged: Path) -> None:
    before = movie.read_bytes()
    with pytest.raises(OptionInvalid, match="replace footage"):
        run(movie, merged, movie)
    assert movie.read_bytes() == before


def test_a_merged_frame_of_another_size_is_refused(movie: Path, merged: Path, tmp_path: Path) -> None:
    (merged / "000005.png").write_bytes(encode_png(np.zeros((10, 10, 3), np.uint8)))
    with pytest.raises(ClipSizesDiffer):
        run(movie, merged, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_a_label_shows_on_every_frame_and_nowhere_else(images: Path, merged: Path, tmp_path: Path) -> None:
    run(images, merged, tmp_path / "out", QUICK.changed(label="made with AI"))
    for index in (0, 4):
        labelled = read_image(tmp_path / "out" / f"take{index * 2 + 1}.png").astype(int)
        difference = np.abs(labelled - drawn_frame(index)).max(-1)
        assert difference[HEIGHT * 2 // 3 :, : WIDTH * 2 // 3].max() > 60
        assert difference[: HEIGHT * 2 // 3].max() == 0


def warnings_of(events) -> list[str]:
    return [event.text for event in events if isinstance(event, Notice) and event.level == "warning"]


def test_a_file_that_was_not_made_here_goes_to_the_trash_and_our_own_does_not(
    movie: Path, merged: Path, tmp_path: Path
) -> None:
    out, trash = tmp_path / "out.mp4", tmp_path / "trash"
    out.write_bytes(b"the edit of somebody else")
    events = run(movie, merged, out, trash=trash)
    assert [path.read_bytes() for path in trash.iterdir()] == [b"the edit of somebody else"]
    (now,) = trash.iterdir()
    assert any("out.mp4 already" in text and str(now) in text for text in warnings_of(events))
    assert not warnings_of(run(movie, merged, out, trash=trash, stamp="other"))
    assert len(list(trash.iterdir())) == 1


def test_a_name_without_ending_is_told_to_be_a_folder_of_images(
    movie: Path, merged: Path, tmp_path: Path
) -> None:
    told = [each.text for each in run(movie, merged, tmp_path / "noext") if isinstance(each, Notice)]
    assert any("folder of images, without sound" in text for text in told)
    for name, said in (("out.mp4", {}), ("a", {"images": "png16"}), ("b", {"container": "images"})):
        events = run(movie, merged, tmp_path / name, QUICK.changed(**said))
        told = [each.text for each in events if isinstance(each, Notice)]
        assert not any("folder of images" in text for text in told), name


def test_folders_that_are_made_are_told_where_more_than_the_last_was_missing(
    movie: Path, merged: Path, tmp_path: Path
) -> None:
    for name, made in (("one/out.mp4", ""), ("one/out2.mp4", ""), ("two/deep/out.mp4", str(Path("two/deep")))):
        events = run(movie, merged, tmp_path / name)
        told = [each.text for each in events if isinstance(each, Notice) and "was not there" in each.text]
        assert told == ([f"The folder {made} was not there and is made in {tmp_path}."] if made else [])


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no made-up folder of the system here")
def test_a_place_where_no_file_can_be_made_is_refused_in_a_sentence(movie: Path, merged: Path) -> None:
    """A full disk was to blame, with 0 MB free."""
    with pytest.raises(FolderUnwritable, match="No file can be made in this place"):
        run(movie, merged, Path("/proc/x.mp4"))


def test_a_folder_of_the_same_names_that_was_not_made_here_goes_to_the_trash(
    images: Path, merged: Path, tmp_path: Path
) -> None:
    out, trash = tmp_path / "finished", tmp_path / "trash"
    out.mkdir()
    (out / "take1.png").write_bytes(b"a copy")
    run(images, merged, out, trash=trash)
    run(images, merged, out, trash=trash, stamp="other")
    (kept,) = trash.iterdir()
    assert (kept / "take1.png").read_bytes() == b"a copy" and len(list(out.iterdir())) == 6


def test_no_clip_of_the_project_is_replaced(movie: Path, images: Path, merged: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in (movie, *images.iterdir())}
    other = tmp_path / "src.mov"
    other.write_bytes(b"the performer")
    for clip, out in (
        (movie, other),
        (movie, images / "out.mp4"),
        (images, images),
        (images, images / "finished"),
        (images, tmp_path),
        (movie, merged / "out.mp4"),
    ):
        with pytest.raises(OptionInvalid):
            run(clip, merged, out, keep=[movie, images, other])
    assert other.read_bytes() == b"the performer"
    assert {path: path.read_bytes() for path in (movie, *images.iterdir())} == before


def test_lost_transparency_is_told(tmp_path: Path, movie: Path, merged: Path) -> None:
    (merged / "000002.png").unlink()
    (merged / "000003.png").unlink()
    dst = tmp_path / "alpha.mkv"
    with av.open(str(dst), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuva444p"
        for index in range(2):
            frame = av.VideoFrame.from_ndarray(drawn_frame(index), "rgb24").reformat(format="yuva444p")
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert any("transparency" in text for text in warnings_of(run(dst, merged, tmp_path / "out.mp4")))
    assert not any("transparency" in text for text in warnings_of(run(movie, merged, tmp_path / "o.mp4")))


def _two_track_clip(path: Path, *, timecode: str = "", rate: Fraction = Fraction(25)) -> Path:
    with av.open(str(path), "w") as container:
        if timecode:
            container.metadata["timecode"] = timecode
        video = container.add_stream("libx264", rate=rate, options={"qp": "0", "preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        sounds = [container.add_stream("aac", rate=8000, layout="mono") for _ in range(2)]
        for index in range(8):
            frame = av.VideoFrame.from_ndarray(drawn_frame(index), "rgb24").reformat(format="yuv420p")
            frame.pts = index
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for loud, stream in zip((0.1, 0.4), sounds, strict=True):
            for place in range(0, 2048, 1024):
                tone = (loud * np.sin(np.arange(1024) / 3)).astype(np.float32)[None]
                frame = av.AudioFrame.from_ndarray(tone, "fltp", "mono")
                frame.sample_rate, frame.pts = 8000, place
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return path


def _tracks(path: Path) -> list[list[bytes]]:
    with av.open(str(path)) as container:
        count = len(container.streams.audio)
    tracks = []
    for number in range(count):
        with av.open(str(path)) as container:
            tracks.append([bytes(packet) for packet in container.demux(audio=number) if packet.size])
    return tracks


@pytest.mark.parametrize(("audio", "kept"), [("all", [0, 1]), ("none", []), ("1", [0]), ("2", [1])])
def test_all_sound_one_track_or_none_is_taken(
    merged: Path, tmp_path: Path, audio: str, kept: list[int]
) -> None:
    dst = _two_track_clip(tmp_path / "dst.mov")
    run(dst, merged, tmp_path / "out.mp4", QUICK.changed(audio=audio))
    before = _tracks(dst)
    assert _tracks(tmp_path / "out.mp4") == [before[number] for number in kept]


def test_a_mask_of_an_hdr_shot_has_neither_its_sound_nor_its_curve(merged: Path, tmp_path: Path) -> None:
    dst, masks = tmp_path / "hdr.mov", merged / "masks"
    masks.mkdir()
    for index in (2, 3):
        (masks / f"{index:06d}.png").write_bytes(encode_png(np.full((HEIGHT, WIDTH), 77, np.uint8)))
    with MovieWriter(
        dst, width=WIDTH, height=HEIGHT, time_base=Fraction(1, 25), rate=Fraction(25),
        color=ColorTags(9, 1, 9, 16), preset="ultrafast", sound=(np.zeros(4000, np.float32), 8000),
    ) as writer:  # fmt: skip
        for index in range(4):
            writer.write(drawn_frame(index), index)
    run(dst, merged, tmp_path / "mask.mp4", EncodeOptions(content="mask"))
    with open_clip(tmp_path / "mask.mp4") as clip:
        assert not clip.info.has_audio and clip.info.color.transfer != 16
        assert (list(clip.frames())[3].rgb == 77).all()


@pytest.mark.parametrize(
    ("audio", "words"),
    [("3", "dst has 1 to 2"), *((wrong, "a track's number, from 1") for wrong in ("0", "left", "-1"))],
)
def test_sound_that_is_not_there_is_refused_before_anything_is_written(
    merged: Path, tmp_path: Path, audio: str, words: str
) -> None:
    dst = _two_track_clip(tmp_path / "dst.mov")
    with pytest.raises(OptionInvalid, match=words):
        run(dst, merged, tmp_path / "o" / "out.mp4", QUICK.changed(audio=audio))
    assert not (tmp_path / "o").exists()


def test_the_clock_of_dst_goes_on_in_the_shot(merged: Path, tmp_path: Path) -> None:
    dst = _two_track_clip(tmp_path / "dst.mov", timecode="09:59:58:12")
    run(dst, merged, tmp_path / "out.mp4")
    with open_clip(tmp_path / "out.mp4") as out:
        assert out.info.timecode == "09:59:58:12"


def test_a_bitrate_makes_the_file_smaller_and_excludes_a_quality(
    movie: Path, merged: Path, tmp_path: Path
) -> None:
    run(movie, merged, tmp_path / "a.mp4", EncodeOptions(preset="ultrafast", crf=1))
    run(movie, merged, tmp_path / "b.mp4", EncodeOptions(preset="ultrafast", bitrate=0.01))
    assert (tmp_path / "b.mp4").stat().st_size < 0.8 * (tmp_path / "a.mp4").stat().st_size
    with pytest.raises(OptionInvalid, match="not both"):
        run(movie, merged, tmp_path / "c.mp4", EncodeOptions(bitrate=1, crf=20))


def test_a_slower_preset_makes_the_file_smaller(movie: Path, merged: Path, tmp_path: Path) -> None:
    for preset in ("ultrafast", "slow"):
        run(movie, merged, tmp_path / f"{preset}.mp4", EncodeOptions(preset=preset, crf=4))
    assert (tmp_path / "slow.mp4").stat().st_size < (tmp_path / "ultrafast.mp4").stat().st_size


def test_avi_takes_even_times_and_refuses_others_with_the_way_out(
    movie: Path, merged: Path, tmp_path: Path
) -> None:
    with pytest.raises(OptionInvalid, match=r"Choose .mov or .mp4"):
        run(movie, merged, tmp_path / "out.avi", EncodeOptions(codec="utvideo"))
    even = _two_track_clip(tmp_path / "dst.mov", rate=Fraction(30000, 1001))
    run(even, merged, tmp_path / "out.avi", EncodeOptions(codec="utvideo"))
    with open_clip(even) as dst, open_clip(tmp_path / "out.avi") as out:
        assert out.info.rate == Fraction(30000, 1001)
        times = [Fraction(pts) * out.time_base for pts in out.timestamps()]
        assert times == [Fraction(pts) * dst.time_base for pts in dst.timestamps()]
        assert (list(out.frames())[2].rgb == 40).all()


def test_a_ten_bit_ramp_that_nobody_touched_comes_out_equal(tmp_path: Path) -> None:
    ramp = np.broadcast_to(np.linspace(64, 940, 1024)[None], (HEIGHT, 1024)).astype(np.uint16)
    dst, merged = tmp_path / "dst.mkv", tmp_path / "merged"
    merged.mkdir()
    with av.open(str(dst), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 1024, HEIGHT, "yuv422p10le"
        stream.codec_context.colorspace, stream.codec_context.color_range = 1, 1
        frame = av.VideoFrame(1024, HEIGHT, "yuv422p10le")
        for plane, level in zip(frame.planes, (ramp, 512, 512), strict=True):
            rows = np.full((plane.height, plane.line_size // 2), 512, np.uint16)
            rows[:, : plane.width] = level
            plane.update(rows.tobytes())
        frame.pts = 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    for codec, ending in (("ffv1", ".mkv"), ("png", ".mov"), ("hevc_lossless", ".mp4"), ("prores", ".mov")):
        out = tmp_path / f"{codec}{ending}"
        run(dst, merged, out, EncodeOptions(codec=codec))
        with open_clip(dst) as before, open_clip(out) as after:
            first, second = (next(iter(clip.frames(deep=True))).rgb.astype(int) for clip in (before, after))
        if codec in ("ffv1", "png"):
            assert np.array_equal(first, second), codec
        # Within half a step of 10 bits: the ramp's own numbers.
        assert np.abs(first - second).max() <= 32 + 17 * (codec == "prores"), codec


def test_footage_that_becomes_interlaced_on_the_way_is_not_delivered(merged: Path, tmp_path: Path) -> None:
    with pytest.raises(ClipInterlaced, match="clip deinterlace"):
        (merged / "000002.png").unlink()
        (merged / "000003.png").unlink()
        run(make_partly_interlaced(tmp_path / "v.ts"), merged, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_interlaced_footage_is_refused_before_anything_is_written(merged: Path, tmp_path: Path) -> None:
    with pytest.raises(ClipInterlaced, match="clip deinterlace"):
        run(make_interlaced(tmp_path / "v.mov"), merged, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()
