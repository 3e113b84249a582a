"""Faces in from and out to other programs, on a project: finds the faceset and the frames by their names.

How files are read and written is `facesets.exchange`'s. An import is one step of the faceset's history, also
when it was stopped or killed.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.counts import counted
from understudy.errors import OptionInvalid
from understudy.events import Events, Notice
from understudy.facesets.exchange.options import ExportOptions, ImportOptions
from understudy.facesets.names import safe_name
from understudy.files import said_plainly
from understudy.jobs.clips.color_spaces import color_space_of
from understudy.jobs.clips.rates import fps_of
from understudy.jobs.delivery.marks import stated_consents
from understudy.jobs.facesets.curating import all_names, full_name, looked_at
from understudy.project.lock import exclusive
from understudy.project.manifest import FacesetEntry, Performer
from understudy.project.project import Project
from understudy.provenance.consent import require_export_consent

if TYPE_CHECKING:  # needs OpenCV
    from understudy.facesets.exchange.exporting import Footage, GoalFormat
    from understudy.facesets.exchange.sources import ForeignFormat
    from understudy.media.clip import Clip

_VIDEO = re.compile(r"\.\w{2,4}$")


def import_faces(
    project: Project,
    text: str,
    paths: Sequence[Path],
    *,
    form: ForeignFormat,
    frames: str | None,
    options: ImportOptions,
) -> Events:
    """Take faces of other programs into a faceset, which is made where its performer is known or named with it.

    `frames` is a clip of the project by name, or a path. Raises what reading raises before it writes.
    """
    from understudy.facesets.exchange.importing import import_faces as take
    from understudy.facesets.exchange.sources import sources_at
    from understudy.media.opening import open_clip

    if options.recut and frames is None:
        raise OptionInvalid("To cut faces anew, name their frames with --frames.")
    sources = sources_at(paths, form)
    with ExitStack() as stack:
        clip_path, clip_name = _frames_named(project, frames)
        space, fps = color_space_of(project, clip_name), fps_of(project, clip_name)
        clip = stack.enter_context(open_clip(clip_path, space, fps=fps)) if clip_path else None
        name, is_new = _faceset_named(project, text)
        performer, _, short = name.partition("/")
        stack.enter_context(_step_of_import(project, name, paths))
        faceset = stack.enter_context(project.faceset(performer, short))
        yield from take(
            sources,
            faceset=faceset,
            options=options,
            clip=clip,
            clip_name=clip_name,
            forgotten=_taken_back(project, name),
        )
    if is_new and name in all_names(project):
        yield Notice(_learning_from(project, name))


def export_faces(
    project: Project,
    text: str,
    out: Path,
    *,
    form: GoalFormat,
    frames: str | None,
    options: ExportOptions,
) -> Events:
    """Write a faceset for another program. Raises ConsentMissing where its performer's consent forbids it."""
    from understudy.facesets.exchange.exporting import export_faces as hand_out
    from understudy.facesets.exchange.exporting import goal_file
    from understudy.merging.delivery.places import clear_leftovers

    with looked_at(project, text) as desk:
        performer = desk.name.partition("/")[0]
        today = datetime.now(UTC).astimezone().date()
        agreed = {performer: stated_consents(project, [performer])[performer]}
        require_export_consent(agreed, today=today, project=str(project.folder))
        if form == "dfl-pak":  # half of one may be gigabytes
            pak = goal_file(out, form)
            with said_plainly(pak):
                clear_leftovers(pak)
        yield from hand_out(desk.faceset, out, form=form, options=options, footage=_footage_of(project, frames))


def _learning_from(project: Project, name: str) -> str:
    """How a model learns from a new faceset: as the side of its performer's clips, where that is one."""
    performer = name.partition("/")[0]
    roles: set[str] = {clip.role for clip in project.manifest.clips.values() if clip.performer == performer}
    sides = sorted(roles) or [side for side in ("src", "dst") if side == performer] or ["src", "dst"]
    one, *other = (f"--{side}-faceset" for side in sides)
    train = f"understudy train {shlex.quote(str(project.folder))} {one} {shlex.quote(name)}"
    return f"{name} is a new faceset; `{train}`{f' (or {other[0]})' if other else ''} learns from it."


def _faceset_named(project: Project, text: str) -> tuple[str, bool]:
    """PERFORMER/NAME and whether it is new. Raises FacesUnknown for a performer nobody knows, unless
    PERFORMER/NAME says that one is meant, and OptionInvalid for a name no folder can have."""
    performer, slash, short = text.partition("/")
    if text in all_names(project) or not (slash or performer in project.manifest.performers):
        return full_name(project, text), False
    if slash:
        return _allowed_name(performer, short), True
    if any(name.startswith(f"{performer}/") for name in all_names(project)):
        return full_name(project, text), False
    return f"{performer}/main", True


def _allowed_name(performer: str, short: str) -> str:
    for part in (performer, short):
        if "/" in part or part != safe_name(part):
            raise OptionInvalid(f"A performer or faceset can't be called {part!r}; {safe_name(part)!r} can.")
    return f"{performer}/{short}"


def _registered(project: Project, name: str) -> None:
    """The faceset is in the manifest from its first face on."""
    if name not in all_names(project):
        performer, _, short = name.partition("/")
        with project.change() as manifest:
            person = manifest.performers.setdefault(performer, Performer.model_validate({}))
            person.facesets.setdefault(short, FacesetEntry())


def _frames_named(project: Project, frames: str | None) -> tuple[Path | None, str]:
    """Where the frames lie, and what their clip is called in the project."""
    if frames is None:
        return None, ""
    if frames in project.manifest.clips:
        return project.clip_path(frames), frames
    path = Path(frames)
    known = (n for n in project.manifest.clips if project.clip_path(n).resolve() == path.resolve())
    return path, next(known, path.absolute().stem)


@contextmanager
def _step_of_import(project: Project, name: str, paths: Sequence[Path]) -> Iterator[None]:
    """Alone with the faceset; what was written inside the block becomes one step of its history."""
    from understudy.facesets.curation.history import History
    from understudy.facesets.exchange.import_journal import mark_in_history, names_not_in_history

    folder = project.faceset_folder(*name.split("/"))
    with exclusive(project.faceset_lock(name), wait_s=2.0):
        try:
            yield
        finally:
            arrived = names_not_in_history(folder)
            if arrived:
                _registered(project, name)
                words = f"import {', '.join(path.name for path in paths[:3])}: {counted(len(arrived), 'face')}"
                History(folder, project.trash.folder).note_arrived("import", words, arrived)
                mark_in_history(folder)


def _taken_back(project: Project, name: str) -> set[str]:
    """Names of files that came by imports which were undone."""
    from understudy.facesets.curation.history import History

    history = History(project.faceset_folder(*name.split("/")), project.trash.folder)
    undone = (entry for entry in history.entries() if entry.verb == "import" and entry.undone)
    return {name for entry in undone for name, _ in entry.coming}


def _footage_of(project: Project, frames: str | None) -> Callable[[str], Footage]:
    """What is known of the clip that a face names: the one of `frames`, or the project's of that name."""
    from understudy.facesets.exchange.exporting import Footage
    from understudy.media.opening import open_clip

    given, given_name = _frames_named(project, frames)

    def opened(path: Path, name: str) -> Callable[[], Clip]:
        return lambda: open_clip(path, color_space_of(project, name), fps=fps_of(project, name))

    def footage(clip: str) -> Footage:
        path = given
        if path is None and clip in project.manifest.clips:
            path = project.clip_path(clip)
        if path is None or not path.exists():
            name = path.name if path else clip
            return Footage(name, bool(path and _VIDEO.search(name)), None)
        return Footage(path.name, path.is_file(), opened(path, given_name or clip))

    return footage
