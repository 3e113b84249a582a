"""What the first pass over a clip found, kept as one JSON line per frame so that it resumes anywhere.

The file is bound to the clip's content and the programs that looked. A torn last line (the process died while
writing it) is dropped; anything else that does not fit makes the file start anew. Looking is `find.py`'s.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt

from understudy.faces.detect import Detection
from understudy.files import said_plainly
from understudy.media.cuts import NOTHING_SEEN, SceneNote

Array = npt.NDArray[np.float64]
_LAYOUT = 2
_HEAD_BYTES = 1 << 20


@dataclass(frozen=True, eq=False)
class FoundFace:
    """One find: where, how sure, and what it looks like."""

    detection: Detection
    landmarks_68: Array  # (68, 2), frame pixels
    signature: Array  # (n,), what the face looks like
    sharpness: float


@dataclass(frozen=True, eq=False)
class FoundFrame:
    """All finds of one frame."""

    index: int
    time_s: float
    faces: list[FoundFace]
    scene: SceneNote = NOTHING_SEEN  # how much the picture changed since the frame looked at before


@dataclass(frozen=True)
class ClipIdentity:
    """Tells two contents of one clip name apart, cheaply: a moved or copied clip stays the same."""

    size_bytes: int
    head_sha256: str

    def __str__(self) -> str:
        return f"{self.size_bytes}-{self.head_sha256[:32]}"


def clip_identity(path: Path) -> ClipIdentity:
    """The identity of a video (size, first and last megabyte) or image folder (names and sizes, first file)."""
    digest = hashlib.sha256()
    if not path.is_dir():
        size = path.stat().st_size
        with path.open("rb") as file:
            digest.update(file.read(_HEAD_BYTES))
            file.seek(max(0, size - _HEAD_BYTES))
            digest.update(file.read(_HEAD_BYTES))
        return ClipIdentity(size, digest.hexdigest())
    files = sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
    size = 0
    for file_path in files:
        bytes_here = file_path.stat().st_size
        size += bytes_here
        digest.update(f"{file_path.name}\0{bytes_here}\0".encode("utf-8", "surrogateescape"))
    for file_path in files[:1]:
        digest.update(file_path.read_bytes()[:_HEAD_BYTES])
    return ClipIdentity(size, digest.hexdigest())


@dataclass
class FoundLog:
    """An open log of finds. `frames` are those found so far; `complete` when the clip's end was reached."""

    path: Path
    binding: dict[str, Any]
    frames: list[FoundFrame] = field(default_factory=list)
    complete: bool = False
    _file: BinaryIO | None = None

    @classmethod
    def open(cls, path: Path, binding: dict[str, Any]) -> Self:
        """Read what is there and go on behind it; start anew when it belongs to something else."""
        log = cls(path, {"layout": _LAYOUT, **binding})
        with said_plainly(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            good_bytes = log._read() if path.exists() else 0
            log._file = path.open("r+b" if path.exists() else "w+b")
            log._file.seek(good_bytes)
            log._file.truncate()
            if not good_bytes:
                log._write([log.binding])
        return log

    @classmethod
    def look(cls, path: Path) -> list[FoundFrame]:
        """The frames found so far, whatever they were searched with; none where there is no log."""
        log = cls(path, {})
        if path.exists():
            log._read(any_binding=True)
        return log.frames

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._file is not None:
            self._file.close()

    def append(self, frames: list[FoundFrame]) -> None:
        """Add the next frames; they survive the death of this process from here on."""
        plain = [_plain(frame) for frame in frames]
        self._write(plain)
        # As written, so that a resumed pass and one in a single go see the same numbers.
        self.frames += [_frame(value) for value in plain]

    def finish(self) -> None:
        """Note that the clip has no further frames."""
        self._write([{"end": True}])
        self.complete = True

    def _write(self, values: Iterable[dict[str, Any]]) -> None:
        if self._file is None:
            raise ValueError("the log is not open")
        lines = "".join(json.dumps(value, separators=(",", ":")) + "\n" for value in values)
        with said_plainly(self.path):
            self._file.write(lines.encode())
            self._file.flush()

    def _read(self, *, any_binding: bool = False) -> int:
        """Take in the good lines; returns how many bytes they are, 0 when the file is of something else."""
        good_bytes = 0
        with self.path.open("rb") as file:
            for number, line in enumerate(file):
                try:
                    if not line.endswith(b"\n"):
                        break
                    value: dict[str, Any] = json.loads(line)
                    if number == 0:
                        if value != self.binding and not any_binding:
                            return 0
                    elif value == {"end": True}:
                        self.complete = True
                    else:
                        self.frames.append(_frame(value))
                except (ValueError, KeyError, TypeError, AttributeError):
                    break
                good_bytes += len(line)
                if self.complete:
                    break
        return good_bytes


def _plain(frame: FoundFrame) -> dict[str, Any]:
    return {
        "frame": frame.index,
        "time_s": round(frame.time_s, 6),
        "scene": frame.scene.as_json(),
        "faces": [
            {
                "box": _numbers(face.detection.box_xyxy, 2),
                "score": round(float(face.detection.score), 4),
                "points": None if face.detection.points_5 is None else _numbers(face.detection.points_5, 2),
                "landmarks": _numbers(face.landmarks_68, 2),
                "signature": _numbers(face.signature, 4),
                "sharpness": round(float(face.sharpness), 3),
            }
            for face in frame.faces
        ],
    }


def _frame(value: dict[str, Any]) -> FoundFrame:
    faces = [
        FoundFace(
            Detection(
                np.array(face["box"], float).reshape(4),
                float(face["score"]),
                None if face["points"] is None else np.array(face["points"], float).reshape(5, 2),
            ),
            np.array(face["landmarks"], float).reshape(68, 2),
            np.array(face["signature"], float).reshape(-1),
            float(face["sharpness"]),
        )
        for face in value["faces"]
    ]
    return FoundFrame(int(value["frame"]), float(value["time_s"]), faces, SceneNote.from_json(value["scene"]))


def _numbers(array: npt.ArrayLike, digits: int) -> list[float]:
    return np.asarray(array, float).ravel().round(digits).tolist()
