"""What lies beside a finished shot is made again alone, and replaces nobody's file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from understudy.events import Made, Notice
from understudy.files import write_json
from understudy.media.images import encode_png
from understudy.media.opening import open_clip
from understudy.merging.delivery.beside import transform_path, window_places
from understudy.merging.delivery.encode import encode
from understudy.merging.delivery.options import EncodeOptions
from understudy.merging.delivery.report import report_paths

MISSED = [{"frame": 0, "reason": "no face"}]


def plain(grey: int) -> bytes:
    return encode_png(np.full((96, 128, 3), grey, np.uint8))


@pytest.fixture
def merged(tmp_path: Path) -> Path:
    folder = tmp_path / "merged"
    (folder / "masks").mkdir(parents=True)
    for index in (2, 3):
        mask = np.zeros((96, 128), np.uint8)
        mask[40:60, 30 + 8 * index : 60 + 8 * index] = 255
        (folder / f"{index:06d}.png").write_bytes(plain(90))
        (folder / "masks" / f"{index:06d}.png").write_bytes(encode_png(mask))
    write_json(folder / "merge.json", {"version": 1, "complete": True})
    crop = {"crop_from_frame": [[1, 0, 0], [0, 1, 0]], "size_px": 96}
    write_json(folder / "crops.json", {"frames": {"2": [crop]}})
    return folder


def run(clip: Path, merged: Path, out: Path, *, content: str = "face") -> list:
    options = EncodeOptions().changed(content=content, window=True)
    trash = merged.parent / "trash"
    return list(encode(clip, merged_folder=merged, out=out, options=options, unswapped=MISSED, trash=trash))


def test_what_is_missing_is_written_again_as_it_was_and_the_shot_is_not_made_again(
    images: Path, merged: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run(images, merged, out)
    beside = [transform_path(out), *report_paths(out)]
    before = {path: path.read_bytes() for path in beside}
    made = (out / "take5.png").stat().st_mtime_ns
    for path in beside:
        path.unlink()
        events = run(images, merged, out)
        assert [event.path for event in events if isinstance(event, Made)] == [path]
        assert path.read_bytes() == before[path] and not events[-1].skipped
    assert (out / "take5.png").stat().st_mtime_ns == made
    assert run(images, merged, out)[-1].skipped


def test_where_windows_lie_is_the_same_with_and_without_reading_dst(
    images: Path, merged: Path, tmp_path: Path
) -> None:
    run(images, merged, tmp_path / "out")
    told = json.loads(transform_path(tmp_path / "out").read_text())["frames"]
    with open_clip(images) as clip:
        assert window_places(clip, merged, range(clip.info.frame_count)) == told
    assert "faces" in told[2] and "faces" not in told[3]


def test_files_of_one_name_with_other_endings_tell_apart_where_their_windows_lie(
    images: Path, merged: Path, tmp_path: Path
) -> None:
    for again in range(2):
        for name in ("o", "o.mkv"):
            events = run(images, merged, tmp_path / name, content="mask")
            assert not any(isinstance(event, Notice) for event in events if "transform" in str(event))
            assert events[-1].skipped == bool(again)
    told = {path.name: json.loads(path.read_text())["file"] for path in tmp_path.glob("*.transform.json")}
    assert told == {"o.transform.json": "o", "o.mkv.transform.json": "o.mkv"}
    assert not (tmp_path / "trash").exists()


@pytest.mark.parametrize("name", ["out.report.json", "out.report.txt", "out.transform.json"])
def test_a_file_of_somebody_elses_goes_to_the_trash_and_our_own_does_not(
    images: Path, merged: Path, tmp_path: Path, name: str
) -> None:
    trash = tmp_path / "trash"
    (tmp_path / name).write_bytes(b"my notes")
    events = run(images, merged, tmp_path / "out")
    (kept,) = trash.iterdir()
    assert kept.read_bytes() == b"my notes"
    assert any(isinstance(e, Notice) and name in e.text and str(kept) in e.text for e in events)
    (merged / "000003.png").write_bytes(plain(0))
    run(images, merged, tmp_path / "out")
    assert len(list(trash.iterdir())) == 1
    with (tmp_path / name).open("a") as ours:
        ours.write("with notes")
    (merged / "000003.png").write_bytes(plain(1))
    run(images, merged, tmp_path / "out")
    assert len(list(trash.iterdir())) == 2
