"""Whatever a user names is opened as a clip or refused in one clear sentence."""

from __future__ import annotations

import os
import re
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.media.made import make_movie, number_of, numbered, sine
from understudy.errors import ClipMissing, ClipUnreadable, ImageUnreadable, OptionInvalid, UnderstudyError
from understudy.media.images import encode_png
from understudy.media.opening import frame_to_show, open_clip


def test_videos_folders_and_single_images_open_alike(tmp_path: Path) -> None:
    make_movie(tmp_path / "v.mp4", 3)
    (tmp_path / "images").mkdir()
    for number in range(3):
        (tmp_path / "images" / f"{number}.png").write_bytes(encode_png(numbered(number)))
    for name, count in (("v.mp4", 3), ("images", 3), ("images/1.png", 1)):
        with open_clip(tmp_path / name) as clip:
            frames = list(clip.frames())
            assert clip.info.frame_count == len(frames) == len(clip.timestamps()) == count
            assert [f.pts for f in frames] == list(clip.timestamps())
            assert [f.index for f in frames] == list(range(count))
            assert all(f.rgb.shape == (clip.info.height, clip.info.width, 3) for f in frames)
            assert all(f.time_s == pytest.approx(float(f.pts * clip.time_base)) for f in frames)
            assert all(f.rgb.flags.c_contiguous and f.rgb.flags.writeable for f in frames)


@pytest.mark.parametrize("folder", ["Mein Prøjekt 影", "with space", "100%03d", "a:b", "-dash"])
def test_any_folder_and_file_name_goes(tmp_path: Path, folder: str) -> None:
    make_movie(tmp_path / folder / "影%d.mp4", 2)
    with open_clip(tmp_path / folder / "影%d.mp4") as clip:
        assert [number_of(f.rgb) for f in clip.frames()] == [0, 1]


def test_a_relative_path_that_looks_like_an_address_is_a_file(tmp_path: Path, monkeypatch) -> None:
    make_movie(tmp_path / "concat:a.mp4", 2)
    monkeypatch.chdir(tmp_path)
    assert open_clip(Path("concat:a.mp4")).info.frame_count == 2


def _refused(path: Path, kind: type[UnderstudyError] = ClipUnreadable) -> str:
    with pytest.raises(kind) as told:
        open_clip(path)
    message = told.value.message
    assert told.value.path == path
    assert re.fullmatch(r"[A-Z][^\n]*\.", message)
    assert not re.search(r"Errno|Traceback|\bav\.|avcodec", message)
    return message


def test_a_missing_file(tmp_path: Path) -> None:
    assert "no such file" in _refused(tmp_path / "none.mp4", ClipMissing)


def test_a_text_file_called_mp4(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("To be or not to be, that is the question.\n" * 50)
    assert "can't be read as a video" in _refused(tmp_path / "a.mp4")


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"")
    assert "empty" in _refused(tmp_path / "a.mp4")


def test_a_file_with_sound_alone(tmp_path: Path) -> None:
    samples, rate = sine(0.3)
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=rate)
        stream.codec_context.layout = "mono"
        frame = av.AudioFrame.from_ndarray(samples[None, :1024], "fltp", "mono")
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert "no video" in _refused(tmp_path / "a.mp4")


def test_a_video_in_which_nothing_decodes(tmp_path: Path) -> None:
    make_movie(tmp_path / "a.mov", 8, codec="prores")
    data = bytearray((tmp_path / "a.mov").read_bytes())
    with av.open(str(tmp_path / "a.mov")) as container:
        for entry in container.streams.video[0].index_entries:
            data[entry.pos : entry.pos + entry.size] = os.urandom(entry.size)
    (tmp_path / "a.mov").write_bytes(data)
    assert "can be decoded" in _refused(tmp_path / "a.mov")


def test_an_empty_folder(tmp_path: Path) -> None:
    assert "no images" in _refused(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.mp4")
    assert "not a file" in _refused(tmp_path / "a.mp4")


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{other}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{other}'\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
    ],
)
def test_a_file_cannot_make_us_open_another(tmp_path: Path, text: str) -> None:
    make_movie(tmp_path / "secret.mp4", 2)
    (tmp_path / "a.mp4").write_text(text.format(other=tmp_path / "secret.mp4"))
    assert "can't be read as a video" in _refused(tmp_path / "a.mp4")


def test_names_inside_a_file_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        container.metadata["title"] = "TITLETITLE"
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "bgr0"
        frame = av.VideoFrame.from_ndarray(numbered(1), "rgb24").reformat(format="bgr0")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    data = (tmp_path / "a.mkv").read_bytes()
    (tmp_path / "a.mkv").write_bytes(data.replace(b"TITLETITLE", b"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8\xf7\xf6"))
    assert np.array_equal(next(iter(open_clip(tmp_path / "a.mkv").frames())).rgb, numbered(1))


def test_an_unknown_codec_is_refused(tmp_path: Path) -> None:
    make_movie(tmp_path / "a.mkv", 3)
    data = (tmp_path / "a.mkv").read_bytes()
    (tmp_path / "a.mkv").write_bytes(data.replace(b"V_MPEG4/ISO/AVC", b"V_NOBODY/KNOWS1"))
    assert "codec" in _refused(tmp_path / "a.mkv")


@pytest.fixture(scope="module")
def whole_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("whole")
    for name in ("a.mp4", "a.mkv"):
        make_movie(folder / name, 12, sound=sine(0.4))
    make_movie(folder / "hevc.mkv", 12, codec="hevc")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@given(
    name=st.sampled_from(["a.mp4", "a.mkv", "hevc.mkv"]),
    hits=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), min_size=1, max_size=6),
    keep=st.floats(0.1, 1),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_files_are_read_or_refused_and_nothing_else(
    tmp_path: Path, whole_files: dict[str, bytes], name: str, hits: list[tuple[float, bytes]], keep: float
) -> None:
    data = bytearray(whole_files[name])
    for place, junk in hits:
        at = int(place * (len(data) - len(junk)))
        data[at : at + len(junk)] = junk
    (tmp_path / name).write_bytes(data[: int(len(data) * keep)])
    try:
        with open_clip(tmp_path / name) as clip:
            assert len(list(clip.frames())) <= clip.info.frame_count
    except UnderstudyError:
        pass


def test_where_the_frame_to_show_is_damaged_the_next_is_shown_or_one_before(tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"{number}.png").write_bytes(encode_png(numbered(number)))
    (tmp_path / "2.png").write_bytes(b"")
    with open_clip(tmp_path) as clip:
        assert [frame_to_show(clip, index).index for index in (1, 2)] == [1, 3]
        (tmp_path / "3.png").unlink()
        assert frame_to_show(clip, 2).index == 0
        for left in tmp_path.iterdir():
            left.unlink()
        with pytest.raises(ImageUnreadable, match="No frame"):
            frame_to_show(clip, 1)


def test_images_are_shown_at_the_rate_that_is_said_and_a_video_keeps_its_own(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    for number in range(3):
        (tmp_path / "f" / f"{number}.png").write_bytes(encode_png(numbered(number)))
    with open_clip(tmp_path / "f", fps=23.976) as clip:
        assert clip.info.rate == 1 / clip.time_base == Fraction(24000, 1001)
        assert (clip.info.assumed_rate, clip.info.variable_rate) == (False, False)
        assert [f.time_s for f in clip.frames()] == pytest.approx([0, 1001 / 24000, 2002 / 24000])
    with open_clip(tmp_path / "f") as clip:
        assert (clip.info.rate, clip.info.assumed_rate) == (None, True)
    make_movie(tmp_path / "v.mp4", 3)
    with pytest.raises(OptionInvalid, match=r"24 frames a second, and it is a video.*--fps 0"):
        open_clip(tmp_path / "v.mp4", fps=24)
