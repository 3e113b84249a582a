"""Put faces away and bring them back: each call is one entry of the faceset's history.

With those of the same `command` it is one step.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from understudy.counts import counted
from understudy.errors import FacesUnknown
from understudy.facesets.curation.history import History
from understudy.facesets.curation.naming import names_taken
from understudy.facesets.names import FreeNames
from understudy.facesets.store import Faceset, StoredFace


def reject(
    faceset: Faceset, faces: Sequence[StoredFace], *, trash: Path, why: str = "", command: str = ""
) -> int:
    """Move faces to the trash and return how many. The extraction will not make them again."""
    history = History(faceset.folder, trash)
    with history.change("reject", _words("reject", len(faces), why), command=command) as change:
        for face in faces:
            change.remove(face.name)
            change.note(face.record.clip, face.record.frame, face.record.person)
    faceset.refresh()
    return len(faces)


def rejected(faceset: Faceset, *, trash: Path) -> dict[str, Path]:
    """What was rejected and can come back: file name before and where it lies, oldest first."""
    history = History(faceset.folder, trash, recover=False)
    return {name: trash / place for place, name in history.rejected().items()}


def restore(
    faceset: Faceset,
    *,
    trash: Path,
    names: Sequence[str] = (),
    last: bool = False,
    why: str = "",
    command: str = "",
) -> list[str]:
    """Bring rejected faces back and return their names now.

    Without `names`, all, or with `last` those of the last rejection that still has some. A name that is taken
    by now gets a number. Raises FacesUnknown for names that were not rejected.
    """
    history = History(faceset.folder, trash)
    places = _meant(history, names, last=last)
    free = FreeNames(names_taken(faceset.folder))
    back = []
    with history.change("restore", _words("restore", len(places), why), command=command) as change:
        for place, name in places.items():
            goal = free.take(name)
            change.bring(goal, place)
            back.append(goal)
    faceset.refresh()
    return back


def _meant(history: History, names: Sequence[str], *, last: bool) -> dict[str, str]:
    lying = history.rejected()
    if names:
        known = {name: place for place, name in lying.items()}  # the newest of a name
        known |= {Path(name).stem: place for name, place in known.items() if Path(name).stem not in known}
        missing = [name for name in names if name not in known]
        if missing:
            some = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
            raise FacesUnknown(
                f"{counted(len(missing), 'face named is', 'faces named are')} not among the {len(lying)} "
                f"rejected: {some}."
            )
        meant = {known[name] for name in names}
        return {place: name for place, name in lying.items() if place in meant}
    if last and lying:
        hold = next(reversed(lying)).split("/")[0]
        return {place: name for place, name in lying.items() if place.startswith(f"{hold}/")}
    return lying


def _words(verb: str, count: int, why: str) -> str:
    return f"{verb} {counted(count, 'face')}" + (f" ({why})" if why else "")
