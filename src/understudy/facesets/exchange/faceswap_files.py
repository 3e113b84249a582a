"""faceswap's files: face PNGs with a header, alignments (`.fsa`) and their JSON.

An alignments file is a packed pickle and a PNG's header a Python literal; both are read with bounds on size
and depth, and neither is run. What a face's fields mean is in `faceswap.py`.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from understudy.errors import ExchangeUnreadable, UnderstudyError
from understudy.facesets.exchange.faceswap import face_of, head_crop, placed_by_mask, unzipped
from understudy.facesets.exchange.foreign import ForeignFace, Found, Unread, checked_name
from understudy.facesets.splices import PNG_START, international_text, png_chunk, png_chunks, replaced
from understudy.media.images import decode_image
from understudy.pickles import NUMPY, read_pickle

ALIGNMENTS_VERSION = 2.4
_OLDEST, _TOO_NEW = 2.0, 3.0
_KEYWORD = b"faceswap\x00"
_MOST_HEADER_BYTES = 1 << 20
_MOST_FILE_BYTES = 1 << 30
_DEEPEST = 20
_QUOTED = re.compile(r"""[bB]?'(?:[^'\\\n]|\\.)*'|[bB]?"(?:[^"\\\n]|\\.)*\"""", re.DOTALL)
_BARE = re.compile(r"(?:[\s\d.,:+\-_eE\[\](){}]|True|False|None|~)*")


# --- face pictures


def read_face(image: bytes, name: str) -> ForeignFace:
    """The face in a PNG of faceswap. Raises ExchangeUnreadable and ImageUnreadable."""
    text = header(image)
    if text is None:
        raise ExchangeUnreadable("This picture holds no face data of faceswap.")
    values = literal(text)
    entry = values.get("alignments") if isinstance(values, dict) else None
    source = values.get("source") if isinstance(values, dict) else None
    if not isinstance(entry, dict) or not isinstance(source, dict):
        raise ExchangeUnreadable("This picture's header is none of faceswap's faces.")
    height, width = decode_image(image).shape[:2]
    if width != height:
        raise ExchangeUnreadable(f"A face's picture is square; this one is {width} x {height} pixels.")
    number = source.get("face_index", 0)
    face = face_of(
        entry,
        name=name,
        source_name=source.get("source_filename") or "",
        number=number if type(number) is int and 0 <= number < 1000 else 0,
    )
    exact = placed_by_mask(entry.get("mask"), width)
    return ForeignFace(
        **{
            **vars(face),
            "name": checked_name(source.get("original_filename") or name),
            "image": _without_header(image),
            "size_px": width,
            "crop_from_frame": head_crop(face.landmarks_68, width) if exact is None else exact,
            "exactly_placed": exact is not None,
            "face_type": "head",
            "frame_size": _frame_size(source.get("source_frame_dims")),
        }
    )


def header(image: bytes) -> str | None:
    """The text of faceswap's header in a PNG; None where there is none. Raises ExchangeUnreadable."""
    if not image.startswith(PNG_START):
        return None
    for kind, start, stop in png_chunks(image):
        if kind == b"iTXt" and image.startswith(_KEYWORD, start, stop):
            data = international_text(image[start + len(_KEYWORD) : stop], limit_bytes=_MOST_HEADER_BYTES)
            if data is None or len(data) > _MOST_HEADER_BYTES:
                raise ExchangeUnreadable("This picture's header is damaged or larger than any face's.")
            try:
                return data.decode("utf-8")
            except UnicodeDecodeError:
                raise ExchangeUnreadable("This picture's header is no text.") from None
    return None


def literal(text: str) -> Any:
    """The value of a Python literal, without running anything. Raises ExchangeUnreadable.

    Looked over first: only constants and brackets, nested no deeper than faces are.
    """
    bare = _QUOTED.sub("~", text)
    depth = deepest = 0
    for letter in bare:
        depth += (letter in "[({") - (letter in "])}")
        deepest = max(deepest, depth)
    if deepest > _DEEPEST or not _BARE.fullmatch(bare):
        raise ExchangeUnreadable("This picture's header is no plain table of values.")
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise ExchangeUnreadable("This picture's header is no plain table of values.") from None


def with_header(png: bytes, values: dict[str, Any]) -> bytes:
    """A PNG with faceswap's header, before its pixels, and no other text."""
    old, goal = [], 0
    for kind, start, stop in png_chunks(png):
        if kind == b"IHDR":
            goal = stop + 4
        elif kind == b"iTXt":
            old.append((start - 8, stop + 4))
    return replaced(png, old, goal, png_chunk(b"iTXt" + _KEYWORD + b"\x00" * 4 + repr(values).encode()))


def _without_header(image: bytes) -> bytes:
    chunks = png_chunks(image)
    old = [(a - 8, b + 4) for kind, a, b in chunks if kind == b"iTXt" and image.startswith(_KEYWORD, a, b)]
    return replaced(image, old, 0, b"")


def _frame_size(value: Any) -> tuple[int, int]:
    """(width, height) of (height, width); 0, 0 where it is not known."""
    if (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(type(n) is int and 0 < n < 1e6 for n in value)
    ):
        return value[1], value[0]
    return 0, 0


# --- alignments


def read_alignments(path: Path) -> dict[str, list[Any]]:
    """The faces' entries by frame, of a `.fsa`. Raises ExchangeUnreadable and UnsafeFile.

    Versions 2.0 to 2.4 are read; what an older one of them lacks, no reader of faces here needs.
    """
    packed = _bytes_of(path)
    most = min(_MOST_FILE_BYTES, (64 << 20) + 40 * len(packed))
    try:
        values = read_pickle(unzipped(packed, most_bytes=most), NUMPY, subject="alignments file")
    except ExchangeUnreadable as error:
        raise ExchangeUnreadable(f"This is no whole alignments file. {error.message}", path) from None
    if not isinstance(values, dict):
        raise ExchangeUnreadable("This alignments file holds no table of frames.", path)
    meta = values.get("__meta__")
    version = meta.get("version", 1.0) if isinstance(meta, dict) else 1.0
    if type(version) not in (int, float) or not _OLDEST <= version < _TOO_NEW:
        raise ExchangeUnreadable(
            f"This alignments file has version {version}; 2.0 to 2.4 are read. Open and save an older "
            "one with faceswap 2.3.0 first, which brings it up to date.",
            path,
        )
    return _frames(values.get("__data__"), path)


def _frames(data: Any, path: Path) -> dict[str, list[Any]]:
    if not isinstance(data, dict):
        raise ExchangeUnreadable("This alignments file holds no table of frames.", path)
    frames = {}
    for key, value in data.items():
        faces = value.get("faces") if isinstance(value, dict) else value
        if not isinstance(key, str) or not isinstance(faces, list):
            raise ExchangeUnreadable("This alignments file has a frame without a list of faces.", path)
        frames[key] = faces
    return frames


def faces_of_frames(frames: dict[str, list[Any]]) -> Found:
    """Every face of an alignments file, to be cut from its frame."""
    for key, entries in frames.items():
        for number, entry in enumerate(entries):
            try:
                yield face_of(entry, name=_face_name(key, number), source_name=key, number=number)
            except UnderstudyError as error:
                yield Unread(f"{key} face {number}", error.message)


def read_json_frames(path: Path) -> dict[str, list[Any]]:
    """The faces' entries by frame, of faceswap's JSON, in the fields of a `.fsa`. Raises ExchangeUnreadable."""
    try:
        values = json.loads(_bytes_of(path))
    except (ValueError, RecursionError):
        raise ExchangeUnreadable("This is no JSON file, or a damaged one.", path) from None
    if not isinstance(values, dict):
        raise ExchangeUnreadable("This JSON holds no table of frames.", path)
    frames: dict[str, list[Any]] = {}
    for key, faces in values.items():
        if not isinstance(faces, list):
            raise ExchangeUnreadable("This JSON has a frame without a list of faces.", path)
        frames[key] = [_entry_of_json(face) for face in faces]
    return frames


def _entry_of_json(face: Any) -> Any:
    if not isinstance(face, dict):
        return face
    box, entry = face.get("detected"), {"landmarks_xy": face.get("landmarks_2d")}
    if isinstance(box, list) and len(box) == 4 and all(type(n) in (int, float) for n in box):
        entry |= {"x": box[0], "y": box[1], "w": box[2] - box[0], "h": box[3] - box[1]}
    return entry


def json_of(frames: Iterable[tuple[str, Any, Any]]) -> dict[str, list[dict[str, Any]]]:
    """faceswap's JSON of (frame key, box left top right bottom, landmarks (68, 2) as theirs)."""
    made: dict[str, list[dict[str, Any]]] = {}
    for key, box, landmarks in frames:
        points = np.round(np.asarray(landmarks, float), 4).tolist()
        made.setdefault(key, []).append({"detected": [round(x) for x in box], "landmarks_2d": points})
    return made


def _face_name(key: str, number: int) -> str:
    return f"{key.rpartition('.')[0] or key}_{number}.png"


def _bytes_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_FILE_BYTES + 1)
    except OSError as error:
        raise ExchangeUnreadable("This file can't be opened. Check its name.", path) from error
    if len(data) > _MOST_FILE_BYTES:
        raise ExchangeUnreadable("This file is larger than any alignments file.", path)
    return data
