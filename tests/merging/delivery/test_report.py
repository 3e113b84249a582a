"""The report names each frame that was not swapped."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.merging.delivery.test_encode import run
from understudy.events import Notice
from understudy.media.images import encode_png
from understudy.merging.delivery.encode import encode
from understudy.merging.delivery.options import EncodeOptions
from understudy.merging.delivery.report import report_of, report_paths


@pytest.fixture
def merged(tmp_path: Path) -> Path:
    """The frames of a merge that swapped one."""
    folder = tmp_path / "merged"
    folder.mkdir()
    (folder / "000001.png").write_bytes(encode_png(np.zeros((96, 128, 3), np.uint8)))
    return folder


def test_every_unswapped_frame_is_listed_with_its_reason(tmp_path: Path) -> None:
    missed = [{"frame": 1, "reason": "no face"}, {"frame": 4, "reason": "deleted"}]
    told = report_of(tmp_path / "out.mp4", frames=6, unswapped=missed)
    about, text = (told[path] for path in report_paths(tmp_path / "out.mp4"))
    assert (about["swapped"], about["unswapped"]) == (4, missed)
    assert text.splitlines() == [
        "out.mp4: 4 of 6 frames are swapped.",
        "frame 1: no face",
        "frame 4: deleted",
    ]


def test_the_report_lies_beside_the_shot_where_it_is_asked_for(
    images: Path, merged: Path, tmp_path: Path
) -> None:
    missed = [{"frame": 0, "reason": "no face"}]
    list(encode(images, merged_folder=merged, out=tmp_path / "o", options=EncodeOptions(), unswapped=missed))
    assert json.loads((tmp_path / "o.report.json").read_text())["unswapped"] == missed


def test_a_report_that_is_missing_is_made_by_the_same_command_again(
    images: Path, merged: Path, tmp_path: Path
) -> None:
    movie, out = images, tmp_path / "out.mp4"
    for path in report_paths(out):
        assert not run(movie, merged, out, unswapped=[{"frame": 0, "reason": "no face"}])[-1].skipped
        assert run(movie, merged, out, unswapped=[{"frame": 0, "reason": "no face"}])[-1].skipped
        path.unlink()
    run(movie, merged, out, unswapped=[{"frame": 0, "reason": "no face"}])
    assert all(path.is_file() for path in report_paths(out))


def test_files_of_one_name_with_other_endings_have_reports_of_their_own(
    images: Path, merged: Path, tmp_path: Path
) -> None:
    trash = tmp_path / "trash"
    for again in range(2):
        for name in ("o.mp4", "o.mov", "o"):
            events = run(images, merged, tmp_path / name, unswapped=[], trash=trash)
            assert not any(isinstance(event, Notice) for event in events if "report" in str(event))
            assert events[-1].skipped == bool(again)
    assert {path.name: json.loads(path.read_text())["file"] for path in tmp_path.glob("*.report.json")} == {
        "o.report.json": "o.mp4",
        "o.mov.report.json": "o.mov",
        "o.images.report.json": "o",
    }
    assert len([*tmp_path.glob("*.report.txt")]) == 3 and not trash.exists()
    for path in report_paths(tmp_path / "o.mp4"):
        path.unlink()
    (_, text) = report_paths(tmp_path / "o.mov")
    assert text.name == "o.mov.report.txt", "it stays where it is"
