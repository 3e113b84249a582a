"""What the first pass over a clip found, kept as one JSON line per frame so that it resumes anywhere.

The file is bound to the clip's content and the programs that looked. One of other programs is put beside, where
it waits until they are asked for again: trying another detector costs no finds. A torn last line (the process
died while writing it) is dropped. A frame's last line counts.
Finds that a person asked for again lie in a second log and count more (`redone.py`). Looking is `find.py`'s.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt

from understudy.faces.detect import Detection
from understudy.facesets.extraction.absurd import Shape, shape_of
from understudy.facesets.names import safe_name
from understudy.files import said_plainly
from understudy.media.color_spaces import ColorSpace
from understudy.media.cuts import NOTHING_SEEN, SceneNote

Array = npt.NDArray[np.float64]
_LAYOUT = 2
_HEAD_BYTES = 1 << 20
_SAMPLED_FILES = 32
_SAMPLED_BYTES = 64 << 10


@dataclass(frozen=True, eq=False)
class FoundFace:
    """One find: where, how sure, and what it looks like."""

    detection: Detection
    landmarks_68: Array  # (68, 2), frame pixels
    signature: npt.NDArray[np.floating]  # (n,), what the face looks like; float16 where it is kept
    sharpness: float
    filled: bool = False  # carried from its neighbours in time; nobody found it
    spread_68: Array | None = None  # (68,): expected error of each landmark in pixels, where it is known

    @cached_property
    def shape(self) -> Shape:
        """Whether it can be a face, measured when it is first asked for."""
        return shape_of(self.landmarks_68, self.detection.box_xyxy)


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
    """The identity of a video (size, first and last megabyte) or image folder (names and sizes, and beginning,
    middle and end of some files spread over it, because uncompressed frames are all of one size)."""
    if not path.is_dir():
        size = path.stat().st_size
        with path.open("rb") as file:
            digest = hashlib.sha256(file.read(_HEAD_BYTES))
            file.seek(max(0, size - _HEAD_BYTES))
            digest.update(file.read(_HEAD_BYTES))
        return ClipIdentity(size, digest.hexdigest())
    files, digest, size = _listed(path)
    count = min(_SAMPLED_FILES, len(files))
    for number in range(count):
        with files[number * (len(files) - 1) // max(1, count - 1)].open("rb") as file:
            last = max(0, file.seek(0, 2) - _SAMPLED_BYTES)
            for start in (0, last // 2, last):  # beginning and end alone may be the bars of a wide picture
                file.seek(start)
                digest.update(file.read(_SAMPLED_BYTES))
    return ClipIdentity(size, digest.hexdigest())


def _older_identity(path: Path) -> ClipIdentity:
    """The identity of an image folder as it was told before some of all files were looked into."""
    files, digest, size = _listed(path)
    for file_path in files[:1]:
        digest.update(file_path.read_bytes()[:_HEAD_BYTES])
    return ClipIdentity(size, digest.hexdigest())


def _listed(folder: Path) -> tuple[list[Path], Any, int]:
    """The files of a folder, a digest of their names and sizes to go on with, and their bytes together."""
    digest, size = hashlib.sha256(), 0
    files = sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
    for file_path in files:
        bytes_here = file_path.stat().st_size
        size += bytes_here
        digest.update(f"{file_path.name}\0{bytes_here}\0".encode("utf-8", "surrogateescape"))
    return files, digest, size


def clip_content(path: Path, color_space: ColorSpace | None = None, *, known: Collection[str] = ()) -> str:
    """Tells what is seen in a clip apart: its identity, and the colour space it is seen in.

    What is `known` of a folder by the rule of an earlier version is told by that rule, as long as it is so.
    """
    seen_in = "" if color_space is None else f" in {color_space.name}"
    content = f"{clip_identity(path)}{seen_in}"
    if content not in known and known and path.is_dir():
        older = f"{_older_identity(path)}{seen_in}"
        return older if older in known else content
    return content


@dataclass
class FoundLog:
    """An open log of finds."""

    path: Path
    binding: dict[str, Any]
    set_aside: Path | None = None  # where lines lie that were here and can't be used
    _frames: dict[int, FoundFrame] = field(default_factory=dict)
    _searched: list[range] = field(default_factory=list)
    _file: BinaryIO | None = None

    @classmethod
    def open(cls, path: Path, binding: dict[str, Any]) -> Self:
        """Read what is there and go on behind it; start anew when nothing was found with this binding yet."""
        log = cls(path, {"layout": _LAYOUT, **binding})
        with said_plainly(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            log.set_aside = _change_places(path, log.binding)
            good_bytes = log._read() if path.exists() else 0
            if path.exists() and b"\n" in (whole := path.read_bytes())[good_bytes:]:
                # More than a torn last line is damaged.
                log.set_aside = _damaged(path, whole)
                shutil.copyfile(path, log.set_aside)
            log._file = path.open("r+b" if path.exists() else "w+b")
            log._file.seek(good_bytes)
            log._file.truncate()
            if not good_bytes:
                log._write([log.binding])
        return log

    @classmethod
    def look(cls, path: Path, *, content: str | None = None) -> list[FoundFrame]:
        """The frames found so far, in order, whatever they were searched with; none where there is no log.

        With `content`, none where the log is of another clip's content.
        """
        log = cls(path, {"layout": _LAYOUT} | ({} if content is None else {"content": content}))
        if path.exists():
            log._read(any_programs=True)
        return log.frames

    @property
    def frames(self) -> list[FoundFrame]:
        """All frames found, in order of the clip."""
        return [frame for _, frame in sorted(self._frames.items())]

    def left(self, wanted: range) -> list[int]:
        """Those of the wanted frames that were not looked at yet.

        Frames that a finished search passed without seeing them can't be decoded, and count as looked at.
        """
        return [
            index
            for index in wanted
            if index not in self._frames and not any(index in done for done in self._searched)
        ]

    def is_finished(self, wanted: range) -> bool:
        """Whether a search of exactly these frames came to its end."""
        return wanted in self._searched

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._file is not None:
            self._file.close()

    def append(self, frames: list[FoundFrame]) -> None:
        """Add the next frames; they survive the death of this process from here on."""
        plain = [line_of_frame(frame) for frame in frames]
        self._write(plain)
        # As written, so that a resumed pass and one in a single go see the same numbers.
        self._frames.update((frame.index, frame) for frame in map(frame_of_line, plain))

    def forget(self, indices: Iterable[int]) -> None:
        """Let these frames be as if nobody had looked at them; the log's file only grows."""
        gone = sorted(set(indices) & set(self._frames))
        if gone:
            self._write([{"forgotten": gone}])
            for index in gone:
                del self._frames[index]

    def finish(self, wanted: range) -> None:
        """Note that a search of these frames came to its end: what it did not see can't be decoded."""
        self._write([{"searched": [wanted.start, wanted.stop, wanted.step]}])
        self._searched.append(wanted)

    def _write(self, values: Iterable[dict[str, Any]]) -> None:
        if self._file is None:
            raise ValueError("the log is not open")
        lines = "".join(json.dumps(value, separators=(",", ":")) + "\n" for value in values)
        with said_plainly(self.path):
            self._file.write(lines.encode())
            self._file.flush()

    def _fits(self, head: dict[str, Any], *, any_programs: bool) -> bool:
        if any_programs:
            return all(head.get(name) == value for name, value in self.binding.items())
        return head == self.binding

    def _read(self, *, any_programs: bool = False) -> int:
        """Take in the good lines; returns how many bytes they are, 0 when the file is of something else."""
        good_bytes = 0
        with self.path.open("rb") as file:
            for number, line in enumerate(file):
                try:
                    if not line.endswith(b"\n"):
                        break
                    value: dict[str, Any] = json.loads(line)
                    if number == 0:
                        if not self._fits(value, any_programs=any_programs):
                            return 0
                    elif "searched" in value:
                        self._searched.append(range(*(int(number) for number in value["searched"])))
                    elif "forgotten" in value:
                        for index in map(int, value["forgotten"]):
                            self._frames.pop(index, None)
                    else:
                        found = frame_of_line(value)
                        self._frames[found.index] = found
                except (ValueError, KeyError, TypeError, AttributeError):
                    break
                good_bytes += len(line)
        return good_bytes


def arrange(path: Path, binding: dict[str, Any]) -> Path | None:
    """Put a log of something else beside, and take the one with this binding from there.

    Returns where what was at `path` lies now; None where it stayed, or where there was nothing.
    """
    with said_plainly(path):
        return _change_places(path, {"layout": _LAYOUT, **binding})


def _change_places(path: Path, binding: dict[str, Any]) -> Path | None:
    head, aside = _head(path), None
    if head == binding:
        return None
    if head is not None:
        aside = path.replace(_beside(path, head))
    elif path.exists() and b"\n" in (whole := path.read_bytes()):
        aside = path.replace(_damaged(path, whole))
    if (own := _beside(path, binding)).exists():
        own.replace(path)
    return aside


def _damaged(path: Path, whole: bytes) -> Path:
    return path.with_name(f"damaged-{hashlib.sha256(whole).hexdigest()[:12]}-{path.name}")


def _beside(path: Path, binding: dict[str, Any]) -> Path:
    digest = hashlib.sha256(json.dumps(binding, sort_keys=True).encode()).hexdigest()
    return path.with_name(f"{digest[:12]}-{path.name}")


def _head(path: Path) -> dict[str, Any] | None:
    """A log's first line; None where there is no log, or not a whole line of one."""
    try:
        with path.open("rb") as file:
            line = file.readline()
            value = json.loads(line) if line.endswith(b"\n") else None
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return value if isinstance(value, dict) and "layout" in value else None


def line_of_frame(frame: FoundFrame) -> dict[str, Any]:
    """The finds of a frame as plain values for one line of a log."""
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
                "signature": base64.b64encode(np.asarray(face.signature, "<f2").tobytes()).decode(),
                "sharpness": round(float(face.sharpness), 3),
                **({} if face.spread_68 is None else {"spread": _numbers(face.spread_68, 2)}),
            }
            for face in frame.faces
        ],
    }


def frame_of_line(value: dict[str, Any]) -> FoundFrame:
    """Inverse of `line_of_frame`. Raises ValueError, KeyError or TypeError for anything else."""
    faces = [
        FoundFace(
            Detection(
                np.array(face["box"], float).reshape(4),
                float(face["score"]),
                None if face["points"] is None else np.array(face["points"], float).reshape(5, 2),
            ),
            np.array(face["landmarks"], float).reshape(68, 2),
            np.frombuffer(base64.b64decode(face["signature"], validate=True), "<f2"),
            float(face["sharpness"]),
            spread_68=np.array(face["spread"], float).reshape(68) if "spread" in face else None,
        )
        for face in value["faces"]
    ]
    return FoundFrame(int(value["frame"]), float(value["time_s"]), faces, SceneNote.from_json(value["scene"]))


def _numbers(array: npt.ArrayLike, digits: int) -> list[float]:
    return np.asarray(array, float).ravel().round(digits).tolist()


def found_content(path: Path) -> str:
    """The content of the clip that a log's finds are of, as of `clip_content`; empty where none is known."""
    return str((_head(path) or {}).get("content", ""))


def found_path(cache: Path, clip_name: str) -> Path:
    """Where the finds of a clip are kept."""
    return cache / f"{safe_name(clip_name)}.found.jsonl"


def with_redone(frames: Sequence[FoundFrame], redone: Sequence[FoundFrame]) -> list[FoundFrame]:
    """The frames in order, those that were done again as they were found last."""
    again = {frame.index: frame for frame in redone}
    return [again.get(frame.index, frame) for frame in frames]
