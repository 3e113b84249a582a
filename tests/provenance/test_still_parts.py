"""Metadata of stills are found without reading the pixels, and nothing that says something passes unseen."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from understudy.media.exr import encode_exr
from understudy.provenance.still_parts import still_parts
from understudy.provenance.xmp import EXR_ATTRIBUTE, SOURCE_TYPE, packet, source_type_in, with_packet

WORD = "compositeWithTrainedAlgorithmicMedia"
NOISE = np.random.default_rng(0).integers(0, 65535, (300, 400, 3)).astype(np.uint16)


class Counting(io.BytesIO):
    """A file that knows how much of it was read."""

    count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.count += len(data)
        return data


def still(ending: str) -> bytes:
    if ending == ".exr":
        return encode_exr({"": NOISE.astype(np.float32)})
    return cv2.imencode(ending, NOISE)[1].tobytes()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize("ending", [".png", ".tif", ".exr"])
def test_of_a_picture_that_says_nothing_little_is_read(ending: str, tmp_path: Path) -> None:
    data = still(ending)
    assert len(data) > 400_000
    file = Counting(data)
    parts = still_parts(file)
    assert parts is not None
    assert file.count + sum(size for _, size in parts) < 140_000
    (tmp_path / "still").write_bytes(data)
    assert source_type_in(tmp_path / "still") == ""


@pytest.mark.parametrize("order", ["first", "last", "behind the end"])
def test_of_a_png_every_chunk_is_looked_into_and_what_lies_behind(order: str, tmp_path: Path) -> None:
    data = still(".png")
    assert data.endswith(chunk(b"IEND", b""))
    text = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet())
    marked = {
        "first": with_packet(data),
        "last": data[:-12] + text + data[-12:],
        "behind the end": data + packet(),
    }[order]
    (tmp_path / "still").write_bytes(marked)
    assert source_type_in(tmp_path / "still") == WORD


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("below", [False, True])
def test_of_a_tiff_every_directory_is_looked_into(big: bool, below: bool, tmp_path: Path) -> None:
    order = ">" if big else "<"

    def directory(*entries: tuple[int, int, int, int], following: int = 0) -> bytes:
        rows = b"".join(struct.pack(f"{order}HHII", *entry) for entry in entries)
        return struct.pack(f"{order}H", len(entries)) + rows + struct.pack(f"{order}I", following)

    head = b"MM\0*" if big else b"II*\0"
    pixels, said = b"\0" * (5 << 20), packet()
    text_at = 8 + len(pixels)
    first_at = text_at + len(said)
    inner = directory((700, 1, len(said), text_at))
    links = [330] * below
    outer = directory(*[(tag, 4, 1, first_at + 2 + 12 + 4) for tag in links], following=0)
    if not below:
        outer = directory((256, 3, 1, 0), following=first_at + 2 + 12 + 4)
    data = head + struct.pack(f"{order}I", first_at) + pixels + said + outer + inner + b"\0" * (5 << 20)
    (tmp_path / "still.tif").write_bytes(data)
    assert source_type_in(tmp_path / "still.tif") == WORD
    file = Counting(data)
    parts = still_parts(file)
    assert parts is not None and file.count + sum(size for _, size in parts) < 10_000


def test_a_tiff_that_names_one_stretch_again_and_again_is_read_once(tmp_path: Path) -> None:
    count, size = 5000, 1 << 20
    rows = b"".join(struct.pack("<HHII", 1000, 1, size - 100 + (k % 50), 0) for k in range(count))
    data = (b"II*\0" + struct.pack("<IH", 8, count) + rows + b"\0" * 4).ljust(size, b" ")
    parts = still_parts(io.BytesIO(data))
    assert parts == [(0, size - 51)]
    (tmp_path / "still.tif").write_bytes(data)
    assert source_type_in(tmp_path / "still.tif") == ""


def test_a_tiff_that_names_more_directories_than_any_has_is_searched_as_a_whole() -> None:
    size, below = 1 << 20, 100_000
    row = struct.pack("<HHII", 330, 4, below, 100)
    data = (b"II*\0" + struct.pack("<IH", 8, 1) + row + b"\0" * 4).ljust(size, b"\0")
    file = Counting(data)
    assert still_parts(file) is None
    assert file.count < 10_000


def test_a_written_tiff_and_exr_say_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(with_packet(still(".tif")))
    picture = NOISE.astype(np.float32)
    long = {"comments": "x" * 300_000, EXR_ATTRIBUTE: SOURCE_TYPE}
    (tmp_path / "b").write_bytes(encode_exr({"": picture}, metadata=long))
    (tmp_path / "c").write_bytes(encode_exr({"": picture, "light": picture}, metadata=long))
    assert [source_type_in(tmp_path / name) for name in "abc"] == [WORD] * 3


@pytest.mark.parametrize("ending", [".png", ".tif", ".exr"])
def test_a_file_that_is_cut_off_or_spoilt_is_searched_as_a_whole(ending: str, tmp_path: Path) -> None:
    data = still(ending)
    for cut in (8, 9, 20, 100):
        assert still_parts(io.BytesIO(data[:cut])) is None
    (tmp_path / "still").write_bytes(data[:20] + packet())
    assert source_type_in(tmp_path / "still") == WORD


def test_of_other_formats_nothing_is_known() -> None:
    assert still_parts(io.BytesIO(b"\xff\xd8\xff" + b"\0" * 100)) is None
    assert still_parts(io.BytesIO(b"")) is None
