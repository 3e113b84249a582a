"""The ledger knows every frame of a folder by name and content, and nothing else."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.provenance.material import make_image, make_sequence
from understudy.errors import MarksUnreadable
from understudy.provenance.ledger import LEDGER_NAME, differences, ledger_of


def test_a_ledger_lists_the_hash_of_every_image_and_passes_over_other_files(tmp_path: Path) -> None:
    frames = make_sequence(tmp_path / "frames")
    (frames / "notes.txt").write_text("light from the left")
    make_image(frames / ".hidden.png")
    listed = json.loads(ledger_of(frames))["frames"]
    assert list(listed) == ["0000.png", "0001.png", "0002.png"]
    assert listed["0001.png"] == hashlib.sha256((frames / "0001.png").read_bytes()).hexdigest()


def test_an_untouched_folder_has_no_differences_and_many_are_shortened(tmp_path: Path) -> None:
    frames = make_sequence(tmp_path / "frames")
    (frames / LEDGER_NAME).write_bytes(ledger_of(frames))
    assert differences(frames) == []
    for index in range(5):
        make_image(frames / f"new {index}.png")
    assert differences(frames) == ["5 frames are not in the ledger: new 0.png, new 1.png, new 2.png, …."]


def test_frames_that_were_changed_taken_away_or_renamed_are_named(tmp_path: Path) -> None:
    frames = make_sequence(tmp_path / "frames")
    (frames / LEDGER_NAME).write_bytes(ledger_of(frames))
    (frames / "0000.png").write_bytes(b"another picture")
    (frames / "0002.png").rename(frames / "0009.png")
    assert differences(frames) == [
        "1 frame is changed since it was signed: 0000.png.",
        "1 frame is missing: 0002.png.",
        "1 frame is not in the ledger: 0009.png.",
    ]


@pytest.mark.parametrize("text", ["", "[]", '{"frames": 3}', "\udc00".encode("utf-8", "surrogatepass")])
def test_a_ledger_that_is_none_is_said_plainly(tmp_path: Path, text: str | bytes) -> None:
    data = text if isinstance(text, bytes) else text.encode()
    (tmp_path / LEDGER_NAME).write_bytes(data)
    with pytest.raises(MarksUnreadable, match="can't be read"):
        differences(tmp_path)
