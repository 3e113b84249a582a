"""Where a clip tool's result goes: aside, then swapped in; nothing is replaced and no marks are lost.

Results in between carry no marks of their own, but where they are made from marked footage they are signed so
that its credentials stay with them.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

from understudy.errors import FolderUnwritable, MarksUnreadable, NameTaken, OptionInvalid
from understudy.events import Event, Made, Notice
from understudy.files import file_aside, folder_kept_beside, put_as_new, said_plainly
from understudy.media.images import IMAGE_SUFFIXES
from understudy.merging.delivery.places import UNSIGNED_SUFFIX, clear_leftovers
from understudy.merging.journal import FACES, JOURNAL_NAME
from understudy.provenance.ledger import images_in
from understudy.provenance.sign import marked_of, sign_derived
from understudy.provenance.xmp import MOVIE_SUFFIXES, SOURCE_TYPE, packet_appended, source_type_in, with_packet


def require_free_name(out: Path, *made_from: Path) -> None:
    """Raise unless `out` is a new name outside of what it is made from: FolderUnwritable or OptionInvalid,
    which `require_no_merge` raises too.

    What killed processes left half-made of it is removed.
    """
    require_no_merge(made_from)
    for source in made_from:
        if source.is_dir() and source.resolve() in (out.resolve(), *out.resolve().parents):
            raise OptionInvalid("The result would lie among what it is made from. Choose a place outside.", out)
    if not out.exists():
        with said_plainly(out):
            clear_leftovers(out)  # which may bring back a finished folder of that name
    if out.exists():
        raise FolderUnwritable(
            "Something of that name is there already and is not replaced. Choose another name or remove it.",
            out,
        )


def require_no_merge(made_from: Sequence[Path]) -> None:
    """Raise OptionInvalid where something is to be made of a merge's own frames: only `encode` looks at the
    consent and gives the marks."""
    for source in made_from:
        folder = source.resolve() if source.is_dir() else source.resolve().parent
        is_picture = source.is_dir() or source.suffix.lower() in IMAGE_SUFFIXES
        holder = folder.parent if folder.name == FACES else folder
        if is_picture and (holder / JOURNAL_NAME).is_file():
            raise OptionInvalid(
                "These are a merge's own frames, which carry no marks yet. Finish them with "
                "`understudy encode`, as a movie or as images, and work on with what that writes.",
                source,
            )


def require_readable_marks(made_from: Sequence[Path]) -> list[Path]:
    """The clips that carry credentials. Raises MarksUnreadable where some are damaged, before hours of work."""
    from understudy.provenance.verify import verify

    marked = marked_of(made_from)
    for clip in marked:
        verdict = verify(clip)
        if verdict.facts.get("problems") == ["unreadable"]:
            raise MarksUnreadable(
                "The credentials of this clip are damaged and would be lost. Take the file as it was signed.",
                clip,
            )
    return marked


@contextlib.contextmanager
def made_file(out: Path, made_from: Sequence[Path], description: str) -> Iterator[tuple[Path, list[Event]]]:
    """Give a place for one file and a list of what to tell afterwards; when the block ends well `out` is there,
    with the credentials of what it was made from inside or beside it.

    Raises FolderUnwritable where a file of that name has come meanwhile: what was made lies under another then.
    """
    marked = require_readable_marks(made_from)
    place = file_aside(out, UNSIGNED_SUFFIX)
    told: list[Event] = []
    with said_plainly(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield place, told
            if says_painted(made_from):
                if out.suffix.lower() in MOVIE_SUFFIXES:
                    told += map(Notice, packet_appended(place))
                elif out.suffix.lower() in IMAGE_SUFFIXES:
                    place.write_bytes(with_packet(place.read_bytes()))
            goal, sidecar = _put_in_place(place, out, marked, description)
        finally:
            place.unlink(missing_ok=True)
    if goal != out:
        raise FolderUnwritable(
            f"Something of that name has come meanwhile and is not replaced. What was made lies beside it as "
            f"{goal.name}.",
            out,
        )
    told += [*(_told(marked, sidecar) if marked else []), Made("clip", out)]


def _put_in_place(place: Path, out: Path, marked: Sequence[Path], description: str) -> tuple[Path, Path | None]:
    """Give what was made its name, or where that is taken by now the next free one like it. Returns where it
    lies, and its sidecar where it has one."""
    for turn in count(1):
        goal = out if turn == 1 else out.with_name(f"{out.stem}-{turn}{out.suffix}")
        if os.path.lexists(goal):
            continue
        try:
            if marked:
                return goal, sign_derived(place, goal, made_from=marked, description=description)
            put_as_new(place, goal)
        except NameTaken:  # between the look and now
            continue
        return goal, None
    raise AssertionError("names go on")


@contextlib.contextmanager
def made_folder(out: Path, made_from: Sequence[Path], description: str) -> Iterator[tuple[Path, list[Event]]]:
    """The same for a folder of images."""
    require_readable_marks(made_from)
    told: list[Event] = []
    with folder_kept_beside(out) as place:
        yield place, told
        for image in images_in(place) if says_painted(made_from) else ():
            image.write_bytes(with_packet(image.read_bytes()))
        told += sign_folder(place, made_from, description)
    told.append(Made("frames", out))


def sign_folder(folder: Path, made_from: Sequence[Path], description: str) -> list[Event]:
    """Give a finished folder of images the credentials of what it was made from, where there are any."""
    marked = require_readable_marks(made_from)
    if not marked:
        return []
    return _told(marked, sign_derived(folder, folder, made_from=marked, description=description))


def says_painted(made_from: Sequence[Path]) -> bool:
    """Whether the metadata of what something is made from say that a trained model painted in it."""
    # All images of a folder: those without a face say nothing, and any of them may be the first.
    files = (file for path in made_from for file in (images_in(path) if path.is_dir() else [path]))
    word = SOURCE_TYPE.rpartition("/")[2]
    return any(source_type_in(file) == word for file in files)


def _told(marked: Sequence[Path], sidecar: Path | None) -> list[Event]:
    names = ", ".join(clip.name for clip in marked)
    where = f"in {sidecar.name} beside it. Copy that with the result" if sidecar else "inside the file"
    return [Notice(f"The Content Credentials of {names} go along, {where}.")]
