"""Frames on their way through a merge: decoded, cut, painted, steadied, composed and written, all at once.

One thread decodes and cuts, the caller's asks the models in batches, a few threads measure, compose and write.
How many frames are alive depends on the constants and options here, never on the length of the clip. Not here:
what is to be done (`plan`), what is remembered (`merge`), several processes (`sharing`).
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from understudy.faces.align import squeezed
from understudy.facesets.record import FaceRecord
from understudy.geometry import square_from_frame
from understudy.media.clip import LONGEST_SKIP, Clip, OwnNumbers
from understudy.media.images import eight_bit
from understudy.media.opening import require_progressive
from understudy.merging.cast import name_of
from understudy.merging.frame_ranges import stretches_of
from understudy.merging.keeping import Keep
from understudy.merging.light import Picture, sight
from understudy.merging.masking.segment import Segmented, ToSegment, segmented
from understudy.merging.options import MergeOptions
from understudy.merging.painted import PaintedFace, enlarged, own_crop, painted_face, steadied
from understudy.merging.pictures import in_own_numbers, is_hull_seen, merged_as_far_as_possible, write_merged
from understudy.merging.plan import MergePlan
from understudy.merging.plate import Plate
from understudy.merging.runs import with_runs
from understudy.merging.settings_over_time import SettingsOverTime
from understudy.merging.window import with_neighbours
from understudy.networks.swap import Prediction, Predictor
from understudy.workers.ahead import read_ahead
from understudy.workers.threads import libraries_single_threaded, torch_single_threaded

_FRAMES_AHEAD = 4
_Painter = tuple[int, float]


@dataclass(frozen=True)
class MadeFrame:
    """A frame that needs no more work."""

    index: int
    refused: str = ""  # why none of its faces could be painted: it has no picture
    partly: str = ""  # why some of them could not
    hull_stood_in: bool = False  # for the mask of a face whose model has not learnt one yet


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
    own: OwnNumbers | None = None


@dataclass(eq=False)
class _Painted:
    """One frame whose faces are painted and wait for their neighbours. `rgb` is None where only they matter."""

    index: int
    rgb: Picture | None
    records: Sequence[FaceRecord]
    faces: list[PaintedFace] = field(default_factory=list)
    own: OwnNumbers | None = None


@dataclass(frozen=True, eq=False)
class _Tracked:
    """One face and what steadies it: (distance in frames, the same face there)."""

    face: PaintedFace
    neighbours: Sequence[tuple[int, PaintedFace]]
    reach: int


def made_frames(
    clip: Clip,
    plan: MergePlan,
    folder: Path,
    plate: Plate | None = None,
    *,
    painters: int,
    unsaid: list[MadeFrame] | None = None,
) -> Generator[MadeFrame]:
    """Make the frames of `plan.todo` in order, `painters` at once; each is written when it comes out.

    Closing the generator finishes what is begun, and puts it into `unsaid`.
    """
    pool = ThreadPoolExecutor(painters, thread_name_prefix="merging", initializer=torch_single_threaded)
    making: deque[Future[MadeFrame]] = deque()
    try:
        with (
            libraries_single_threaded(),
            read_ahead(with_runs(_read_frames(clip, plan, plate), plan), depth=_FRAMES_AHEAD) as ahead,
        ):
            for window, at in with_neighbours(_painted_frames(ahead, plan, pool), reach=plan.reach):
                ready = window[at]
                if ready.rgb is None:
                    continue
                faces = _with_its_track(window, at, plan)
                making.append(pool.submit(_make, folder, ready.index, (ready.rgb, ready.own), faces, plan))
                ready.rgb = ready.own = None  # its neighbours need its faces alone
                while len(making) > painters:
                    yield making[0].result()
                    making.popleft()
            while making:
                yield making[0].result()
                making.popleft()
    finally:
        pool.shutdown(wait=True)
        if unsaid is not None:
            unsaid += [one.result() for one in making if one.exception() is None]


def frames_with_faces(
    clip: Clip, plan: MergePlan, plate: Plate | None
) -> Iterator[tuple[int, Picture, list[PaintedFace]]]:
    """Every frame of `plan.todo` with its faces as they go into it, one after the other, for a preview."""
    source = with_runs(_read_frames(clip, plan, plate), plan)
    with ThreadPoolExecutor(1, thread_name_prefix="merging") as pool:
        for window, at in with_neighbours(_painted_frames(source, plan, pool), reach=plan.reach):
            ready = window[at]
            if ready.rgb is not None:
                faces = _with_its_track(window, at, plan)
                yield ready.index, ready.rgb, [_as_shown(face, plan.keep) for face in faces]


def _make(
    folder: Path,
    index: int,
    frame: tuple[Picture, OwnNumbers | None],
    tracked: Sequence[_Tracked],
    plan: MergePlan,
) -> MadeFrame:
    faces = [_as_shown(face, plan.keep) for face in tracked]
    (rgb, own), options = frame, plan.settings.at(index)
    merged, reason = merged_as_far_as_possible(rgb, faces, options)
    if merged is None:
        return MadeFrame(index, refused=reason)
    if own is not None:
        merged = in_own_numbers(merged, own, seen=rgb, options=options)
    write_merged(folder, index, merged)
    return MadeFrame(index, partly=reason, hull_stood_in=is_hull_seen(faces, options))


def _as_shown(tracked: _Tracked, keep: Keep) -> PaintedFace:
    face = steadied(tracked.face, tracked.neighbours, reach=tracked.reach, keep=keep)
    return face if face.options is None else enlarged(face, face.options)


def _read_frames(clip: Clip, plan: MergePlan, plate: Plate | None) -> Iterator[_Read]:
    """Decode only the frames that are needed, and cut their faces anew from the frame."""
    deep = clip.info.is_deep
    for stretch in stretches_of(plan.looked_at, longest_gap=LONGEST_SKIP):
        for frame in clip.frames(stretch.start, stretch.stop, deep=deep):
            require_progressive(clip.info)
            if frame.index in plan.looked_at:
                records = plan.faces[frame.index]
                shown = frame if plate is None else plate.frame_for(frame.index)
                crops = [_cut(frame.rgb, record, plan, shown.rgb, plate) for record in records]
                yield _Read(frame.index, shown.rgb, records, crops, shown.own)


def _cut(rgb: Picture, record: FaceRecord, plan: MergePlan, shown: Picture, plate: Plate | None) -> _Crop:
    """dst's face for the model, and the place in the picture `shown` where the painted one goes."""
    predictor, options = plan.cast.predictor_for(record), plan.options_of(record)
    matrix = plan.crop_matrix(record, predictor)
    of = (record.frame, matrix, predictor.size_px)  # the clip is one and the same
    seen = plan.keep("crop", of, lambda: own_crop(rgb, matrix, predictor.size_px))
    if predictor.paints_frame:
        place = record if plate is None else plate.face_for(record.frame)
        height, width = shown.shape[:2]
        matrix = square_from_frame(width, height, size_px=predictor.size_px)
        return _Crop(predictor, options, place, matrix, own=_squeezed(shown, predictor.size_px), rgb=seen)
    if plate is None:
        return _Crop(predictor, options, record, matrix, own=seen, rgb=seen)
    place = plate.face_for(record.frame)
    matrix = plan.crop_matrix(place, predictor)
    return _Crop(predictor, options, place, matrix, own=own_crop(shown, matrix, predictor.size_px), rgb=seen)


def _squeezed(shown: Picture, size_px: int) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
    """The whole picture as a square, encoded."""
    return squeezed(sight(shown) if shown.dtype.kind == "f" else shown, size_px)


def _painted_frames(frames: Iterable[_Read], plan: MergePlan, pool: ThreadPoolExecutor) -> Iterator[_Painted]:
    """Run the models over batches that may span several frames, as full as whole frames fill them."""
    batch = plan.settings.base.batch
    waiting: list[_Read] = []
    faces: Counter[_Painter] = Counter()
    for read in frames:
        more = Counter(_painter_of(crop) for crop in read.crops)
        if waiting and (faces + more).most_common(1)[0][1] > batch:
            yield from _paint(waiting, plan, pool)
            waiting, faces = [], Counter()
        waiting.append(read)
        faces += more
        if faces and faces.most_common(1)[0][1] >= batch:
            yield from _paint(waiting, plan, pool)
            waiting, faces = [], Counter()
    if waiting:
        yield from _paint(waiting, plan, pool)


def _paint(frames: list[_Read], plan: MergePlan, pool: ThreadPoolExecutor) -> Iterator[_Painted]:
    """Every model paints its faces of these frames at once."""
    predicted = _predicted([crop for one in frames for crop in one.crops], plan.settings)

    def measured(crop: _Crop, record: FaceRecord) -> PaintedFace:
        prediction, index, seen = predicted[id(crop)]
        face = painted_face(
            crop.own,
            prediction,
            index,
            record=crop.place,
            crop_from_frame=crop.crop_from_frame,
            options=crop.options,
            segmented=seen,
            keep=plan.keep,
        )
        fills_frame = crop.predictor.paints_frame
        return replace(face, options=crop.options, who=name_of(record), fills_frame=fills_frame)

    measuring = [
        [pool.submit(measured, crop, record) for record, crop in zip(one.records, one.crops, strict=True)]
        for one in frames
    ]
    waiting = deque(zip(frames, measuring, strict=True))
    frames.clear()  # so that a frame is let go of as soon as it has left
    while waiting:
        one, faces = waiting.popleft()
        rgb = one.rgb if one.index in plan.todo else None
        yield _Painted(one.index, rgb, one.records, [face.result() for face in faces], own=one.own)


def _painter_of(crop: _Crop) -> _Painter:
    """What has to be the same for faces of one batch: the model, and how much of src it paints."""
    return id(crop.predictor), crop.options.morph


def _predicted(
    crops: Sequence[_Crop], settings: SettingsOverTime
) -> dict[int, tuple[Prediction, int, Segmented]]:
    """Each crop's place in a prediction, by the crop's id: batches for each model and share of src."""
    batch, groups = settings.base.batch, dict[_Painter, list[_Crop]]()
    for crop in crops:
        groups.setdefault(_painter_of(crop), []).append(crop)
    found: dict[int, tuple[Prediction, int, Segmented]] = {}
    for (_, morph), group in groups.items():
        for first in range(0, len(group), batch):
            part = group[first : first + batch]
            prediction = _painted_together(part, batch, morph)
            own = [eight_bit(crop.own) for crop in part]
            painted = prediction.rgb_NHWC[: len(part)]
            seen = segmented([crop.to_segment for crop in part], own, painted, settings.segmenters)
            found |= {id(crop): (prediction, index, seen[index]) for index, crop in enumerate(part)}
    return found


def _painted_together(crops: Sequence[_Crop], batch: int, morph: float) -> Prediction:
    """What their model paints. The last crop fills the batch up: kernels are chosen by a batch's size and round
    differently, and a frame must come out the same wherever a merge was cut or went on."""
    predictor = crops[0].predictor
    predictor.blend(morph)
    runs = np.stack([np.stack([eight_bit(rgb) for rgb in crop.run]) for crop in crops])
    runs = np.concatenate([runs, np.repeat(runs[-1:], batch - len(runs), axis=0)])
    return predictor.predict(runs[:, 0]) if runs.shape[1] == 1 else predictor.predict_runs(runs)


def _with_its_track(window: Sequence[_Painted], at: int, plan: MergePlan) -> list[_Tracked]:
    """The faces of one frame, each with its neighbours on its own track, within its shot."""
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
        faces.append(_Tracked(face, neighbours, options.steady_reach))
    return faces
