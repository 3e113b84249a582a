"""The merge stage: every face of a clip painted into its frame, one PNG for every frame that changes.

Streams the clip: frames are decoded and cropped in a thread, painted in batches, joined with their neighbours'
colour transfer, and written. What to do is decided in `plan`, what is done is kept in `journal`, how a face
enters a frame is in `composite`. Not here: making a file out of the frames (`encode`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from understudy.events import Event, Events, Notice, Progress, StageFinished, StageStarted
from understudy.facesets.record import FaceRecord
from understudy.facesets.store import Faceset
from understudy.files import ASIDE_SUFFIX, require_free_space, said_plainly
from understudy.media.clip import Clip
from understudy.media.images import eight_bit
from understudy.media.opening import open_clip
from understudy.merging.cast import Cast
from understudy.merging.frame_ranges import in_words, stretches_of
from understudy.merging.journal import Journal, frame_path
from understudy.merging.light import Picture
from understudy.merging.masking.segment import Segmented, ToSegment, segmented
from understudy.merging.options import MergeOptions
from understudy.merging.painted import PaintedFace, own_crop, painted_face, steadied
from understudy.merging.pictures import (
    MergedFrame,
    merged_as_far_as_possible,
    remove_merged,
    write_blanks,
    write_merged,
)
from understudy.merging.plan import EVERYTHING, MergePlan, Wanted, planned, reason_ranges, unswapped_frames
from understudy.merging.plate import Plate, PlateFootage
from understudy.merging.prefetch import Prefetched
from understudy.merging.runs import with_runs
from understudy.merging.settings_over_time import SettingsOverTime
from understudy.networks.swap import Prediction, Predictor

STAGE = "merge"
_FRAMES_AHEAD = 4
_WRITERS = 2
_PNG_SHARE = 0.6  # of the raw pixels, generously
_LONGEST_SKIP = 48  # frames decoded in vain before a seek is cheaper


@dataclass(eq=False)
class _Crop:
    """One face cut out for its model."""

    predictor: Predictor
    options: MergeOptions
    place: FaceRecord  # whose place the painted face takes: its own, or that of a face in the plate
    crop_from_frame: npt.NDArray[np.float64]  # of that place
    own: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]  # what is there now
    rgb: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
    run: Sequence[npt.NDArray[Any]] = ()  # with its neighbours in time, as many as the model sees together

    @property
    def to_segment(self) -> ToSegment:
        """What a segmenter has to know of it."""
        return ToSegment(self.place, self.crop_from_frame, self.options)


@dataclass(eq=False)
class _Read:
    """One decoded frame with its faces cut out."""

    index: int
    rgb: Picture
    records: Sequence[FaceRecord]
    crops: list[_Crop]


@dataclass(eq=False)
class _Painted:
    """One frame whose faces are painted and wait for their neighbours. `rgb` is None where only they matter."""

    index: int
    rgb: Picture | None
    records: Sequence[FaceRecord]
    faces: list[PaintedFace] = field(default_factory=list)


def merge(
    clip_path: Path,
    *,
    faces: Faceset,
    predictor: Predictor | Cast,
    folder: Path,
    options: MergeOptions | SettingsOverTime,
    clip_name: str | None = None,
    reasons: Mapping[int, str] | None = None,
    shots: Sequence[int] = (),
    wanted: Wanted = EVERYTHING,
    dry_run: bool = False,
    plate: PlateFootage | None = None,
) -> Events:
    """Paint all faces of a clip and write `folder/<frame:06d>.png` for every frame that has one.

    Frames already made by the same settings, model and faces are kept. `clip_name` leaves out faces of other
    clips in the same faceset; `reasons` says better than we can why a frame has no face; nothing is steadied
    over the first frames of new `shots`. The summary lists every frame that was not swapped, with its reason.
    Faces go into the frames of `plate` where that is given. A dry run only says what would be made, and why.
    Closing the generator keeps what is written.
    """
    journal = Journal(folder)
    with open_clip(clip_path) as clip, Plate(plate) if plate else nullcontext() as opened:
        plan = planned(
            clip,
            faces.faces(),
            predictor=predictor,
            options=options,
            clip_name=clip_name,
            journal=journal,
            shots=shots,
            wanted=wanted,
            plate=opened,
        )
        if dry_run:
            yield from _foretold(plan)
            return
        with said_plainly(folder):
            folder.mkdir(parents=True, exist_ok=True)
        frame_count = clip.info.frame_count
        yield StageStarted(stage=STAGE, unit="frames", total=len(plan.wanted), done=plan.done, why=_why(plan))
        for text in plan.notices:
            yield Notice(text=text, level="warning")
        _clear_away(folder, plan, journal)
        if plan.todo:
            require_free_space(folder, needed_bytes=int(len(plan.todo) * _frame_bytes(clip) * _PNG_SHARE))
            yield from _merge_todo(clip, plan, journal, opened)
        for frame in plan.todo - journal.merged_frames():  # refused or not decoded: no older picture may stay
            remove_merged(folder, frame)
        if opened is not None and plan.is_whole:
            _show_plate(opened, folder, frame_count, plan, journal)
    size_px = plan.cast.predictors()[0].size_px
    write_blanks(folder, clip.info, plan.settings.base, crop_px=size_px, merged=journal.merged_frames())
    unswapped = unswapped_frames(frame_count, plan, journal, reasons or {})
    if plan.todo or plan.gone or not plan.was_complete:
        journal.save(complete=plan.is_whole, unswapped=unswapped)
    summary = {
        "frames": frame_count,
        "swapped": frame_count - len(unswapped),
        "made_now": len(plan.todo),
        "passed_through": len(unswapped),
        "unswapped": unswapped,
        "partly": journal.partly(),
        "unswapped_ranges": reason_ranges(unswapped),
    }
    yield StageFinished(stage=STAGE, summary=summary, skipped=not plan.todo and not plan.gone)


def _frame_bytes(clip: Clip) -> int:
    return clip.info.width * clip.info.height * (6 if clip.info.bit_depth > 8 else 3)


def _why(plan: MergePlan) -> str:
    if not plan.done or not plan.todo:
        return ""
    return f"{plan.done} of {len(plan.wanted)} frames are as they should be already"


def _foretold(plan: MergePlan) -> Events:
    """What a merge would do, as a stage that makes nothing."""
    yield StageStarted(stage=STAGE, unit="frames", total=len(plan.wanted), done=plan.done, why=_why(plan))
    for text in plan.notices:
        yield Notice(text=text, level="warning")
    reasons = plan.reasons_to_make()
    said = "; ".join(f"{why}: {count}" for why, count in reasons.items())
    frames = in_words(stretches_of(plan.todo))
    yield Notice(f"{len(plan.todo)} frames would be made{f' ({frames}). {said}' if frames else ''}.")
    summary = {
        "to_make": sorted(plan.todo),
        "why": reasons,
        "up_to_date": plan.done,
        "to_remove": sorted(plan.gone),
    }
    yield StageFinished(stage=STAGE, summary=summary, skipped=not plan.todo and not plan.gone)


def _clear_away(folder: Path, plan: MergePlan, journal: Journal) -> None:
    """Forget what will be made again, and remove pictures of frames that have no face any more."""
    journal.describe(plan.about)
    journal.forget([*plan.todo, *plan.gone])
    if plan.todo or plan.gone:
        journal.save()
    for frame in plan.gone:
        remove_merged(folder, frame)
    for left_over in folder.glob(f".*{ASIDE_SUFFIX}.png"):  # by a process that was killed
        left_over.unlink(missing_ok=True)


def _show_plate(plate: Plate, folder: Path, frame_count: int, plan: MergePlan, journal: Journal) -> None:
    """Let the plate go on as it is where dst has no face, instead of a flash of dst."""
    for frame in sorted(set(range(frame_count)) - journal.merged_frames()):
        if plan.todo or not frame_path(folder, frame).is_file():
            write_merged(folder, frame, MergedFrame(plate.frame_for(frame)))


def _merge_todo(
    clip: Clip, plan: MergePlan, journal: Journal, plate: Plate | None
) -> Generator[Event, None, None]:
    done = plan.done
    source = with_runs(_read_frames(clip, plan, plate), plan)
    pool = ThreadPoolExecutor(_WRITERS, thread_name_prefix="merged")
    writing: deque[tuple[int, Future[None]]] = deque()
    try:
        with Prefetched(source, depth=_FRAMES_AHEAD) as ahead:
            painted = _painted_frames(ahead, plan)
            for window, at in _with_neighbours(painted, reach=plan.reach):
                ready = window[at]
                if ready.rgb is None:
                    continue
                merged, reason = merged_as_far_as_possible(
                    ready.rgb, _steady_faces(window, at, plan), plan.settings.at(ready.index)
                )
                if merged is None:
                    journal.refuse(ready.index, plan.fingerprints[ready.index], reason)
                else:
                    writing.append(
                        (ready.index, pool.submit(write_merged, journal.folder, ready.index, merged))
                    )
                    if reason:
                        journal.merged_partly(ready.index, reason)
                _collect(writing, plan, journal, leave=_WRITERS)
                done += 1
                journal.save_now_and_then()
                yield Progress(stage=STAGE, done=done, total=len(plan.wanted))
            _collect(writing, plan, journal, leave=0)
    finally:
        pool.shutdown(wait=True)
        _collect_finished(writing, plan, journal)
        journal.save()


def _collect(
    writing: deque[tuple[int, Future[None]]], plan: MergePlan, journal: Journal, *, leave: int
) -> None:
    """Wait until at most `leave` pictures are still being written; a writer's error comes out here."""
    while len(writing) > leave:
        frame, future = writing[0]
        future.result()
        journal.remember(frame, plan.fingerprints[frame])
        writing.popleft()


def _collect_finished(writing: deque[tuple[int, Future[None]]], plan: MergePlan, journal: Journal) -> None:
    for frame, future in writing:
        if future.done() and future.exception() is None:
            journal.remember(frame, plan.fingerprints[frame])


def _read_frames(clip: Clip, plan: MergePlan, plate: Plate | None) -> Iterator[_Read]:
    """Decode only the frames that are needed, and cut their faces anew from the frame."""
    deep = clip.info.bit_depth > 8
    for start, stop in _runs(sorted(plan.looked_at)):
        for frame in clip.frames(start, stop, deep=deep):
            if frame.index in plan.looked_at:
                records = plan.faces[frame.index]
                shown = frame.rgb if plate is None else plate.frame_for(frame.index)
                crops = [_cut(frame.rgb, record, plan, shown, plate) for record in records]
                yield _Read(frame.index, shown, records, crops)


def _cut(rgb: Picture, record: FaceRecord, plan: MergePlan, shown: Picture, plate: Plate | None) -> _Crop:
    """dst's face for the model, and the place in the picture `shown` where the painted one goes."""
    predictor, options = plan.cast.predictor_for(record), plan.options_of(record)
    matrix = plan.crop_matrix(record, predictor)
    seen = own_crop(rgb, matrix, predictor.size_px)
    if plate is None:
        return _Crop(predictor, options, record, matrix, own=seen, rgb=seen)
    place = plate.face_for(record.frame)
    matrix = plan.crop_matrix(place, predictor)
    return _Crop(predictor, options, place, matrix, own=own_crop(shown, matrix, predictor.size_px), rgb=seen)


def _runs(frames: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Stretches (start, stop) that hold all `frames`; small gaps are decoded through."""
    if not frames:
        return
    start = last = frames[0]
    for frame in frames[1:]:
        if frame - last > _LONGEST_SKIP:
            yield start, last + 1
            start = frame
        last = frame
    yield start, last + 1


def _painted_frames(frames: Iterable[_Read], plan: MergePlan) -> Iterator[_Painted]:
    """Run the models over batches that may span several frames."""
    waiting: list[_Read] = []
    for read in frames:
        waiting.append(read)
        if sum(len(one.crops) for one in waiting) >= plan.settings.base.batch:
            yield from _paint(waiting, plan)
            waiting = []
    if waiting:
        yield from _paint(waiting, plan)


def _paint(frames: Sequence[_Read], plan: MergePlan) -> Iterator[_Painted]:
    """Every model paints its faces of these frames at once."""
    predicted = _predicted([crop for one in frames for crop in one.crops])
    for one in frames:
        painted = _Painted(one.index, one.rgb if one.index in plan.todo else None, one.records)
        for crop in one.crops:
            prediction, index, seen = predicted[id(crop)]
            face = painted_face(
                crop.own,
                prediction,
                index,
                record=crop.place,
                crop_from_frame=crop.crop_from_frame,
                options=crop.options,
                segmented=seen,
            )
            painted.faces.append(replace(face, options=crop.options))
        yield painted


def _predicted(crops: Sequence[_Crop]) -> dict[int, tuple[Prediction, int, Segmented]]:
    """Each crop's place in a prediction, by the crop's id: one batch for each model and share of src."""
    groups: dict[tuple[int, float], list[_Crop]] = {}
    for crop in crops:
        groups.setdefault((id(crop.predictor), crop.options.morph), []).append(crop)
    found: dict[int, tuple[Prediction, int, Segmented]] = {}
    for (_, morph), group in groups.items():
        predictor = group[0].predictor
        predictor.blend(morph)
        runs = np.stack([np.stack([eight_bit(rgb) for rgb in crop.run]) for crop in group])
        prediction = predictor.predict(runs[:, 0]) if runs.shape[1] == 1 else predictor.predict_runs(runs)
        seen = segmented([c.to_segment for c in group], [eight_bit(c.own) for c in group], prediction.rgb_NHWC)
        found |= {id(crop): (prediction, index, seen[index]) for index, crop in enumerate(group)}
    return found


def frames_with_faces(
    clip: Clip, plan: MergePlan, plate: Plate | None
) -> Iterator[tuple[int, Picture, list[PaintedFace]]]:
    """Every frame of `plan.todo` with its faces as they go into it, one after the other, for a preview."""
    source = with_runs(_read_frames(clip, plan, plate), plan)
    for window, at in _with_neighbours(_painted_frames(source, plan), reach=plan.reach):
        ready = window[at]
        if ready.rgb is not None:
            yield ready.index, ready.rgb, _steady_faces(window, at, plan)


def _with_neighbours(painted: Iterable[_Painted], *, reach: int) -> Iterator[tuple[Sequence[_Painted], int]]:
    """Every frame once, as its place in a window that holds all frames up to `reach` away."""
    window: list[_Painted] = []
    at = 0
    for one in painted:
        window.append(one)
        while at < len(window) and window[at].index + reach <= one.index:
            yield window, at
            at += 1
        # The next frame to come out lies after the newest minus `reach`, so it looks back this far at most.
        stale = sum(other.index < one.index - 2 * reach for other in window[:at])
        del window[:stale]
        at -= stale
    while at < len(window):
        yield window, at
        at += 1


def _steady_faces(window: Sequence[_Painted], at: int, plan: MergePlan) -> list[PaintedFace]:
    """The faces of one frame, each with its colour transfer averaged over its own track, within its shot."""
    here = window[at]
    faces = []
    for record, face in zip(here.records, here.faces, strict=True):
        options = plan.options_of(record)
        neighbours = [
            (other.index - here.index, its_face)
            for other in window
            if abs(other.index - here.index) <= options.reach and plan.same_shot(other.index, here.index)
            for its_record, its_face in zip(other.records, other.faces, strict=True)
            if (its_record.track, its_record.person) == (record.track, record.person)
        ]
        faces.append(steadied(face, neighbours, reach=options.steady_reach))
    return faces
