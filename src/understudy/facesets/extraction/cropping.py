"""The second pass over a clip: cut the chosen person's faces out of the frames and store them."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from understudy.events import Progress
from understudy.faces.align import crop
from understudy.faces.pose import pose_from_landmarks
from understudy.faces.track import smooth_track
from understudy.facesets.extraction.ahead import read_ahead
from understudy.facesets.extraction.find import sharpness
from understudy.facesets.extraction.journal import Journal
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.extraction.people import Person, Sighting
from understudy.facesets.record import FaceRecord
from understudy.facesets.store import Faceset
from understudy.geometry import crop_from_frame
from understudy.media.clip import Clip, Frame

_STEP_OVER_FRAMES = 30  # a longer gap is cheaper to seek across than to decode


@dataclass(frozen=True, eq=False)
class Plan:
    """One face to be cut: where it is, with landmarks (68, 2) steadied over its track."""

    sighting: Sighting
    landmarks_68: npt.NDArray[np.float64]


def planned(person: Person, options: ExtractOptions) -> list[Plan]:
    """The faces of a person, one a frame (the larger where two were found), in order of frames."""
    largest: dict[int, Sighting] = {}
    for sighting in person.sightings:
        other = largest.get(sighting.frame.index)
        if other is None or sighting.side_px > other.side_px:
            largest[sighting.frame.index] = sighting
    tracks: dict[int, list[Sighting]] = defaultdict(list)
    for _, sighting in sorted(largest.items()):
        tracks[sighting.track].append(sighting)
    plans = []
    for sightings in tracks.values():
        landmarks = np.stack([s.face.landmarks_68 for s in sightings])
        if options.smooth:
            places = [s.frame.index // options.frame_step for s in sightings]
            landmarks = smooth_track(places, landmarks)
        plans += [Plan(s, points) for s, points in zip(sightings, landmarks, strict=True)]
    return sorted(plans, key=lambda plan: plan.sighting.frame.index)


def cut(
    clip: Clip,
    plans: Sequence[Plan],
    *,
    clip_name: str,
    content: str,
    faceset: Faceset,
    journal: Journal,
    options: ExtractOptions,
    done: int,
) -> Iterator[Progress]:
    """Write the planned faces; `done` of them were written before. Each is in the journal when it is stored."""
    started, total = time.monotonic(), done + len(plans)
    by_frame = {plan.sighting.frame.index: plan for plan in plans}
    with read_ahead(_frames(clip, sorted(by_frame)), depth=4) as frames:
        for number, frame in enumerate(frames, 1):
            plan = by_frame[frame.index]
            rgb = frame.rgb_8bit
            matrix = crop_from_frame(plan.landmarks_68, face_type=options.face_type, size_px=options.size_px)
            picture = crop(rgb, matrix, options.size_px)
            record = _record(plan, frame, matrix, picture, clip_name=clip_name, options=options)
            faceset.add(picture, record, image_format=options.image_format)
            journal.note_face(clip_name, content=content, frame=frame.index, person=record.person)
            rate = number / max(time.monotonic() - started, 1e-6)
            left = (len(plans) - number) / rate
            yield Progress(stage="crop", done=done + number, total=total, rate=rate, seconds_left=left)


def _frames(clip: Clip, wanted: Sequence[int]) -> Generator[Frame]:
    """The wanted frames in order, seeking across long gaps."""
    stretch: list[int] = []
    for index in [*wanted, None]:
        if stretch and (index is None or index - stretch[-1] > _STEP_OVER_FRAMES):
            members = set(stretch)
            for frame in clip.frames(stretch[0], stretch[-1] + 1):
                if frame.index in members:
                    yield frame
            stretch = []
        if index is not None:
            stretch.append(index)


def _record(
    plan: Plan,
    frame: Frame,
    matrix: npt.NDArray[np.float64],
    picture: npt.NDArray[np.uint8],
    *,
    clip_name: str,
    options: ExtractOptions,
) -> FaceRecord:
    height, width = frame.rgb.shape[:2]
    pose = pose_from_landmarks(plan.landmarks_68)
    detection = plan.sighting.face.detection
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
            "size_px": options.size_px,
            "crop_from_frame": np.round(matrix, 9).tolist(),
            "yaw_deg": round(pose.yaw_deg, 2),
            "pitch_deg": round(pose.pitch_deg, 2),
            "roll_deg": round(pose.roll_deg, 2),
            "track": plan.sighting.track,
            "person": plan.sighting.person,
            "sharpness": round(sharpness(picture), 3),
            "source_name": frame.name,
        }
    )
