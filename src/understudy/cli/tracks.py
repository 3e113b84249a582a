"""`understudy tracks`: who is seen when in a clip, to choose by."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from understudy.cli.flags import Json
from understudy.errors import OptionInvalid
from understudy.project.project import Project

Names = Annotated[tuple[str, ...], Parameter(negative="", show_default=False)]
_HEAD = ("track", "person", "frames", "faces", "found", "filled", "size", "")


def tracks(project: Path, clip: str, /, *, name: Names = (), json: Json = False) -> None:
    """List the tracks of a clip: continuous appearances of one person, as the last extraction saw them.

    Parameters
    ----------
    project:
        The project folder.
    clip:
        Name of the clip in the project.
    name:
        Call a track something, like 3=Anna, for people to read; 3= forgets it. May be given several times.
    json:
        Print the list as JSON.
    """
    from understudy.jobs.frames.tracks import listed_tracks, name_track

    opened = Project.open(project)
    for words in name:
        number, _, called = words.partition("=")
        if not number.strip().isdecimal() or "=" not in words:
            raise OptionInvalid(f"{words!r} names no track. Write its number and its name, like 3=Anna.")
        name_track(opened, clip, int(number), called)
    told = listed_tracks(opened, clip)
    told["names"] = opened.manifest.clips[clip].track_names
    if json:
        print(json_text.dumps(told, ensure_ascii=False))
        return
    rows = [_HEAD, *(_row(track, told["names"]) for track in told["tracks"])]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for row in rows:
        cells = (cell.rjust(width) for cell, width in zip(row[:-1], widths, strict=False))
        print(("  ".join(cells) + f"  {row[-1]}").rstrip())
    if told["edits"]:
        print(f"edits: {', '.join(told['edits'])}")
    if told["changed"]:
        print("understudy.toml says something else about the tracks by now: run `understudy extract`.")
    print(f"pictures: {opened.people_folder / clip}")


def _row(track: dict[str, Any], names: dict[str, str]) -> tuple[str, ...]:
    frames = f"{track['first_frame']}-{track['last_frame']}"
    counts = (str(track[name]) for name in ("faces", "found", "filled"))
    return (
        str(track["track"]),
        str(track["person"]),
        frames,
        *counts,
        f"{track['side_px']:.0f} px",
        " ".join(words for words in (names.get(str(track["track"]), ""), str(track["fate"])) if words),
    )
