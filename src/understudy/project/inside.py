"""Where what is moved in a project may lie: nowhere but inside it. A project may come from a stranger.

Not here: what stands in which note; each reads its own and asks here for every path of it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from understudy.errors import LeadsOut
from understudy.facesets.curation.entries import safe_place


def inside(home: Path, said: Any) -> Path:
    """The place in the project `home` that a note says. Raises ValueError where it leads up or out."""
    return home / safe_place(said)


def truly_inside(home: Path, said: Any) -> Path:
    """The same for what is done without anybody having asked for it: no link on the way may lead out either."""
    place = inside(home, said)
    if leads_out(home, place):
        raise ValueError(f"{said!r} leads out of the project through a link")
    return place


def leads_out(home: Path, place: Path) -> bool:
    """Whether a link on the way to a place in the project takes it out; the place itself may be one."""
    return not _real(place.parent).is_relative_to(_real(home))


def require_inside(home: Path, place: Path) -> None:
    """Raise LeadsOut, with the link, where one on the way to a place in the project takes it out."""
    if not leads_out(home, place):
        return
    folders = (home / part for part in reversed(place.relative_to(home).parents))
    link = next(folder for folder in folders if leads_out(home, folder / place.name))
    raise LeadsOut(
        f"`{link.relative_to(home).as_posix()}` is a link that leads out of the project, to {_real(link)}. "
        "Stages read and write there, but what lies there may be somebody else's, so this moves nothing "
        "through it. Move what you mean yourself, or put the folder itself in the link's place.",
        link,
    )


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # which a link to itself doesn't stop
