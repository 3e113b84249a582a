"""Marks are read from files: films, single images, folders of images."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.provenance.watermark.footage import HEIGHT, WIDTH, Frames, plain_footage, write_film
from understudy.color import linear_from_srgb
from understudy.media.clip import ColorTags
from understudy.media.color_spaces import ColorSpace
from understudy.media.images import eight_bit
from understudy.media.movie import MovieWriter
from understudy.provenance.watermark.embed import Watermark
from understudy.provenance.watermark.reading import read_watermark, watermark_by_steps

NUMBER = 0x00000000B0B


@pytest.fixture(scope="module")
def marked() -> Frames:
    mark = Watermark(NUMBER)
    return [mark.marked(frame) for frame in plain_footage()]


@pytest.mark.parametrize(("codec", "crf"), [("libx264", 28), ("libx265", 32)])
def test_a_film_is_read_after_strong_compression(marked: Frames, tmp_path: Path, codec: str, crf: int) -> None:
    reading = read_watermark(write_film(tmp_path / "shot.mp4", marked, codec=codec, crf=crf))
    assert reading is not None and reading.found.number == NUMBER


@pytest.mark.parametrize("suffix", [".mov", ".mp4"])
def test_a_film_of_hdr_is_read_as_it_is_and_as_a_grade_shows_it(suffix: str, tmp_path: Path) -> None:
    space, mark = ColorSpace("PQ"), Watermark(NUMBER)
    seen = [linear_from_srgb(frame.astype(np.float32) / 255) for frame in plain_footage()]
    own = [mark.marked(space.from_light(light, np.dtype(np.uint16)), space=space) for light in seen]
    with MovieWriter(
        tmp_path / f"shot{suffix}", width=WIDTH, height=HEIGHT, time_base=Fraction(1, 25), rate=Fraction(25),
        color=ColorTags(9, 1, 9, 16), bit_depth=10, codec="prores" if suffix == ".mov" else "h264",
    ) as writer:  # fmt: skip
        for index, frame in enumerate(own):
            writer.write(frame, index)
    reading = read_watermark(tmp_path / f"shot{suffix}")
    assert reading is not None and reading.found.number == NUMBER
    graded = [eight_bit(space.light_of(frame)) for frame in own]
    reading = read_watermark(write_film(tmp_path / "graded.mp4", graded))
    assert reading is not None and reading.found.number == NUMBER


def test_a_film_is_read_from_its_key_frames(marked: Frames, tmp_path: Path) -> None:
    reading = read_watermark(write_film(tmp_path / "shot.mp4", marked))
    assert reading is not None
    assert reading.found.number == NUMBER
    assert reading.frames < len(marked)


def test_where_key_frames_do_not_suffice_all_frames_are_taken(
    marked: Frames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = write_film(tmp_path / "shot.mp4", marked)
    monkeypatch.setattr("understudy.media.video.VideoClip.key_frames", lambda self, most: iter(()))
    reading = read_watermark(film)
    assert reading is not None and reading.found.number == NUMBER
    assert reading.frames > 1


@pytest.mark.parametrize("ending", ["png", "jpg", "tif"])
def test_a_single_image_is_read(marked: Frames, tmp_path: Path, ending: str) -> None:
    Image.fromarray(marked[0]).save(tmp_path / f"still.{ending}")
    reading = read_watermark(tmp_path / f"still.{ending}")
    assert reading is not None and reading.found.number == NUMBER


def test_a_folder_of_images_is_read_as_one(marked: Frames, tmp_path: Path) -> None:
    for index, frame in enumerate(marked[:3]):
        Image.fromarray(frame).save(tmp_path / f"{index}.png")
    reading = read_watermark(tmp_path)
    assert reading is not None and reading.found.number == NUMBER
    assert reading.frames == 3


def test_a_film_without_a_mark_has_none(tmp_path: Path) -> None:
    assert read_watermark(write_film(tmp_path / "plain.mp4", plain_footage()), everywhere=False) is None


def test_a_search_everywhere_tells_how_far_it_is_and_tries_usual_sizes_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Usual sizes were tried again for every mean of frames, which is an eighth of the time."""
    film = write_film(tmp_path / "plain.mp4", plain_footage(3, width=160, height=120))
    usual: list[bool] = []
    monkeypatch.setattr(
        "understudy.provenance.watermark.reading.look",
        lambda *_, everywhere: usual.append(everywhere),
    )
    shares = list(watermark_by_steps(film))
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1)
    assert len(shares) > 50 and max(np.diff(shares)) < 0.2
    assert usual == [False, False], "of the key frames, and of all"
