"""`studio/receiving.py`."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from tests.jobs.conftest import write_wall
from understudy.errors import DiskFull, UploadRefused, UploadUnknown
from understudy.studio.receiving import AT_ONCE, LARGEST_BYTES, Receiving, Upload


@pytest.fixture
def movie(tmp_path: Path) -> bytes:
    """A small clip's bytes."""
    return write_wall(tmp_path / "wall.mp4").read_bytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where clips go."""
    return tmp_path / "shot" / "clips"


def _send(receiving: Receiving, upload: Upload, data: bytes) -> None:
    piece = receiving.piece(upload, upload.have_bytes)
    try:
        piece.write(data)
    finally:
        piece.close()


def _all(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".receiving.lock")


def test_a_clip_in_three_pieces_is_the_clip(folder: Path, movie: bytes) -> None:
    taking = Receiving()
    upload = taking.begin(folder, "Wand 影.mp4", len(movie))
    third = len(movie) // 3
    for part in (movie[:third], movie[third : 2 * third], movie[2 * third :]):
        assert [name for name in _all(folder) if not name.startswith(".")] == []
        _send(taking, upload, part)
    path = taking.finish(upload)
    assert path == folder / "Wand 影.mp4" and path.read_bytes() == movie and _all(folder) == [path.name]


def test_a_second_clip_of_the_same_name_takes_another(folder: Path, movie: bytes) -> None:
    taking = Receiving()
    for _ in range(2):
        upload = taking.begin(folder, "a.mp4", len(movie))
        _send(taking, upload, movie)
        taking.finish(upload)
    assert _all(folder) == ["a-2.mp4", "a.mp4"]


@pytest.mark.parametrize(
    ("name", "becomes"),
    [
        ("../../etc/a.mp4", "a.mp4"),
        ("..\\..\\a.mp4", "a.mp4"),
        ("/etc/a.mp4", "a.mp4"),
        (".hidden.mp4", "hidden.mp4"),
        ("a\x00b\n.mp4", "a_b_.mp4"),
        ("con.mp4", "_con.mp4"),
        ("C:a.MP4", "C_a.MP4"),
    ],
)
def test_a_name_leads_nowhere_else(folder: Path, name: str, becomes: str) -> None:
    assert Receiving().begin(folder, name, 5).name == becomes
    assert len(list(folder.iterdir())) == 1 and len(list(folder.parent.iterdir())) == 1


@pytest.mark.parametrize(
    "name", ["a.exe", "a", "mp4", "a.m3u8", "a.mp4.sh", "understudy.toml", "", "..", "a.html"]
)
def test_what_is_no_clip_by_its_name_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(UploadRefused, match="no clip"):
        Receiving().begin(folder, name, 5)


@pytest.mark.parametrize(
    "content",
    [
        b"#EXTM3U\nhttp://evil.example/a.ts\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"<script>alert(1)</script>",
        b"\x7fELF" + bytes(100),
    ],
)
def test_what_only_calls_itself_a_clip_is_refused_and_removed(folder: Path, content: bytes) -> None:
    taking = Receiving()
    upload = taking.begin(folder, "a.mp4", len(content))
    _send(taking, upload, content)
    with pytest.raises(UploadRefused, match=r"^a\.mp4 was not taken\. ") as refused:
        taking.finish(upload)
    assert "partial" not in str(refused.value)  # where it lay meanwhile is nobody's matter
    assert _all(folder) == []
    with pytest.raises(UploadUnknown):
        taking.get(upload.id)


def test_more_than_was_said_is_refused(folder: Path) -> None:
    taking = Receiving()
    upload = taking.begin(folder, "a.mp4", 10)
    with pytest.raises(UploadRefused, match="larger"):
        _send(taking, upload, b"x" * 11)
    assert upload.have_bytes == 0 and upload.aside.stat().st_size == 0


def test_less_than_was_said_is_no_clip_yet(folder: Path, movie: bytes) -> None:
    taking = Receiving()
    upload = taking.begin(folder, "a.mp4", len(movie))
    _send(taking, upload, movie[:-1])
    with pytest.raises(UploadRefused, match="Only"):
        taking.finish(upload)
    _send(taking, upload, movie[-1:])
    assert taking.finish(upload).read_bytes() == movie


def test_a_piece_comes_again_from_where_the_file_ends(folder: Path) -> None:
    taking = Receiving()
    upload = taking.begin(folder, "a.mp4", 10)
    _send(taking, upload, b"abc")
    with pytest.raises(UploadRefused, match="goes on at 3"):
        taking.piece(upload, 0)
    with upload.aside.open("ab") as file:
        file.write(b"written, but not counted when the connection was lost")
    _send(taking, upload, b"def")
    assert upload.aside.read_bytes() == b"abcdef"


def test_two_pieces_at_once_are_refused(folder: Path) -> None:
    taking = Receiving()
    upload = taking.begin(folder, "a.mp4", 10)
    piece = taking.piece(upload, 0)
    with pytest.raises(UploadRefused, match="just coming"):
        taking.piece(upload, 0)
    piece.close()
    taking.piece(upload, 0).close()


@pytest.mark.parametrize("size", [0, -1, LARGEST_BYTES + 1])
def test_an_impossible_size_is_refused(folder: Path, size: int) -> None:
    with pytest.raises(UploadRefused, match="empty or larger"):
        Receiving().begin(folder, "a.mp4", size)


def test_what_the_disk_has_no_room_for_is_refused_before_it_comes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    taking = Receiving()
    taking.begin(folder, "a.mp4", 600)
    with pytest.raises(DiskFull):
        taking.begin(folder, "b.mp4", 600)


def test_only_so_many_come_at_once(folder: Path) -> None:
    taking = Receiving()
    uploads = [taking.begin(folder, f"{n}.mp4", 5) for n in range(AT_ONCE)]
    with pytest.raises(UploadRefused, match="on their way"):
        taking.begin(folder, "more.mp4", 5)
    taking.cancel(uploads[0])
    taking.begin(folder, "more.mp4", 5)


def test_a_cancelled_clip_leaves_nothing_and_takes_no_more(folder: Path) -> None:
    taking = Receiving()
    upload = taking.begin(folder, "a.mp4", 10)
    piece = taking.piece(upload, 0)
    piece.write(b"abc")
    taking.cancel(upload)
    with pytest.raises(UploadUnknown):
        piece.write(b"def")
    piece.close()
    assert _all(folder) == [] and upload.held is None


def test_one_that_was_left_is_forgotten(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taking = Receiving()
    left = taking.begin(folder, "a.mp4", 10)
    left.touched -= 90_000
    taking.begin(folder, "b.mp4", 10)
    with pytest.raises(UploadUnknown):
        taking.get(left.id)


def test_a_clip_that_was_left_goes_on_where_it_was_when_the_same_file_is_chosen_again(
    folder: Path, movie: bytes
) -> None:
    taking = Receiving()
    left = taking.begin(folder, "a.mp4", len(movie), "print")
    _send(taking, left, movie[:1000])
    again = taking.begin(folder, "a.mp4", len(movie), "print")
    assert again is left and again.have_bytes == 1000
    _send(taking, again, movie[1000:])
    assert taking.finish(again).read_bytes() == movie and _all(folder) == ["a.mp4"]
    assert taking.begin(folder, "a.mp4", len(movie), "print").have_bytes == 0


@pytest.mark.parametrize(("name", "more", "print"), [("b.mp4", 0, "p"), ("a.mp4", 1, "p"), ("a.mp4", 0, "q")])
def test_another_file_begins_from_nothing(folder: Path, name: str, more: int, print: str) -> None:
    taking = Receiving()
    left = taking.begin(folder, "a.mp4", 10, "p")
    _send(taking, left, b"abc")
    other = taking.begin(folder, name, 10 + more, print)
    assert other.have_bytes == 0 and other.aside != left.aside


def test_after_a_kill_all_but_what_the_disk_may_lack_is_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("understudy.studio.receiving._UNSURE_BYTES", 3)
    killed = Receiving()
    left = killed.begin(folder, "a.mp4", 10, "print")
    _send(killed, left, b"abcdefg")
    taking = Receiving()
    assert taking.begin(folder, "a.mp4", 10, "print").have_bytes == 0, "another studio may be writing it now"
    left.let_go()
    os.utime(left.aside, (time.time() - 60, time.time() - 60))
    again = Receiving().begin(folder, "a.mp4", 10, "print")
    assert again.have_bytes == 4
    _send(taking, again, b"EFGHIJ")
    assert again.aside.read_bytes() == b"abcdEFGHIJ"


def test_two_studios_that_take_the_same_file_do_not_meet_however_long_one_is_silent(
    folder: Path, movie: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("understudy.studio.receiving._UNSURE_BYTES", 100)
    first, second = Receiving(), Receiving()
    slow = first.begin(folder, "a.mp4", len(movie), "print")
    _send(first, slow, movie[:1000])
    os.utime(slow.aside, (time.time() - 60, time.time() - 60))
    other = second.begin(folder, "a.mp4", len(movie), "print")
    assert other.aside != slow.aside and other.have_bytes == 0
    second.piece(other, 0).close()
    for taking, upload in ((first, slow), (second, other)):
        _send(taking, upload, movie[upload.have_bytes :])
        assert taking.finish(upload).read_bytes() == movie


@pytest.mark.parametrize("whole", [True, False])
def test_a_file_that_lost_a_part_on_the_disk_is_not_filled_up_with_zeros(folder: Path, whole: bool) -> None:
    taking = Receiving()
    upload = taking.begin(folder, "a.mp4", 10)
    _send(taking, upload, b"abcdefghij" if whole else b"abcdef")
    os.truncate(upload.aside, 4)
    with pytest.raises(UploadUnknown, match="gone from the disk"):
        taking.finish(upload) if whole else taking.piece(upload, 6)
    assert _all(folder) == []


def test_only_what_the_disk_took_counts_as_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taking = Receiving()
    upload = taking.begin(folder, "a.mp4", 10)
    piece = taking.piece(upload, 0)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    piece.write(b"abc")
    assert upload.aside.read_bytes() == b"abc" and upload.have_bytes == 3
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull):
        piece.close()
    monkeypatch.undo()
    _send(taking, upload, b"defghij")
    assert upload.aside.read_bytes() == b"abcdefghij"


def test_two_windows_that_send_the_same_file_do_not_meet(folder: Path) -> None:
    taking = Receiving()
    first = taking.begin(folder, "a.mp4", 10, "print")
    piece = taking.piece(first, 0)
    second = taking.begin(folder, "a.mp4", 10, "print")
    assert second.aside != first.aside
    piece.close()


def test_those_that_were_left_hold_no_place(folder: Path) -> None:
    taking = Receiving()
    for number in range(AT_ONCE):
        taking.begin(folder, f"{number}.mp4", 5, "print").touched -= 700
    taking.begin(folder, "more.mp4", 5)


def test_what_a_killed_studio_left_is_removed_by_the_next(folder: Path) -> None:
    killed = Receiving().begin(folder, "a.mp4", 10)
    os.utime(killed.aside, (1, 1))
    other = Receiving().begin(folder, "b.mp4", 10)
    assert not killed.aside.exists() and other.aside.exists()


def test_one_that_comes_whole_while_another_begins_is_no_error(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / ".1.partial.mp4").symlink_to(folder / "elsewhere.mp4")  # listed, and not there
    assert Receiving().begin(folder, "a.mp4", 10).aside.exists()


def test_one_whose_file_was_taken_away_makes_room_for_another(folder: Path) -> None:
    receiving = Receiving()
    upload = receiving.begin(folder, "a.mp4", 10)
    upload.aside.unlink()
    with pytest.raises(UploadUnknown, match="gone from the disk"):
        receiving.piece(upload, 0)
    assert not upload.writing.locked()
    for _ in range(AT_ONCE):
        receiving.begin(folder, "a.mp4", 10)
