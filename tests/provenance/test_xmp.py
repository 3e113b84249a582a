"""The source type that picture desks look for, written and read."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from understudy.provenance.xmp import SOURCE_TYPE, packet, source_type_in, with_packet


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
