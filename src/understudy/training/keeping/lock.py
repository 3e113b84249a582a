"""One trainer per model: an operating system's lock, gone by itself when its process dies.

The lock file also says who holds it. Its being there means nothing; the lock on it does, so a file that a dead
process left is no lock.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from understudy.errors import ModelInUse
from understudy.files import open_lock, said_plainly, try_lock, unlock

LOCK_NAME = "training.lock"
_LOOK_S = 0.5  # somebody who only looks whether a model is in use holds it for a moment
_RETRY_S = 0.02
_LONGEST_COMMAND = 300  # characters
NOBODY_KNOWN = "another process"


@dataclass(frozen=True)
class Holder:
    """The process that holds a model."""

    process: int
    host: str
    since: str  # like 2026-11-25 18:30:00, in the host's time
    command: str = ""

    @property
    def words(self) -> str:
        """Who, where and since when, for people."""
        command = f" (`{self.command}`)" if self.command else ""
        return f"process {self.process} on {self.host} since {self.since}{command}"


@contextlib.contextmanager
def model_lock(model_dir: Path) -> Iterator[None]:
    """Hold the model in `model_dir` for the length of the block; a new folder in which the block makes nothing
    is gone after it. Raises ModelInUse, naming who has it."""
    path = model_dir / LOCK_NAME
    with said_plainly(path):
        is_new = not model_dir.exists()
        model_dir.mkdir(parents=True, exist_ok=True)
        file = open_lock(path)
    with file:
        if not _taken(file):
            raise ModelInUse(
                f"Model {model_dir.name!r} is in use by {holder_words(path)}. Stop that first or take "
                "another model.",
                model_dir,
            )
        try:
            if not _is_still_there(file, path):
                raise ModelInUse(
                    f"Model {model_dir.name!r} has just been renamed or put away. Run the command again with "
                    "its name now.",
                    model_dir,
                )
            with said_plainly(path):
                write_holder(file)
            yield
        finally:
            if is_new:
                _remove_unless_used(model_dir)
            unlock(file)


def _remove_unless_used(model_dir: Path) -> None:
    with contextlib.suppress(OSError):
        if [path.name for path in model_dir.iterdir()] == [LOCK_NAME]:
            (model_dir / LOCK_NAME).unlink()
            model_dir.rmdir()


def holder_of(model_dir: Path) -> Holder | None:
    """The process that holds the model now; None where nobody does, also where a dead one left its file.

    A holder whose file can't be read has process 0.
    """
    return lock_holder(model_dir / LOCK_NAME)


def lock_holder(path: Path) -> Holder | None:
    """The same of any lock's file."""
    try:
        with path.open("r+b") as file:
            if try_lock(file):
                unlock(file)
                return None
    except FileNotFoundError:
        return None
    except PermissionError:  # not ours to lock, so not ours to say
        pass
    except OSError as error:
        if error.errno != errno.EROFS:
            raise
        return None  # on a disk that takes nothing, as a snapshot, nobody trains
    return _written(path) or Holder(0, "", "")


def _is_still_there(file: BinaryIO, path: Path) -> bool:
    """Whether the locked file is the one that others will find, and not one that was moved away meanwhile."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _taken(file: BinaryIO) -> bool:
    deadline = time.monotonic() + _LOOK_S
    while not try_lock(file):
        if time.monotonic() > deadline:
            return False
        time.sleep(_RETRY_S)
    return True


def write_holder(file: BinaryIO) -> None:
    """Say in a lock's file that this process holds it."""
    program = Path(sys.argv[0]).stem.replace("__main__", "understudy")
    command = " ".join([program, *sys.argv[1:]])[:_LONGEST_COMMAND]
    about = Holder(os.getpid(), platform.node(), time.strftime("%Y-%m-%d %H:%M:%S"), command)
    file.truncate(0)
    file.write(json.dumps(asdict(about)).encode())
    file.flush()


def holder_words(path: Path) -> str:
    """Who holds the lock, as its file says, for people; NOBODY_KNOWN where it doesn't say."""
    holder = _written(path)
    return holder.words if holder else NOBODY_KNOWN


def _written(path: Path) -> Holder | None:
    try:
        about = json.loads(path.read_bytes())
        return Holder(
            int(about["process"]), str(about["host"]), str(about["since"]), str(about.get("command", ""))
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
