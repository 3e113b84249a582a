"""Content Credentials as bytes: which files hold them, where they lie otherwise, how they are read.

The one door to the C2PA library for reading. It never goes online, and the library's own errors end here. What
the credentials mean is `verify.py`'s matter.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import c2pa

from understudy.errors import MarksUnreadable
from understudy.media.movie_files import MOVIE_SUFFIXES

SIDECAR_SUFFIX = ".c2pa"
UNKNOWN_FORMAT = "application/octet-stream"
# Containers that hold a manifest themselves. Whatever is not named here gets a sidecar.
EMBEDDING_FORMATS: dict[str, str] = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".avi": "video/x-msvideo",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".avif": "image/avif",
    ".gif": "image/gif",
}
_SIDECAR_FORMATS = {".mkv": "video/x-matroska", ".webm": "video/webm", ".json": "application/json"}
# Of which a sidecar named after the stem may be, as C2PA has it and earlier versions wrote it.
_FORMATS_WITHOUT = (MOVIE_SUFFIXES | {".exr", ".bmp", ".json"}) - set(EMBEDDING_FORMATS)
# The type of a manifest store's description box (ISO/IEC 19566-5; C2PA specification, "manifest store").
_STORE_MARK = bytes.fromhex("6332706100110010800000AA00389B71")
_SEARCHED_BYTES = 32 << 20
_IMAGE_BYTES = 1 << 20
_LARGEST_SIDECAR_BYTES = 256 << 20


@dataclass(frozen=True, eq=False)
class Credentials:
    """A manifest store that was read, and the library's findings about it."""

    store: dict[str, Any]
    sidecar: Path | None = None
    data: bytes | None = None  # the sidecar's bytes

    @property
    def active(self) -> dict[str, Any]:
        """The newest manifest."""
        return self.store["manifests"][self.store["active_manifest"]]


def embeds(path: Path) -> bool:
    """Whether a file of this name's kind can hold its credentials itself."""
    return path.suffix.lower() in EMBEDDING_FORMATS


def format_of(path: Path) -> str:
    """The media type by which the library chooses how to read `path`."""
    suffix = path.suffix.lower()
    return EMBEDDING_FORMATS.get(suffix) or _SIDECAR_FORMATS.get(suffix, UNKNOWN_FORMAT)


def sidecar_of(path: Path) -> Path:
    """Where the credentials of a file are put that cannot hold them: beside it, after its whole name."""
    return path.with_name(path.name + SIDECAR_SUFFIX)


def sidecars_with(path: Path) -> list[Path]:
    """Those that lie beside a file and are its alone: what goes where it goes.

    C2PA names them after the stem, and so did earlier versions; then a file that holds its own, or several that
    can't, may not take it for theirs.
    """
    there = [one for one in _sidecars_beside(path) if not one.is_symlink()]
    is_alone = not embeds(path) and not _others_of_stem(path)
    return [sidecar for sidecar in there if is_alone or sidecar == sidecar_of(path)]


def _sidecars_beside(path: Path) -> list[Path]:
    """All that are there and may be a file's, the likeliest first."""
    return [
        one for one in (sidecar_of(path), path.with_suffix(SIDECAR_SUFFIX)) if one != path and one.is_file()
    ]


def _others_of_stem(path: Path) -> list[Path]:
    """Other files of the same stem that can't hold credentials: what is named after it may be theirs."""
    try:
        same = [other for other in path.parent.iterdir() if other.stem == path.stem and other.name != path.name]
    except OSError:
        return []
    return [other for other in same if other.suffix.lower() in _FORMATS_WITHOUT and other.is_file()]


@contextlib.contextmanager
def said_by_library(message: str, path: Path) -> Iterator[None]:
    """Turn the library's errors into MarksUnreadable with `message`."""
    try:
        yield
    except (c2pa.C2paError, UnicodeError) as error:
        raise MarksUnreadable(f"{message} ({_in_one_line(error)})", path) from error


def read_credentials(path: Path, *, roots_pem: str = "") -> Credentials | None:
    """The credentials inside `path` or in a sidecar next to it; None when there are none.

    `roots_pem` holds the certificates that make a signer known. Raises MarksUnreadable where there are
    credentials, or remains of them, that cannot be read, and where the file itself cannot be opened.
    """
    inside = _read_inside(path, roots_pem)
    if inside is not None:
        return inside
    sidecars = _sidecars_of(path)
    return _read_sidecar(path, sidecars[0], roots_pem) if sidecars else None


def has_credentials(path: Path) -> bool:
    """A quick look, for hours of footage: whether there are credentials in `path` or beside it. Not whether the
    file is still the one that was signed, which takes reading all of it."""
    try:
        with path.open("rb") as stream, c2pa.Reader(format_of(path), stream, context=_context(check=False)):
            return True
    except c2pa.C2paError:
        return bool(_sidecars_of(path))
    except OSError:
        return False


def _sidecars_of(path: Path) -> list[Path]:
    """Sidecars to read, the likeliest first: not one that is surely another file's."""
    there = _sidecars_beside(path)
    is_another_s = there == [path.with_suffix(SIDECAR_SUFFIX)] and embeds(path) and _others_of_stem(path)
    return [] if is_another_s else there


def _read_inside(path: Path, roots_pem: str) -> Credentials | None:
    message = "The credentials in this file are damaged."
    try:
        with path.open("rb") as stream, c2pa.Reader(format_of(path), stream, context=_context(roots_pem)) as r:
            return Credentials(store=_store(r, path))
    except c2pa.C2paError as error:
        # The library cannot parse what is no media file at all, or no longer: only remains of a manifest
        # tell damage from never having been signed.
        if _has_remains(path):
            raise MarksUnreadable(f"{message} ({_in_one_line(error)})", path) from error
        return None
    except OSError as error:
        raise MarksUnreadable("This file can't be opened for reading.", path) from error


def _read_sidecar(path: Path, sidecar: Path, roots_pem: str) -> Credentials:
    message = "The credentials beside this file are damaged."
    try:
        if sidecar.stat().st_size > _LARGEST_SIDECAR_BYTES:
            raise MarksUnreadable(f"{message} (too large to be credentials)", sidecar)
        data = sidecar.read_bytes()
        with path.open("rb") as stream, said_by_library(message, sidecar):
            context = _context(roots_pem)
            with c2pa.Reader(format_of(path), stream, manifest_data=data, context=context) as r:
                return Credentials(store=_store(r, sidecar), sidecar=sidecar, data=data)
    except OSError as error:
        raise MarksUnreadable("This file can't be opened for reading.", sidecar) from error


def _store(reader: c2pa.Reader, path: Path) -> dict[str, Any]:
    store = json.loads(reader.json())
    if not isinstance(store, dict) or store.get("active_manifest") not in store.get("manifests", {}):
        raise MarksUnreadable("These credentials name no manifest.", path)
    return store


def _context(roots_pem: str = "", *, check: bool = True) -> c2pa.Context:
    offline = {"remote_manifest_fetch": False, "ocsp_fetch": False}
    settings: dict[str, Any] = {"verify": {"verify_trust": True, "verify_after_reading": check, **offline}}
    if roots_pem:
        settings["trust"] = {"trust_anchors": roots_pem}
    return c2pa.Context.from_dict(settings)


def may_hold(image: Path) -> bool:
    """A quick look, for thousands of images: whether a manifest store begins near the image's start or end."""
    return _has_remains(image, within_bytes=_IMAGE_BYTES)


def _has_remains(path: Path, *, within_bytes: int = _SEARCHED_BYTES) -> bool:
    """Whether a manifest store begins in the first or last megabytes, where writers put it."""
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(0)
        if _STORE_MARK in stream.read(within_bytes):
            return True
        stream.seek(max(0, size - within_bytes))
        return _STORE_MARK in stream.read(within_bytes)


def _in_one_line(error: Exception) -> str:
    return "".join(c if c.isprintable() else " " for c in str(error))[:160]
