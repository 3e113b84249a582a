"""The cast of a project's clip: who is painted by which model, said and listed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from understudy.errors import CastInvalid
from understudy.jobs.merging.inputs import models_of_cast, settings_over_time
from understudy.jobs.merging.kept_settings import noted
from understudy.jobs.merging.part_settings import keep_for_part, with_values
from understudy.jobs.models.making import plain_value
from understudy.merging.cast import part_for, parts_played, require_part
from understudy.project.manifest import CastEntry
from understudy.project.project import Project
from understudy.project.unknown import clip_named, model_named

NONE = "none"


def change_cast(project: Project, clip: str, words: Sequence[str]) -> None:
    """Give parts of a clip to models: `person 2=anna`, `track 7=`, which takes the part out again, or `none`,
    which forgets all. Settings that a part has of its own stay; `person 2.blur=0.2` gives it one, and
    `person 2.blur=` takes that out.

    Raises ClipMissing, CastInvalid, ModelUnknown; then nothing is changed.
    """
    clip_named(project, clip, "dst")
    cast = dict(project.manifest.clips[clip].cast)
    played = _played(project, clip)
    settings: dict[str, dict[str, Any]] = {}
    for word in words:
        if word.strip() == NONE:
            cast = {}
            continue
        part, equals, model = (piece.strip() for piece in word.partition("="))
        _require_quotes(part, words)
        part, dot, option = part.partition(".")
        require_part(part)
        if dot and equals:
            settings.setdefault(part, {})[option.strip().replace("-", "_")] = (
                plain_value(model) if model else None
            )
            continue
        if not equals:
            raise CastInvalid(f"Who paints {part!r}? Say it like '{part}=MODEL', or '{part}=' for nobody else.")
        if not model:
            cast.pop(part, None)
        elif played and part not in played:
            raise CastInvalid(f"No face of clip {clip!r} is {part!r}. There are {', '.join(played)}.")
        else:
            model_named(project, model)
            before = cast.get(part)
            cast[part] = before.model_copy(update={"model": model}) if isinstance(before, CastEntry) else model
    entry = project.manifest.clips[clip].model_copy(update={"cast": cast})
    for part, values in settings.items():
        entry = with_values(entry, part, values)
    if settings:
        settings_over_time(project, clip, {}, entry=entry)
    if cast != project.manifest.clips[clip].cast:
        said = ", ".join(word for word in words if "." not in word.partition("=")[0])
        with noted(project, clip, f"changed the cast: {said}"), project.change() as manifest:
            manifest.clips[clip].cast = cast
    for part, values in settings.items():
        keep_for_part(project, clip, part, values)


def listed_cast(project: Project, clip: str, lead: str) -> dict[str, Any]:
    """Every track of the clip's faces with its person, frames, faces, part and model; parts nobody plays."""
    clip_named(project, clip, "dst")
    cast = models_of_cast(project.manifest.clips[clip], lead)
    tracks: dict[tuple[int, int], list[int]] = {}
    with project.faceset(*project.faceset_of_clip(clip)) as faceset:
        for face in faceset.faces():
            record = face.record
            if record.clip == clip:
                tracks.setdefault((record.track, record.person), []).append(record.frame)
    rows = [
        {
            "track": track,
            "person": person,
            "first_frame": min(frames),
            "last_frame": max(frames),
            "faces": len(frames),
            "part": part_for(track, person, cast),
            "model": cast.get(part_for(track, person, cast), lead),
        }
        for (track, person), frames in sorted(tracks.items())
    ]
    played = parts_played(tracks)
    return {"clip": clip, "tracks": rows, "cast": dict(cast), "unplayed": sorted(set(cast) - set(played))}


def _played(project: Project, clip: str) -> list[str]:
    """The parts that the clip's faces play; none where no faces are stored yet."""
    with project.faceset(*project.faceset_of_clip(clip)) as faceset:
        records = [face.record for face in faceset.faces()]
    return parts_played((record.track, record.person) for record in records if record.clip == clip)


def _require_quotes(part: str, words: Sequence[str]) -> None:
    """Raise CastInvalid where the shell has split a part at its space."""
    if part in ("person", "track"):
        said = " ".join(words)
        raise CastInvalid(
            f'{part!r} alone is no part. A part has a space, so put it in quotes, like "{part} 1=main"; '
            f"this came as separate words: {said}"
        )
