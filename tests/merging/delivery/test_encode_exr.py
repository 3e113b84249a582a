"""EXR files of a finished shot: their clock and pace, one alone, and a full disk."""

from __future__ import annotations

import errno
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.merging.conftest import HEIGHT, WIDTH, drawn_frame
from tests.merging.delivery.test_encode import run
from understudy.errors import DiskFull, OptionInvalid
from understudy.events import Notice
from understudy.files import write_json
from understudy.media.clip import ColorTags
from understudy.media.color_spaces import ColorSpace
from understudy.media.exr import encode_exr, exr_header, exr_rate, exr_timecode, read_exr, read_exr_layers
from understudy.media.images import encode_png
from understudy.media.movie import MovieWriter
from understudy.media.opening import open_clip
from understudy.merging.delivery.options import EncodeOptions, ImageFormat

EXR = EncodeOptions(images="exr")


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A merge that swapped nothing."""
    (tmp_path / "merged").mkdir()
    write_json(tmp_path / "merged" / "merge.json", {"version": 1, "complete": True})
    return tmp_path / "merged"


def test_the_clock_of_dst_goes_on_in_every_file(empty: Path, tmp_path: Path) -> None:
    with MovieWriter(
        tmp_path / "dst.mov", width=WIDTH, height=HEIGHT, time_base=Fraction(1, 24), rate=Fraction(24),
        color=ColorTags(1, 1, 1, 1), timecode="01:00:00:22", preset="ultrafast",
    ) as writer:  # fmt: skip
        for index in range(4):
            writer.write(drawn_frame(index), index)
    run(tmp_path / "dst.mov", empty, tmp_path / "out", EXR)
    heads = [exr_header(path) for path in sorted((tmp_path / "out").glob("*.exr"))]
    clocks = ["01:00:00:22", "01:00:00:23", "01:00:01:00", "01:00:01:01"]
    assert [exr_timecode(head) for head in heads] == clocks
    assert {exr_rate(head) for head in heads} == {Fraction(24)}


def test_the_clock_and_pace_of_exr_footage_go_into_images_and_movies(empty: Path, tmp_path: Path) -> None:
    dst = tmp_path / "shot"
    dst.mkdir()
    for index in range(3):
        picture = drawn_frame(index).astype(np.float32) / 255
        said = {"timecode": f"02:00:00:0{index}", "frames_per_second": Fraction(24)}
        (dst / f"{index}.exr").write_bytes(encode_exr({"": picture}, **said))
    run(dst, empty, tmp_path / "out")
    assert [exr_timecode(exr_header(tmp_path / "out" / f"{k}.exr")) for k in range(3)] == [
        f"02:00:00:0{k}" for k in range(3)
    ]
    run(dst, empty, tmp_path / "out.mov")
    with open_clip(tmp_path / "out.mov") as clip:
        assert (clip.info.rate, clip.info.timecode) == (24, "02:00:00:00")


def test_the_light_of_footage_tagged_pq_is_in_its_exr_files(empty: Path, tmp_path: Path) -> None:
    with MovieWriter(
        tmp_path / "dst.mkv", width=WIDTH, height=HEIGHT, time_base=Fraction(1, 24), rate=Fraction(24),
        color=ColorTags(9, 1, 9, 16), bit_depth=10, codec="ffv1",
    ) as writer:  # fmt: skip
        writer.write(drawn_frame(0, deep=True), 0)
    run(tmp_path / "dst.mkv", empty, tmp_path / "out", EXR)
    with open_clip(tmp_path / "dst.mkv") as clip:
        light = ColorSpace("PQ").light_of(next(iter(clip.frames(deep=True))).rgb)
    assert np.abs(read_exr(tmp_path / "out" / "000000.exr") - light).max() < 0.002 * light.max()


def test_another_colour_space_is_another_file(images: Path, empty: Path, tmp_path: Path) -> None:
    words = EncodeOptions(label="AI", label_size=0.2)
    run(images, empty, tmp_path / "out", words)
    plain = next((tmp_path / "out").iterdir()).read_bytes()
    run(images, empty, tmp_path / "out", words, color_space=ColorSpace("PQ"))
    assert next((tmp_path / "out").iterdir()).read_bytes() != plain


def test_one_picture_becomes_one_exr_with_its_layers(empty: Path, tmp_path: Path) -> None:
    picture = drawn_frame(0).astype(np.float32) / 64
    (tmp_path / "one.exr").write_bytes(encode_exr({"": picture}))
    run(tmp_path / "one.exr", empty, tmp_path / "out.exr")
    assert {"", "plate"} <= set(read_exr_layers(tmp_path / "out.exr"))
    assert np.abs(read_exr(tmp_path / "out.exr") - picture).max() < 0.01 and picture.max() > 2


@pytest.mark.parametrize("kind", ["png", "png16", "tiff", "exr"])
@pytest.mark.parametrize("there_before", [False, True])
def test_a_disk_that_fills_leaves_nothing_half_written(
    kind: ImageFormat,
    there_before: bool,
    images: Path,
    empty: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "out"
    if there_before:
        run(images, empty, out, EncodeOptions(images=kind))
    before = {path.name: path.read_bytes() for path in out.iterdir()} if there_before else None
    monkeypatch.setattr(Path, "write_bytes", _full_after(2))
    with pytest.raises(DiskFull):
        run(images, empty, out, EncodeOptions(images=kind, content="picture", label="new"))
    monkeypatch.undo()
    assert (before is None) == (not out.exists())
    if before is not None:
        assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    run(images, empty, out, EncodeOptions(images=kind, label="new"))
    assert len(list(out.iterdir())) == 6


def _full_after(count: int) -> Callable[[Path, bytes], int]:
    whole, written = Path.write_bytes, list[Path]()

    def write(self: Path, data: bytes) -> int:
        written.append(self)
        if len(written) > count:
            whole(self, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device", str(self))
        return whole(self, data)

    return write


def test_a_folder_of_one_finished_image_is_never_without_marks(empty: Path, tmp_path: Path) -> None:
    clip = tmp_path / "still.png"
    clip.write_bytes(encode_png(np.zeros((20, 20, 3), np.uint8)))
    closed = {"closed_production": "for the compositor"}
    with pytest.raises(OptionInvalid, match=r"One \.png is a finished still"):
        run(clip, empty, tmp_path / "a", EncodeOptions.model_validate(closed))
    assert not (tmp_path / "a").exists()
    run(clip, empty, tmp_path / "b", EncodeOptions.model_validate({**closed, "images": "exr"}))
    assert (tmp_path / "b").is_dir()


def test_primaries_of_exr_footage_go_on_and_what_is_left_behind_or_assumed_is_told(
    empty: Path, tmp_path: Path
) -> None:
    dst, primaries = tmp_path / "shot", (0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32, 0.34)
    dst.mkdir()
    for number in (1, 2, 4):
        picture = np.dstack([drawn_frame(number), drawn_frame(number)[..., :1]]).astype(np.float32) / 255
        data = encode_exr({"": picture, "light": picture}, chromaticities=primaries)
        (dst / f"{number}.exr").write_bytes(data)
    told = " ".join(event.text for event in run(dst, empty, tmp_path / "out") if isinstance(event, Notice))
    assert "transparency" in told and "4 more channels" in told and "frames a second" not in told
    assert exr_header(tmp_path / "out" / "1.exr")["chromaticities"] == pytest.approx(primaries)
    told = " ".join(event.text for event in run(dst, empty, tmp_path / "o.mov") if isinstance(event, Notice))
    assert "25 frames a second" in told and "1 number is left out" in told
