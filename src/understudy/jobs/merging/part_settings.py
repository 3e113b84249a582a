"""Merge settings of one part of a clip's cast alone: kept, taken out, and tried.

Who paints a part is `cast`'s matter; which setting counts in a frame `settings_at`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from understudy.errors import CastInvalid, OptionInvalid
from understudy.jobs.merging.inputs import settings_over_time
from understudy.jobs.merging.kept_settings import noted
from understudy.merging.options import MergeOptions
from understudy.options import meant
from understudy.project.manifest import CastEntry, ClipEntry
from understudy.project.project import Project


def keep_for_part(project: Project, clip: str, part: str, values: Mapping[str, Any]) -> str:
    """Keep options for the faces of one part; None takes one out again. Tells what was kept.

    Raises CastInvalid for a part that is not in the cast, OptionInvalid for what one face can't have alone.
    """
    words = ", ".join(f"{name} = {'as for all' if value is None else value}" for name, value in values.items())
    with noted(project, clip, f"kept {words} for {part}"), project.change() as manifest:
        entry = with_values(manifest.clips[clip], part, values)
        settings_over_time(project, clip, {}, entry=entry)
        manifest.clips = {**manifest.clips, clip: entry}
    return f"{clip}: {words} is kept for {part}."


def with_values(entry: ClipEntry, part: str, values: Mapping[str, Any]) -> ClipEntry:
    """The clip as if its part said these too; None takes an option out. Raises CastInvalid, OptionInvalid."""
    if part not in entry.cast:
        there = f"that is {' and '.join(entry.cast)}" if entry.cast else "nobody is in it yet"
        raise CastInvalid(f"{part!r} is not in the clip's cast; {there}. Say first who paints them.")
    if unknown := [name for name in values if name not in MergeOptions.model_fields]:
        near = meant(unknown[0], MergeOptions.model_fields)
        raise OptionInvalid(f"There is no option {unknown[0]!r} of merging.{near}")
    before = entry.cast[part]
    own = before if isinstance(before, CastEntry) else CastEntry(model=before)
    extra = {**(own.model_extra or {}), **values}
    kept = {name: value for name, value in extra.items() if value is not None}
    return entry.model_copy(update={"cast": {**entry.cast, part: CastEntry(model=own.model, **kept)}})
