"""One clip after the other: one that can't be searched as it is doesn't keep the others from being searched."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from understudy.errors import (
    ClipInterlaced,
    ClipMissing,
    ClipSizesDiffer,
    ClipUnreadable,
    FindsUnusable,
    ImageUnreadable,
    NoFaceFound,
    PersonUnknown,
    SeveralPeople,
    StretchEmpty,
    TrackEditInvalid,
    UnderstudyError,
)
from understudy.events import Events, Notice, StageStarted

# What is wrong with one clip, or has to be decided of it; a full disk or a device that is gone ends them all.
OF_ONE_CLIP = (
    NoFaceFound,
    SeveralPeople,
    PersonUnknown,
    StretchEmpty,
    TrackEditInvalid,
    ClipMissing,
    ClipUnreadable,
    ClipSizesDiffer,
    ClipInterlaced,
    ImageUnreadable,
    FindsUnusable,
)


def clip_by_clip(names: Sequence[str], extracted: Callable[[str], Events], *, project: Path) -> Events:
    """Do each clip of the project in this folder. Raises at the end what stopped some of them, naming all; of a
    single clip, and anything that is not `OF_ONE_CLIP`, at once."""
    refused: dict[str, UnderstudyError] = {}
    for name in names:
        try:
            yield from told_of_clip(extracted(name), name, names)
        except OF_ONE_CLIP as error:
            if len(names) == 1:
                raise
            refused[name] = error
            if name != names[-1]:  # else the error itself says it next
                yield Notice(error.message, level="warning")
    if refused:
        raise _at_the_end(refused, of=len(names), project=str(project))


def told_of_clip(events: Events, name: str, names: Sequence[str]) -> Events:
    """What is done with one of several clips, each stage with which one it is: its figures are of that one."""
    with ExitStack() as stack:
        if isinstance(events, Generator):
            stack.callback(events.close)
        for event in events:
            if isinstance(event, StageStarted) and len(names) > 1:
                yield replace(event, clip=f"clip {names.index(name) + 1} of {len(names)}, {name}")
            else:
                yield event


def _at_the_end(refused: Mapping[str, UnderstudyError], *, of: int, project: str) -> UnderstudyError:
    """One error for all. Where they differ it is of the class of the first that asks for more than a face."""
    faceless = [name for name, error in refused.items() if isinstance(error, NoFaceFound)]
    decided = [error for error in refused.values() if not isinstance(error, NoFaceFound)]
    others = "" if len(refused) == of else " The faces of the others are stored."
    count = f"{len(faceless)} of {of} clips: {', '.join(faceless)}"
    remove = shlex.join(["understudy", "remove", project, *faceless[:1]])
    look_again = shlex.join(["understudy", "extract", project, *faceless, "--min-face", "0.03"])
    nobody = (
        f"No face was found in {count}.{others if not decided else ''} Take such a clip out, as with "
        f"`{remove}`, and name it no more, or look again with `{look_again}`, --rotations "
        "where heads are not upright, or another --detector."
    )
    if not decided:
        return NoFaceFound(nobody)
    first, crowds = decided[0], [name for name, error in refused.items() if isinstance(error, SeveralPeople)]
    once = ""
    if crowds:
        command = shlex.join(["understudy", "extract", project, crowds[0]])
        once = f" Say the number with `{command}`: without a clip's name it counts for all."
    if len(refused) == 1:
        return type(first)(first.message + once + others, first.path)
    told = [f"{name}: {error.message}" for name, error in refused.items() if not isinstance(error, NoFaceFound)]
    ends = [nobody] if faceless else []
    count = f"{len(refused)} of {of} clips were left: {', '.join(refused)}.{others}"
    return type(first)(" ".join([count, *told, *ends]) + once, first.path)
