"""Results of a clip tool come whole or not at all, also where two windows ask for the same one at once."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.jobs.clips.test_movies import images
from tests.jobs.clips.test_tools import numbers
from tests.media.made import make_movie, numbered
from tests.provenance.material import facts_for
from understudy.errors import FolderUnwritable, OptionInvalid
from understudy.jobs.clips.movies import join
from understudy.jobs.clips.results import made_file, made_folder, require_free_name
from understudy.jobs.clips.tools import denoise, write_frames
from understudy.media.images import encode_png
from understudy.media.options import DenoiseOptions, FrameFileOptions, JoinOptions
from understudy.merging.journal import Journal
from understudy.merging.pictures import MergedFrame, write_merged
from understudy.provenance.sign import marked_of, sign_file
from understudy.provenance.xmp import source_type_in


@pytest.fixture
def together() -> threading.Barrier:
    return threading.Barrier(2, timeout=30)


def test_of_two_movies_of_one_name_made_at_once_both_are_kept_whole_and_one_is_told_where(
    tmp_path: Path, together: threading.Barrier
) -> None:
    out = tmp_path / "cut.v2.mkv"

    def make(piece: bytes) -> str:
        try:
            with made_file(out, [], "Cut.") as (place, _), place.open("wb") as file:
                for _ in range(2):
                    file.write(piece)
                    file.flush()
                    together.wait()
        except FolderUnwritable as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(make, (b"one", b"other")))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut.v2-2.mkv", "cut.v2.mkv"]
    other = tmp_path / "cut.v2-2.mkv"
    assert {out.read_bytes(), other.read_bytes()} == {b"oneone", b"otherother"}
    assert ends[(b"oneone", b"otherother").index(out.read_bytes())] == ""
    assert "cut.v2-2.mkv" in max(ends)


@pytest.mark.parametrize("marked", [False, True])
@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
def test_a_file_that_came_meanwhile_is_not_replaced_and_the_work_is_kept(
    ending: str, marked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))
    make_movie(tmp_path / "v.mp4", 3)
    if marked:
        sign_file(tmp_path / "v.mp4", tmp_path / "v.mp4", facts_for(tmp_path / "v.mp4"))
    out = tmp_path / "out" / f"cut{ending}"
    with (
        pytest.raises(FolderUnwritable, match=f"lies beside it as cut-3{ending}") as raised,
        made_file(out, [tmp_path / "v.mp4"], "Cut.") as (place, _),
    ):
        make_movie(place, 2)
        out.write_bytes(b"somebody's")
        out.with_name(f"cut-2{ending}").write_bytes(b"too")
    assert raised.value.path == out and out.read_bytes() == b"somebody's"
    kept = out.with_name(f"cut-3{ending}")
    assert numbers(kept) == [0, 1] and bool(marked_of([kept])) == marked
    sidecar = {"cut-3.c2pa"} if marked and ending == ".mkv" else set[str]()
    names = {path.name for path in out.parent.iterdir()}
    assert names == {out.name, f"cut-2{ending}", kept.name, *sidecar}


def test_of_two_folders_of_one_name_made_at_once_both_come_whole_and_one_is_told_where(
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
            assert error.path == out and "not replaced" in str(error) and "as frames.v2-2." in str(error)
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(make, (b"one", b"other")))
    assert sorted(ends) == [False, True]
    first, second = (b"one", b"other") if ends[0] else (b"other", b"one")
    for folder, whole in ((out, first), (tmp_path / "frames.v2-2", second)):
        assert [(folder / name).read_bytes() for name in ("000000.png", "000001.png")] == [whole, whole]
    assert sorted(path.name for path in tmp_path.iterdir()) == [out.name, "frames.v2-2"]


@pytest.mark.parametrize("came", ["a file", "an empty folder", "a full folder"])
@pytest.mark.parametrize("marked", [False, True])
def test_a_folder_that_came_meanwhile_is_not_replaced_and_the_work_is_kept(
    came: str, marked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))
    make_movie(tmp_path / "v.mp4", 3)
    if marked:
        sign_file(tmp_path / "v.mp4", tmp_path / "v.mp4", facts_for(tmp_path / "v.mp4"))
    out = tmp_path / "out" / "frames"
    with (
        pytest.raises(FolderUnwritable, match=r"lies beside it as frames-2\.") as raised,
        made_folder(out, [tmp_path / "v.mp4"], "Written.") as (place, _),
    ):
        (place / "0.png").write_bytes(encode_png(numbered(0)))
        out.write_bytes(b"somebody's") if came == "a file" else out.mkdir()
        if came == "a full folder":
            (out / "notes").write_bytes(b"somebody's")
    assert raised.value.path == out and out.is_file() == (came == "a file")
    kept = tmp_path / "out" / "frames-2"
    assert (kept / "0.png").is_file() and bool(marked_of([kept])) == marked
    assert {path.name for path in out.parent.iterdir()} == {"frames", "frames-2"}
    assert came != "a full folder" or [path.name for path in out.iterdir()] == ["notes"]


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


def merged_folder(folder: Path) -> Path:
    """What a merge leaves: its frames, their faces, and its journal."""
    for number in range(3):
        picture = numbered(number)
        write_merged(folder, number, MergedFrame(picture, faces_HWC=picture, is_painted=True))
    Journal(folder).save(complete=True)
    return folder


@pytest.mark.parametrize("part", ["", "000001.png", "faces", "faces/000001.png"])
def test_no_clip_tool_makes_a_film_of_a_merges_own_frames(tmp_path: Path, part: str) -> None:
    source, out = merged_folder(tmp_path / "main") / part, tmp_path / "film.mkv"
    for made in (
        join([images(tmp_path / "other", 2), source], out, JoinOptions()),
        denoise(source, out, DenoiseOptions()),
        write_frames(source, tmp_path / "film", FrameFileOptions()),
    ):
        with pytest.raises(OptionInvalid, match="understudy encode"):
            list(made)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["main", "other"]


def test_merged_frames_that_were_copied_among_others_are_known_as_painted(
    tmp_path: Path,
) -> None:
    folder, copies = merged_folder(tmp_path / "main"), images(tmp_path / "copies", 2)
    (copies / "0002.png").write_bytes((folder / "000002.png").read_bytes())
    list(join([copies], tmp_path / "film.mp4", JoinOptions()))
    assert source_type_in(tmp_path / "film.mp4") == "compositeWithTrainedAlgorithmicMedia"
    (copies / "0002.png").write_bytes(encode_png(numbered(2)))
    list(join([copies], tmp_path / "plain.mp4", JoinOptions()))
    assert not source_type_in(tmp_path / "plain.mp4")
