"""Files that a window sends: written aside piece by piece, looked into, and only then clips of the project, or
what else was asked for.

A piece lost with its connection is sent again from where the file ends, and a clip whose window was closed, or
whose studio was killed, goes on where it was when the same file is chosen again within a day. What is cancelled
or refused leaves nothing behind. Not here: how the pieces come (`uploads.py`).
"""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from io import FileIO
from pathlib import Path

from understudy.errors import UnderstudyError, UploadBusy, UploadRefused, UploadUnknown
from understudy.facesets.names import FreeNames, safe_name
from understudy.files import require_free_space, said_plainly, stat_of, try_lock
from understudy.media.movie_files import MOVIE_SUFFIXES
from understudy.project.lock import exclusive

CLIPS_FOLDER = "clips"
LARGEST_BYTES = 500 << 30
AT_ONCE = 8
_LEFT_AFTER_S = 86_400.0  # without a piece
_IDLE_AFTER_S = 600.0  # without a piece: it no longer counts among those at once
_OTHERS_WRITE_S = 10.0  # since its last piece
_UNSURE_BYTES = 32 << 20  # of the end of a file whose studio was killed: a piece that no disk may have yet


@dataclass(frozen=True)
class Kind:
    """What is taken: by its ending, up to a size, and only where `look` raises nothing."""

    suffixes: Callable[[], frozenset[str]]
    largest_bytes: int
    look: Callable[[Path], None]
    refused: str  # goes on after the name of what has another ending
    too_large: str = ""  # another way


def _clip_suffixes() -> frozenset[str]:
    from understudy.media.images import IMAGE_SUFFIXES

    return MOVIE_SUFFIXES | IMAGE_SUFFIXES


def _look_at_clip(path: Path) -> None:
    from understudy.media.opening import open_clip

    open_clip(path).close()


CLIP = Kind(
    suffixes=_clip_suffixes,
    largest_bytes=LARGEST_BYTES,
    look=_look_at_clip,
    refused=(
        "is no clip: only movies and single images are taken. A sequence of images is chosen from a folder "
        "that `--clips` names."
    ),
    too_large=" Use --clips for such.",
)


TO_VERIFY = replace(
    CLIP, refused="is no film and no image, so it has no marks that could be verified.", too_large=""
)


@dataclass
class Upload:
    """A file on its way. `have_bytes` are written. While it lives its studio alone holds the file open."""

    id: str
    name: str
    size_bytes: int
    folder: Path
    kind: Kind = CLIP
    have_bytes: int = 0
    touched: float = field(default_factory=time.monotonic)
    writing: threading.Lock = field(default_factory=threading.Lock, repr=False)
    held: FileIO | None = field(default=None, repr=False)

    @property
    def aside(self) -> Path:
        """Where it is written until it is a clip. The ending stays: readers choose by it."""
        return self.folder / f".{self.id}.partial{Path(self.name).suffix.lower()}"

    def hold(self) -> bool:
        """Open the file for this studio alone; False where another, which may be silent for long, has it."""
        if self.held is not None:
            return True
        self.aside.touch()
        held = self.aside.open("r+b", buffering=0)  # what is counted as written is with the system
        if not try_lock(held):
            held.close()
            return False
        self.held = held
        return True

    def let_go(self) -> None:
        """Close the file: any studio may take it."""
        if self.held is not None:
            self.held.close()
            self.held = None


class Receiving:
    """The clips that are on their way to one studio."""

    def __init__(self) -> None:
        self._uploads: dict[str, Upload] = {}
        self._lock = threading.Lock()

    def begin(
        self, folder: Path, name: str, size_bytes: int, fingerprint: str = "", *, kind: Kind = CLIP
    ) -> Upload:
        """Make room for a file of this name and size in `folder`, or go on with one that was left.

        `fingerprint` stands for the file's content: what came of the same file before is not sent again. Raises
        UploadRefused, DiskFull.
        """
        name = safe_name(Path(name.replace("\\", "/")).name.lstrip("."))
        if Path(name).suffix.lower() not in kind.suffixes():
            raise UploadRefused(f"{name} {kind.refused}")
        if not 0 < size_bytes <= kind.largest_bytes:
            raise UploadRefused(f"{name} is empty or larger than {_size(kind.largest_bytes)}.{kind.too_large}")
        with self._lock:
            self._forget_left()
            with said_plainly(folder):
                folder.mkdir(parents=True, exist_ok=True)
                _remove_left(folder)
            upload = self._left_by(folder, name, size_bytes, fingerprint)
            upload.kind = kind
            others = [one for one in self._uploads.values() if one is not upload and _is_coming(one)]
            if len(others) >= AT_ONCE:
                raise UploadRefused(f"{AT_ONCE} clips are on their way already. Wait for one to arrive.")
            coming = sum(one.size_bytes - one.have_bytes for one in (*others, upload))
            require_free_space(folder, needed_bytes=coming)
            with said_plainly(folder):
                if not upload.hold():
                    upload = replace(_new(folder, name, size_bytes), kind=kind)
                    upload.hold()
            self._uploads[upload.id] = upload
        return upload

    def _left_by(self, folder: Path, name: str, size_bytes: int, fingerprint: str) -> Upload:
        """What came of the same file before, or a new one."""
        if not fingerprint:
            return _new(folder, name, size_bytes)
        told = f"{folder.absolute()}\0{name}\0{size_bytes}\0{fingerprint}"
        id = hashlib.sha256(told.encode(errors="surrogateescape")).hexdigest()[:16]
        known = self._uploads.get(id)
        if known is None:
            known = Upload(id, name, size_bytes, folder)
            known.have_bytes = max(0, _written_bytes(known) - _UNSURE_BYTES)
        if known.writing.locked() or (known.held is None and _is_written_elsewhere(known)):
            return _new(folder, name, size_bytes)
        known.touched = time.monotonic()
        return known

    def get(self, upload_id: str) -> Upload:
        """Raises UploadUnknown."""
        upload = self._uploads.get(upload_id)
        if upload is None:
            raise UploadUnknown(
                "This clip is no longer on its way: it arrived, was cancelled or was left too long."
            )
        return upload

    def piece(self, upload: Upload, at_bytes: int) -> Piece:
        """Write a piece that begins at `at_bytes`. Raises UploadRefused where that is not where the file ends,
        UploadBusy while another piece is being written, UploadUnknown where what was written is gone."""
        if not upload.writing.acquire(blocking=False):
            raise UploadBusy(f"Another piece of {upload.name} is just coming.")
        try:
            if at_bytes != upload.have_bytes:
                raise UploadRefused(f"{upload.name} goes on at {upload.have_bytes}, not at {at_bytes}.")
            with said_plainly(upload.aside):
                return Piece(upload, self._all_written(upload))
        except (OSError, UnderstudyError):
            upload.writing.release()
            raise

    def _all_written(self, upload: Upload) -> FileIO:
        """The file to go on in. Where it is gone, or shorter than what was written, zeros would stand there."""
        held = upload.held
        if held is not None and _lies_whole(upload, held):
            return held
        upload.let_go()
        self._drop(upload)
        raise UploadUnknown(f"What came of {upload.name} is gone from the disk. Send it again.")

    def finish(self, upload: Upload) -> Path:
        """Look into a file that has come whole and give it its name; returns where it lies.

        Raises UploadRefused where something is missing, and where looking raises anything, by the name it was
        sent under; such a file is removed. UploadUnknown where what was written is gone.
        """
        with upload.writing:
            if upload.have_bytes != upload.size_bytes:
                raise UploadRefused(
                    f"Only {upload.have_bytes} of {upload.size_bytes} bytes of {upload.name} came."
                )
            self._all_written(upload)
            try:
                upload.let_go()
                _look(upload)
                with said_plainly(upload.folder), exclusive(upload.folder / ".receiving.lock"):
                    taken = FreeNames(path.name for path in upload.folder.iterdir())
                    path = upload.folder / taken.take(upload.name)
                    upload.aside.replace(path)
            finally:
                self._drop(upload)
        return path

    def cancel(self, upload: Upload) -> None:
        """Forget a clip and what came of it."""
        self._drop(upload)

    def _drop(self, upload: Upload) -> None:
        self._uploads.pop(upload.id, None)
        if not upload.writing.locked():  # else the piece that is being written closes it
            upload.let_go()
        upload.aside.unlink(missing_ok=True)

    def _forget_left(self) -> None:
        for upload in list(self._uploads.values()):
            if time.monotonic() - upload.touched > _LEFT_AFTER_S and not upload.writing.locked():
                self._drop(upload)


class Piece:
    """One piece while it is written; closed, it counts as far as it came."""

    def __init__(self, upload: Upload, file: FileIO) -> None:
        self._upload = upload
        self._file = file
        file.truncate(upload.have_bytes)
        file.seek(upload.have_bytes)

    def write(self, data: bytes) -> None:
        """Add to it. Raises UploadRefused beyond the size that was said, UploadUnknown after a cancel."""
        upload = self._upload
        if not upload.aside.exists():
            raise UploadUnknown(f"{upload.name} was cancelled.")
        if upload.have_bytes + len(data) > upload.size_bytes:
            raise UploadRefused(f"{upload.name} is larger than was said.")
        left = memoryview(data)
        with said_plainly(upload.aside):
            while left:
                written = self._file.write(left)
                upload.have_bytes += written
                left = left[written:]
        upload.touched = time.monotonic()

    def close(self) -> None:
        """To the disk, and the next may come."""
        upload = self._upload
        try:
            with said_plainly(upload.aside):
                os.fsync(self._file.fileno())
        finally:
            if not upload.aside.exists():  # cancelled meanwhile
                upload.let_go()
            upload.writing.release()


def _new(folder: Path, name: str, size_bytes: int) -> Upload:
    return Upload(secrets.token_hex(8), name, size_bytes, folder)


def _lies_whole(upload: Upload, held: FileIO) -> bool:
    try:
        lies = upload.aside.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(lies, os.fstat(held.fileno())) and lies.st_size >= upload.have_bytes


def _is_coming(upload: Upload) -> bool:
    return time.monotonic() - upload.touched < _IDLE_AFTER_S or upload.writing.locked()


def _written_bytes(upload: Upload) -> int:
    """What lies on the disk of a clip that this studio doesn't know: another was killed, or takes it now."""
    return min(stat_of(upload.aside)[1], upload.size_bytes)


def _is_written_elsewhere(upload: Upload) -> bool:
    written_ns, _ = stat_of(upload.aside)
    return abs(time.time() - written_ns / 1e9) < _OTHERS_WRITE_S


def _look(upload: Upload) -> None:
    try:
        upload.kind.look(upload.aside)
    except UnderstudyError as error:  # it names the file by where it lies for now, which tells nobody anything
        raise UploadRefused(f"{upload.name} was not taken. {error.message}") from error


def _size(count: int) -> str:
    return f"{count >> 30} GB" if count >> 30 else f"{count >> 20} MB"


def _remove_left(folder: Path) -> None:
    """What a killed process left. Another studio may be receiving here: its files are touched all the time."""
    for path in folder.glob(".*.partial.*"):
        written_ns, _ = stat_of(path)
        has_come_whole = not written_ns  # just now, and has another name since
        if not has_come_whole and time.time() - written_ns / 1e9 > _LEFT_AFTER_S:
            path.unlink(missing_ok=True)
