"""Results of a clip tool come whole or not at all, also where two windows ask for the same one at once."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from understudy.errors import FolderUnwritable
from understudy.jobs.clips.results import made_file, made_folder, require_free_name


@pytest.fixture
def together() -> threading.Barrier:
    return threading.Barrier(2, timeout=30)


def test_two_movies_of_one_name_made_at_once_do_not_take_each_others_half(
    tmp_path: Path, together: threading.Barrier
) -> None:
    out = tmp_path / "cut.v2.mkv"

    def make(piece: bytes) -> None:
        with made_file(out, [], "Cut.") as (place, _), place.open("wb") as file:
            for _ in range(2):
                file.write(piece)
                file.flush()
                together.wait()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(make, (b"one", b"other")))
    assert out.read_bytes() in (b"oneone", b"otherother")
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


def test_of_two_folders_of_one_name_made_at_once_one_comes_whole_and_the_other_is_told(
    tmp_path: Path, together: threading.Barrier
) -> None:
    out = tmp_path / "frames.v2"

    def make(piece: bytes) -> bool:
        try:
            with made_folder(out, [], "Written.") as (place, _):
                for name in ("000000.png", "000001.png"):
                    (place / name).write_bytes(piece)
                    together.wait()
        except FolderUnwritable as error:
            assert error.path == out and "not replaced" in str(error)
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(make, (b"one", b"other")))
    assert sorted(ends) == [False, True]
    whole = b"one" if ends[0] else b"other"
    assert [(out / name).read_bytes() for name in ("000000.png", "000001.png")] == [whole, whole]
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


@pytest.mark.parametrize(("name", "ending"), [("cut.v2.mkv", ".unsigned.mkv"), ("frames", ".partial")])
def test_what_a_killed_process_left_half_made_goes_with_the_next_of_that_name(
    tmp_path: Path, name: str, ending: str
) -> None:
    stem = name.removesuffix(".mkv")
    killed, at_work = (tmp_path / f".{stem}.3.{process}{ending}" for process in (4194999, os.getpid()))
    for left in (killed, at_work):
        left.write_bytes(b"half") if name.endswith(".mkv") else left.mkdir()
    require_free_name(tmp_path / name)
    assert list(tmp_path.iterdir()) == [at_work]


def test_a_finished_folder_that_a_kill_had_moved_away_is_no_free_name(tmp_path: Path) -> None:
    (tmp_path / ".frames.3.4194999.replaced").mkdir()
    with pytest.raises(FolderUnwritable, match="there already"):
        require_free_name(tmp_path / "frames")
    assert [path.name for path in tmp_path.iterdir()] == ["frames"]
