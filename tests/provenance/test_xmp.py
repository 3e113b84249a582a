"""The source type that picture desks look for, written and read."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.provenance.material import make_movie, packets_of
from understudy.media.exr import encode_exr
from understudy.provenance.xmp import (
    EXR_ATTRIBUTE,
    SOURCE_TYPE,
    append_packet,
    packet,
    source_type_in,
    with_packet,
)


@pytest.mark.parametrize("before", [0, 3 << 20, 9 << 20])
def test_what_is_written_is_found_near_the_start_and_the_end(tmp_path: Path, before: int) -> None:
    path = tmp_path / "still.png"
    path.write_bytes(b"x" * before + packet() + b"y" * 1000)
    assert source_type_in(path) == "compositeWithTrainedAlgorithmicMedia"


def test_an_element_under_another_prefix_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "still.jpg"
    said = SOURCE_TYPE.replace("compositeWithT", "t").encode()
    path.write_bytes(b"\xff\xd8<rdf:D><ext:DigitalSourceType> " + said + b"</ext:DigitalSourceType>")
    assert source_type_in(path) == "trainedAlgorithmicMedia"


def test_a_file_that_says_nothing_has_none(tmp_path: Path) -> None:
    path = tmp_path / "still.png"
    path.write_bytes(b"DigitalSourceType")
    assert source_type_in(path) == ""
    path.write_bytes(b"")
    assert source_type_in(path) == ""


@pytest.mark.parametrize(("ending", "depth"), [(".png", np.uint8), (".tif", np.uint16), (".png", np.uint16)])
def test_a_still_carries_the_packet_and_its_pixels_stay(tmp_path: Path, ending: str, depth: type) -> None:
    picture = np.random.default_rng(0).integers(0, np.iinfo(depth).max, (25, 33, 3)).astype(depth)
    plain = cv2.imencode(ending, picture)[1].tobytes()
    path = tmp_path / f"still{ending}"
    path.write_bytes(with_packet(plain))
    assert np.array_equal(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), picture)
    assert source_type_in(path) == "compositeWithTrainedAlgorithmicMedia"
    if depth == np.uint8 or ending == ".tif":
        with Image.open(path) as image:
            assert image.info.get("xmp", b"") == packet()


def test_what_is_neither_png_nor_tiff_stays_as_it_is() -> None:
    assert with_packet(b"\xff\xd8\xff") == b"\xff\xd8\xff"


@pytest.mark.parametrize("name", ["film.mp4", "film.mov"])
def test_a_movie_carries_the_packet_in_a_box_and_plays_as_before(tmp_path: Path, name: str) -> None:
    movie = make_movie(tmp_path / name)
    before, pictures = movie.read_bytes(), packets_of(movie)
    append_packet(movie)
    after = movie.read_bytes()
    assert after.startswith(before) and after[len(before) + 4 : len(before) + 8] == b"uuid"
    assert int.from_bytes(after[len(before) : len(before) + 4]) == len(after) - len(before)
    assert packets_of(movie) == pictures
    assert source_type_in(movie) == "compositeWithTrainedAlgorithmicMedia"


def test_a_box_without_an_end_takes_no_other_behind_it(tmp_path: Path) -> None:
    movie = tmp_path / "open.mp4"
    movie.write_bytes(b"\0\0\0\x10ftypisom\0\0\0\0" + b"\0\0\0\0mdat" + b"x" * 20)
    with pytest.raises(ValueError, match="closed box"):
        append_packet(movie)
    movie.write_bytes(b"RIFF" + b"x" * 40)
    with pytest.raises(ValueError, match="closed box"):
        append_packet(movie)


def test_of_a_long_film_of_somebody_elses_the_boxes_are_looked_into(tmp_path: Path) -> None:
    def box(kind: bytes, content: bytes) -> bytes:
        return (len(content) + 8).to_bytes(4) + kind + content

    # as QuickTime's own programs have it: moov/udta/XMP_, far from both ends
    said = box(b"moov", box(b"udta", box(b"XMP_", packet())))
    far = box(b"free", b"\0" * (5 << 20))
    film = tmp_path / "theirs.mov"
    film.write_bytes(box(b"ftyp", b"qt  \0\0\0\0") + far + said + far)
    assert source_type_in(film) == "compositeWithTrainedAlgorithmicMedia"
    film.write_bytes(box(b"ftyp", b"qt  \0\0\0\0") + far + box(b"mdat", packet()) + far)
    assert source_type_in(film) == "", "what lies among the pictures is no metadata"


def test_an_exr_says_it_in_an_attribute(tmp_path: Path) -> None:
    still = tmp_path / "still.exr"
    picture = {"": np.zeros((4, 4, 3), np.float32)}
    still.write_bytes(encode_exr(picture, metadata={EXR_ATTRIBUTE: SOURCE_TYPE, "owner": "somebody"}))
    assert source_type_in(still) == "compositeWithTrainedAlgorithmicMedia"
    still.write_bytes(encode_exr(picture, metadata={"owner": "somebody"}))
    assert source_type_in(still) == ""
