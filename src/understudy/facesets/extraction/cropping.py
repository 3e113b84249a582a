"""The second pass over a clip: cut the chosen person's faces out of the frames and store them."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from understudy.events import Progress
from understudy.faces.align import crop
from understudy.faces.pose import pose_from_landmarks
from understudy.faces.steady import smooth_track
from understudy.facesets.extraction.finder import sharpness
from understudy.facesets.extraction.journal import Journal
from understudy.facesets.extraction.looking import frames_at
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.extraction.people import Person
from understudy.facesets.extraction.task import Task
from understudy.facesets.extraction.tracks import Sighting, Track
from understudy.facesets.record import FaceRecord
from understudy.facesets.store import encoded_face
from understudy.geometry import crop_from_frame
from understudy.media.clip import Clip, Frame
from understudy.workers.ahead import done_ahead, read_ahead
from understudy.workers.cores import cores

_UNCHANGED = np.eye(2, 3)  # a mark-only face's picture is the frame
_THREADS = min(4, cores())


@dataclass(frozen=True, eq=False)
class Plan:
    """One face to be cut: where it is, with landmarks (68, 2) steadied over its track."""

    sighting: Sighting
    track: Track
    landmarks_68: npt.NDArray[np.float64]


def planned(person: Person, options: ExtractOptions) -> list[Plan]:
    """The faces of a person, one a frame (the larger where two were found), in order of frames."""
    largest: dict[int, Plan] = {}
    for track in person.tracks:
        for plan in _steadied(track, options):
            other = largest.get(plan.sighting.frame.index)
            if other is None or plan.sighting.side_px > other.sighting.side_px:
                largest[plan.sighting.frame.index] = plan
    return [plan for _, plan in sorted(largest.items())]


def _steadied(track: Track, options: ExtractOptions) -> list[Plan]:
    landmarks = np.stack([s.face.landmarks_68 for s in track.sightings])
    if options.smooth:
        places = [s.frame.index // options.frame_step for s in track.sightings]
        landmarks = smooth_track(places, landmarks, _spreads(track))
    return [Plan(s, track, points) for s, points in zip(track.sightings, landmarks, strict=True)]


def _spreads(track: Track) -> npt.NDArray[np.float64] | None:
    """Expected errors (n, 68) of a track's landmarks, NaN where they are not known; None where none is."""
    spreads = [sighting.face.spread_68 for sighting in track.sightings]
    if all(spread is None for spread in spreads):
        return None
    return np.stack([np.full(68, np.nan) if spread is None else spread for spread in spreads])


def cut(clip: Clip, plans: Sequence[Plan], *, task: Task, journal: Journal, done: int) -> Iterator[Progress]:
    """Write the planned faces; `done` of them were written before. Each is in the journal when it is stored.

    Frames are decoded by one thread and cut and encoded by others, a few ahead; faces are stored in order.
    """
    started, total = time.monotonic(), done + len(plans)
    for number, (record, data) in enumerate(_cut_ahead(clip, plans, task), 1):
        task.faceset.add_encoded(data, record, task.options.image_format)
        journal.note_face(
            task.clip_name,
            content=task.content,
            frame=record.frame,
            person=record.person,
            box=record.box_xyxy,
        )
        rate = number / max(time.monotonic() - started, 1e-6)
        left = (len(plans) - number) / rate
        yield Progress(stage="crop", done=done + number, total=total, rate=rate, seconds_left=left)


def _cut_ahead(clip: Clip, plans: Sequence[Plan], task: Task) -> Iterator[tuple[FaceRecord, bytes]]:
    by_frame = {plan.sighting.frame.index: plan for plan in plans}
    with read_ahead(frames_at(clip, sorted(by_frame)), depth=4) as frames:
        work = (
            functools.partial(cut_one, by_frame[frame.index], frame, task.options, task.clip_name)
            for frame in frames
        )
        yield from done_ahead(work, threads=_THREADS)


def cut_one(plan: Plan, frame: Frame, options: ExtractOptions, clip_name: str) -> tuple[FaceRecord, bytes]:
    """The face's record and the bytes of its file."""
    rgb = frame.rgb_8bit
    whole_frame = options.face_type == "mark-only"
    face_type = "full" if whole_frame else options.face_type
    matrix = crop_from_frame(plan.landmarks_68, face_type=face_type, size_px=options.size_px)
    face = crop(rgb, matrix, options.size_px)
    shown = _UNCHANGED if whole_frame else matrix
    record = _record(plan, frame, shown, sharpness(face), options=options, clip_name=clip_name)
    picture = rgb if whole_frame else face
    return record, encoded_face(picture, record, image_format=options.image_format)


def _record(
    plan: Plan,
    frame: Frame,
    matrix: npt.NDArray[np.float64],
    sharpness: float,
    *,
    options: ExtractOptions,
    clip_name: str,
) -> FaceRecord:
    height, width = frame.rgb.shape[:2]
    pose = pose_from_landmarks(plan.landmarks_68)
    detection, spread = plan.sighting.face.detection, plan.sighting.face.spread_68
    return FaceRecord.model_validate(
        {
            "clip": clip_name,
            "frame": frame.index,
            "time_s": round(frame.time_s, 6),
            "frame_size": (width, height),
            "box_xyxy": np.round(detection.box_xyxy, 2).tolist(),
            "score": min(1.0, max(0.0, detection.score)),
            "landmarks_68": np.round(plan.landmarks_68, 3).tolist(),
            "face_type": options.face_type,
            "size_px": max(width, height) if options.face_type == "mark-only" else options.size_px,
            "crop_from_frame": np.round(matrix, 9).tolist(),
            "yaw_deg": round(pose.yaw_deg, 2),
            "pitch_deg": round(pose.pitch_deg, 2),
            "roll_deg": round(pose.roll_deg, 2),
            "track": plan.track.number,
            "person": plan.track.person,
            "sharpness": round(sharpness, 3),
            "source_name": frame.name,
            "filled": plan.sighting.face.filled,
            "spread_68": [] if spread is None else np.round(spread, 2).tolist(),
        }
    )
