"""Put clips into a project as a person names them: checked first, so that none or all are added."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from understudy.errors import ClipMissing, OptionInvalid
from understudy.project.manifest import Role
from understudy.project.project import Project
from understudy.provenance.consent import Consent, Status


def add_clips(
    project: Project, *, src: Sequence[Path] = (), dst: Sequence[Path] = (), consent: str | None = None
) -> list[str]:
    """Add clips to both sides and return their names in the project, src first.

    `consent` is the status that goes for the performers of these clips, or None to leave theirs alone.
    Raises ClipMissing, OptionInvalid, ProjectInvalid.
    """
    require_clips(*src, *dst)
    record = _consent(consent)
    sides: tuple[tuple[Role, Sequence[Path]], ...] = (("src", src), ("dst", dst))
    return [project.add_clip(path, role, consent=record) for role, paths in sides for path in paths]


def require_clips(*paths: Path) -> None:
    """Raise ClipMissing unless all are there."""
    for path in paths:
        if not path.exists():
            raise ClipMissing("There is no such clip. Check the spelling of the path.", path)


def _consent(status: str | None) -> Consent | None:
    if status is None:
        return None
    known = get_args(Status)
    if status not in known:
        raise OptionInvalid(f"Consent can't be {status!r}; say one of: {', '.join(known)}.")
    return Consent.model_validate({"status": status})
