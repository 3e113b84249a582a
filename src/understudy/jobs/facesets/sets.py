"""Several named facesets of a performer: make one, copy faces into one, bring several together, and which of
them a clip's faces go to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from understudy.counts import counted
from understudy.errors import FacesetUnusable, FacesUnknown, OptionInvalid
from understudy.events import Events, Notice
from understudy.facesets.curation import choose as choosing
from understudy.facesets.curation.choose import Choice
from understudy.facesets.curation.gather import gather
from understudy.facesets.names import safe_name
from understudy.jobs.facesets.curating import all_names, full_name, looked_at
from understudy.jobs.facesets.long_sorts import chosen_told
from understudy.project.lock import exclusive
from understudy.project.manifest import Role
from understudy.project.project import Project
from understudy.project.state import is_searched


def new_set(project: Project, name: str) -> bool:
    """Make the faceset PERFORMER/NAME, empty; False where it is there. Raises OptionInvalid, ProjectInvalid."""
    performer, _, short = name.partition("/")
    if not short or "/" in short or safe_name(short) != short:
        raise OptionInvalid(f"{name!r} names no faceset. Write it as PERFORMER/NAME, like src/close.")
    return project.add_faceset(performer, short)


def copy_faces(project: Project, source: str, goal: str, choice: Choice, *, dry_run: bool = False) -> Events:
    """Copy the chosen faces of one faceset into another, which is made where it is missing."""
    with looked_at(project, source) as desk:
        yield from choosing.made_ready(desk.faceset, choice)
        faces = yield from chosen_told(desk.faceset, choice)
        if not faces:
            raise FacesUnknown("No faces are chosen, so there is nothing to copy.", desk.faceset.folder)
        if dry_run:
            yield Notice(f"{counted(len(faces), 'face')} would be copied from {desk.name} to {goal}.")
            return
        name = _goal(project, goal, [desk.name])
        words = f"copy from {desk.name}" + (f" ({choice.words})" if choice.words else "")
        with exclusive(project.faceset_lock(name), wait_s=2.0), project.faceset(*name.split("/")) as target:
            yield from gather(
                target, [(desk.faceset, faces)], trash=project.trash.folder, verb="copy", words=words
            )


def merge_sets(project: Project, goal: str, sources: Sequence[str], *, dry_run: bool = False) -> Events:
    """Copy all faces of several facesets into one, which is made where it is missing; the sources stay."""
    if not sources:
        raise FacesUnknown("Say which facesets to bring together: GOAL, then one or more others.")
    names = [full_name(project, source) for source in sources]
    with ExitStack() as stack:
        opened = [stack.enter_context(project.faceset(*one.split("/"))) for one in names]
        if dry_run:
            count = sum(len(faceset) for faceset in opened)
            yield Notice(f"{counted(count, 'face')} would be copied from {', '.join(names)} to {goal}.")
            return
        name = _goal(project, goal, names)
        stack.enter_context(exclusive(project.faceset_lock(name), wait_s=2.0))
        target = stack.enter_context(project.faceset(*name.split("/")))
        yield from gather(
            target,
            [(faceset, faceset.faces()) for faceset in opened],
            trash=project.trash.folder,
            verb="merge",
            words=f"merge {', '.join(names)}",
        )


def named_or_new(project: Project, text: str) -> str:
    """The full name of a faceset to fill, which is made where it is missing."""
    if "/" not in text or text in all_names(project):
        return full_name(project, text)
    new_set(project, text)
    return text


def goal_of_clip(project: Project, clip: str, faceset: str | None, *, redo_deleted: bool) -> tuple[str, str]:
    """(performer, faceset) that a clip's faces are to go to; the faceset is made. Raises ProjectInvalid, and
    OptionInvalid where only some frames of the clip would be in another faceset than now."""
    performer, now = project.faceset_of_clip(clip)
    if faceset is None or faceset == now:
        return performer, now
    if redo_deleted:
        raise OptionInvalid(
            f"--redo-deleted looks again at some frames of {clip}, whose faces are in {performer}/{now}, so "
            f"they can't go to {performer}/{faceset}. Leave out --faceset."
        )
    project.add_faceset(performer, faceset)
    return performer, faceset


def put_in_faceset(project: Project, clip: str, faceset: str) -> Iterator[Notice]:
    """From now on a clip's faces go to this faceset, which has them; yields what should be known of faces that
    stay in another one. A faceset that has none of the clip leaves it where its faces are."""
    performer, now = project.faceset_of_clip(clip)
    if faceset == now:
        return
    if not _count_of(project, clip, faceset) and _count_of(project, clip, now):
        new, old = f"{performer}/{faceset}", f"{performer}/{now}"
        yield Notice(f"{clip}: no face of it is in {new}, so {old} goes on being its faceset.", level="warning")
        return
    project.put_in_faceset(clip, faceset)
    yield from _left_elsewhere(project, clip)


def _count_of(project: Project, clip: str, faceset: str) -> int:
    performer = project.manifest.clips[clip].performer
    if not project.faceset_folder(performer, faceset).is_dir():
        return 0
    with project.faceset(performer, faceset) as opened:
        return sum(face.record.clip == clip for face in opened.faces())


def _left_elsewhere(project: Project, clip: str) -> Iterator[Notice]:
    entry, (performer, goal) = project.manifest.clips[clip], project.faceset_of_clip(clip)
    for other in project.manifest.performers[performer].facesets:
        if other != goal and (count := _count_of(project, clip, other)):
            old, new = f"{performer}/{other}", f"{performer}/{goal}"
            text = (
                f"{clip}: {count} faces from before stay in {old}, which is no longer learnt from unless other "
                f"clips or models name it. To learn from both, say `understudy train --{entry.role}-faceset "
                f"{old} {new}`; to have them in one, `understudy faceset merge` with {new} {old}."
            )
            yield Notice(text, level="warning")


def _goal(project: Project, text: str, sources: Sequence[str]) -> str:
    name = named_or_new(project, text)
    if name in sources:
        raise OptionInvalid(f"{name} can't be brought into itself.")
    return name


def nothing_to_learn_from(project: Project, role: Role, chosen: Sequence[str]) -> FacesetUnusable:
    """Says which facesets are empty, whether their clips were searched, and which others have faces."""
    others: list[str] = []
    for performer in dict.fromkeys(name.split("/")[0] for name in chosen):
        for short in project.manifest.performers[performer].facesets:
            name = f"{performer}/{short}"
            if name in chosen or not project.faceset_folder(performer, short).is_dir():
                continue
            with project.faceset(performer, short) as faceset:
                others += [name] * bool(len(faceset))
    text = f"There are no {role} faces to learn from in {', '.join(chosen)}. "
    entries = {
        f"{performer}/{short}": entry
        for performer, its in project.manifest.performers.items()
        for short, entry in its.facesets.items()
    }
    clips = [clip for name in chosen for clip in entries[name].clips]
    if clips and all(is_searched(project, clip) for clip in clips):
        text += (
            f"{'Clip' if len(clips) == 1 else 'Clips'} {', '.join(map(repr, clips))} "
            f"{'was' if len(clips) == 1 else 'were'} searched, but none of the faces is stored: "
            "`understudy extract` says why, and `understudy remove` takes a clip out."
        )
    else:
        text += "Run `understudy extract` first."
    if others:
        text += f" There are faces in {', '.join(others)}: take them with --{role}-faceset."
    return FacesetUnusable(text, project.folder)
