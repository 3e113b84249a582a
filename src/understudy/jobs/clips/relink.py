"""Say where a clip lies now that was moved, after a look whether it is the one that the project knows.

Not here: what is known of a clip (`moved.py`), adding clips and taking them out (`adding.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from understudy.errors import ClipDiffers, OptionInvalid
from understudy.events import Event, Events, Notice
from understudy.jobs.clips.adding import clips_of_file, require_usable, warnings_of
from understudy.jobs.clips.moved import what_differs
from understudy.jobs.merging.inputs import clips_hashed, last_clip_sha256
from understudy.project.lock import exclusive
from understudy.project.project import Project
from understudy.project.unknown import clip_named


def relink(project: Project, name: str, path: Path, *, force: bool = False, dry_run: bool = False) -> Events:
    """Say where a clip lies now; what was made for it stays.

    Raises ClipMissing, ClipDiffers where it is another one than the project knows and nobody says `force`,
    OptionInvalid where it is another clip of that side, FolderUnwritable while another process works on the
    clip, and what `require_usable` raises.
    """
    clip_named(project, name)
    require_usable(path)
    before, stored = project.clip_path(name), project.stored_path(path)
    _require_alone(project, name, path)
    if stored == project.manifest.clips[name].path:
        yield Notice(f"Clip {name!r} lies there already.")
        return
    now = project.folder / stored
    if last_clip_sha256(project, before):
        yield from clips_hashed(project, [now])
    differs = what_differs(project, name, now)
    if differs and not force:
        raise ClipDiffers(
            f"This is another clip than {name!r} was: {differs}. The faces that were found in that one may lie "
            "elsewhere in this. Name the one that was moved, or say --force to take this all the same.",
            path,
        )
    if dry_run:
        yield Notice(f"Clip {name!r} would lie at {stored}.")
        return
    with exclusive(project.clip_lock(name), wait_s=0.5), project.change() as manifest:
        manifest.clips[name].path = stored
    yield Notice(f"Clip {name!r} lies at {stored} now; what was made for it stays.")
    yield from _told_beside(project, name, before, differs)


def _require_alone(project: Project, name: str, path: Path) -> None:
    role = project.manifest.clips[name].role
    if twins := [other for other in clips_of_file(project, path, role) if other != name]:
        raise OptionInvalid(
            f"This is the {role} clip {twins[0]!r} already. Take one of the two out with `understudy remove`.",
            path,
        )


def _told_beside(project: Project, name: str, before: Path, differs: str) -> Iterator[Event]:
    if differs:
        text = f"It is another clip than before: {differs}. Look at a few merged frames before you go on."
        yield Notice(text, level="warning")
    for other in project.manifest.clips:
        if project.clip_path(other) == before and not before.exists():
            yield Notice(f"Clip {other!r} was the same file, and is to be relinked too.", level="warning")
    yield from (Notice(text, level="warning") for text in warnings_of(project, [name]))
