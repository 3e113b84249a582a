"""Whether what a project says is to be done was asked for on this machine: nothing else begins by itself.

A run that waits is a command that lies in the project, and so is a change that was begun with a model: whoever
sends a project could otherwise have one carried out by its being opened. So whoever asks for it seals its words
and the project's place with a secret of this user's. A project that was moved is known by its folder's number,
or else by its path; where neither fits, a person has to say that a run may begin (`RunBook.accept`).
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from understudy.errors import NameTaken
from understudy.files import file_aside, put_as_new, said_plainly

_SECRET_NAME = "runs.key"
_BYTES = 32


def seals(home: Path, words: Sequence[str]) -> list[str]:
    """What is written beside `words` that somebody asks of the project `home` here. Raises FolderUnwritable or
    DiskFull where this user's secret can't be kept."""
    secret = _secret() or _new_secret()
    return [_seal(secret, place, words) for place in _places(home)]


def is_asked_here(home: Path, words: Sequence[str], said: Any) -> bool:
    """Whether one of the seals that are `said` of these words is this machine's."""
    secret = _secret()
    if not secret or not isinstance(said, list):
        return False
    ours = [_seal(secret, place, words) for place in _places(home)]
    return any(hmac.compare_digest(str(one).encode(), our.encode()) for one in said for our in ours)


def _places(home: Path) -> list[str]:
    project = home.resolve()
    with contextlib.suppress(OSError):
        if number := project.stat().st_ino:  # which some disks don't tell
            return [f"path {project}", f"number {number}"]
    return [f"path {project}"]


def _seal(secret: bytes, place: str, words: Sequence[str]) -> str:
    told = json.dumps([place, *words]).encode()
    return hmac.new(secret, told, hashlib.sha256).hexdigest()


def _secret() -> bytes:
    """This user's; empty where there is none yet that can be read."""
    try:
        secret = _secret_path().read_bytes()
    except OSError:
        return b""
    return secret if len(secret) == _BYTES else b""


def _new_secret() -> bytes:
    """A new one, or that of another process which was faster."""
    from understudy.provenance.identity import write_private

    path = _secret_path()
    with said_plainly(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = file_aside(path)
        write_private(aside, secrets.token_bytes(_BYTES))
        try:
            with contextlib.suppress(NameTaken):
                put_as_new(aside, path)
        finally:
            aside.unlink(missing_ok=True)
        return path.read_bytes()


def _secret_path() -> Path:
    from understudy.provenance.identity import home_folder  # which imports what signs

    return home_folder() / _SECRET_NAME
