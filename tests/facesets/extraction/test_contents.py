"""A folder's content is told by all of it, and what an earlier version recorded still fits what it was of."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from understudy.facesets.extraction.contents import known_contents
from understudy.facesets.extraction.found import FoundLog, clip_content, clip_identity, found_path
from understudy.facesets.extraction.journal import Journal
from understudy.facesets.extraction.redone import redone_path


@pytest.fixture
def shot(tmp_path: Path) -> Path:
    """Uncompressed frames: all of one size."""
    folder = tmp_path / "shot"
    folder.mkdir()
    for number in range(100):
        (folder / f"{number:03d}.bmp").write_bytes(bytes([number]) * 300_000)
    return folder


def older_content(folder: Path) -> str:
    """By the rule of versions that looked into the first file alone."""
    files = sorted(folder.iterdir())
    said = b"".join(f"{file.name}\0{file.stat().st_size}\0".encode() for file in files)
    digest = hashlib.sha256(said + files[0].read_bytes()[: 1 << 20]).hexdigest()
    return f"{sum(file.stat().st_size for file in files)}-{digest[:32]}"


def rendered_anew(folder: Path, *, bars: int = 0) -> None:
    """All frames but the first get other pictures of the same size, between bars that stay."""
    for file in sorted(folder.iterdir())[1:]:
        data = bytearray(file.read_bytes())
        data[bars : len(data) - bars] = bytes([200]) * (len(data) - 2 * bars)
        file.write_bytes(data)


@pytest.mark.parametrize("bars", [0, 100_000])
def test_a_sequence_that_was_rendered_anew_is_another_content(shot: Path, bars: int) -> None:
    before = clip_identity(shot)
    assert clip_identity(shot) == before
    rendered_anew(shot, bars=bars)
    assert clip_identity(shot) != before


@pytest.mark.parametrize("count", [0, 1, 2, 33])
def test_folders_of_any_length_have_one(tmp_path: Path, count: int) -> None:
    for number in range(count):
        (tmp_path / f"{number}.bmp").write_bytes(b"x")
    assert clip_identity(tmp_path).size_bytes == count


def test_what_was_recorded_by_the_older_rule_is_told_by_it_as_long_as_it_fits(shot: Path) -> None:
    older, now = older_content(shot), clip_content(shot)
    assert older != now
    assert clip_content(shot, known={older}) == older and clip_content(shot, known={now, older}) == now
    assert clip_content(shot, known={"of something else"}) == now
    (shot / "000.bmp").write_bytes(b"\xff" * 300_000)
    assert clip_content(shot, known={older}) == clip_content(shot) != now


def test_what_is_known_lies_with_the_finds_the_faces_and_what_was_done_again(tmp_path: Path) -> None:
    places = {"cache": tmp_path / "cache", "faceset_folder": tmp_path / "faces", "manual": tmp_path / "manual"}
    assert known_contents("dst", **places) == set()
    for path, content in (
        (found_path(places["cache"], "dst"), "searched"),
        (redone_path(places["manual"], "dst"), "again"),
    ):
        with FoundLog.open(path, {"content": content}):
            pass
    with Journal(places["faceset_folder"]) as journal:
        journal.note_face("dst", content="written", frame=0, person=1)
    assert known_contents("dst", **places) == {"searched", "again", "written"}
