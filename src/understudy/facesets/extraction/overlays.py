"""Pictures of what was found in every frame, for a person to look through, and to delete where it is wrong.

One small JPEG a frame: the detector's box, the landmarks, the crop with a corner that says where up is, the
face's hull darkened. A log remembers which were drawn and of what, so that a deleted one is noticed (`redo.py`)
and one that still holds is not drawn again.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import time
from collections import defaultdict
from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

from understudy.events import Event, Notice, Progress, StageStarted
from understudy.facesets.extraction.cropping import Plan
from understudy.facesets.extraction.found import FoundFace, FoundFrame
from understudy.facesets.extraction.looking import frames_at
from understudy.facesets.extraction.people import Person
from understudy.facesets.extraction.summary import as_ranges
from understudy.facesets.extraction.task import Task
from understudy.facesets.extraction.tracks import why_unwanted
from understudy.facesets.names import safe_name
from understudy.files import require_no_link, said_plainly, write_bytes
from understudy.geometry import FaceType, crop_from_frame, inverse, transform_points
from understudy.masks.hull import hull_mask
from understudy.media.clip import Clip, Frame
from understudy.media.images import encode_jpeg
from understudy.workers.ahead import done_ahead, read_ahead
from understudy.workers.cores import cores

UInt8 = npt.NDArray[np.uint8]
Kind = Literal["chosen", "filled", "another", "left out"]

_QUALITY = 50
_LAYOUT = 1
_THREADS = min(4, cores())
_BOX, _LANDMARKS, _UP = (40, 90, 255), (40, 255, 60), 0.12
_PLATE = (16, 16, 16)
_COLORS: dict[Kind, tuple[int, int, int]] = {
    "chosen": (255, 40, 40),
    "filled": (255, 170, 0),
    "another": (190, 190, 190),
    "left out": (255, 0, 255),
}


@dataclass(frozen=True, eq=False)
class Mark:
    """One find as it is drawn."""

    face: FoundFace
    landmarks_68: npt.NDArray[np.float64]  # as they are cut by, (68, 2)
    kind: Kind
    label: str

    def digest(self) -> str:
        """Changes when something else was found or it is taken for something else."""
        box = self.face.detection.box_xyxy.round(1).tolist()
        return f"{self.kind} {box} {self.face.landmarks_68.round(1).tolist()}"


class DrawnLog:
    """Which overlays of a clip were drawn, as frame and digest, one JSON line each; a frame's last one counts.

    A torn last line is dropped: that overlay is drawn again.
    """

    def __init__(self, path: Path, folder: Path, *, content: str) -> None:
        self.path, self.folder = path, folder
        self._head = {"layout": _LAYOUT, "content": content}
        self.drawn: dict[int, str] = {}
        if folder.is_dir():  # with its folder all pictures went: nobody deleted single ones
            self._read()

    def deleted(self) -> list[int]:
        """Frames whose overlay was drawn and is gone."""
        there = {entry.name for entry in os.scandir(self.folder)} if self.folder.is_dir() else set()
        return sorted(index for index in self.drawn if overlay_name(index) not in there)

    def note(self, index: int, digest: str) -> None:
        """Note a drawn overlay."""
        lines = [{"frame": index, "drawn": digest}]
        if not self.drawn:
            lines = [self._head, *lines]
        require_no_link(self.path)
        with said_plainly(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab" if self.drawn else "wb") as file:
                file.write("".join(json.dumps(line) + "\n" for line in lines).encode())
        self.drawn[index] = digest

    def _read(self) -> None:
        try:
            whole = self.path.read_bytes()
        except OSError:
            return
        kept = whole[: whole.rfind(b"\n") + 1]
        head, *lines = [_object(line) for line in kept.splitlines()] or [{}]
        if head != self._head:
            return
        for line in lines:
            if isinstance(line.get("frame"), int) and isinstance(line.get("drawn"), str):
                self.drawn[line["frame"]] = line["drawn"]
        if len(kept) < len(whole):
            write_bytes(self.path, kept)


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def overlay_name(index: int) -> str:
    """The file of a frame's overlay."""
    return f"{index:06d}.jpg"


def drawn_log(task: Task) -> DrawnLog:
    """The log of the clip's overlays."""
    path = task.cache / f"{safe_name(task.clip_name)}.overlays.jsonl"
    return DrawnLog(path, task.overlays_folder, content=task.content)


def draw_overlays(
    clip: Clip, task: Task, marks: dict[int, list[Mark]], *, only: Collection[int] | None = None
) -> Generator[Event, None, int]:
    """Draw the overlays that are missing or no longer true, or those of `only`.

    `marks` holds every frame that was looked at. Overlays that a person deleted are left for `redo.py` and
    told. Returns how many were drawn.
    """
    log = drawn_log(task)
    digests = {index: _digest(of_frame, task) for index, of_frame in marks.items()}
    deleted = set(log.deleted())
    if only is None:
        wanted = [i for i in sorted(marks) if i not in deleted and log.drawn.get(i) != digests[i]]
        if gone := sorted(deleted & set(marks)):
            yield Notice(
                f"{task.clip_name}: overlays were deleted, of frames {as_ranges(gone)}; `understudy extract "
                "--redo-deleted` looks at these frames again."
            )
    else:
        wanted = sorted(set(only) & set(marks))
    if not wanted:
        return 0
    yield StageStarted(stage="overlays", unit="frames", total=len(wanted))
    started = time.monotonic()
    with read_ahead(frames_at(clip, wanted), depth=4) as frames:
        work = (functools.partial(_draw_one, frame, marks[frame.index], task) for frame in frames)
        for number, index in enumerate(done_ahead(work, threads=_THREADS), 1):
            log.note(index, digests[index])
            rate = number / max(time.monotonic() - started, 1e-6)
            yield Progress(
                stage="overlays",
                done=number,
                total=len(wanted),
                rate=rate,
                seconds_left=(len(wanted) - number) / rate,
            )
    return len(wanted)


def marks_of(
    task: Task, frames: Sequence[FoundFrame], people: Sequence[Person], chosen: Person, plans: Sequence[Plan]
) -> dict[int, list[Mark]]:
    """What is to be drawn, for every frame that was looked at."""
    cut_by = {plan.sighting.frame.index: plan for plan in plans}
    marks: dict[int, list[Mark]] = defaultdict(list)
    for frame in frames:
        whys = [(face, why_unwanted(face, task.options)) for face in frame.faces]
        marks[frame.index] = [Mark(face, face.landmarks_68, "left out", why) for face, why in whys if why]
    seen = [chosen, *(other for other in people if other.number != chosen.number)]
    for person, track in [(one, track) for one in seen for track in one.tracks]:
        for sighting in track.sightings:
            index, face = sighting.frame.index, sighting.face
            plan = cut_by.get(index)
            is_cut = person is chosen and plan is not None and plan.sighting.face is face
            landmarks = plan.landmarks_68 if plan is not None and is_cut else face.landmarks_68
            kind: Kind = "another" if not is_cut else "filled" if face.filled else "chosen"
            label = f"person {person.number}, track {track.number}"
            marks[index].append(Mark(face, landmarks, kind, label))
    return dict(marks)


def _digest(marks: Sequence[Mark], task: Task) -> str:
    text = "\n".join(sorted(mark.digest() for mark in marks)) + task.options.face_type
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _draw_one(frame: Frame, marks: Sequence[Mark], task: Task) -> int:
    picture = overlay(frame.rgb_8bit, marks, face_type=task.options.face_type)
    write_bytes(task.overlays_folder / overlay_name(frame.index), encode_jpeg(picture, quality=_QUALITY))
    return frame.index


def overlay(frame_rgb: UInt8, marks: Sequence[Mark], *, face_type: FaceType) -> UInt8:
    """The frame (height, width, 3) with everything found drawn on it."""
    picture = frame_rgb.copy()
    line_px = max(1, round(min(picture.shape[:2]) / 540))
    labels: list[tuple[str, tuple[int, ...], tuple[int, int, int]]] = []
    for mark in marks:
        _darken_hull(picture, mark.landmarks_68)
    for mark in marks:
        color = _COLORS[mark.kind]
        left, top, right, bottom = (round(float(v)) for v in mark.face.detection.box_xyxy)
        cv2.rectangle(picture, (left, top), (right, bottom), _BOX, 2 * line_px)
        label_at = (left, top)
        if face_type != "mark-only":
            corners = _crop_corners(mark.landmarks_68, face_type)
            label_at = tuple(int(v) for v in corners.min(0))
            _draw_crop(picture, corners, color, line_px)
        for x, y in mark.landmarks_68:
            cv2.circle(picture, (round(float(x)), round(float(y))), line_px, _LANDMARKS, -1)
        labels.append((mark.label, label_at, color))
    for label, at, color in labels:  # last, so that no other face's lines cross them
        _write(picture, label, at, color, line_px)
    return picture


def _crop_corners(landmarks_68: npt.NDArray[np.float64], face_type: FaceType) -> npt.NDArray[np.float64]:
    """The crop's corners (4, 2) in the frame, from its top left clockwise."""
    matrix = crop_from_frame(landmarks_68, face_type=face_type, size_px=1)
    return transform_points(inverse(matrix), [[0, 0], [1, 0], [1, 1], [0, 1]])


def _draw_crop(
    picture: UInt8, corners: npt.NDArray[np.float64], color: tuple[int, int, int], line_px: int
) -> None:
    """The crop's outline with its top left corner filled."""
    first, right, _, down = corners
    up = np.stack([first, first + _UP * (right - first), first + _UP * (down - first)])
    cv2.polylines(picture, [corners.round().astype(np.int32)], isClosed=True, color=color, thickness=line_px)
    cv2.fillConvexPoly(picture, up.round().astype(np.int32), color)


def _darken_hull(picture: UInt8, landmarks_68: npt.NDArray[np.float64]) -> None:
    height, width = picture.shape[:2]
    reach = 0.3 * np.ptp(landmarks_68, axis=0)  # the raised brows
    left, top = np.clip(np.floor(landmarks_68.min(0) - reach), 0, [width, height]).astype(int)
    right, bottom = np.clip(np.ceil(landmarks_68.max(0) + reach), 0, [width, height]).astype(int)
    if right <= left or bottom <= top:
        return
    mask = hull_mask(landmarks_68 - [left, top], int(right - left), int(bottom - top))
    part = picture[top:bottom, left:right]
    part[:] = (part * (1 - 0.5 * mask[..., None])).astype(np.uint8)


def _write(picture: UInt8, text: str, at: tuple[int, ...], color: tuple[int, int, int], line_px: int) -> None:
    """A label on a dark plate just above a place, and inside the picture."""
    if not text:
        return
    font, size, edge = cv2.FONT_HERSHEY_SIMPLEX, 0.45 * line_px, 3 * line_px
    (width, height), below = cv2.getTextSize(text, font, size, line_px)
    left = min(max(0, at[0]), max(0, picture.shape[1] - width - 2 * edge))
    tall = height + below + 2 * edge
    top = min(max(0, at[1] - tall - line_px), max(0, picture.shape[0] - tall))
    picture[top : top + tall, left : left + width + 2 * edge] = _PLATE
    cv2.putText(picture, text, (left + edge, top + edge + height), font, size, color, line_px, cv2.LINE_AA)
