"""Whether a file is the clip that a project knows, which clips were only moved that somebody adds again, and
which names are those of footage that was taken out.

What is known of a clip is what was searched, what faces were written from, and the hash that a merge asked for.
Not here: saying where a clip lies that a person names (`relink.py`).
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path

from understudy.errors import ClipMissing
from understudy.facesets.extraction.found import clip_content, clip_identity, found_content, found_path
from understudy.facesets.extraction.journal import Journal
from understudy.facesets.extraction.redone import redone_path
from understudy.jobs.merging.inputs import clip_sha256, last_clip_sha256
from understudy.project.lock import exclusive
from understudy.project.manifest import Role
from understudy.project.project import Project, free_clip_names


def take_moved(project: Project, said: Mapping[Role, Sequence[Path]]) -> list[str]:
    """Note the new places of clips that are said again after they were moved; a sentence for each.

    Raises ClipMissing, before anything is noted, where it can't be told whether one is the clip that is gone.
    """
    found: dict[str, Path] = {}
    for role, paths in said.items():
        for path in paths:
            if (name := _moved_here(project, role, path, but=found)) is not None:
                found[name] = path
    for name, path in found.items():
        with exclusive(project.clip_lock(name), wait_s=0.5), project.change() as manifest:
            manifest.clips[name].path = project.stored_path(path)
    return [
        f"The {project.manifest.clips[name].role} clip {name!r} was moved and lies at {path} now; what was "
        "made for it stays."
        for name, path in found.items()
    ]


def name_for(project: Project, path: Path) -> tuple[str, str]:
    """What a clip that is new in the project is to be called, and what by its file alone. Faces
    and work by hand stay when a clip is taken out, under its name, and are its own again when it is added
    again: other footage gets another name."""
    journals = [Journal.look(folder) for folder in sorted(project.folder.glob("facesets/*/*"))]

    def is_free(name: str) -> bool:
        written = set[str]().union(*(journal.contents(name) for journal in journals))
        left = _plain(written | {found_content(redone_path(project.manual_folder, name))} - {""})
        return not left or clip_content(path, known=left) in left

    names = free_clip_names(path.absolute().stem, project.manifest)
    usual = next(names)
    return next(filter(is_free, chain([usual], names))), usual


def _moved_here(project: Project, role: Role, path: Path, *, but: Mapping[str, Path]) -> str | None:
    """The clip whose file is gone and is this one; None where there is none."""
    clips, stored = project.manifest.clips_of(role), project.stored_path(path)
    if any(clip.path == stored for clip in clips.values()):
        return None
    gone = [name for name in clips if name not in but and not project.clip_path(name).exists()]
    known = [name for name in gone if contents(project, name) or _hash(project, name)]
    same = [name for name in known if not what_differs(project, name, path)]
    if len(same) == 1:
        return same[0]
    unclear = same or [name for name in gone if name not in known and project.clip_path(name).name == path.name]
    if unclear:
        raise _unclear(project, role, path, unclear)
    return None


def _unclear(project: Project, role: Role, path: Path, names: Sequence[str]) -> ClipMissing:
    why = (
        "and this may be it: nothing was found in it yet that could tell"
        if len(names) == 1
        else f"nor are these, which had the same in them: {', '.join(names[1:])}"
    )
    relink = shlex.join(["understudy", "relink", str(project.folder), names[0], str(path)])
    remove = shlex.join(["understudy", "remove", str(project.folder), names[-1]])
    return ClipMissing(
        f"The {role} clip {names[0]!r} of this project is not where it was, {why}. Nothing was added. If this "
        f"is that clip, run `{relink}`; take one that is not needed any more out with `{remove}`. Then run "
        "this again.",
        path,
    )


def what_differs(project: Project, name: str, now: Path) -> str:
    """In which way a file is another than the clip that the project knows; empty where it is the same, or where
    nothing of it is known."""
    known = contents(project, name)
    identity = clip_identity(now)
    if known and clip_content(now, known=known) not in known:
        sizes = sorted(int(one.partition("-")[0]) for one in known)
        if identity.size_bytes not in sizes:
            return f"it has {identity.size_bytes:,} bytes instead of {sizes[-1]:,}"
        return "it is as large, and what is in it is not the same"
    sha256 = _hash(project, name)
    if sha256 and clip_sha256(project, now) != sha256:
        return "it does not have the hash of the one that was merged or learnt from"
    return ""


def contents(project: Project, name: str) -> set[str]:
    """The identities of what was searched under a clip's name, or else of what faces were written from."""
    searched = found_content(found_path(project.cache_folder, name))
    folder = project.faceset_folder(*project.faceset_of_clip(name))
    found = {searched} if searched else Journal.look(folder).contents(name)
    return _plain(found)


def _plain(contents: Iterable[str]) -> set[str]:
    """Identities without the colour space that a clip was seen in."""
    return {content.partition(" in ")[0] for content in contents}


def _hash(project: Project, name: str) -> str:
    return last_clip_sha256(project, project.clip_path(name))
