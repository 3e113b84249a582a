"""The tracks of a project's clip: what is said about them, and a list of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from understudy.errors import OptionInvalid, PersonUnknown, ProjectInvalid, TrackEditInvalid
from understudy.events import Events
from understudy.facesets.extraction.edits import parse_edit
from understudy.files import read_json
from understudy.jobs import stages
from understudy.jobs.settings import Said
from understudy.project.project import Project
from understudy.project.unknown import clip_named

NONE = "none"
LIST_NAME = "tracks.json"


def extract_with_edits(
    project: Project,
    clips: Sequence[str],
    words: Sequence[str],
    *,
    said: Said,
    device: str,
    faceset: str | None = None,
    trust: bool = False,
    redo_deleted: bool = False,
    faces_before: Mapping[str, int | None] | None = None,
) -> Events:
    """Add edits to a clip's tracks and extract it. Edits that don't fit are not kept.

    Raises OptionInvalid unless one clip is meant, and for frames that are to be looked at again in the same
    command; TrackEditInvalid, and what extracting raises.
    """
    if redo_deleted:
        raise OptionInvalid(
            "--track and --redo-deleted can't go together, because looking again may give other tracks. Run "
            "extract with --redo-deleted first, then with --track."
        )
    clip = _one_clip(project, clips)
    before = list(project.manifest.clips[clip].tracks)
    _keep(project, clip, changed_edits(before, words))
    try:
        yield from stages.extract(
            project,
            clips=[clip],
            said=said,
            device=device,
            faceset=faceset,
            trust=trust,
            faces_before=faces_before,
        )
    except (TrackEditInvalid, PersonUnknown):
        _keep(project, clip, before)
        raise


def changed_edits(before: Sequence[str], words: Sequence[str]) -> list[str]:
    """The edits there are and the new ones; `none` forgets those before it. Raises TrackEditInvalid."""
    edits = list(before)
    for word in words:
        if word.strip() == NONE:
            edits = []
            continue
        parse_edit(word)
        if word.strip() not in edits:
            edits.append(word.strip())
    return edits


def _keep(project: Project, clip: str, edits: Sequence[str]) -> None:
    with project.change() as manifest:
        manifest.clips[clip].tracks = list(edits)


def _one_clip(project: Project, clips: Sequence[str]) -> str:
    known = list(project.manifest.clips)
    meant = list(clips) or known
    if len(meant) != 1:
        raise OptionInvalid(
            f"--track is about one clip; name it. The project has {', '.join(known) or 'none'}."
        )
    clip_named(project, meant[0])
    return meant[0]


def _people_folder(project: Project, clip: str) -> Path:
    clip_named(project, clip)
    return project.people_folder / clip


def tracks_known(project: Project, clip: str) -> bool:
    """Whether a clip's faces were extracted, so that there is a list of its tracks. Raises ClipMissing."""
    return (_people_folder(project, clip) / LIST_NAME).exists()


def listed_tracks(project: Project, clip: str) -> dict[str, Any]:
    """What the last extraction saw of a clip's tracks: its content is that of `tracks.json`, with `changed`
    where other edits were written down since. Raises ProjectInvalid where nothing was extracted."""
    path = _people_folder(project, clip) / LIST_NAME
    if not path.exists():
        raise ProjectInvalid(f"The tracks of {clip!r} are not known yet. Run `understudy extract`.", path)
    told: dict[str, Any] = read_json(path)
    return told | {"changed": told["edits"] != project.manifest.clips[clip].tracks}


def name_track(project: Project, clip: str, track: int, name: str) -> None:
    """Remember what people call a track; an empty name forgets it. Nothing else is decided by it.

    Raises ProjectInvalid where nothing was extracted, TrackEditInvalid for a track that is not there.
    """
    known = [told["track"] for told in listed_tracks(project, clip)["tracks"]]
    if track not in known:
        numbers = ", ".join(map(str, known)) or "none"
        raise TrackEditInvalid(f"There is no track {track} in {clip!r}; there are {numbers}.")
    with project.change() as manifest:
        before = manifest.clips[clip].track_names
        names = {number: said for number, said in before.items() if number != str(track)}
        manifest.clips[clip].track_names = names | ({str(track): name.strip()} if name.strip() else {})


def picture_of_track(project: Project, clip: str, track: int) -> Path:
    """The card of one track. Raises ProjectInvalid where there is none: only the largest tracks have one."""
    path = _people_folder(project, clip) / f"track-{track:02d}.jpg"
    if not path.is_file():
        raise ProjectInvalid(f"There is no picture of track {track} of {clip!r}.", path)
    return path
