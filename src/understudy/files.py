"""Write aside, swap in, trash, lock: how every file of ours comes to be and goes away.

A reader never sees a half-written file, and nothing of a user's is destroyed: what would be replaced or
removed goes to a trash folder first. Knows no formats but JSON.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import platform
import re
import shutil
import sys
import time
from collections.abc import Callable, Generator, Iterator
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

from understudy.errors import DiskFull, FolderUnwritable, NameTaken
from understudy.steps import answer_of

ASIDE_SUFFIX = ".partial"
ORIGIN_SUFFIX = ".origin.json"  # of the note beside a thing in the trash that says where it lay
_TRASHED_BYTES = 180  # of a name in the trash: of 255 at most, so that a date and what is written aside fit
_CHUNK_BYTES = 1 << 20
_TURN = count()  # of this process's writes
_WRITTEN_NOW: set[Path] = set()  # folders that threads of this process write aside at this moment
# The lock lies on a byte far behind the text, because Windows lets nobody read locked bytes.
_LOCKED_BYTE = 1 << 20

if sys.platform == "win32":
    import msvcrt

    def try_lock(file: BinaryIO) -> bool:
        """Take the operating system's lock on an open file; False where another process holds it."""
        file.seek(_LOCKED_BYTE)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def unlock(file: BinaryIO) -> None:
        """Give the lock back."""
        file.seek(_LOCKED_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def try_lock(file: BinaryIO) -> bool:
        """Take the operating system's lock on an open file; False where another process holds it.

        Raises FolderUnwritable where its disk knows no locks.
        """
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP):
                raise
            raise FolderUnwritable(
                "The disk of this folder can't lock files, so programs could write over each other's work. "
                "Keep the folder on another disk; NFS locks where it is mounted with locks.",
                Path(file.name),
            ) from error
        return True

    def unlock(file: BinaryIO) -> None:
        """Give the lock back."""
        fcntl.flock(file, fcntl.LOCK_UN)


def require_no_link(path: Path) -> None:
    """Raise FolderUnwritable for a link in the place of a file that is written where it is, not swapped in: a
    stranger's may lead to any file."""
    if path.is_symlink():
        raise FolderUnwritable("A link stands where a file of a project belongs. Remove it.", path)


def open_lock(path: Path) -> BinaryIO:
    """Open the file of a lock, which is made where it is missing. Raises FolderUnwritable where it is a link:
    who holds a lock is written over what its file says."""
    require_no_link(path)
    # Unbuffered: what a full disk refuses is not tried once more when the file is closed.
    return path.open("a+b", buffering=0)


def file_aside(path: Path, mark: str = ASIDE_SUFFIX) -> Path:
    """A hidden name beside a file that no other thread or process takes. It keeps the file's ending, because
    writers choose formats by it."""
    return path.with_name(f".{path.stem}.{next(_TURN)}.{_process_word()}{mark}{path.suffix}")


def folder_aside(path: Path, mark: str = ASIDE_SUFFIX) -> Path:
    """The same beside a folder, whose name has no ending."""
    return path.with_name(f".{path.name}.{next(_TURN)}.{_process_word()}{mark}")


def _process_word() -> str:
    return f"{os.getpid()}-{machine_word()}"


@cache
def machine_word() -> str:
    """Six letters for where the numbers of processes mean something: this computer, and the container in it.
    Another one that shares the disk can't tell by a number whether a process lives here."""
    told = [platform.node()]
    with contextlib.suppress(OSError):  # Linux alone tells it
        told.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.sha256("\0".join(told).encode()).hexdigest()[:6]


@contextlib.contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; swap it in when the block ends well, remove it otherwise.

    Threads may write one file at once, the last wins. Missing parent folders are made. Raises FolderUnwritable
    or DiskFull instead of OSError where the folder or the disk is to blame.
    """
    with _swapped_in(path, Path.replace) as aside:
        yield aside


@contextlib.contextmanager
def new_written_aside(path: Path) -> Iterator[Path]:
    """The same for a file that replaces nothing. Raises NameTaken where something of that name has come
    meanwhile."""
    with _swapped_in(path, put_as_new) as aside:
        yield aside


@contextlib.contextmanager
def _swapped_in(path: Path, swap_in: Callable[[Path, Path], object]) -> Iterator[Path]:
    aside = file_aside(path)
    with said_plainly(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield aside
            _flush_to_disk(aside)
            swap_in(aside, path)
        finally:
            aside.unlink(missing_ok=True)


def put_as_new(aside: Path, path: Path) -> None:
    """Give a finished file its name in one step. Raises NameTaken where something has that; the file stays."""
    taken = NameTaken("Something of that name has come meanwhile and is not replaced.", path)
    try:
        os.link(aside, path)  # of two at once one wins, which a look before a rename can't promise
    except FileExistsError as error:
        raise taken from error
    except OSError as error:  # a disk without links
        if os.path.lexists(path):
            raise taken from error
        aside.rename(path)
        return
    aside.unlink()


@contextlib.contextmanager
def folder_written_aside(path: Path) -> Iterator[Path]:
    """The same for a folder: give an empty one to fill.

    A folder that is not empty is not replaced: move it away in the block, or FolderUnwritable is raised. So of
    threads that make one folder at once the first wins.
    """
    with _filled_aside(path) as aside:
        yield aside
        _put_in_place(aside, path)


@contextlib.contextmanager
def folder_kept_beside(path: Path) -> Iterator[Path]:
    """The same for what took long to make: where its name is taken in the end, by a file or an empty folder
    too, it lies beside under the next free name like it, and FolderUnwritable says which."""
    with _filled_aside(path) as aside:
        yield aside
        goal = path
        for turn in count(2):
            if not os.path.lexists(goal):
                with contextlib.suppress(FolderUnwritable, NotADirectoryError):  # it has come since that look
                    _put_in_place(aside, goal)
                    break
            goal = path.with_name(f"{path.name}-{turn}")
    if goal != path:
        raise FolderUnwritable(
            "Something of that name has come meanwhile and is not replaced. What was made lies beside it as "
            f"{goal.name}.",
            path,
        )


@contextlib.contextmanager
def _filled_aside(path: Path) -> Iterator[Path]:
    aside = folder_aside(path)
    known = _known_as(aside)
    with said_plainly(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _WRITTEN_NOW.add(known)
        try:
            _clear_left_by_namesakes(path)
            aside.mkdir()
            yield aside
        finally:
            shutil.rmtree(aside, ignore_errors=True)
            _WRITTEN_NOW.discard(known)


def is_written_now(aside: Path) -> bool:
    """Whether a thread of this process is filling that folder aside, which is then no leftover."""
    return _known_as(aside) in _WRITTEN_NOW


def _known_as(aside: Path) -> Path:
    return aside.parent.resolve() / aside.name


def _clear_left_by_namesakes(path: Path) -> None:
    # Whoever looks for leftovers by the process's number would take these for ours and keep them for good.
    process = rf"{os.getpid()}(-{machine_word()})?"  # earlier versions named no machine
    left = re.compile(rf"\.{re.escape(path.name)}(\.\d+)?\.{process}{re.escape(ASIDE_SUFFIX)}")
    for found in path.parent.iterdir():
        if left.fullmatch(found.name) and not is_written_now(found):
            shutil.rmtree(found, ignore_errors=True)


def _put_in_place(aside: Path, path: Path) -> None:
    try:
        aside.rename(path)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        raise FolderUnwritable(
            "This folder has come meanwhile and is not replaced. Move it away or choose another name.",
            path,
        ) from error


@contextlib.contextmanager
def said_plainly(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals to write at `path` into errors for people."""
    try:
        yield
    except OSError as error:
        if (refused := refusal_of(error, path)) is None:
            raise
        raise refused from error


def refusal_of(error: OSError, path: Path) -> DiskFull | FolderUnwritable | None:
    """What the system says where it doesn't let a file be written at `path`, for people; None for all else."""
    match _number_of(error):
        case errno.ENOSPC | errno.EDQUOT:
            return DiskFull("The disk is full. Free some space and run the same command again.", path)
        case errno.EFBIG:
            return DiskFull(
                "No file as large as this fits here: its disk takes none (FAT32 ends at 4 GB), or the "
                "system lets this program write none (`ulimit -f`). Choose another disk or raise that.",
                path,
            )
        case errno.EACCES | errno.EPERM | errno.EROFS | errno.ENOTDIR | errno.EEXIST:
            sentence = "This place can't be written to. Choose another or change its permissions."
            return FolderUnwritable(sentence, path)
    return None


def _number_of(error: OSError) -> int | None:
    """The system's number; that of the first file where a whole folder was copied, which tells all in words."""
    said = re.search(r"\[Errno (\d+)\]", str(error)) if isinstance(error, shutil.Error) else None
    return int(said[1]) if said else error.errno


def is_same_file(one: Path, other: Path) -> bool:
    """Whether two paths name one file or folder."""
    # samefile also sees through disks that don't tell a.mov from A.MOV.
    return one.resolve() == other.resolve() or (one.exists() and other.exists() and one.samefile(other))


def _flush_to_disk(path: Path) -> None:
    # Without fsync a power cut after the rename can leave an empty file under the final name.
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` in one step."""
    with written_aside(path) as aside:
        aside.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path` in one step."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write `value` as readable JSON to `path` in one step."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def append_line(path: Path, line: bytes) -> None:
    """Write a line at the end of a log that only grows, and see it on the disk. One that a kill cut short does
    not swallow it. Of a long log no more is read than its last byte."""
    require_no_link(path)
    with said_plainly(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                line = line if file.read(1) == b"\n" else b"\n" + line
            file.write(line + b"\n")
            file.flush()
            os.fsync(file.fileno())


def read_json(path: Path) -> Any:
    """Read a JSON file written by us. Raises ValueError when it is not JSON."""
    return json.loads(path.read_text(encoding="utf-8"))


def stat_of(path: Path) -> tuple[int, int]:
    """When a file or folder was changed last, in nanoseconds, and its size; zeros where there is none."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file. A folder's is that of its files' names and contents in order."""
    return answer_of(sha256_pieces(path))


def sha256_pieces(path: Path) -> Generator[int, None, str]:
    """The same piece by piece: gives how many bytes it has read each time, and returns the digest."""
    path.stat()  # what is not there has no files either, and would be hashed as an empty folder
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    for file in files:
        if path.is_dir():
            digest.update(file.relative_to(path).as_posix().encode() + b"\0")
        with file.open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                digest.update(chunk)
                yield len(chunk)
    return digest.hexdigest()


def move_to_trash(path: Path, trash: Path) -> Path:
    """Move a file or folder into `trash` under a new dated name and return where it lies now."""
    goal = kept_in_trash(path, trash)
    try:
        move_whole(path, goal)
    finally:
        origin_note(goal).unlink(missing_ok=True)
    return goal


def kept_in_trash(path: Path, trash: Path) -> Path:
    """A dated name in `trash` that nothing has; a long one is cut, so that what stands before and behind it
    fits. A note of its origin, which says nothing yet, keeps it from other processes, which may look for one in
    the same second."""
    stamp, name = time.strftime("%Y%m%d-%H%M%S"), _cut(path.name, _TRASHED_BYTES)
    with said_plainly(trash):
        trash.mkdir(parents=True, exist_ok=True)
    for attempt in range(1000):
        goal = trash / f"{stamp}-{attempt:03d}-{name}"
        with said_plainly(trash), contextlib.suppress(FileExistsError):
            origin_note(goal).touch(exist_ok=False)
            if not os.path.lexists(goal):
                return goal
            origin_note(goal).unlink()
    raise FolderUnwritable("The trash is too crowded to take one more file today. Empty it.", trash)


def _cut(name: str, most_bytes: int) -> str:
    """A file's name of so many bytes at most, with its ending; a shorter one is as it was."""
    if len(os.fsencode(name)) <= most_bytes:
        return name
    ending = os.fsencode(Path(name).suffix)[-most_bytes // 2 :]
    return (os.fsencode(name)[: most_bytes - len(ending)] + ending).decode(errors="ignore")


def origin_note(place: Path) -> Path:
    """Where the note of what lies there in the trash is, or will be."""
    return place.with_name(place.name + ORIGIN_SUFFIX)


def move_whole(path: Path, goal: Path) -> None:
    """Move a file or folder to where nothing is, also on another disk. Under either name it is whole or not
    there at all, whenever the process is killed. Raises FolderUnwritable or DiskFull."""
    with said_plainly(goal):
        goal.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(goal):  # which a file would replace without a word
            raise FileExistsError(errno.EEXIST, "it is there already", str(goal))
        try:
            path.rename(goal)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            _move_to_other_disk(path, goal)


def _move_to_other_disk(path: Path, goal: Path) -> None:
    aside, gone = folder_aside(goal), folder_aside(path)
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.copytree(path, aside, symlinks=True, copy_function=_copied)
        else:
            _copied(path, aside, follow_symlinks=False)
        aside.replace(goal)
    finally:
        _remove(aside)
    path.replace(gone)  # at once, so that a kill leaves no half of it under its name
    _remove(gone)


def _copied(path: str | Path, goal: str | Path, *, follow_symlinks: bool = True) -> str | Path:
    """Copy a file to a disk for good, before the original goes: a power cut leaves one of them whole."""
    shutil.copy2(path, goal, follow_symlinks=follow_symlinks)
    made = Path(goal)
    if os.name == "posix" and not made.is_symlink():  # elsewhere what may only be read can't be flushed
        with made.open("rb") as file:
            os.fsync(file.fileno())
    return goal


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def require_writable(folder: Path) -> None:
    """Raise FolderUnwritable unless a file can be made in `folder`, or where that would be made."""
    with said_plainly(folder):
        there = nearest_existing(folder)
        probe = there / f".{next(_TURN)}.{os.getpid()}{ASIDE_SUFFIX}"
        there.mkdir(exist_ok=True)  # which a file that stands there refuses
        try:
            probe.touch()
        except FileNotFoundError as error:  # what the system makes up, as /proc
            raise FolderUnwritable(
                "No file can be made in this place. Choose another folder.", folder
            ) from error
        probe.unlink(missing_ok=True)


def nearest_existing(folder: Path) -> Path:
    """The folder itself, or the last of those around it that is there."""
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())


def require_free_space(folder: Path, *, needed_bytes: int) -> None:
    """Raise DiskFull unless `folder`'s disk has room for `needed_bytes` and a little more."""
    free = shutil.disk_usage(nearest_existing(folder)).free
    if free < needed_bytes * 1.1:
        raise DiskFull(
            f"Not enough room: {needed_bytes / 1e6:,.0f} MB are needed and {free / 1e6:,.0f} MB are free. "
            "Free some space and run the same command again.",
            folder,
        )


def folder_size_bytes(folder: Path) -> int:
    """Bytes in all files below `folder`; 0 when it does not exist. What goes meanwhile counts nothing."""
    return folder_sizes(folder).get(folder, 0)


def folder_sizes(folder: Path) -> dict[Path, int]:
    """The same of `folder` and of every folder below it, each gone through once."""
    sizes: dict[Path, int] = {}
    if folder.is_dir():
        _measure(folder, sizes)
    return sizes


def _measure(folder: Path, sizes: dict[Path, int]) -> int:
    size = 0
    with contextlib.suppress(OSError), os.scandir(folder) as found:
        for one in found:
            try:
                if one.is_dir(follow_symlinks=False):
                    size += _measure(Path(one.path), sizes)
                elif not one.is_dir():
                    size += one.stat().st_size
            except OSError:  # it went meanwhile
                continue
    sizes[folder] = size
    return size
