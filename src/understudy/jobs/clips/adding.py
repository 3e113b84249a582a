"""Put clips into a project as a person names them: looked into first, so that none or all are added."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from glob import escape
from pathlib import Path
from typing import get_args

from understudy.errors import ClipMissing, OptionInvalid
from understudy.facesets.names import safe_name
from understudy.files import is_same_file
from understudy.options import meant
from understudy.project.lock import exclusive
from understudy.project.manifest import ROLES, Manifest, Role
from understudy.project.project import Project
from understudy.project.unknown import clip_named
from understudy.provenance.consent import Consent, Status

_BOTH_WAYS = (ROLES, ROLES[::-1])


def add_clips(
    project: Project,
    *,
    src: Sequence[Path] = (),
    dst: Sequence[Path] = (),
    consent: str | None = None,
    faceset: str = "main",
    tell: Callable[[str], object] = lambda _: None,
) -> list[str]:
    """Add clips to both sides and return their names in the project, src first. Their faces go to `faceset` of
    their performer. `tell` is told of one that the project has and that was only moved, which gets its new
    place instead, and of one that can't have its name (`name_for`).

    `consent` is the status that goes for the performers of these clips, or None to leave theirs alone. It
    fills in what was not stated; what understudy.toml says already is never replaced. Raises what
    `require_usable` and `take_moved` raise, OptionInvalid where the status contradicts the file and
    ProjectInvalid.
    """
    from understudy.jobs.clips.moved import take_moved

    require_usable(*src, *dst, consent=consent, project=project.folder)
    sides: tuple[tuple[Role, Sequence[Path]], ...] = (("src", src), ("dst", dst))
    for text in take_moved(project, dict(sides)):
        tell(text)
    if consent is not None:
        for performer in _performers(project, dict(sides)):
            _require_same_consent(project, project.manifest, performer, consent)
    names = [_added(project, path, role, faceset, tell) for role, paths in sides for path in paths]
    if consent is not None:
        with project.change() as manifest:
            for name in names:
                performer = manifest.clips[name].performer
                _require_same_consent(project, manifest, performer, consent)  # it may have been withdrawn since
                person = manifest.performers[performer]
                person.consent = person.consent.model_copy(update={"status": consent})
    return names


def _added(project: Project, path: Path, role: Role, faceset: str, tell: Callable[[str], object]) -> str:
    from understudy.jobs.clips.moved import name_for

    stored = project.stored_path(path)
    if any(clip.path == stored for clip in project.manifest.clips_of(role).values()):
        return project.add_clip(path, role, faceset=faceset)
    name, usual = name_for(project, path)
    added = project.add_clip(path, role, faceset=faceset, name=name)
    if name != usual:
        tell(
            f"{path.name} is clip {added!r} here: faces or work by hand of another clip {usual!r}, which was "
            "taken out, are in the project still, and are that clip's again when it is added again."
        )
    return added


def require_own_side(project: Project, *, src: Sequence[Path], dst: Sequence[Path]) -> None:
    """Raise OptionInvalid where a clip that is said to be of one side is only of the other in the project:
    the two were mixed up, now or before. One that is said for both sides is meant to be on both."""
    said: dict[Role, Sequence[Path]] = {"src": src, "dst": dst}
    for role, other in _BOTH_WAYS:
        for path in said[role]:
            meant = any(is_same_file(path, each) for each in said[other])
            if meant or not clips_of_file(project, path, other) or clips_of_file(project, path, role):
                continue
            raise OptionInvalid(
                f"The project that this would go on with has {path.name} as a {other} clip, and here it is "
                f"said as {role}: it would be learnt as both performers. Swap the two around, or take a "
                "project of its own with another -o or --project. Where the project was begun the wrong way "
                "round, move its folder away and begin anew.",
                project.folder,
            )


def warnings_of(project: Project, names: Sequence[str]) -> list[str]:
    """What whoever adds these clips, or says where they lie now, should know of them."""
    return [*both_sides_told(project, names), *painted_told(project, names)]


def both_sides_told(project: Project, names: Sequence[str]) -> list[str]:
    """A sentence for each file of these clips that is on both sides of the project."""
    pairs = {
        tuple(sorted((name, twin))): project.clip_path(name).name
        for role, other in _BOTH_WAYS
        for name in names
        if project.manifest.clips[name].role == role
        for twin in clips_of_file(project, project.clip_path(name), other)
    }
    return [
        f"{file} is on both sides of the project ({' and '.join(pair)}), so it is learnt as both performers. "
        "If that is not meant, take one out, as with "
        f"`{shlex.join(['understudy', 'remove', str(project.folder), pair[-1]])}`."
        for pair, file in pairs.items()
    ]


def painted_told(project: Project, names: Sequence[str]) -> list[str]:
    """A sentence for each of these clips that says of itself that a trained model painted in it, and has no
    credentials that say whom it shows: a copy of merged frames, or somebody else's."""
    from understudy.jobs.clips.results import says_painted
    from understudy.provenance.sign import marked_of

    paths = [project.clip_path(name) for name in dict.fromkeys(names)]
    return [
        f"{path.name} says of itself that a trained model painted in it, and no Content Credentials say whom "
        "it shows: nobody's consent is asked for but that of this project's performers. Take the finished shot "
        "that `understudy encode` wrote, with what lies beside it, or make sure that everybody agreed."
        for path in paths
        if path.exists() and says_painted([path]) and not marked_of([path])
    ]


def clips_of_file(project: Project, path: Path, role: Role) -> list[str]:
    """The clips of one side that are this file or folder."""
    return [name for name in project.manifest.clips_of(role) if is_same_file(project.clip_path(name), path)]


def remove_clip(project: Project, name: str) -> list[str]:
    """Take a clip out of the project: what was merged into it and found in it goes to the trash, and so does
    its file where it lies in the project; one that lies elsewhere stays. Its faces stay in their faceset, and
    what a hand did in it stays: they are its own again when it is added again, and no other's (`name_for`).

    Tells what was done. Raises ClipMissing, FolderUnwritable while another process works on the clip, and
    before anything moves what `Project.change` raises.
    """
    clip_named(project, name)
    with exclusive(project.clip_lock(name), wait_s=0.5):
        with project.change():  # as it is: where the manifest can't be written, nothing is to move
            pass
        clip_named(project, name)  # which another process may have taken out since
        _note_footage_of_hand(project, name)
        # The manifest forgets the clip last: of what a kill leaves behind the same command finds the rest.
        with project.change() as manifest:
            for part in _made_of(project, name):
                if part.exists():
                    project.trash.put(part)
            told = _file_put_away(project, manifest, name)
            _forget(manifest, name)
    return [f"{name} is no clip of the project any more.", *told]


def _note_footage_of_hand(project: Project, name: str) -> None:
    """Say in which footage the regions of a clip are, where a person wrote them and no program noted that: they
    would count for other footage that gets the name."""
    from understudy.faces.manual import manual_file
    from understudy.facesets.extraction.found import FoundLog, clip_content, found_content, found_path
    from understudy.facesets.extraction.redone import redone_path

    path = redone_path(project.manual_folder, name)
    if not manual_file(project.folder, safe_name(name)).exists() or found_content(path):
        return
    content = found_content(found_path(project.cache_folder, name))
    if not content and project.clip_path(name).exists():
        content = clip_content(project.clip_path(name))
    if content:
        with FoundLog.open(path, {"content": content}):
            pass


def _made_of(project: Project, name: str) -> list[Path]:
    """Where that lies which was merged into a clip and found in it."""
    begun = f"{safe_name(name)}."
    longer = [safe_name(clip) for clip in project.manifest.clips if safe_name(clip).startswith(begun)]
    # A name may hold what a pattern means otherwise.
    logs = project.cache_folder.glob(f"{escape(begun)}*.jsonl")
    return [
        project.folder / "merged" / name,
        *(path for path in logs if not path.name.startswith(tuple(f"{clip}." for clip in longer))),
        project.cache_folder / f"{name}.cuts.json",
        project.overlays_folder / name,
        project.people_folder / name,
        project.explained_folder / name,
        # Of another clip that gets the name it would be an undo of what nobody did.
        *(project.folder / "settings" / f"{name}{ending}.jsonl" for ending in ("", ".undone")),
    ]


def _file_put_away(project: Project, manifest: Manifest, name: str) -> list[str]:
    """Move a clip's file to the trash where it lies in the project and is no other's; tells where it is."""
    path = project.folder / manifest.clips[name].path
    if not path.exists():
        moved = any(entry.origin == path for entry in project.trash.entries())  # by a run that was cut off
        return ["Its file lies in the project's trash."] if moved else []
    others = [
        (project.folder / entry.path).resolve() for other, entry in manifest.clips.items() if other != name
    ]
    if not path.resolve().is_relative_to(project.folder.resolve()) or path.resolve() in others:
        return [f"Its file stays where it is: {path}."]
    project.trash.put(path)
    return ["Its file lies in the project's trash."]


def _forget(manifest: Manifest, name: str) -> None:
    for performer in manifest.performers.values():
        for faceset in performer.facesets.values():
            faceset.clips = [clip for clip in faceset.clips if clip != name]
    manifest.clips = {other: entry for other, entry in manifest.clips.items() if other != name}


def require_usable(*paths: Path, consent: str | None = None, project: Path | None = None) -> None:
    """Raise ClipMissing, ClipUnreadable or ClipSizesDiffer for a clip that can't be used, and OptionInvalid for
    a consent that is none and for a merge's own frames: they change with every merge, carry no marks, and show
    somebody whose consent only `encode` asks for. A clip that can't be opened would stop every later run of its
    `project`."""
    if consent is not None and consent not in get_args(Status):
        near = meant(consent, get_args(Status))
        if Path(consent).suffix or Path(consent).is_file():  # somebody means the form that was signed
            words = [str(project or "PROJECT"), "PERFORMER", "--evidence", consent]
            near = f" A signed form is recorded with `{shlex.join(['understudy', 'consent', *words])}`."
        raise OptionInvalid(f"Consent can't be {consent!r}; say one of: {', '.join(get_args(Status))}.{near}")
    for path in paths:
        if not path.exists():
            raise ClipMissing("There is no such clip. Check the spelling of the path.", path)
    from understudy.jobs.clips.results import require_no_merge
    from understudy.media.opening import open_clip

    require_no_merge(paths)
    for path in paths:
        open_clip(path).close()


def _performers(project: Project, sides: Mapping[Role, Sequence[Path]]) -> set[str]:
    """Who is in these clips: as the project says of those it has; in new ones the side's own performer."""
    found = set[str]()
    for role, paths in sides.items():
        known = {clip.path: clip.performer for clip in project.manifest.clips_of(role).values()}
        found |= {known.get(project.stored_path(path), role) for path in paths}
    return found


def _require_same_consent(project: Project, manifest: Manifest, performer: str, status: str) -> None:
    """The file is the record; a flag that contradicts it is a mistake that a person should see."""
    person = manifest.performers.get(performer)
    stated = (person.consent if person else Consent.model_validate({})).status
    if stated not in ("not stated", status):
        raise OptionInvalid(
            f"understudy.toml says that the consent of {performer} is {stated!r}, not {status!r}. "
            "If that has changed, change it there.",
            project.folder,
        )
