"""The studios that run for this user, noted in the user's own folder, so that another terminal finds them.

A note says where a studio is. A link is asked for by leaving the hash of a new token beside it, which the
studio's door looks at: whoever may write there is this user. Nothing secret lies there.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
import socket
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from glob import escape
from pathlib import Path
from typing import Any

from understudy.errors import StudioMissing
from understudy.files import read_json, write_json, write_text
from understudy.provenance.identity import home_folder
from understudy.workers.identity import lives, mark_of

_LINK_LIFE_S = 600


@dataclass(frozen=True)
class Note:
    """Where one studio is."""

    port: int
    url: str
    project: str | None
    process: dict[str, Any]  # its mark


def _folder() -> Path:
    folder = home_folder() / "studios"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _name(port: int) -> str:
    # Homes are shared between the machines of a cluster; ports aren't.
    return f"{socket.gethostname()}-{port}"


@contextlib.contextmanager
def noted(port: int, url: str, project: Path | None) -> Iterator[None]:
    """Note a studio of this process for the length of the block."""
    write_note(port, url, project)
    try:
        yield
    finally:
        (_folder() / f"{_name(port)}.json").unlink(missing_ok=True)
        left_token(port).unlink(missing_ok=True)


def write_note(port: int, url: str, project: Path | None) -> None:
    """Note which project the studio of this process has open."""
    note = Note(port, url, str(project) if project else None, mark_of())
    write_json(_folder() / f"{_name(port)}.json", asdict(note))


def running() -> list[Note]:
    """The studios of this user on this machine that are alive; the notes of others are removed."""
    found = []
    for path in sorted(_folder().glob(f"{escape(_name(0)[:-1])}*.json")):
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            note = _note(read_json(path))
            if lives(note.process):
                found.append(note)
            else:  # it was killed
                path.unlink()
    return found


def _note(said: dict[str, Any]) -> Note:
    if "pid" in said:  # as studios wrote it at first
        said = {**said, "process": {"process": said.pop("pid"), "started": said.pop("started")}}
    return Note(said["port"], said["url"], said["project"], said["process"])


def left_token(port: int) -> Path:
    """Where a token's hash is left for the studio at `port`."""
    return _folder() / f"{_name(port)}.link"


def new_link(note: Note) -> str:
    """A link into a running studio, for one browser within ten minutes."""
    token = secrets.token_urlsafe(32)
    write_text(left_token(note.port), hashlib.sha256(token.encode()).hexdigest())
    return f"{note.url}/login?token={token}"


def links(project: Path | None = None) -> list[tuple[Note, str]]:
    """A new link into each studio that runs, or into those of `project`. Raises StudioMissing."""
    found = [note for note in running() if project is None or note.project == str(project)]
    if not found:
        raise StudioMissing("No studio runs here for you. Start one with `understudy studio`.", project)
    return [(note, new_link(note)) for note in found]


def take_left_token(left: Path, hashed: bytes) -> bool:
    """Whether this token's hash was left not long ago. It is taken away by this."""
    try:
        said = left.read_text(encoding="ascii")
        fresh = time.time() - left.stat().st_mtime < _LINK_LIFE_S
    except (OSError, ValueError):
        return False
    if not fresh or not hmac.compare_digest(said.strip().encode(), hashed.hex().encode()):
        return False
    left.unlink(missing_ok=True)
    return True
