"""The source type that picture desks look for, written and read."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.provenance.xmp import SOURCE_TYPE, packet, source_type_in


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
