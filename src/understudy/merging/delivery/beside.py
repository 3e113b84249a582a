"""What lies beside a finished shot: its reports, and where the window of a patch lies.

Written anew with the shot, or alone where only they are gone. A file of such a name that was not written here
goes to the trash first. Not here: what they say (`report`, `stills`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from understudy.events import Event, Made, Notice
from understudy.files import move_to_trash, write_json, write_text
from understudy.media.clip import Clip
from understudy.merging.crops import crops_of
from understudy.merging.delivery.memory import DeliveryMemory
from understudy.merging.delivery.report import path_beside
from understudy.merging.delivery.shown import windows_of
from understudy.merging.delivery.stills import place_of
from understudy.merging.journal import frame_path, unswapped_of


def transform_path(out: Path) -> Path:
    """Where it is told where the window of every frame lies."""
    return path_beside(out, ".transform.json")


def transforms(out: Path, clip: Clip, frames: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What that file says."""
    size = [clip.info.width, clip.info.height]
    return {"file": out.name, "frame_size": size, "frames": list(frames)}


def window_places(clip: Clip, merged_folder: Path, stretch: range) -> list[dict[str, Any]]:
    """For every frame of a stretch what `transforms` takes, from the masks that the merge kept; dst is not
    decoded."""
    windows, crops, unswapped = (
        windows_of(clip, merged_folder, stretch),
        crops_of(merged_folder),
        unswapped_of(merged_folder),
    )
    return [
        {"frame": index, **place_of(windows[index], crops.get(index, ()) if swapped else ())}
        for index in stretch
        for swapped in [frame_path(merged_folder, index).is_file() and index not in unswapped]
    ]


def put_beside(
    out: Path, contents: Mapping[Path, Any], *, memory: DeliveryMemory, trash: Path | None
) -> Iterator[Event]:
    """Write texts, and JSON of what is no text, beside `out`; anyone's own file goes to the folder `trash`."""
    for path, content in contents.items():
        if trash is not None and path.exists() and not memory.knows_beside(out, path):
            now = move_to_trash(path, trash)
            yield Notice(
                f"There was a {path.name} already that was not written here. It was moved to {now}; "
                "to have it back, move it to another name.",
                level="warning",
            )
        if isinstance(content, str):
            write_text(path, content)
        else:
            write_json(path, content)
        memory.remember_beside(out, path)
        yield Made(what="places of the window" if path == transform_path(out) else "report", path=path)
