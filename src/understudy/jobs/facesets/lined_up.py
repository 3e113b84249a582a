"""The faces of a faceset in an order that stays while a hand goes through them, told a window at a time.

An order is made once. A face that is drawn on keeps its place, whatever the order would say now, until faces
come or go, or it is asked for anew. Which order: `kept_open.py`; what is done on a face:
`facesets.done_by_hand`.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from understudy.errors import OptionInvalid
from understudy.facesets.curation.choose import Choice
from understudy.facesets.done_by_hand import STATES, State
from understudy.jobs.facesets.kept_open import KeptFaceset, Look

WHICH: dict[str, tuple[State, ...]] = {
    "all": STATES,
    "undrawn": ("none", "applied"),
    "unconfirmed": ("drawn",),
    "confirmed": ("confirmed",),
    "drawn": ("drawn", "confirmed"),
    "skipped": ("skipped",),
}
MOST_TOLD = 400
_LINES_KEPT = 24
_WAIT_S = 1.5  # for an order; then it goes on beside


@dataclass(frozen=True, eq=False)
class LineUp:
    """Places in a look's table, first to last, and the other way round: -1 where a face is not in the line."""

    id: str
    places: npt.NDArray[np.uint32]
    number_of: npt.NDArray[np.int32]


class LineUps:
    """The orders that windows go through; the one longest not asked for is made again when it is."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: OrderedDict[str, LineUp] = OrderedDict()

    def get(self, kept: KeptFaceset, look: Look, choice: Choice, wanted: str = "") -> LineUp | None:
        """The line `wanted`, where the faces are still those it was made of, or a new one; None where sorting
        goes on. Raises what a choice raises that can't be."""
        with self._lock:
            line = self._lines.get(wanted)
            if line is not None and wanted.startswith(f"{look.line}-{_key(kept, choice)}"):
                self._lines.move_to_end(wanted)
                return line
        order = kept.order(look, choice, wait_s=_WAIT_S)
        if order is None:
            return None
        made = _lined_up(f"{look.line}-{_key(kept, choice)}", order.places, len(look.digests))
        with self._lock:
            self._lines[made.id] = made
            while len(self._lines) > _LINES_KEPT:
                self._lines.popitem(last=False)
        return made


def _key(kept: KeptFaceset, choice: Choice) -> str:
    return hashlib.blake2b(repr((str(kept.folder), choice)).encode(), digest_size=6).hexdigest()


def _lined_up(prefix: str, places: npt.NDArray[np.uint32], count: int) -> LineUp:
    number_of = np.full(count, -1, np.int32)
    number_of[places] = np.arange(len(places), dtype=np.int32)
    digest = hashlib.blake2b(places.tobytes(), digest_size=6).hexdigest()
    return LineUp(f"{prefix}-{digest}", places, number_of)


@dataclass(frozen=True)
class Wish:
    """Which part of a line is told: `count` faces around one, or around that `by` steps from it, a step being
    to the next face of `which`. `first`: the face's place in the line, where its name is not known."""

    around: str = ""
    first: int = 0
    by: int = 0
    which: str = "all"
    count: int = 128


def told(look: Look, line: LineUp, wish: Wish) -> dict[str, Any]:
    """A part of a line for a window. `at` is the place of the face that was asked for; -1 where it is not in
    the line, or no other one follows. Raises OptionInvalid."""
    if wish.which not in WHICH:
        raise OptionInvalid(f"Faces are {', '.join(WHICH)}, and not {wish.which[:40]!r}.")
    if not 0 < wish.count <= MOST_TOLD:
        raise OptionInvalid(f"At most {MOST_TOLD} faces are told at once; {wish.count} were asked for.")
    states = look.states[line.places]
    at = _place(look, line, wish)
    if wish.by and at >= 0:
        at = _stepped(np.isin(states, [STATES.index(state) for state in WHICH[wish.which]]), at, wish.by)
    start = max(0, min(max(at, 0) - wish.count // 2, len(line.places) - wish.count))
    part = line.places[start : start + wish.count]
    return {
        "line": line.id,
        "total": len(line.places),
        "done": int(np.isin(states, [STATES.index(state) for state in WHICH["drawn"]]).sum()),
        "at": at,
        "gone": bool(wish.around) and wish.around not in look.place_of_name,
        "start": start,
        "faces": _faces(look, part, states[start : start + wish.count]),
    }


def _place(look: Look, line: LineUp, wish: Wish) -> int:
    if not wish.around:
        return min(max(0, wish.first), len(line.places) - 1)
    place = look.place_of_name.get(wish.around)
    return -1 if place is None else int(line.number_of[place])


def _stepped(fits: npt.NDArray[np.bool_], at: int, by: int) -> int:
    """The place `by` fitting faces on, or the last one on the way there; -1 where none follows."""
    after, before = at + 1 + np.flatnonzero(fits[at + 1 :]), np.flatnonzero(fits[:at])
    found = after[:by] if by > 0 else before[by:][::-1]
    return int(found[-1]) if len(found) else -1


def _faces(look: Look, part: npt.NDArray[np.uint32], states: npt.NDArray[np.uint8]) -> list[dict[str, Any]]:
    clips, frames = (look.table.columns[name][part].tolist() for name in ("clip", "frame"))
    return [
        {
            "name": look.table.faces[place].name,
            "state": STATES[state],
            "clip": clip,
            "frame": frame,
            "version": look.digests[place][:8].hex(),
        }
        for place, state, clip, frame in zip(part, states, clips, frames, strict=True)
    ]


def counts(look: Look) -> dict[str, Any]:
    """How many faces there are, are drawn on, would be learned from, bear each mark, and have masks, by the
    masks' names."""
    done, names = look.done, look.table.columns["mask_names"]
    masks = Counter(name for some in names[done.masks > 0] for name in some.split(","))
    return {
        "faces": len(look.table.faces),
        "drawn_on": int(done.is_drawn_on.sum()),
        "learned_from": int(done.teaches_masks.sum()),
        "confirmed": int(done.is_confirmed.sum()),
        "skipped": int(done.is_skipped.sum()),
        "masks": dict(masks.most_common()),
    }
