"""One frame of a clip, merged at once under any settings: the clip stays open, the models loaded.

The picture is the one that a merge would write, neighbours included. Nothing is written. Not here: pictures of
every step (`explain`).
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np

from understudy.errors import ClipUnreadable
from understudy.facesets.record import FaceRecord
from understudy.facesets.store import StoredFace
from understudy.media.clip import UInt8
from understudy.media.color_spaces import ColorSpace
from understudy.media.images import eight_bit
from understudy.media.opening import open_clip, require_progressive
from understudy.merging.cast import Cast
from understudy.merging.journal import Journal
from understudy.merging.keeping import KeptSteps
from understudy.merging.light import Picture
from understudy.merging.options import MergeOptions
from understudy.merging.painted import PaintedFace
from understudy.merging.pictures import HULL_STANDS_IN, is_hull_seen, merged_as_far_as_possible
from understudy.merging.plan import NO_FACE, NOT_DECODED, MergePlan, Wanted, planned, why_left_alone
from understudy.merging.plate import Plate, PlateFootage
from understudy.merging.raw import blank
from understudy.merging.remembered import RememberedClip, RememberedPredictor
from understudy.merging.settings_over_time import SettingsOverTime
from understudy.merging.stream import frames_with_faces
from understudy.networks.swap import Predictor


@dataclass(frozen=True, eq=False)
class ReadyFrame:
    """One frame with its faces painted and steadied, before they go into it."""

    plate: Picture
    faces: list[PaintedFace]
    records: Sequence[FaceRecord]
    options: MergeOptions  # of the frame


@dataclass(frozen=True, eq=False)
class Previewed:
    """A frame as a merge would make it."""

    picture: Picture
    plate: Picture  # the frame before anything was painted into it
    reason: str = ""  # why no face, or not every face, is painted, or not as asked for
    took_s: float = field(default=0.0, compare=False)
    ready_s: float = field(default=0.0, compare=False)  # of it: decoding, painting, masks and colours


class FramePreviews:
    """A clip's frames, each shown merged under the settings that are asked for. Use it as a context manager.

    `stored` are the clip's faces, `shots` the first frames of new shots; faces go into the frames of `plate`
    where that is given. Raises what opening the clip raises.
    """

    def __init__(
        self,
        clip_path: Path,
        *,
        stored: Sequence[StoredFace],
        predictor: Predictor | Cast[Predictor],
        clip_name: str | None = None,
        shots: Sequence[int] = (),
        plate: PlateFootage | None = None,
        color_space: ColorSpace | None = None,
    ) -> None:
        self._clip = RememberedClip(open_clip(clip_path, color_space))
        require_progressive(self._clip.info)
        self._cast = _remembered(Cast.of(predictor))
        self._steps = KeptSteps()
        self._shots = sorted(shots)
        self._plate = Plate(plate) if plate is not None else None
        self._faces: defaultdict[int, list[StoredFace]] = defaultdict(list)
        for face in stored:
            if clip_name is None or face.record.clip == clip_name:
                self._faces[face.record.frame].append(face)

    @property
    def frame_count(self) -> int:
        """Of the clip."""
        return self._clip.info.frame_count

    def preview_frame(self, frame: int, options: MergeOptions | SettingsOverTime) -> Previewed:
        """The frame as a merge would make it.

        Raises OptionInvalid for a frame outside the clip, ClipUnreadable, CastInvalid.
        """
        started = time.perf_counter()
        ready = self.ready_frame(frame, options)
        ready_s = time.perf_counter() - started
        if ready.faces:
            merged, reason = merged_as_far_as_possible(ready.plate, ready.faces, ready.options)
            reason = reason or why_left_alone(ready.options)
            if not reason and is_hull_seen(ready.faces, ready.options):
                reason = HULL_STANDS_IN
        else:
            merged, reason = None, NO_FACE
        picture = merged.picture if merged is not None else self._without_face(ready)
        return Previewed(picture, ready.plate, reason, time.perf_counter() - started, ready_s)

    def mask_frame(self, frame: int, options: MergeOptions | SettingsOverTime) -> UInt8:
        """The mask that the frame's faces are blended through, (height, width): what `layers` keeps beside it.
        Raises as `preview_frame`."""
        ready = self.ready_frame(frame, options)
        kept = ready.options.changed(layers="mask")
        merged = merged_as_far_as_possible(ready.plate, ready.faces, kept)[0] if ready.faces else None
        if merged is None or merged.mask_HW is None:
            return np.zeros(ready.plate.shape[:2], np.uint8)
        return eight_bit(merged.mask_HW)

    def ready_frame(self, frame: int, options: MergeOptions | SettingsOverTime) -> ReadyFrame:
        """The frame and its painted faces. Raises as `preview_frame`."""
        settings = options if isinstance(options, SettingsOverTime) else SettingsOverTime(options)
        plan = self._plan(frame, settings)
        for _, rgb, faces in frames_with_faces(self._clip, plan, self._plate):
            return ReadyFrame(rgb, faces, plan.faces[frame], settings.at(frame))
        return ReadyFrame(self.plate_frame(frame), [], [], settings.at(frame))

    def plate_frame(self, frame: int) -> Picture:
        """The frame before anything is painted into it. Raises ClipUnreadable."""
        deep = self._clip.info.is_deep
        for shown in self._clip.frames(frame, frame + 1, deep=deep):
            return shown.rgb if self._plate is None else self._plate.frame_for(frame).rgb
        raise ClipUnreadable(f"Frame {frame} can't be shown: {NOT_DECODED}.", self._clip.info.path)

    def close(self) -> None:
        """Close the clip, and the plate's."""
        self._clip.close()
        if self._plate is not None:
            self._plate.__exit__(None, None, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _plan(self, frame: int, settings: SettingsOverTime) -> MergePlan:
        """What it takes to make one frame, from the faces around it alone: a clip may have thousands."""
        records = [face.record for face in self._faces.get(frame, ())]
        reaches = [settings.at(frame, self._cast.part_of(record)).reach for record in records]
        reach = max(reaches, default=0) + self._cast.reach
        around = range(frame - reach, frame + reach + 1)
        stored = [face for near in around for face in self._faces.get(near, ())]
        seen = {self._cast.part_of(face.record) for face in stored}
        parts = {part: model for part, model in self._cast.parts.items() if part in seen}
        plan = planned(
            self._clip,
            stored,
            predictor=Cast(self._cast.lead, parts),
            options=settings,
            clip_name=None,
            journal=Journal(Path("no merge is remembered here")),
            shots=self._shots,
            plate=self._plate,
            wanted=Wanted([range(frame, frame + 1)]),
        )
        return replace(plan, keep=self._steps.of)

    def _without_face(self, ready: ReadyFrame) -> Picture:
        size_px = self._cast.predictors()[0].size_px
        black = blank(ready.options.mode, like=ready.plate, crop_px=size_px)
        return ready.plate if black is None else black


def _remembered(cast: Cast[Predictor]) -> Cast[Predictor]:
    """Every model once, each remembering what it painted."""
    made = {id(model): RememberedPredictor(model) for model in cast.predictors()}

    def of(model: Predictor) -> Predictor:
        return next(one for key, one in made.items() if key == id(model) or one.sha256 == model.sha256)

    return Cast(of(cast.lead) if cast.lead is not None else None, {p: of(m) for p, m in cast.parts.items()})
