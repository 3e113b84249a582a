"""`understudy settings`: the merge settings that a clip keeps."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from understudy.cli.flags import Json
from understudy.errors import OptionInvalid
from understudy.merging.settings_over_time import Ease
from understudy.project.project import Project


def settings(
    project: Path,
    clip: str,
    /,
    *,
    remove: list[str] | None = None,
    undo: Annotated[bool, Parameter(negative="")] = False,
    redo: Annotated[bool, Parameter(negative="")] = False,
    move_key: tuple[int, int] | None = None,
    ease: Ease | None = None,
    copy: int | None = None,
    to: str = "",
    at: int | None = None,
    json: Json = False,
) -> None:
    """List the merge settings that a clip keeps, by `merge --save` and `--key` or in understudy.toml.

    Parameters
    ----------
    project:
        The project folder.
    clip:
        Name of a dst clip in the project.
    remove:
        Take this out: clip, "range 2", "key 120", one option of them as "key 120 erode", or all. Can be said
        several times.
    undo:
        Take the last change back, a removal as well; said again, the one before.
    redo:
        Make the change again that was taken back last.
    move_key:
        Take the key at the first of these frames to the second.
    ease:
        With --move-key: how its numbers go on to their next key from now on.
    copy:
        Give the settings of this frame to those of --to, and keep them there.
    to:
        With --copy: frames like 121 or 121:, both ends included.
    at:
        List every option that counts in this frame, and who says it.
    json:
        Print the list as JSON.
    """
    from understudy.jobs.merging.kept_settings import (
        listed_settings,
        redo_settings,
        remove_settings,
        undo_settings,
    )
    from understudy.jobs.merging.kept_settings import move_key as moved_key
    from understudy.jobs.merging.settings_at import copy_settings
    from understudy.merging.frame_ranges import parse_frames

    opened = Project.open(project)
    changes = [bool(remove), undo, redo, move_key is not None, copy is not None]
    if sum(changes) > 1:
        raise OptionInvalid("Say one of --remove, --undo, --redo, --move-key and --copy, not several.")
    if (ease is not None and move_key is None) or bool(to) != (copy is not None):
        raise OptionInvalid("--ease goes with --move-key, and --copy with --to, like --copy 120 --to 121:.")
    listed_settings(opened, clip)  # says which clips there are
    said = ""
    if undo or redo:
        said = undo_settings(opened, clip) if undo else redo_settings(opened, clip)
    elif move_key is not None:
        said = moved_key(opened, clip, *move_key, ease=ease)
    elif copy is not None:
        said = copy_settings(opened, clip, copy, to=parse_frames(to))
    elif remove:
        said = remove_settings(opened, clip, remove)
    if at is not None:
        _print_at(opened, clip, at, as_json=json)
        return
    told = listed_settings(opened, clip)
    if json:
        print(json_text.dumps(told, ensure_ascii=False))
        return
    if said:
        print(said)
    _print_parts(told)


def _print_parts(told: dict[str, Any]) -> None:
    for part in told["parts"]:
        options = ", ".join(f"{name} = {value}" for name, value in part["options"].items())
        ease = f", {part['ease']} to the next key" if "ease" in part else ""
        print(f"{part['part']} (frames {part['frames']}{ease}): {options}")
    if not told["parts"]:
        print(f"Clip {told['clip']!r} keeps no merge settings of its own.")


def _print_at(project: Project, clip: str, frame: int, *, as_json: bool) -> None:
    from understudy.jobs.merging.settings_at import settings_at

    known = settings_at(project, clip, frame)
    if as_json:
        rows = {
            name: {"value": one.value, "said": one.said, "overridden": one.overridden}
            for name, one in known.items()
        }
        print(json_text.dumps({"clip": clip, "frame": frame, "options": rows}, ensure_ascii=False))
        return
    for name, one in known.items():
        print(f"{name} = {one.value} ({one.said})")
