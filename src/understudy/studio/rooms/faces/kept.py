"""What every request of the room needs: the faceset that is kept open, and answers that a browser may keep."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from fastapi import Request, Response

from understudy.errors import FacesUnknown
from understudy.studio.open_studio import Studio

if TYPE_CHECKING:
    from understudy.facesets.store import Faceset
    from understudy.jobs.facesets.kept_open import KeptFaceset, KeptFacesets
    from understudy.project.project import Project

FOREVER = "private, max-age=31536000, immutable"  # what a version stands in the address of
_ROOM = "facesets"


def kept_facesets(studio: Studio) -> KeptFacesets:
    """The facesets that this studio keeps open."""
    from understudy.jobs.facesets.kept_open import KeptFacesets

    with studio.keeping:
        if _ROOM not in studio.kept:
            studio.kept[_ROOM] = KeptFacesets(studio.live.say)
            studio.at_end(studio.kept[_ROOM].close)
        return studio.kept[_ROOM]


def kept_faceset(studio: Studio, name: str) -> tuple[Project, KeptFaceset]:
    """The project and one of its facesets by name. Raises FacesUnknown."""
    project = studio.project()
    return project, kept_facesets(studio).get(project, name)


@contextlib.contextmanager
def in_hand(studio: Studio, name: str, only: Sequence[str]) -> Iterator[tuple[Project, Faceset]]:
    """The project and the open faceset for this thread alone, to look at or change `only` these faces."""
    project, kept = kept_faceset(studio, name)
    with kept.in_hand(only) as opened:
        yield project, opened


def answered(request: Request, tag: str, make: Any) -> Response:
    """JSON of what `make` gives, or nothing where the browser has this version already."""
    headers = {"ETag": f'"{tag}"', "Cache-Control": "private, no-cache"}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    body = json.dumps(make(), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Response(body, media_type="application/json", headers=headers)


def number_of(key: str) -> int:
    """The number a thumbnail is kept under, of the 16 letters that stand for it. Raises FacesUnknown."""
    if not re.fullmatch("[0-9a-f]{16}", key):
        raise FacesUnknown(f"{key[:20]!r} stands for no face.")
    return int.from_bytes(bytes.fromhex(key), "big", signed=True)


def key_text(digest: bytes) -> str:
    """The letters that stand for the content of a face's file."""
    return digest[:8].hex()
