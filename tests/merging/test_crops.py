"""The matrix that is told of a painted face is the one its model's crop was cut with."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.merging.conftest import Painter, landmarks
from tests.merging.test_merge import MakeFaceset, run
from understudy import geometry
from understudy.media.exr import exr_header
from understudy.merging.crops import crops_of
from understudy.merging.delivery.encode import encode
from understudy.merging.delivery.options import EncodeOptions
from understudy.merging.journal import CROPS_NAME


def test_every_painted_face_has_its_crop_and_it_goes_into_the_files(
    movie: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    faces, merged = faceset({1: [landmarks()], 4: [landmarks(70), landmarks(30)]}), tmp_path / "merged"
    run(movie, faces, painter, merged)
    crops = crops_of(merged)
    assert {frame: len(entries) for frame, entries in crops.items()} == {1: 1, 4: 2}
    (one,) = crops[1]
    assert (one["model"], one["face_type"], one["size_px"], one["person"]) == ("painter", "full", 32, 1)
    expected = geometry.crop_from_frame(landmarks(), face_type="full", size_px=32)
    assert one["crop_from_frame"] == pytest.approx(np.round(expected, 6), abs=1e-3)
    for options in (EncodeOptions(images="exr"), EncodeOptions(window=True)):
        list(encode(movie, merged_folder=merged, out=tmp_path / f"o{options.window}", options=options))
    told = json.loads((tmp_path / "oTrue.transform.json").read_text())["frames"]
    assert told[1]["faces"] == crops[1] and "faces" not in told[0] and len(told[4]["faces"]) == 2
    head = json.loads(exr_header(tmp_path / "oFalse" / "000004.exr")["understudy"])
    assert head["faces"] == crops[4]


def test_a_merge_that_is_run_again_gives_missing_crops_and_keeps_good_ones(
    movie: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    faces, merged = faceset({1: [landmarks()]}), tmp_path / "merged"
    run(movie, faces, painter, merged)
    first = (merged / CROPS_NAME).stat().st_mtime_ns
    run(movie, faces, painter, merged)
    assert (merged / CROPS_NAME).stat().st_mtime_ns == first
    (merged / CROPS_NAME).unlink()
    assert run(movie, faces, painter, merged).skipped and list(crops_of(merged)) == [1]
