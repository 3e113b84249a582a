import errno
import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy import files
from understudy.errors import DiskFull, FolderUnwritable, NameTaken

NAME = "Prøjekt 影.json"


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_whole_and_nothing_else_stays(tmp_path):
    with files.written_aside(tmp_path / "new" / NAME) as aside:
        aside.write_text("whole")
        assert not (tmp_path / "new" / NAME).exists()
        assert aside.suffix == ".json"
        assert aside.name.startswith(".")
    assert (tmp_path / "new" / NAME).read_text() == "whole"
    assert left_in(tmp_path / "new") == [NAME]


def test_threads_that_write_one_file_at_once_do_not_take_each_others_half(tmp_path):
    """Two windows of the studio did: one found its half gone, and answered with an error."""
    path, together = tmp_path / NAME, threading.Barrier(2, timeout=30)

    def write(text: str) -> None:
        with files.written_aside(path) as aside:
            aside.write_text(text)
            together.wait()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(write, text) for text in ("one", "other")]:
            done.result()
    assert path.read_text() in ("one", "other")
    assert [each.name for each in tmp_path.iterdir()] == [NAME]


def test_of_threads_that_make_one_folder_at_once_the_first_wins_and_the_other_is_told(tmp_path):
    path, together = tmp_path / "run.2", threading.Barrier(2, timeout=30)

    def make(text: str) -> FolderUnwritable | None:
        try:
            with files.folder_written_aside(path) as aside:
                (aside / "a").write_text(text)
                together.wait()
                (aside / "b").write_text(text)
        except FolderUnwritable as error:
            return error
        return None

    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(make, ("one", "other")))
    told = [error for error in ends if error is not None]
    assert len(told) == 1 and told[0].path == path and "has come meanwhile" in str(told[0])
    assert (path / "a").read_text() == (path / "b").read_text() == ("one" if ends[0] is None else "other")
    assert left_in(tmp_path) == ["run.2"]


def test_a_folder_half_made_by_a_dead_process_of_our_number_goes_and_one_being_made_stays(tmp_path):
    pid = os.getpid()
    dead = [
        tmp_path / f".{name}.partial"
        for name in (f"run.{pid}", f"run.7.{pid}", f"run.7.{pid}-{files.machine_word()}")
    ]
    others = [
        tmp_path / f".{name}.partial" for name in (f"walk.7.{pid}", f"run.7.{pid}9", f"run.7.{pid}-another")
    ]
    for left in (*dead, *others):
        left.mkdir()
    with files.folder_written_aside(tmp_path / "run") as one:
        (one / "a").write_text("whole")
        with pytest.raises(RuntimeError), files.folder_written_aside(tmp_path / "run") as other:
            assert files.is_written_now(one) and files.is_written_now(other)
            raise RuntimeError
        assert not files.is_written_now(other) and not files.is_written_now(others[0])
    assert (tmp_path / "run" / "a").read_text() == "whole"
    assert left_in(tmp_path) == sorted(["run", *(left.name for left in others)])


def test_a_failed_write_leaves_the_old_file_as_it_was(tmp_path):
    files.write_text(tmp_path / NAME, "old")
    with pytest.raises(RuntimeError), files.written_aside(tmp_path / NAME) as aside:
        aside.write_text("half")
        raise RuntimeError
    assert (tmp_path / NAME).read_text() == "old"
    assert left_in(tmp_path) == [NAME]


KILLED = """
import os, signal, sys
from pathlib import Path
from understudy.files import written_aside
with written_aside(Path(sys.argv[1])) as aside:
    aside.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_killed_while_writing_leaves_the_old_file_as_it_was(tmp_path):
    files.write_text(tmp_path / NAME, "old")
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path / NAME], check=False)
    assert done.returncode == -9
    assert (tmp_path / NAME).read_text() == "old"


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EFBIG, DiskFull),
        (errno.EACCES, FolderUnwritable),
        (errno.EROFS, FolderUnwritable),
        (errno.ENOTDIR, FolderUnwritable),
    ],
)
def test_a_refusal_of_the_system_is_said_plainly(tmp_path, number, error):
    with pytest.raises(error) as caught, files.written_aside(tmp_path / NAME):
        raise OSError(number, os.strerror(number))
    assert caught.value.path == tmp_path / NAME
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(("number", "error"), [(errno.ENOSPC, DiskFull), (errno.EACCES, FolderUnwritable)])
def test_a_refusal_while_a_whole_folder_is_copied_is_said_plainly_too(tmp_path, number, error):
    """The copy tells it in words alone."""
    files.write_text(tmp_path / NAME / "a.txt", "1")

    def refused(*_):
        raise OSError(number, os.strerror(number))

    with pytest.raises(error), files.said_plainly(tmp_path):
        shutil.copytree(tmp_path / NAME, tmp_path / "copy", copy_function=refused)


def test_a_refusal_that_is_nobodys_fault_stays_what_it_is(tmp_path):
    with pytest.raises(OSError, match="Input/output") as caught, files.written_aside(tmp_path / NAME):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    assert caught.value.errno == errno.EIO


def test_a_place_that_the_system_makes_up_is_said_plainly_and_a_usual_one_stays_as_it_was(
    tmp_path, monkeypatch
):
    files.require_writable(tmp_path / "new" / "deep")
    assert left_in(tmp_path) == []

    def refused(*_, **__):
        raise FileNotFoundError(errno.ENOENT, "as in /proc")

    monkeypatch.setattr(Path, "touch", refused)
    with pytest.raises(FolderUnwritable, match="No file can be made") as caught:
        files.require_writable(tmp_path / "new")
    assert caught.value.path == tmp_path / "new"


def test_a_file_where_a_folder_should_be_is_said_plainly(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderUnwritable):
        files.write_text(tmp_path / "file" / "x.txt", "")


@settings(max_examples=25, deadline=None)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.text(st.characters(codec="utf-8")),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner)
        ),
        max_leaves=8,
    )
)
def test_json_comes_back_as_it_was(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("json") / NAME
    files.write_json(path, value)
    assert files.read_json(path) == value


def test_torn_json_is_a_value_error(tmp_path):
    (tmp_path / NAME).write_text('{"a": [1, 2')
    with pytest.raises(ValueError, match="delimiter"):
        files.read_json(tmp_path / NAME)


def test_the_hash_of_a_file_is_that_of_its_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert files.sha256_of(tmp_path / "a").startswith("ba7816bf8f01cfea")


def test_what_is_not_there_has_no_hash(tmp_path):
    with pytest.raises(FileNotFoundError):
        files.sha256_of(tmp_path / "gone")


def test_the_hash_of_a_folder_follows_names_and_contents(tmp_path):
    folder = tmp_path / "x"
    files.write_text(folder / "a", "1")
    files.write_text(folder / "b" / "c", "2")
    before = files.sha256_of(folder)
    folder.rename(tmp_path / "y")
    assert files.sha256_of(tmp_path / "y") == before
    (tmp_path / "y" / "a").rename(tmp_path / "y" / "z")
    renamed = files.sha256_of(tmp_path / "y")
    files.write_text(tmp_path / "y" / "b" / "c", "3")
    assert len({before, renamed, files.sha256_of(tmp_path / "y")}) == 3


def test_the_trash_takes_many_things_of_one_name(tmp_path):
    places = []
    for number in range(3):
        files.write_text(tmp_path / NAME, str(number))
        places.append(files.move_to_trash(tmp_path / NAME, tmp_path / "trash"))
    assert [place.read_text() for place in places] == ["0", "1", "2"]
    assert all(place.name.endswith(NAME) for place in places)
    assert not (tmp_path / NAME).exists()


def test_the_longest_name_that_a_disk_takes_fits_into_the_trash_and_keeps_its_ending(tmp_path):
    path = tmp_path / f"{'ä' * 125}.jpeg"
    path.write_text("1")
    place = files.move_to_trash(path, tmp_path / "trash")
    assert place.read_text() == "1" and place.suffix == ".jpeg" and "äää" in place.name


def test_of_two_that_trash_one_name_in_one_second_each_finds_a_place(tmp_path, monkeypatch):
    """The later one was refused, because the place that it had found was taken by then."""
    move, trash, places = files.move_whole, tmp_path / "trash", []
    for folder in ("one", "other"):
        files.write_text(tmp_path / folder / NAME, folder)

    def after_another_process(path, goal):
        monkeypatch.setattr(files, "move_whole", move)
        places.append(files.move_to_trash(tmp_path / "other" / NAME, trash))
        move(path, goal)

    monkeypatch.setattr(time, "strftime", lambda _: "20260101-000000")
    monkeypatch.setattr(files, "move_whole", after_another_process)
    places.append(files.move_to_trash(tmp_path / "one" / NAME, trash))
    assert [place.read_text() for place in places] == ["other", "one"]
    assert len(left_in(trash)) == 2


def test_a_whole_folder_goes_to_the_trash(tmp_path):
    files.write_text(tmp_path / "model" / "a", "1")
    place = files.move_to_trash(tmp_path / "model", tmp_path / "trash")
    assert (place / "a").read_text() == "1"


def test_nothing_moves_onto_something_else(tmp_path):
    for name in ("a", "b"):
        files.write_text(tmp_path / name, name)
    with pytest.raises(FolderUnwritable):
        files.move_whole(tmp_path / "a", tmp_path / "b")
    assert [(tmp_path / name).read_text() for name in ("a", "b")] == ["a", "b"]


def test_a_copy_to_another_disk_that_fails_leaves_nothing_half_done(tmp_path, monkeypatch):
    files.write_text(tmp_path / "model" / "a", "1")

    def fail(error):
        def failing(*_, **__):
            raise OSError(error, "no")

        return failing

    monkeypatch.setattr(Path, "rename", fail(errno.EXDEV))
    monkeypatch.setattr(files.shutil, "copy2", fail(errno.ENOSPC))
    monkeypatch.setattr(files.shutil, "copytree", fail(errno.ENOSPC))
    with pytest.raises(DiskFull):
        files.move_whole(tmp_path / "model", tmp_path / "trash" / "model")
    assert (tmp_path / "model" / "a").read_text() == "1"
    assert not any((tmp_path / "trash").iterdir())


@pytest.mark.skipif(os.name != "posix", reason="what may only be read can't be flushed there")
def test_what_goes_to_another_disk_is_on_it_for_good_before_the_original_goes(tmp_path, monkeypatch):
    files.write_text(tmp_path / "model" / "a", "1")
    (tmp_path / "model" / "a").chmod(0o444)
    there_when_flushed = []

    def refused(path, goal):
        raise OSError(errno.EXDEV, "no")

    def flushed(number):
        there_when_flushed.append((tmp_path / "model" / "a").exists())

    monkeypatch.setattr(Path, "rename", refused)
    monkeypatch.setattr(files.os, "fsync", flushed)
    files.move_whole(tmp_path / "model", tmp_path / "trash" / "model")
    assert there_when_flushed == [True]
    assert (tmp_path / "trash" / "model" / "a").read_text() == "1" and not (tmp_path / "model").exists()


def test_too_little_room_is_said_before_anything_is_written(tmp_path):
    files.require_free_space(tmp_path / "not" / "there" / "yet", needed_bytes=1)
    with pytest.raises(DiskFull, match="MB are needed"):
        files.require_free_space(tmp_path / "not" / "there" / "yet", needed_bytes=10**18)


def test_the_size_of_a_folder_counts_everything_below(tmp_path):
    files.write_bytes(tmp_path / "a" / "b", b"12345")
    files.write_bytes(tmp_path / "c", b"123")
    assert files.folder_size_bytes(tmp_path) == 8
    assert files.folder_size_bytes(tmp_path / "missing") == 0


def test_the_sizes_of_all_folders_are_those_of_each(tmp_path):
    for name in ("a/b/one", "a/b/two", "a/three", "four", "c/d/e/five"):
        files.write_bytes(tmp_path / name, name.encode())
    (tmp_path / "a" / "linked").symlink_to(tmp_path / "c")
    sizes = files.folder_sizes(tmp_path)
    assert set(sizes) == {
        tmp_path,
        *(path for path in tmp_path.rglob("*") if path.is_dir() and not path.is_symlink()),
    }
    assert all(size == files.folder_size_bytes(folder) for folder, size in sizes.items())
    assert files.folder_sizes(tmp_path / "missing") == {}


def test_a_file_that_goes_while_the_size_of_its_folder_is_counted_is_no_error(tmp_path, monkeypatch):
    files.write_bytes(tmp_path / "a", b"12345")
    files.write_bytes(tmp_path / "going", b"123")
    stat = Path.stat

    def gone_after_one_look(path, **how):
        seen = stat(path, **how)
        if path.name == "going":
            path.unlink()
        return seen

    monkeypatch.setattr(Path, "stat", gone_after_one_look)
    assert files.folder_size_bytes(tmp_path) in (5, 8)


def test_a_line_is_added_behind_one_that_a_kill_cut_short_and_no_more_is_read_than_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "new" / "log.jsonl"
    files.append_line(log, b"one")
    files.append_line(log, b"two")
    with log.open("ab") as file:
        file.write(b"thr")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", lambda _: pytest.fail("all of it is read"))
        files.append_line(log, b"four")
    assert log.read_bytes() == b"one\ntwo\nthr\nfour\n"


def test_nothing_is_added_through_a_link_to_what_it_leads_to(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("mine")
    (tmp_path / "log.jsonl").symlink_to(letter)
    with pytest.raises(FolderUnwritable, match="A link stands"):
        files.append_line(tmp_path / "log.jsonl", b"one")
    assert letter.read_text() == "mine"


@pytest.mark.parametrize("has_links", [True, False])
def test_a_new_file_takes_a_free_name_and_no_other(
    has_links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    if not has_links:
        monkeypatch.setattr(os, "link", refused)
    with files.new_written_aside(tmp_path / "a.txt") as aside:
        aside.write_bytes(b"first")
    with pytest.raises(NameTaken, match="not replaced"), files.new_written_aside(tmp_path / "a.txt") as aside:
        aside.write_bytes(b"second")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_bytes() == b"first"
