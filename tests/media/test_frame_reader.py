"""`media/frame_reader.py`: any frame at any time, exact, and cheap where somebody goes on."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from understudy.errors import ImageUnreadable, OptionInvalid
from understudy.media.clip import ColorTags
from understudy.media.frame_reader import FrameReader
from understudy.media.images import encode_png
from understudy.media.movie import MovieWriter
from understudy.media.opening import open_clip

COUNT, SIDE = 90, 64


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every frame shows its number in two greys: tens on the left, ones on the right."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    with MovieWriter(
        path, width=SIDE, height=SIDE, time_base=Fraction(1, 25), rate=Fraction(25), color=ColorTags()
    ) as movie:
        for index in range(COUNT):
            halves = [np.full((SIDE, SIDE // 2, 3), 20 + 22 * digit, np.uint8) for digit in divmod(index, 10)]
            movie.write(np.concatenate(halves, axis=1), index)
    return path


def shown(reader: FrameReader, index: int) -> int:
    frame = reader.frame(index)
    assert frame.index == index
    left, right = (float(half.mean()) for half in np.split(frame.rgb, 2, axis=1))
    return 10 * round((left - 20) / 22) + round((right - 20) / 22)


def test_the_frame_asked_for_comes_in_whatever_order(film: Path) -> None:
    with FrameReader(open_clip(film)) as reader:
        for index in (0, 1, 2, 60, 59, 58, 3, 89, 0, 45):
            assert shown(reader, index) == index


def test_going_on_decodes_each_frame_once(film: Path) -> None:
    with FrameReader(open_clip(film), ahead=0) as reader:
        for index in range(30):
            reader.frame(index)
        assert (reader.decoded, reader.open_streams) == (30, 1)


def test_stepping_back_decodes_a_dozen_at_once(film: Path) -> None:
    with FrameReader(open_clip(film), ahead=0) as reader:
        for index in range(60, 47, -1):
            reader.frame(index)
        assert reader.decoded <= 30  # and not a seek for each of the 13
        assert reader.open_streams <= 3


def test_several_windows_keep_their_own_streams(film: Path) -> None:
    with FrameReader(open_clip(film), ahead=0, most_bytes=4 * SIDE * SIDE * 3) as reader:
        for step in range(10):
            assert shown(reader, step) == step
            assert shown(reader, 60 + step) == 60 + step
        assert reader.open_streams == 2
        assert reader.decoded == 20


def test_memory_and_streams_are_bounded(film: Path) -> None:
    with FrameReader(open_clip(film), most_bytes=5 * SIDE * SIDE * 3, streams=2) as reader:
        for index in (0, 70, 10, 80, 20, 5, 65, 1):
            shown(reader, index)
            assert reader.kept <= 5
            assert reader.open_streams <= 2


def test_the_next_frames_are_there_before_they_are_asked_for(film: Path) -> None:
    reader = FrameReader(open_clip(film), ahead=3)
    reader.frame(10)
    reader._thread.submit(lambda: None).result()  # after what was read ahead
    assert reader.decoded == 4
    assert list(reader._kept) == [10, 11, 12, 13]
    reader.close()
    assert (reader.kept, reader.open_streams) == (0, 0)


def test_a_frame_that_is_not_there_and_one_that_is_damaged_say_so(tmp_path: Path) -> None:
    for index in range(3):
        picture = np.full((SIDE, SIDE, 3), index, np.uint8)
        (tmp_path / f"{index}.png").write_bytes(encode_png(picture))
    clip = open_clip(tmp_path)
    whole = (tmp_path / "1.png").read_bytes()
    (tmp_path / "1.png").write_bytes(whole[: len(whole) // 2])
    with FrameReader(clip, ahead=0) as reader:
        assert reader.frame(0).rgb[0, 0, 0] == 0
        with pytest.raises(ImageUnreadable, match="damaged"):
            reader.frame(1)
        assert reader.frame(2).rgb[0, 0, 0] == 2
        with pytest.raises(OptionInvalid, match="no frame 3"):
            reader.frame(3)
