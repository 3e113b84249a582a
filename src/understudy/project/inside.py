"""Where a note in a project may lead: nowhere but to places inside it. A project may come from a stranger.

Not here: what stands in which note; each reads its own and asks here for every path of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from understudy.facesets.curation.entries import safe_place


def inside(home: Path, said: Any) -> Path:
    """The place in the project `home` that a note says. Raises ValueError where it leads up or out."""
    return home / safe_place(said)


def truly_inside(home: Path, said: Any) -> Path:
    """The same for what is done without anybody having asked for it: no link on the way may lead out either."""
    place = inside(home, said)
    if not place.parent.resolve().is_relative_to(home.resolve()):
        raise ValueError(f"{said!r} leads out of the project through a link")
    return place
