"""The stage behind `understudy measure --plate`: is a swap as steady, even and sharp as the plate it lies in.

Streams both clips in step and never holds more than a few frames. Cuts are found in the plate; nothing is
compared across one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import chain, islice, pairwise
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from understudy.counts import counted
from understudy.errors import NoFaceFound
from understudy.events import Events, Notice, Progress, StageFinished, StageStarted
from understudy.faces.detect import DETECTORS, Detector
from understudy.faces.inputs import FinderInputs
from understudy.faces.landmark import LANDMARKERS
from understudy.measure.shots import STAGE, frames_in_step, require_one_size, unread_told
from understudy.measure.steadiness import (
    GOALS,
    Row,
    figures_by_frame,
    is_within,
    outside,
    shot_figures,
    worst_of,
)
from understudy.measure.stillness import Moment, face_pair
from understudy.media.clip import Clip, Frame, loose_frame
from understudy.media.cuts import SceneNote, SceneWatch, shot_starts
from understudy.media.opening import open_clip

Array = npt.NDArray[np.float64]
# Frames of the plate to the landmarks (faces, 68, 2) of each.
FacesOf = Callable[[Sequence[Frame]], Sequence[Array]]
# A frame's number to the mask (height, width) 0..1 of what was painted there; None where it is not known.
MaskOf = Callable[[int], npt.NDArray[np.float32] | None]
# A frame of the plate, RGB, as it would be had it gone through what the whole result has in common.
Treated = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.uint8]]

_BATCH = 8
_ONE_FACE = 0.5  # of its size: how far a face may move between two frames and still be the same
_UNTOUCHED_LEVELS = 1.5  # a face that differs less from the plate was only encoded again
_LEAST_CHANGED = 1 / 3  # of the face


def found_faces(*, detector: Detector | None = None, device: str = "cpu") -> FacesOf:
    """Faces as the product's own detector and landmarker see them. Raises what making these raises."""
    inputs = FinderInputs(device=device)
    finder, landmarker = detector or DETECTORS["mtcnn"](inputs), LANDMARKERS["five-point"](inputs)

    def faces_of(frames: Sequence[Frame]) -> Sequence[Array]:
        plain = [loose_frame(frame.rgb_8bit, index=frame.index) for frame in frames]
        return landmarker.landmarks_68(plain, finder.detect(plain))

    return faces_of


def known_faces(landmarks_by_frame: Mapping[int, npt.ArrayLike]) -> FacesOf:
    """Faces (faces, 68, 2) by the index of their frame, e.g. those of a faceset."""

    def faces_of(frames: Sequence[Frame]) -> Sequence[Array]:
        none = np.empty((0, 68, 2))
        return [np.asarray(landmarks_by_frame.get(frame.index, none), float) for frame in frames]

    return faces_of


def measure_against_plate(
    result: Path | Clip,
    plate: Path,
    *,
    faces_of: FacesOf,
    mask_of: MaskOf = lambda _: None,
    treated: Treated = lambda rgb: rgb,
    landmarker: str = "",
) -> Events:
    """Four ratios of `result` to `plate` for every shot and for all, inside the faces of the plate.

    `result` is a file, or an open clip, which is closed at the end. Faces that nobody changed are left out
    where others were changed. The summary's `by_frame` has the figures of both clips in every frame. A seam is
    looked for where `mask_of` says that the painted face ends, else around the face's landmarks. What the
    result has all over and is no swap, like a watermark, `treated` gives the plate's frames too, after faces
    were looked for. `landmarker` is what placed the landmarks, where it is known, for the advice. Raises
    NoFaceFound, ClipSizesDiffer, and what opening and finding raise.
    """
    with open_clip(result) if isinstance(result, Path) else result as shown:
        yield from _measured(shown, plate, _Looks(faces_of, mask_of, treated, landmarker))


@dataclass(frozen=True, eq=False)
class _Looks:
    """How the two clips are looked at."""

    faces_of: FacesOf
    mask_of: MaskOf
    treated: Treated
    landmarker: str


def _measured(result: Clip, plate: Path, looks: _Looks) -> Events:
    with open_clip(plate) as opened:
        counts = (result.info.frame_count, opened.info.frame_count)
    total = min(counts)
    yield StageStarted(stage=STAGE, unit="frames", total=total)
    if counts[0] != counts[1]:
        text = (
            f"The clips have {counts[0]} and {counts[1]} frames; the first {total} are compared. Unless both "
            "begin with the same frame, these may not belong together, and the figures mean nothing."
        )
        yield Notice(text, level="warning")
    rows: list[Row] = []
    notes: list[SceneNote] = []
    indices: list[int] = []
    for seen in _rows_by_frame(result, plate, looks):
        rows += seen.rows
        notes.append(seen.note)
        indices.append(seen.index)
        yield Progress(stage=STAGE, done=len(notes), total=total)
    if not rows:
        raise NoFaceFound("No face was found in the plate, so there is nothing to measure inside.", plate)
    yield from unread_told(total - len(notes))
    rows, notices = _changed(rows)
    yield from notices
    starts = {indices[place] for place in shot_starts(notes)}
    summary = _summary(rows, indices, starts, looks.landmarker)
    is_said = any(notice.level == "warning" for notice in notices)  # that nobody was swapped at all
    if not is_said and (told := hardly_changed(summary["all"]["changed"])):
        yield Notice(told, level="warning")
    yield StageFinished(stage=STAGE, summary=summary)


def hardly_changed(share: float) -> str:
    """What to say where so little of the face is painted that the plate's own is measured; else nothing."""
    if share >= _LEAST_CHANGED:
        return ""
    return (
        f"Only {100 * share:.0f} % of the face differs from dst so that it can be seen, so these figures are "
        "mostly dst's own. Either the two faces are much alike, or the mask hardly paints: look with "
        "`understudy merge --explain FRAME`, merge with `--mask dst-hull`, or train longer."
    )


@dataclass(frozen=True, eq=False)
class _Seen:
    index: int
    time_s: float
    moment: Moment
    faces: Array
    note: SceneNote


@dataclass(frozen=True, eq=False)
class _FrameRows:
    index: int
    note: SceneNote
    rows: list[Row]


def _rows_by_frame(result: Clip, plate: Path, looks: _Looks) -> Iterator[_FrameRows]:
    """Each frame's rows, one frame late, because both neighbours are needed."""
    chains = _Chains()
    window: deque[_Seen | None] = deque([None, None], maxlen=3)
    for seen in chain(_seen(result, plate, looks), [None]):
        window.append(seen)
        before, now, after = window
        if now is None:
            continue
        around = None
        if before is not None and after is not None and after.index - before.index == 2:
            around = (before.moment, after.moment)
        rows = [
            Row(now.index, now.time_s, (0, number), face_pair(now.moment, points, around))
            for number, points in zip(chains.of(now.faces), now.faces, strict=True)
        ]
        yield _FrameRows(now.index, now.note, rows)


def _seen(result: Clip, plate: Path, looks: _Looks) -> Iterator[_Seen]:
    watch = SceneWatch()
    with ExitStack() as stack:
        clips: list[Clip] = [stack.enter_context(open_clip(plate)), result]
        require_one_size(clips)
        pairs = frames_in_step(clips)
        while batch := list(islice(pairs, _BATCH)):
            faces_by_frame = looks.faces_of([frame for frame, _ in batch])
            for (frame, swap), faces in zip(batch, faces_by_frame, strict=True):
                moment = Moment(looks.treated(frame.rgb_8bit), swap.rgb_8bit, looks.mask_of(frame.index))
                yield _Seen(frame.index, frame.time_s, moment, faces, watch.look(frame.rgb_8bit))


class _Chains:
    """Numbers faces so that one keeps its number from frame to frame while it is near where it was."""

    def __init__(self) -> None:
        self._last: dict[int, Array] = {}
        self._next = 0

    def of(self, faces: Array) -> list[int]:
        numbers: list[int] = []
        free, seen = dict(self._last), {}
        for points in faces:
            size = float(np.ptp(points, axis=0).max())
            near = {n: float(np.linalg.norm(points.mean(0) - other.mean(0))) for n, other in free.items()}
            number = min(near, key=lambda n: near[n], default=-1)
            if number < 0 or near[number] > _ONE_FACE * size:
                number, self._next = self._next, self._next + 1
            free.pop(number, None)
            seen[number] = points
            numbers.append(number)
        self._last = seen
        return numbers


def _changed(rows: list[Row]) -> tuple[list[Row], list[Notice]]:
    """Without the faces that nobody touched, unless that is all of them."""
    touched = [row for row in rows if row.figures.unlike >= _UNTOUCHED_LEVELS]
    if not touched:
        text = "Inside the faces the result is the plate but for its encoding; was anything swapped?"
        return rows, [Notice(text, level="warning")]
    if len(touched) == len(rows):
        return rows, []
    left = counted(len(rows) - len(touched), "face in a frame is", "faces in frames are")
    return touched, [Notice(f"{left} as in the plate, and not measured.")]


def _summary(rows: list[Row], indices: Sequence[int], starts: set[int], landmarker: str) -> dict[str, Any]:
    """The figures of every shot with faces, of all together, and the worst second."""
    borders = [*sorted({indices[0], *starts}), indices[-1] + 1]
    by_shot: dict[int, list[Row]] = {}
    for row in rows:
        by_shot.setdefault(bisect_right(borders, row.frame) - 1, []).append(row)
    shots = []
    whole: list[Row] = []
    for number, (first, end) in enumerate(pairwise(borders)):
        if number in by_shot:
            inside = [_in_shot(row, number, first, end) for row in by_shot[number]]
            whole += inside
            place = {"shot": number + 1, "frames": [first, end - 1], "faces": len(inside)}
            shots.append(place | shot_figures(inside))
    together = shot_figures(whole)
    return {
        "goals": {name: [low, None if high == inf else high] for name, (low, high) in GOALS.items()},
        "all": {"faces": len(whole)} | {k: v for k, v in together.items() if k != "worst"},
        "within": is_within(together),
        "outside": outside(together, landmarker=landmarker),
        "shots": shots,
        "worst_second": worst_of(shots),
        "by_frame": figures_by_frame(whole),
    }


def _in_shot(row: Row, shot: int, first: int, end: int) -> Row:
    """A row whose face is that of this shot alone, and that says nothing about what lies across a cut."""
    figures = row.figures
    if row.frame in (first, end - 1):
        nothing = dict.fromkeys(("moved_plate", "moved_result", "flicker_plate", "flicker_result"))
        figures = replace(figures, **nothing)
    return replace(row, chain=(shot, row.chain[1]), figures=figures)
