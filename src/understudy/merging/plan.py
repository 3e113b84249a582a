"""What a merge has to do: which faces go into which frames, what is done already, what is gone.

Pure decisions from the faceset, the journal and the settings. Not here: doing it (`merge`), what a frame's
fingerprint is made of (`fingerprints`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from understudy import geometry
from understudy.facesets.record import FaceRecord
from understudy.facesets.store import StoredFace
from understudy.media.clip import Clip, ClipInfo
from understudy.merging.blending.modes import MODES
from understudy.merging.cast import Cast
from understudy.merging.curves import curve_notices, require_known_curve
from understudy.merging.effects.super_resolution import require_enlarger
from understudy.merging.fingerprints import NEAR, FacesByFrame, Fingerprints, keeps_only_less, what_differs
from understudy.merging.frame_ranges import require_within
from understudy.merging.journal import Journal
from understudy.merging.keeping import Keep, anew
from understudy.merging.options import WHOLE_CLIP, MergeOptions
from understudy.merging.plate import Plate
from understudy.merging.same_footage import moved_files
from understudy.merging.settings_over_time import SettingsOverTime
from understudy.merging.whole_frames import require_whole_frames, unheard_settings, whole_frame_options
from understudy.networks.swap import KnownModel, Predictor, require_blend

NO_FACE = "no face: none was found, or it was deleted"
NOT_DECODED = "the frame can't be decoded"
LEFT_ALONE = "the mode leaves the frame as it is"
NOT_YET = "not merged yet"
_PICTURE_GONE = "its picture is gone"


@dataclass(frozen=True)
class Wanted:
    """Which frames are asked for: all, those of `stretches`, or with `changed` those that were made before.
    With stretches go frames made before that are as they should be but for what these do to them."""

    stretches: Sequence[range] | None = None
    changed: bool = False


EVERYTHING = Wanted()


@dataclass(frozen=True, eq=False)
class Foreseen:
    """What a merge should make of every frame that has a face, whatever is made already. For this the models
    need not be there."""

    faces: FacesByFrame
    fingerprints: dict[int, str]
    prints: Fingerprints
    cast: Cast[KnownModel]
    settings: SettingsOverTime
    shots: Sequence[int]  # first frames of new shots, in order
    clip: ClipInfo
    plate: ClipInfo | None
    left_out: dict[int, str]  # frames whose faces can't be used, with the reason
    notices: list[str]

    def require_possible(self, frames: Collection[int]) -> None:
        """Raise OptionInvalid where some of these frames can't be made as they are wanted."""
        asked = {
            (part, wanted.morph, wanted.super_resolution): record
            for frame in frames
            for record in self.faces[frame]
            for part in (self.cast.part_of(record),)
            for wanted in (self.settings.at(record.frame, part),)
        }
        for (_, morph, enlarger), record in asked.items():
            require_blend(self.cast.predictor_for(record), morph)
            require_enlarger(enlarger)
        seen = ((self.faces[frame], self.settings.at(frame)) for frame in frames)
        require_whole_frames(seen, self.cast, plated=self.plate is not None)
        require_known_curve(self.plate or self.clip, {self.settings.at(frame).light for frame in frames})


@dataclass(frozen=True, eq=False)
class MergePlan:
    """What to do with every frame that has a face."""

    faces: FacesByFrame
    fingerprints: dict[int, str]
    todo: set[int]  # to be painted and written
    needed: set[int]  # to be painted: todo, and neighbours that have a say in it
    looked_at: set[int]  # to be read: needed, and neighbours that a model sees together with them
    gone: set[int]  # merged before, without a face now
    reach: int  # the longest of all frames
    was_complete: bool
    about: dict[str, Any]  # settings, model and clip, for the journal
    cast: Cast[Predictor]
    settings: SettingsOverTime
    wanted: set[int]  # frames with a face that are asked for
    left: set[int]  # frames that are not as they should be, and not asked for
    why: dict[int, str]  # why each frame of `todo` is to be made
    shots: Sequence[int] = ()  # first frames of new shots, in order
    left_out: dict[int, str] = field(default_factory=dict)  # frames whose faces can't be used, with the reason
    notices: list[str] = field(default_factory=list)
    lightened: set[int] = field(default_factory=set)  # frames whose picture stays and whose layers go
    keep: Keep = anew  # of steps that a preview makes again and again

    @property
    def done(self) -> int:
        """Frames asked for that need no work."""
        return len(self.wanted) - len(self.todo)

    @property
    def is_whole(self) -> bool:
        """Whether the clip is as it should be once `todo` is made."""
        return not self.left

    def part(self, frames: Sequence[int]) -> MergePlan:
        """What it takes to make these frames of `todo`, to be sent to another process: its cast is left out."""
        needed = _around(frames, self.reach) & self.needed
        looked_at = _around(needed, self.cast.reach) & self.looked_at
        return replace(
            self,
            faces={frame: self.faces[frame] for frame in sorted(looked_at)},
            fingerprints={},
            todo=set(frames),
            needed=needed,
            looked_at=looked_at,
            gone=set(),
            about={},
            cast=self.cast.without_models(),
            wanted=set(),
            left=set(),
            why={},
            left_out={},
            notices=[],
            lightened=set(),
        )

    def options_of(self, record: FaceRecord) -> MergeOptions:
        """The settings of one face in its frame."""
        options = self.settings.at(record.frame, self.cast.part_of(record))
        return whole_frame_options(options) if self.cast.predictor_for(record).paints_frame else options

    def same_shot(self, frame: int, other: int) -> bool:
        """Whether no cut lies between two frames."""
        return same_shot(self.shots, frame, other)

    def reasons_to_make(self) -> dict[str, int]:
        """How many frames are to be made for each reason, the most first."""
        return dict(Counter(self.why[frame] for frame in sorted(self.todo)).most_common())

    @staticmethod
    def crop_matrix(record: FaceRecord, model: KnownModel) -> npt.NDArray[np.float64]:
        """The crop the model sees, from the face's landmarks: the stored image may be of another kind."""
        return geometry.crop_from_frame(record.landmarks(), face_type=model.face_type, size_px=model.size_px)


def foreseen(
    clip: Clip,
    stored: Sequence[StoredFace],
    *,
    cast: Cast[KnownModel],
    settings: SettingsOverTime,
    clip_name: str | None,
    shots: Sequence[int] = (),
    plate: Plate | None = None,
    clip_sha256: str = "",
) -> Foreseen:
    """What should be, whatever is made already.

    Raises OptionInvalid for frames outside the clip, CastInvalid where a face has no model.
    """
    info = clip.info
    settings.require_within(info.frame_count)
    faces, left_out = _usable_faces(stored, info, clip_name)
    cast.require_seen(record for records in faces.values() for record in records)
    shots = sorted(shots)
    prints = Fingerprints(
        faces, info=info, cast=cast, settings=settings, shots=shots, plate=plate, clip_sha256=clip_sha256
    )
    seen = [info] if plate is None else [info, plate.info]
    return Foreseen(
        faces=faces,
        fingerprints=prints.marks(),
        prints=prints,
        cast=cast,
        settings=settings,
        shots=shots,
        clip=info,
        plate=plate.info if plate is not None else None,
        left_out=left_out,
        notices=[
            *settings.notices,
            *_notices(faces, left_out),
            *unheard_settings(settings.base, cast),
            *(curve_notices(seen) if faces else []),
        ],
    )


def planned(
    clip: Clip,
    stored: Sequence[StoredFace],
    *,
    predictor: Predictor | Cast[Predictor],
    options: MergeOptions | SettingsOverTime,
    clip_name: str | None,
    journal: Journal,
    shots: Sequence[int] = (),
    wanted: Wanted = EVERYTHING,
    plate: Plate | None = None,
    clip_sha256: str = "",
) -> MergePlan:
    """Compare what should be with what `journal` knows.

    Raises OptionInvalid for frames outside the clip, and for linear light where the clip's curve does not give
    it; CastInvalid where a face has no model.
    """
    info, cast = clip.info, Cast.of(predictor)
    settings = options if isinstance(options, SettingsOverTime) else SettingsOverTime(options)
    should = foreseen(
        clip,
        stored,
        cast=cast,
        settings=settings,
        clip_name=clip_name,
        shots=shots,
        plate=plate,
        clip_sha256=clip_sha256,
    )
    faces, prints, marks = should.faces, should.prints, should.fingerprints
    stale = {frame for frame, mark in marks.items() if not journal.is_done(frame, mark)}
    asked = _asked(faces, wanted, journal, info.frame_count)
    asked |= {frame for frame in stale - asked if _depends_on(asked, frame, should, journal)}
    lightened = {frame for frame in stale & asked if _only_loses_layers(frame, marks[frame], journal)}
    todo = stale & asked - lightened
    should.require_possible(todo)
    needed = {near for frame in todo for near in prints.near(frame)}
    return MergePlan(
        faces=faces,
        fingerprints=marks,
        todo=todo,
        needed=needed,
        looked_at={near for frame in needed for near in prints.within(frame, cast.reach)},
        gone=_gone(journal, faces, settings.base),
        reach=max((prints.reach(frame) for frame in todo), default=0),
        was_complete=journal.was_complete,
        about=_about(info, faces, cast, settings.base),
        cast=cast,
        settings=settings,
        wanted=asked,
        left=stale - asked,
        why={frame: _why(journal.mark_of(frame), marks[frame]) for frame in todo},
        shots=should.shots,
        left_out=should.left_out,
        notices=should.notices,
        lightened=lightened,
    )


def _around(frames: Iterable[int], reach: int) -> set[int]:
    return {other for frame in frames for other in range(frame - reach, frame + reach + 1)}


def same_shot(shots: Sequence[int], frame: int, other: int) -> bool:
    """Whether no frame of `shots`, the sorted first frames of new shots, lies between two frames."""
    return bisect_right(shots, frame) == bisect_right(shots, other)


def why_left_alone(options: MergeOptions) -> str:
    """Why a frame with faces shows none of what was painted; empty where its mode paints."""
    if not MODES[options.mode].leaves:
        return ""
    beside = "; what is painted lies in files beside it" if MODES[options.mode].raw else ""
    return f"{LEFT_ALONE} ({options.mode}){beside}"


def unswapped_frames(
    frame_count: int, plan: MergePlan, journal: Journal, reasons: Mapping[int, str]
) -> list[dict[str, Any]]:
    """Every frame without a painted face, with the best known reason, in order."""
    merged = journal.merged_frames()
    left_alone = {frame for frame in merged & set(plan.faces) if MODES[plan.settings.at(frame).mode].leaves}
    swapped = merged - left_alone
    said = {
        **dict.fromkeys(plan.faces, NOT_DECODED),
        **dict.fromkeys(left_alone, LEFT_ALONE),
        **dict.fromkeys(plan.left, NOT_YET),
        **reasons,
        **plan.left_out,
        **journal.refusals(),
    }
    return [
        {"frame": frame, "reason": said.get(frame, NO_FACE)}
        for frame in range(frame_count)
        if frame not in swapped
    ]


def reason_ranges(unswapped: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Neighbouring frames with one reason as one entry: first, last, reason. For people to read."""
    ranges: list[dict[str, Any]] = []
    for entry in unswapped:
        frame, reason = entry["frame"], entry["reason"]
        if ranges and ranges[-1]["last"] == frame - 1 and ranges[-1]["reason"] == reason:
            ranges[-1]["last"] = frame
        else:
            ranges.append({"first": frame, "last": frame, "reason": reason})
    return ranges


def _usable_faces(
    stored: Sequence[StoredFace], info: ClipInfo, clip_name: str | None
) -> tuple[FacesByFrame, dict[int, str]]:
    faces: FacesByFrame = {}
    left_out: dict[int, str] = {}
    ours = [face for face in stored if clip_name is None or face.record.clip == clip_name]
    moved = moved_files((face.record for face in ours), info.file_names)
    for face in ours:
        record = face.record
        # Another program, whose face this was, may not have known how large its frame is.
        if record.frame_size not in ((0, 0), (info.width, info.height)) or record.frame >= info.frame_count:
            width, height = record.frame_size
            left_out[record.frame] = (
                f"the face {face.name} belongs to another clip: frame {record.frame} of {width} x {height}"
            )
            continue
        if record.source_name in moved:
            left_out[record.frame] = moved[record.source_name]
            continue
        faces.setdefault(record.frame, []).append(record)
    return dict(sorted(faces.items())), {f: why for f, why in left_out.items() if f not in faces}


def _asked(faces: FacesByFrame, wanted: Wanted, journal: Journal, frame_count: int) -> set[int]:
    asked = set(faces)
    if wanted.stretches is not None:
        stretches = require_within(wanted.stretches, frame_count, who="Frames")
        asked &= {frame for stretch in stretches for frame in stretch}
    return {frame for frame in asked if journal.mark_of(frame) or not wanted.changed}


def _depends_on(asked: Collection[int], frame: int, should: Foreseen, journal: Journal) -> bool:
    """Whether a frame that was made before is stale only for frames near it, some of them asked for. Left as
    it is, it would keep the clip from being whole, though nobody changed anything about it."""
    before = journal.mark_of(frame)
    if before is None or what_differs(before, should.fingerprints[frame]) != NEAR:
        return False
    return any(near in asked for near in should.prints.seen_with(frame))


def _only_loses_layers(frame: int, mark: str, journal: Journal) -> bool:
    before = journal.mark_of(frame)
    if before is None or frame not in journal.merged_frames() or not journal.is_done(frame, before):
        return False
    return keeps_only_less(before, mark)


def _why(before: str | None, now: str) -> str:
    if before is None:
        return NOT_YET
    return what_differs(before, now) or _PICTURE_GONE


def _gone(journal: Journal, faces: FacesByFrame, options: MergeOptions) -> set[int]:
    """Frames that were merged before and have no face now; black ones and plates in their place may stay."""
    known = journal.merged_frames() if MODES[options.mode].black or options.plate else journal.known_frames()
    return known - set(faces)


def _about(
    info: ClipInfo, faces: FacesByFrame, cast: Cast[KnownModel], options: MergeOptions
) -> dict[str, Any]:
    settings = {k: v for k, v in options.model_dump(mode="json").items() if k not in WHOLE_CLIP}
    models = [
        {
            "name": model.name,
            "sha256": model.sha256,
            # Not part of what decides a frame; the sha256 alone tells models apart.
            "iterations": int(getattr(model, "iterations", 0)),
            "face_type": model.face_type,
            "size_px": model.size_px,
            "paints_frame": model.paints_frame,
            "frames_together": model.frames_together,
            "blends": model.blends,
        }
        for model in cast.painters(record for records in faces.values() for record in records)
    ]
    return {
        "clip": {"width": info.width, "height": info.height, "frames": info.frame_count},
        "model": models[0],
        "models": models,
        "cast": {part: model.name for part, model in cast.parts.items()},
        "settings": settings,
    }


def _notices(faces: FacesByFrame, left_out: Mapping[int, str]) -> list[str]:
    if not left_out:
        nobody = "No face of this clip is in its faceset, so nothing is swapped. Run `understudy extract`."
        return [] if faces else [nobody]
    first = next(iter(left_out.values()))
    return [f"{len(left_out)} faces can't be used here: {first}. Extract this clip again if that is not meant."]
