"""Faces that another program found: faceswap's exchange JSON, read strictly, as a detector and a landmarker.

`{frame key: [{"detected": [left, top, right, bottom], "landmarks_2d": [[x, y], …]}, …]}`. A key is a frame's
index, its file's name, or `<name of the video>_<six-digit number counted from 1>` with or without an ending.
The file comes from elsewhere: whatever does not fit is refused with its place.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from understudy.errors import FindsUnusable
from understudy.faces.boxes import overlap
from understudy.faces.detect import Detection
from understudy.faces.five_point import five_of
from understudy.media.clip import Frame

Array = npt.NDArray[np.float64]

_MOST_BYTES = 1 << 29
_MOST_FACES = 1000
_MOST_PX = 1e6
_LEAST_OVERLAP = 0.3
_NUMBERED = re.compile(r"(?P<stem>.*)_(?P<number>\d{6})(\.\w{1,5})?", re.DOTALL)


@dataclass(frozen=True, eq=False)
class ImportedFace:
    """One face as the file has it, in frame pixels."""

    box_xyxy: Array
    landmarks_68: Array | None


@dataclass(frozen=True, eq=False)
class ImportedFaces:
    """What the file says, by frame index where the key was a number, and by the key's name.

    `stems` are the parts before the numbers of keys like `<stem>_000001.png`.
    """

    by_index: dict[int, list[ImportedFace]] = field(default_factory=dict)
    by_name: dict[str, list[ImportedFace]] = field(default_factory=dict)
    stems: frozenset[str] = frozenset()

    def of(self, frame: Frame) -> list[ImportedFace]:
        """The faces of a frame; its file's name counts before its index.

        Where the keys are names like that of the frame's file, the numbers in them are no indices.
        """
        if frame.name and frame.name in self.by_name:
            return self.by_name[frame.name]
        named_alike = _NUMBERED.fullmatch(frame.name)
        if named_alike and named_alike["stem"] in self.stems:
            return []
        return self.by_index.get(frame.index, [])


def read_imported(path: Path | None, *, clip_name: str = "") -> ImportedFaces:
    """Read the file. `clip_name` tells which video's numbered keys are meant when there are several.

    Raises FindsUnusable.
    """
    if path is None:
        raise FindsUnusable("Say which file the faces are in with --import-file FILE.")
    said = _json(path)
    if not isinstance(said, dict):
        raise FindsUnusable(
            "This file holds no frames: a JSON object with a key for each frame is needed.", path
        )
    stems = {match["stem"] for key in said if (match := _NUMBERED.fullmatch(key))}
    imported = ImportedFaces(stems=frozenset(stems))
    for key, faces in said.items():
        if not isinstance(faces, list) or len(faces) > _MOST_FACES:
            raise FindsUnusable(f"Frame {key[:80]!r} holds no list of up to {_MOST_FACES} faces.", path)
        read = [_face(face, f"face {n} of frame {key[:80]!r}", path) for n, face in enumerate(faces)]
        imported.by_name[key] = read
        index = _index(key, stems, clip_name)
        if index is not None and imported.by_index.setdefault(index, read) is not read:
            raise FindsUnusable(f"Frame {index} is there twice, the second time as {key[:80]!r}.", path)
    return imported


def _index(key: str, stems: set[str], clip_name: str) -> int | None:
    if key.isascii() and key.isdigit() and len(key) < 10:
        return int(key)
    match = _NUMBERED.fullmatch(key)
    if match is None or (len(stems) > 1 and match["stem"] != clip_name) or match["number"] == "000000":
        return None
    return int(match["number"]) - 1


def _json(path: Path) -> Any:
    if not path.is_file():
        raise FindsUnusable("There is no such file with faces.", path)
    if path.stat().st_size > _MOST_BYTES:
        raise FindsUnusable("This file with faces is too large to be one.", path)
    try:
        return json.loads(path.read_bytes(), parse_constant=_no_number, object_pairs_hook=_no_key_twice)
    except (ValueError, RecursionError) as error:
        raise FindsUnusable(f"This file with faces can't be read as JSON: {error}.", path) from error


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a key is there twice")
    return made


def _face(said: Any, where: str, path: Path) -> ImportedFace:
    if not isinstance(said, dict):
        raise FindsUnusable(f"What stands as {where} is no face.", path)
    box = numbers(said.get("detected"), 4)
    if box is None or not (box[2] > box[0] and box[3] > box[1]):
        raise FindsUnusable(f'"detected" of {where} is no box: left, top, right, bottom are needed.', path)
    points = said.get("landmarks_2d")
    if points is None or points == []:
        return ImportedFace(box, None)
    rows = [numbers(point, 2) for point in points] if isinstance(points, list) and len(points) == 68 else []
    landmarks = [row for row in rows if row is not None]
    if len(landmarks) != 68:
        raise FindsUnusable(f'"landmarks_2d" of {where} are not 68 points of two numbers.', path)
    return ImportedFace(box, np.stack(landmarks))


def numbers(said: Any, count: int) -> Array | None:
    """`count` numbers that can be pixels, or None where `said` is anything else."""
    if not isinstance(said, list) or len(said) != count:
        return None
    plain = [
        float(n)
        for n in said
        if isinstance(n, int | float) and not isinstance(n, bool) and abs(n) < _MOST_PX and math.isfinite(n)
    ]
    return np.array(plain) if len(plain) == count else None


class ImportDetector:
    """Implements `faces.detect.Detector` with the boxes of a file; every one is taken for sure."""

    def __init__(self, faces: ImportedFaces) -> None:
        self.faces = faces

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        return [largest_first([_detection(face) for face in self.faces.of(frame)]) for frame in frames]


def _detection(face: ImportedFace) -> Detection:
    points = None if face.landmarks_68 is None else five_of(face.landmarks_68)
    return Detection(face.box_xyxy, 1.0, points)


def largest_first(detections: list[Detection]) -> list[Detection]:
    """The same, the largest box first."""
    return sorted(detections, key=lambda d: -float(np.prod(d.box_xyxy[2:] - d.box_xyxy[:2])))


class ImportLandmarker:
    """Implements `faces.landmark.Landmarker` with the landmarks of a file.

    A detection takes those of the face whose box it overlaps most. Where the file has none for it, that is an
    error: a mixture of two programs' landmarks would tremble.
    """

    def __init__(self, faces: ImportedFaces) -> None:
        self.faces = faces

    def landmarks_68(self, frames: Sequence[Frame], detections: Sequence[Sequence[Detection]]) -> list[Array]:
        return [self._of_frame(frame, found) for frame, found in zip(frames, detections, strict=True)]

    def _of_frame(self, frame: Frame, detections: Sequence[Detection]) -> Array:
        if not detections:
            return np.empty((0, 68, 2))
        known = [face for face in self.faces.of(frame) if face.landmarks_68 is not None]
        if known:
            shared = overlap(
                np.stack([d.box_xyxy for d in detections]), np.stack([face.box_xyxy for face in known])
            )
            if (shared.max(1) >= _LEAST_OVERLAP).all():
                return np.stack([known[at].landmarks_68 for at in shared.argmax(1).tolist()])  # type: ignore[misc]
        raise FindsUnusable(
            f"The imported file has no landmarks for a face that was found in frame {frame.index}. Import the "
            "boxes too (--detector import), or place the landmarks with another --landmarker."
        )
