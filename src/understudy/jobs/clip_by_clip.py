"""One clip after the other: one in which nobody is seen doesn't keep the others from being searched."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from understudy.errors import NoFaceFound
from understudy.events import Events, Notice


def clip_by_clip(names: Sequence[str], extracted: Callable[[str], Events]) -> Events:
    """Do each clip. Raises NoFaceFound at the end, naming all in which no face was found; of a single clip, and
    anything else, at once."""
    faceless: list[str] = []
    for name in names:
        try:
            yield from extracted(name)
        except NoFaceFound as error:
            if len(names) == 1:
                raise
            faceless.append(name)
            yield Notice(error.message, level="warning")
    if faceless:
        others = "" if len(faceless) == len(names) else " The faces of the others are stored."
        raise NoFaceFound(
            f"No face was found in {len(faceless)} of {len(names)} clips: {', '.join(faceless)}.{others} Take "
            "such a clip out with `understudy remove PROJECT CLIP` and name it no more, or look again with "
            "`understudy extract PROJECT CLIP --min-face 0.03` or another --detector."
        )
