"""Whether a clip is still the footage that its faces were found in, before they are painted into it.

A face knows its frame by number alone. Where the clip's file was replaced by another cut, or a folder has a
file more or less, that number is another picture. Not here: telling contents apart (`extraction.found`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath

from understudy.counts import counted
from understudy.errors import ClipDiffers
from understudy.facesets.extraction.found import clip_content
from understudy.facesets.extraction.journal import Journal
from understudy.facesets.record import FaceRecord
from understudy.media.clip import ClipInfo
from understudy.media.numbering import last_number

_EXTRACT_AGAIN = "put its faces away with `understudy clean extract` and run `understudy extract`"


def footage_notices(faceset_folder: Path, clip_name: str | None, info: ClipInfo) -> list[str]:
    """What to say where the clip's content is not what its faces were extracted from: it may be a better copy,
    or another cut.

    Raises ClipDiffers where it has another number of frames than it had then, so that faces would be painted
    into wrong ones.
    """
    journal = Journal.look(faceset_folder)
    known = set[str]() if clip_name is None else journal.contents(clip_name)
    # The colour space a clip is seen in moves no frame.
    identities = {content.partition(" in ")[0] for content in known}
    if clip_name is None or not known or clip_content(info.path, known=identities) in identities:
        return []
    counts = set(journal.frames_in_clip(clip_name).values())
    if counts and info.frame_count not in counts:
        raise ClipDiffers(
            f"Clip {clip_name!r} has {counted(info.frame_count, 'frame')} now and had {max(counts)} when its "
            "faces were extracted, so they would be painted into wrong frames. Put the file back that it was, "
            f"or {_EXTRACT_AGAIN}.",
            info.path,
        )
    return [
        f"The file of clip {clip_name!r} is another one than when its faces were extracted. A better copy of "
        "the same frames is merged well; if it begins at another frame or was cut otherwise, "
        f"{_EXTRACT_AGAIN}."
    ]


def moved_files(records: Iterable[FaceRecord], names: Sequence[str]) -> dict[str, str]:
    """Why faces of a folder can't be used whose files stand elsewhere in it now, or are gone, by their names.

    `names` are those of the folder's files in order. Where none of the files that were moved is in it, all may
    only be called otherwise (another numbering), which tells nothing.
    """
    if not names:  # a video's frames have none
        return {}
    place = {_key(name): index for index, name in enumerate(names)}
    away = {
        record.source_name: record.frame
        for record in records
        if record.source_name and _key(record.source_name) != _key(*names[record.frame : record.frame + 1])
    }
    if not any(_key(name) in place for name in away):
        return {}
    return {
        name: f"its face was found in {name}, and the file in that place is {names[frame]} now"
        for name, frame in away.items()
        if frame < len(names)
    }


def _key(name: str = "") -> int | str:
    """What stays of a file's name in another version of its folder: its number, or else all but its ending."""
    stem = PurePath(name).stem
    number = last_number(stem)
    return stem if number is None else number
