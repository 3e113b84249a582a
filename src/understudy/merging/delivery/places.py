"""How a finished shot appears under its final name: in one step, signed, not twice, and over nobody's footage.

Not here: which pixels are in it (`encode`).
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from understudy.errors import FolderUnwritable, OptionInvalid, UnderstudyError
from understudy.files import (
    ASIDE_SUFFIX,
    folder_aside,
    folder_written_aside,
    is_same_file,
    move_to_trash,
    said_plainly,
    written_aside,
)
from understudy.media.clip import Clip
from understudy.media.codecs import codec_for
from understudy.media.images import IMAGE_SUFFIXES
from understudy.provenance.credentials import SIDECAR_SUFFIX, embeds, sidecar_of, sidecars_with
from understudy.provenance.ledger import LEDGER_NAME, Ledger
from understudy.workers.leftovers import is_left_behind

Sign = Callable[[Path, Path], Path | None]
MakeRoom = Callable[[], None]
Check = Callable[[Path], None]

WRONG_ENDING = (
    "A clip of several frames becomes a movie (.mp4, .mov, .mkv, .avi) or a folder of images (a name without "
    "an ending); a single picture becomes a .png, .tif or .exr."
)

UNSIGNED_SUFFIX = ".unsigned"  # of a movie that is to be signed
_MOVED_SUFFIX = ".replaced"
_PROCESS = r"\d+(?:-[0-9a-f]{6})?"  # its number and its machine, as `files.py` names them


def require_safe_output(
    out: Path, *, keep: Collection[Path], codec: str, names: Collection[str] | None = None
) -> None:
    """Raise unless `out` may become a finished shot: nothing of a user's would be lost, and it can be written.

    `keep` are files and folders that must neither be replaced nor have `out` inside or around them. `names` are
    those of the images that a folder would get; without them a folder may hold what its own ledger lists.
    Raises OptionInvalid for the place, the ending or the codec, FolderUnwritable where something else stands.
    """
    for kept in keep:
        _require_apart(out, kept)
    suffix = out.suffix.lower()
    if not suffix:
        _require_own_folder(out, names)
        return
    if suffix not in IMAGE_SUFFIXES:
        codec_for(out, codec)
    elif suffix not in (".png", ".tif", ".tiff", ".exr"):
        raise OptionInvalid(WRONG_ENDING, out)
    if out.is_dir():
        raise FolderUnwritable("A folder stands where the finished file should go. Choose another name.", out)


def _require_apart(out: Path, kept: Path) -> None:
    if is_same_file(out, kept):
        raise OptionInvalid(
            "The result would replace footage that it is made from. Choose another name for it.", out
        )
    if any(is_same_file(folder, kept) for folder in out.resolve().parents):
        raise OptionInvalid(
            f"The result would lie inside {kept.name}, among what it is made from. Choose a place outside it.",
            out,
        )
    if any(is_same_file(out, folder) for folder in kept.resolve().parents):
        raise OptionInvalid(
            f"The result would take the place of a folder that holds {kept.name}. Choose another name for it.",
            out,
        )


@contextlib.contextmanager
def signed_at(
    out: Path,
    workshop: Path,
    sign: Sign | None,
    *,
    make_room: MakeRoom | None = None,
    check: Check | None = None,
) -> Iterator[tuple[Path, list[Path]]]:
    """Give a place to write one file to; after the block `sign` makes `out` of it.

    Yields the place and a list that holds the sidecar afterwards, if there is one. Without `sign` the place is
    `out` itself: its writer swaps it in. What `sign` made is read by `check` under a name of its own; then
    `make_room` is called and `out` replaced. Until then an older `out` stands. Errors name `out`.
    """
    sidecars: list[Path] = []
    if sign is None and (make_room is None or not out.exists()):
        yield out, sidecars
        return
    unsigned = workshop / f".unsigned{out.suffix}"
    for left_over in (*workshop.glob(".unsigned.*"), *workshop.glob("..unsigned.*")):
        left_over.unlink(missing_ok=True)  # by a process that was killed; two never work here at once
    own = {unsigned}
    try:
        yield unsigned, sidecars
        with written_aside(out) as aside:
            own.add(aside)
            try:
                beside = (sign or _copied)(unsigned, aside)
                if check is not None:
                    check(aside)
                if make_room is not None:
                    make_room()
                replaced = sidecars_with(out) if out.exists() and not embeds(out) else []
                if beside is not None:
                    with said_plainly(out):
                        sidecars.append(beside.replace(sidecar_of(out)))
                for old in set(replaced) - set(sidecars):
                    old.unlink(missing_ok=True)
            finally:
                sidecar_of(aside).unlink(missing_ok=True)
    except UnderstudyError as error:
        if error.path in own:
            raise type(error)(error.message, out) from error
        raise
    finally:
        unsigned.unlink(missing_ok=True)


def _copied(made: Path, goal: Path) -> None:
    shutil.copyfile(made, goal)


@contextlib.contextmanager
def folder_signed_at(
    out: Path, names: list[str], sign: Sign | None, *, make_room: MakeRoom | None = None
) -> Iterator[Path]:
    """Give an empty folder to fill; after the block it is signed and becomes `out`.

    An older `out` is replaced only when it holds nothing but pictures of the same names and their marks:
    raises FolderUnwritable where there is anything else in it, and where `out` has come since the beginning.
    `make_room` is called just before an older one is replaced.
    """
    _require_own_folder(out, names)
    stood = out.exists()
    moved = folder_aside(out, _MOVED_SUFFIX)
    with said_plainly(out):
        try:
            with folder_written_aside(out) as aside:
                yield aside
                if sign is not None:
                    sign(aside, aside)
                if stood and make_room is not None:
                    make_room()
                if stood and out.exists():
                    out.rename(moved)
        finally:
            _discard(moved, out)


def _discard(moved: Path, out: Path) -> None:
    """Remove the folder that `out` has replaced; where `out` never came, that folder is `out` again."""
    if out.exists():
        shutil.rmtree(moved, ignore_errors=True)
    elif moved.exists():
        moved.rename(out)


def _require_own_folder(out: Path, names: Collection[str] | None) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise FolderUnwritable("A file stands where the image folder should go. Choose another name.", out)
    listed = _listed(out)
    marks = (sidecar_of(Path(LEDGER_NAME)), Path(LEDGER_NAME).with_suffix(SIDECAR_SUFFIX))  # now, and once
    own = set(listed if names is None else names) | {LEDGER_NAME, *(path.name for path in marks)}
    others = sorted(path.name for path in out.iterdir() if path.name not in own)
    if others and set(others) <= set(listed):
        raise FolderUnwritable(
            f"This folder holds frames of an earlier export{_numbered(others)} ({others[0]}), which would be "
            "lost. Choose another folder, or export the same frames with the same numbers and ending.",
            out,
        )
    if others:
        raise FolderUnwritable(
            f"This folder holds files that no list of an earlier export names ({others[0]}), which would be "
            "lost. Choose an empty one.",
            out,
        )


def _numbered(names: Sequence[str]) -> str:
    """From which number on, where their names are numbers."""
    stem = Path(names[0]).stem
    return f", numbered from {int(stem)}" if stem.isdecimal() else ""


def _listed(folder: Path) -> Collection[str]:
    """The images that a folder's ledger lists; none where there is no ledger."""
    try:
        return Ledger.model_validate_json((folder / LEDGER_NAME).read_bytes()).frames
    except (OSError, ValidationError):
        return ()


def put_in_trash(out: Path, trash: Path) -> Path:
    """Move `out`, and the marks beside it, to `trash`; returns where it lies now."""
    for sidecar in sidecars_with(out) if out.is_file() else ():
        move_to_trash(sidecar, trash)  # beside the next file of that name they would call it a fake
    return move_to_trash(out, trash)


def image_names(clip: Clip, *, suffix: str = ".png", first_number: int = 0) -> list[str]:
    """The name of every frame's image: dst's own names, or numbers where dst is a video."""
    numbers = range(first_number, first_number + clip.info.frame_count)
    if clip.info.kind == "video":
        return [f"{number:06d}{suffix}" for number in numbers]
    names = [f"{Path(name).stem}{suffix}" for name in clip.info.file_names]
    if len(set(names)) == len(names) == clip.info.frame_count:
        return names
    return [f"{number:06d}{suffix}" for number in numbers]  # a.jpg beside a.png


def clear_leftovers(out: Path) -> None:
    """Mend what a killed process left beside `out`: half-written files go, a folder taken away comes back."""
    if not out.parent.is_dir():
        return
    _put_back(out)
    number = rf"(?:\.\d+)?\.({_PROCESS})"
    aside, unsigned, moved = map(re.escape, (ASIDE_SUFFIX, UNSIGNED_SUFFIX, _MOVED_SUFFIX))
    endings = "|".join(map(re.escape, (out.suffix, SIDECAR_SUFFIX, f"{out.suffix}{SIDECAR_SUFFIX}")))
    # As `files.py` names them: a file's keep its ending apart, a folder's are made of its whole name.
    again = rf"(?:(?:\.\d+)?\.{_PROCESS}{aside})?"
    file = rf"\.?\.{re.escape(out.stem)}{number}({aside}|{unsigned}){again}(?:{endings})"
    folder = rf"\.{re.escape(out.name)}{number}({aside}|{moved})"
    for path in out.parent.iterdir():
        match = re.fullmatch(file, path.name) or re.fullmatch(folder, path.name)
        if match and _is_of_no_use(path, match, out):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def _is_of_no_use(path: Path, leftover: re.Match[str], out: Path) -> bool:
    if leftover[2] == _MOVED_SUFFIX:  # of a folder, which a movie of the same name does not stand for
        return out.is_dir()
    return is_left_behind(path, leftover[1])


def _put_back(out: Path) -> None:
    """Give an `out` its name back that was moved away by a process killed before it put the new one there."""
    if out.exists():
        return
    pattern = re.compile(rf"\.{re.escape(out.name)}(?:\.\d+)?\.{_PROCESS}{re.escape(_MOVED_SUFFIX)}")
    moved = [path for path in out.parent.iterdir() if pattern.fullmatch(path.name) and path.is_dir()]
    if moved:
        with said_plainly(out):
            max(moved, key=lambda path: path.stat().st_mtime_ns).rename(out)
