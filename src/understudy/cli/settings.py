"""`understudy settings`: the merge settings that a clip keeps."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from understudy.cli.flags import Json
from understudy.project.project import Project


def settings(
    project: Path,
    clip: str,
    /,
    *,
    remove: list[str] | None = None,
    undo: Annotated[bool, Parameter(negative="")] = False,
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
    json:
        Print the list as JSON.
    """
    from understudy.errors import OptionInvalid
    from understudy.jobs.kept_settings import listed_settings, remove_settings, undo_settings

    opened = Project.open(project)
    if undo and remove:
        raise OptionInvalid("Say --remove or --undo, not both.")
    said = undo_settings(opened, clip) if undo else remove_settings(opened, clip, remove) if remove else ""
    told = listed_settings(opened, clip)
    if json:
        print(json_text.dumps(told, ensure_ascii=False))
        return
    if said:
        print(said)
    for part in told["parts"]:
        options = ", ".join(f"{name} = {value}" for name, value in part["options"].items())
        ease = f", {part['ease']} to the next key" if "ease" in part else ""
        print(f"{part['part']} (frames {part['frames']}{ease}): {options}")
    if not told["parts"]:
        print(f"Clip {clip!r} keeps no merge settings of its own.")
