"""What a merge has to do: which faces go into which frames, what is done already, what is gone.

Pure decisions from the faceset, the journal and the settings. Not here: doing it (`merge`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from understudy import geometry
from understudy.facesets.record import FaceRecord
from understudy.facesets.store import StoredFace
from understudy.media.clip import Clip, ClipInfo
from understudy.merging.blending.modes import MODES
from understudy.merging.journal import Journal
from understudy.merging.options import MergeOptions
from understudy.networks.swap import Predictor

FacesByFrame = dict[int, list[FaceRecord]]

# Changed whenever the same settings would give other pixels, so that old frames are made again.
_RECIPE = 4
NO_FACE = "no face: none was found, or it was deleted"
NOT_DECODED = "the frame can't be decoded"


@dataclass(frozen=True, eq=False)
class MergePlan:
    """What to do with every frame that has a face."""

    faces: FacesByFrame
    fingerprints: dict[int, str]
    todo: set[int]  # to be painted and written
    needed: set[int]  # to be read: todo, and neighbours whose colour transfer is averaged in
    gone: set[int]  # merged before, without a face now
    reach: int
    was_complete: bool
    about: dict[str, Any]  # settings, model and clip, for the journal
    left_out: dict[int, str] = field(default_factory=dict)  # frames whose faces can't be used, with the reason
    notices: list[str] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Frames that need no work."""
        return len(self.faces) - len(self.todo)

    @staticmethod
    def crop_matrix(record: FaceRecord, predictor: Predictor) -> npt.NDArray[np.float64]:
        """The crop the model sees, from the face's landmarks: the stored image may be of another kind."""
        return geometry.crop_from_frame(
            record.landmarks(), face_type=predictor.face_type, size_px=predictor.size_px
        )


def planned(
    clip: Clip,
    stored: Sequence[StoredFace],
    *,
    predictor: Predictor,
    options: MergeOptions,
    clip_name: str | None,
    journal: Journal,
) -> MergePlan:
    """Compare what should be with what `journal` knows."""
    faces, left_out = _usable_faces(stored, clip.info, clip_name)
    reach = options.steady_frames if options.color != "none" or MODES[options.mode].histogram else 0
    about = _about(clip.info, predictor, options)
    settings = json.dumps([_RECIPE, about], sort_keys=True)
    prints = _fingerprints(faces, settings, reach)
    todo = {frame for frame, mark in prints.items() if not journal.is_done(frame, mark)}
    return MergePlan(
        faces=faces,
        fingerprints=prints,
        todo=todo,
        needed={near for frame in todo for near in _near(frame, reach) if near in faces},
        gone=journal.known_frames() - set(faces),
        reach=reach,
        was_complete=journal.was_complete,
        about=about,
        left_out=left_out,
        notices=_notices(left_out),
    )


def unswapped_frames(
    frame_count: int, plan: MergePlan, journal: Journal, reasons: Mapping[int, str]
) -> list[dict[str, Any]]:
    """Every frame without a painted face, with the best known reason, in order."""
    swapped = journal.merged_frames()
    said = {**dict.fromkeys(plan.faces, NOT_DECODED), **reasons, **plan.left_out, **journal.refusals()}
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
    for face in stored:
        record = face.record
        if clip_name is not None and record.clip != clip_name:
            continue
        # Another program, whose face this was, may not have known how large its frame is.
        if record.frame_size not in ((0, 0), (info.width, info.height)) or record.frame >= info.frame_count:
            width, height = record.frame_size
            left_out[record.frame] = (
                f"the face {face.name} belongs to another clip: frame {record.frame} of {width} x {height}"
            )
            continue
        faces.setdefault(record.frame, []).append(record)
    return dict(sorted(faces.items())), {f: why for f, why in left_out.items() if f not in faces}


def _about(info: ClipInfo, predictor: Predictor, options: MergeOptions) -> dict[str, Any]:
    settings = options.model_dump(mode="json")
    settings.pop("batch")  # changes the speed, not the pixels
    return {
        "clip": {"width": info.width, "height": info.height, "frames": info.frame_count},
        "model": {
            "name": predictor.name,
            "sha256": predictor.sha256,
            # Not part of what a predictor must know; the sha256 alone tells models apart.
            "iterations": int(getattr(predictor, "iterations", 0)),
            "face_type": predictor.face_type,
            "size_px": predictor.size_px,
        },
        "settings": settings,
    }


def _fingerprints(faces: FacesByFrame, settings: str, reach: int) -> dict[int, str]:
    """One digest per frame of all that decides its pixels: settings, its faces and their neighbours."""
    own = {frame: sorted(_deciding(record) for record in records) for frame, records in faces.items()}
    digests = {frame: hashlib.sha256(json.dumps(parts).encode()).hexdigest() for frame, parts in own.items()}
    marks = {}
    for frame in faces:
        around = [(near - frame, digests[near]) for near in _near(frame, reach) if near in faces]
        marks[frame] = hashlib.sha256(json.dumps([settings, around]).encode()).hexdigest()[:24]
    return marks


def _deciding(record: FaceRecord) -> list[Any]:
    """What of a face decides pixels: where it is, whose it is, and what was drawn in it by hand."""
    drawn = [polygon.model_dump(mode="json") for polygon in record.polygons]
    place = [list(record.landmarks_68), record.track, record.person]
    return [*place, record.brows_up, json.dumps(drawn)]


def _near(frame: int, reach: int) -> range:
    return range(max(0, frame - reach), frame + reach + 1)


def _notices(left_out: Mapping[int, str]) -> list[str]:
    if not left_out:
        return []
    first = next(iter(left_out.values()))
    return [f"{len(left_out)} faces can't be used here: {first}. Extract this clip again if that is not meant."]
