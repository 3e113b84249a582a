"""`understudy cast`: who in a clip is painted by which model."""

from __future__ import annotations

import json as json_text
from pathlib import Path

from understudy.cli.flags import Json
from understudy.project.project import Project

_HEAD = ("track", "person", "frames", "faces", "model")


def cast(project: Path, clip: str, /, *parts: str, model: str = "main", json: Json = False) -> None:
    """Say, or list, which model paints whom in a clip.

    Parameters
    ----------
    project:
        The project folder.
    clip:
        Name of a dst clip in the project.
    parts:
        What changes: "person 2=anna", "track 7=ben"; "track 7=" takes it out again, none forgets all. With an
        option, a merge setting of that part alone: "person 2.blur=0.2". Without any, the cast is only listed.
    model:
        The model of everybody the cast does not name.
    json:
        Print the list as JSON.
    """
    from understudy.jobs.merging.cast import change_cast, listed_cast

    opened = Project.open(project)
    if parts:
        change_cast(opened, clip, parts)
    told = listed_cast(opened, clip, model)
    if json:
        print(json_text.dumps(told, ensure_ascii=False))
        return
    rows = [
        (
            str(t["track"]),
            str(t["person"]),
            f"{t['first_frame']}-{t['last_frame']}",
            str(t["faces"]),
            t["model"],
        )
        for t in told["tracks"]
    ]
    widths = [max(len(row[column]) for row in (_HEAD, *rows)) for column in range(len(_HEAD))]
    for row in (_HEAD, *rows):
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))
    for part in told["unplayed"]:
        print(
            f"{part} is in the cast, but no face of the clip shows them: `understudy merge` will refuse that."
        )
