"""Settings over time: what counts in a frame and who says it, keeping, taking out, moving, taking back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from understudy.errors import OptionInvalid, StepOutdated
from understudy.jobs.merging import kept_settings
from understudy.merging.frame_ranges import parse_frames
from understudy.merging.options import MergeOptions
from understudy.merging.settings_over_time import Ease
from understudy.project.project import Project
from understudy.project.unknown import clip_named
from understudy.studio.open_studio import StudioHere
from understudy.studio.run_words import require_no_places

routes = APIRouter()

Scope = Literal["auto", "clip", "range", "key"]
_IDLE = "Does nothing as the other settings are."


class Wish(BaseModel):
    """What every change is about; unknown names are refused."""

    model_config = ConfigDict(extra="forbid")

    clip: str
    window: str = Field("", max_length=40)


class Keep(Wish):
    """Values to keep: for all, for `frames`, as keys, or where each counts in `frame`."""

    frame: int = Field(ge=0)
    values: dict[str, Any] = Field(min_length=1)
    scope: Scope = "auto"
    part: str = Field("", max_length=40)
    frames: str = Field("", max_length=400)
    ease: Ease = "smooth"


class Seen(Wish):
    """What is about the list as the window has it: `seen` is that list's version."""

    seen: str = Field("", max_length=40)


class Remove(Seen):
    """Parts as the list calls them."""

    parts: list[str] = Field(min_length=1, max_length=500)


class MoveKey(Wish):
    """A key to another frame, or only with another ease."""

    frame: int = Field(ge=0)
    to: int = Field(ge=0)
    ease: Ease | None = None


class Copy(Wish):
    """One frame's settings to others."""

    frame: int = Field(ge=0)
    to: str = Field(min_length=1, max_length=400)


@routes.get("/settings")
def settings(
    studio: StudioHere, clip: str, frame: Annotated[int, Query(ge=0)] = 0, part: str = ""
) -> dict[str, Any]:
    """Every option in a frame and who says it, all that the clip keeps, and what can be taken back. Where a
    kept value is wrong there are no options, and `wrong` says so: what is kept can still be taken out."""
    project = _project_with(studio.project(), clip)
    listed = kept_settings.listed_settings(project, clip)
    try:
        options, wrong = options_at(project, clip, frame, part), ""
    except OptionInvalid as error:
        options, wrong = [], error.message
    return {"options": options, "wrong": wrong, **listed, "version": _version(listed)}


@routes.get("/check")
def check(name: str, value: Annotated[str, Query(max_length=400)]) -> dict[str, str]:
    """What is wrong with a value that was typed, in a sentence; empty where it is right."""
    from understudy.options import parse_options

    try:
        parse_options(MergeOptions, {name: value})
    except OptionInvalid as error:
        return {"wrong": error.message}
    return {"wrong": ""}


@routes.get("/presets")
def presets(studio: StudioHere) -> dict[str, Any]:
    """Every merge preset, of the project and of the user."""
    from understudy.jobs.presets import list_presets

    return {"presets": [asdict(one) for one in list_presets(studio.project(), "merge")]}


@routes.post("/keep")
def keep(studio: StudioHere, wish: Keep) -> dict[str, Any]:
    """Keep values in the manifest."""
    from understudy.jobs.merging.inputs import keep_keys, keep_said
    from understudy.jobs.merging.settings_at import keep_where_it_counts

    project = _project_with(studio.project(), wish.clip)
    require_no_places(MergeOptions, wish.values)
    values = {name: value for name, value in wish.values.items() if value is not None}
    if wish.part:
        from understudy.jobs.merging.part_settings import keep_for_part

        return _told(studio, wish, keep_for_part(project, wish.clip, wish.part, wish.values))
    if wish.scope == "auto":
        said = " ".join(keep_where_it_counts(project, wish.clip, wish.frame, wish.values, ease=wish.ease))
    elif len(values) < len(wish.values):
        raise OptionInvalid("An option goes back to what it was where it counts; it can't be kept like that.")
    elif wish.scope == "key":
        here = parse_frames(wish.frames or str(wish.frame))
        said = keep_keys(project, wish.clip, values, frames=here, ease=wish.ease)
    else:
        stretches = parse_frames(wish.frames) if wish.scope == "range" else None
        said = keep_said(project, wish.clip, values, frames=stretches)
    return _told(studio, wish, said)


@routes.post("/remove")
def remove(studio: StudioHere, wish: Remove) -> dict[str, Any]:
    """Take parts, or options of them, out."""
    project = _project_as_seen(studio, wish)
    return _told(studio, wish, kept_settings.remove_settings(project, wish.clip, wish.parts))


@routes.post("/move-key")
def move_key(studio: StudioHere, wish: MoveKey) -> dict[str, Any]:
    """Take a key to another frame."""
    project = _project_with(studio.project(), wish.clip)
    return _told(studio, wish, kept_settings.move_key(project, wish.clip, wish.frame, wish.to, ease=wish.ease))


@routes.post("/copy")
def copy(studio: StudioHere, wish: Copy) -> dict[str, Any]:
    """Give a frame's settings to others."""
    from understudy.jobs.merging.settings_at import copy_settings

    project = _project_with(studio.project(), wish.clip)
    return _told(studio, wish, copy_settings(project, wish.clip, wish.frame, to=parse_frames(wish.to)))


@routes.post("/undo")
def undo(studio: StudioHere, wish: Seen) -> dict[str, Any]:
    """Take the last change back."""
    return _turned(studio, wish, kept_settings.undo_settings)


@routes.post("/redo")
def redo(studio: StudioHere, wish: Seen) -> dict[str, Any]:
    """Make the change again that was taken back last."""
    return _turned(studio, wish, kept_settings.redo_settings)


def options_at(project: Project, clip: str, frame: int, part: str = "") -> list[dict[str, Any]]:
    """For a form: every option that can change within a clip, with what counts in the frame."""
    from understudy.jobs.merging.inputs import settings_over_time
    from understudy.jobs.merging.settings_at import DEFAULT, settings_at
    from understudy.merging.options import FIXED, WHOLE_CLIP, WHOLE_FRAME, MergeOptions
    from understudy.options import describe
    from understudy.studio.forms import choices_of

    known, hidden = settings_at(project, clip, frame, part), FIXED | WHOLE_FRAME if part else WHOLE_CLIP
    idle = settings_over_time(project, clip, {}).at(frame, part).idle()
    return [
        {
            **vars(info),
            "group": _group(info.name),
            "choices": choices_of(MergeOptions, info, [known[info.name].value], project),
            "value": known[info.name].value,
            "said": known[info.name].said != DEFAULT,
            "note": known[info.name].said,
            "overridden": known[info.name].overridden,
            "why_idle": _IDLE if info.name in idle else "",
        }
        for info in describe(MergeOptions)
        if info.name not in hidden
    ]


def _group(name: str) -> str:
    from understudy.merging.blending.options import BlendOptions
    from understudy.merging.coloring.options import ColorOptions
    from understudy.merging.effects.options import EffectOptions
    from understudy.merging.masking.options import MaskOptions

    classes = {"Mode": BlendOptions, "Mask": MaskOptions, "Colour": ColorOptions, "Effects": EffectOptions}
    return next((words for words, options in classes.items() if name in options.model_fields), "Face")


def _project_with(project: Project, clip: str) -> Project:
    """The project, once it is known to have this dst clip. Raises ClipMissing."""
    clip_named(project, clip, "dst")
    return project


def _version(listed: Mapping[str, Any]) -> str:
    """Another one, another list of what a clip keeps and of what can be taken back."""
    return hashlib.blake2b(repr(listed).encode(), digest_size=12).hexdigest()


def _project_as_seen(studio: StudioHere, wish: Seen) -> Project:
    """The same, if the clip's list is still the one that the window has. Raises StepOutdated too."""
    project = _project_with(studio.project(), wish.clip)
    listed = kept_settings.listed_settings(project, wish.clip)
    if wish.seen and wish.seen != _version(listed):
        last = f" The last change is now: {listed['changes'][-1]['change']}." if listed["changes"] else ""
        raise StepOutdated(
            f"The settings of clip {wish.clip!r} were changed elsewhere just now, so nothing was taken out or "
            f"back.{last} Look at it, and ask again."
        )
    return project


def _turned(studio: StudioHere, wish: Seen, turn: Callable[[Project, str], str]) -> dict[str, Any]:
    project = _project_as_seen(studio, wish)
    before = project.manifest.clips[wish.clip].cast
    said = turn(project, wish.clip)
    if project.manifest.clips[wish.clip].cast != before:  # then the asking window, too, has to look anew
        wish = wish.model_copy(update={"window": ""})
    return _told(studio, wish, said)


def _told(studio: StudioHere, wish: Wish, said: str) -> dict[str, Any]:
    studio.live.say("merge", clip=wish.clip, window=wish.window)
    return {"said": said}
