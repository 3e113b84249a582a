"""Which merge settings a frame has, who said each, and one frame's settings given to others.

A value counts as `understudy.merging.settings_over_time` says: a range over keys, keys over the clip, the clip
over the project. Not here: keeping and taking out (`inputs`, `kept_settings`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from understudy.errors import OptionInvalid
from understudy.jobs.merging.inputs import keep_in_range, keep_keys, keep_said, settings_over_time
from understudy.jobs.merging.kept_settings import CLIP, KEY, RANGE, remove_settings
from understudy.merging.frame_ranges import in_words, parse_frames, require_within
from understudy.merging.options import FIXED, MergeOptions
from understudy.merging.settings_over_time import Ease
from understudy.options import meant
from understudy.project.manifest import ClipEntry
from understudy.project.project import Project

DEFAULT, PROJECT, KEYS = "default", "project", "keys"


@dataclass(frozen=True)
class SettingAt:
    """One option in one frame."""

    value: Any
    said: str  # default, project, clip, "key 120", "keys 80 and 120" between them, "range 2" or "person 2"
    overridden: tuple[str, ...] = ()  # who says it too, and does not count here


def settings_at(project: Project, clip: str, frame: int, part: str = "") -> dict[str, SettingAt]:
    """Every option in a frame of the clip, or for one part of its cast there. Raises OptionInvalid."""
    entry = project.manifest.clips[clip]
    options = settings_over_time(project, clip, {}).at(frame, part)
    sayers = {name: _sayers(project, entry, name, frame, part) for name in MergeOptions.model_fields}
    return {
        name: SettingAt(getattr(options, name), said[-1], tuple(said[1:-1])) for name, said in sayers.items()
    }


def look_at(project: Project, clip: str, frame: int, part: str = "") -> dict[str, Any]:
    """Every value that makes a frame look as it does, for a preset. Raises OptionInvalid."""
    known = settings_at(project, clip, frame, part)
    return {name: one.value for name, one in known.items() if name not in FIXED}


def copy_settings(project: Project, clip: str, frame: int, *, to: Sequence[range]) -> str:
    """Keep for other frames what they have not in common with `frame`; tells what was kept.

    Raises OptionInvalid for frames outside the clip; nothing is kept where all is the same already.
    """
    from understudy.media.opening import open_clip

    with open_clip(project.present_clip_path(clip)) as opened:
        frame_count = opened.info.frame_count
    stretches = require_within(to, frame_count, who="Frames")
    require_within([range(frame, frame + 1)], frame_count, who="Frames")
    over_time = settings_over_time(project, clip, {})
    wanted = over_time.at(frame)
    others = {id(other): other for stretch in stretches for other in map(over_time.at, stretch)}.values()
    differing = {
        name: getattr(wanted, name)
        for name in MergeOptions.model_fields
        if name not in FIXED and any(getattr(other, name) != getattr(wanted, name) for other in others)
    }
    if not differing:
        return f"{clip}: frames {in_words(stretches)} have the settings of frame {frame} already."
    return keep_said(project, clip, differing, frames=stretches)


def keep_where_it_counts(
    project: Project, clip: str, frame: int, said: Mapping[str, Any], *, ease: Ease = "smooth"
) -> list[str]:
    """Keep options so that they hold in this frame: as a key at it where the option has keys, in the range that
    says it here, else for the clip. None takes an option out there. Tells what was done.

    Raises OptionInvalid, also for taking out what comes from between two keys.
    """
    known = settings_at(project, clip, frame)
    places: dict[str, dict[str, Any]] = {}
    for name, value in said.items():
        if name not in known:
            there = f"Known here: {', '.join(known)}.{meant(name, known)}"
            raise OptionInvalid(f"There is no option {name!r}. {there}")
        places.setdefault(known[name].said, {})[name] = value
    told = []
    for place, values in places.items():
        gone = [name for name, value in values.items() if value is None]
        told += [_take_out(project, clip, place, gone)] if gone else []
        kept = {name: value for name, value in values.items() if value is not None}
        told += [_keep_at(project, clip, place, frame, kept, ease)] if kept else []
    return [words for words in told if words]


def _take_out(project: Project, clip: str, place: str, names: Sequence[str]) -> str:
    if place.startswith(KEYS):
        raise OptionInvalid(f"{names[0]} comes from {place}: go to one of them to take it out there.")
    if place in (DEFAULT, PROJECT):
        return ""
    return remove_settings(project, clip, [f"{place} {name}" for name in names])


def _keep_at(project: Project, clip: str, place: str, frame: int, said: Mapping[str, Any], ease: Ease) -> str:
    if place.startswith(KEY):
        return keep_keys(project, clip, said, frames=[range(frame, frame + 1)], ease=ease)
    if place.startswith(RANGE):
        return keep_in_range(project, clip, said, number=int(place.removeprefix(RANGE)))
    return keep_said(project, clip, said, frames=None)


def _sayers(project: Project, entry: ClipEntry, name: str, frame: int, part: str) -> list[str]:
    """Everybody who says the option for this frame, the one that counts last."""
    said = [DEFAULT]
    said += [PROJECT] if name in project.manifest.merge else []
    said += [CLIP] if name in entry.merge else []
    if keyed := [key.frame for key in entry.keys if name in (key.model_extra or {})]:
        said.append(_keys_around(keyed, frame))
    for number, one in enumerate(entry.ranges, 1):
        if name in (one.model_extra or {}) and any(frame in stretch for stretch in _stretches(one.frames)):
            said.append(f"{RANGE} {number}")
    own = entry.cast.get(part)
    if own is not None and not isinstance(own, str) and name in (own.model_extra or {}):
        said.append(part)
    return said


def _keys_around(keyed: Sequence[int], frame: int) -> str:
    """The key that holds in a frame, or both between which it lies."""
    before = max((key for key in keyed if key <= frame), default=None)
    after = min((key for key in keyed if key > frame), default=None)
    if before is not None and after is not None and before != frame:
        return f"{KEYS} {before} and {after}"
    return f"{KEY} {before if before is not None else after}"


def _stretches(frames: str) -> list[range]:
    try:
        return parse_frames(frames)
    except OptionInvalid:  # `settings_over_time` has named the range
        return []
