"""Make a trunk: a model folder that other models can start from, from facesets of many people or rendered ones.

Run again, it goes on where it stopped. Rendered people come in waves: learning begins with a few, and goes on
with more.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from understudy.actors.casting import Part, cast, render_cast
from understudy.actors.render import Rendered
from understudy.errors import FacesetUnusable
from understudy.events import Event, Events, Notice, Progress, StageFinished, StageStarted
from understudy.faces.align import crop
from understudy.facesets.record import FaceRecord, StoredMask
from understudy.facesets.store import Faceset
from understudy.geometry import FaceType, crop_from_frame
from understudy.media.images import encode_png
from understudy.options import parse_options
from understudy.training.keeping.learnt_from import Footage, LearntFrom
from understudy.training.options import TrainOptions
from understudy.training.presets import preset_named
from understudy.workers.cores import cores

ACTORS_FOLDER = "actors"
_FRAME_PX = 192
_CROP_PX = 128
_FACE_TYPE: FaceType = "whole"
_MASK_NAME = "rendered"
_MANY_PEOPLE = 16  # fewer are there at once
_WAVES = ((0.0, 0.25), (0.15, 0.5), (0.4, 1.0))  # from this share of the training on, this share of the people


@dataclass(frozen=True, kw_only=True)
class PretrainRequest:
    """A trunk to be: its folder, what it learns from, and how.

    `facesets` are folders of faces; with `people`, so many are rendered, in `pictures` states each.
    """

    folder: Path
    facesets: Sequence[Path] = ()
    people: int = 0
    pictures: int = 8
    preset: str = "quick"
    network: Mapping[str, Any] = field(default_factory=dict)
    face_type: FaceType | None = None
    device: str = "auto"
    train: Mapping[str, Any] = field(default_factory=dict)
    processes: int = 0  # that render; 0 for as many as there are cores, at most 8


def pretrain(request: PretrainRequest) -> Events:
    """Train the trunk. Raises FacesetUnusable where there is nothing to learn from, and what `train` raises."""
    if not request.facesets and not request.people:
        raise FacesetUnusable(
            "There is nobody to learn from. Name facesets of many people with --faceset, or take --actors.",
            request.folder,
        )
    chosen = preset_named(request.preset)
    options = parse_options(TrainOptions, {**chosen.train, **request.train})
    waves = _WAVES if request.people >= _MANY_PEOPLE else ((0.0, 1.0),)
    endings = [*(begin for begin, _ in waves[1:]), 1.0]
    done = _share_done(request.folder, options)
    for ending, (_, share) in zip(endings, waves, strict=True):
        if done >= ending and ending < 1.0:
            continue
        yield from _rendered(request, math.ceil(request.people * share))
        done = yield from _learned(request, options, until=ending)
        if done >= 1.0:  # so short that it ended before the next wave
            return


def _share_done(folder: Path, options: TrainOptions) -> float:
    """How much of an interrupted pretraining was done."""
    from understudy.training.keeping.checkpoint import newest_checkpoint
    from understudy.training.steering.plan import Plan, planned

    for found in newest_checkpoint(folder, parts=()):
        if not isinstance(found, Notice):
            return planned(options, Plan.from_json(found.state["plan"])).share or 0.0
    return 0.0


def _learned(request: PretrainRequest, options: TrainOptions, *, until: float) -> Generator[Event, None, float]:
    """Train until so much is done, or to the end; returns how much is."""
    from understudy.training.pretraining import pretrain as learn

    with ExitStack() as stack:
        folders = [*request.facesets, *([request.folder / ACTORS_FOLDER] if request.people else [])]
        people = [stack.enter_context(Faceset(folder)) for folder in folders]
        events = learn(
            request.folder,
            people=people,
            options=options,
            preset=request.preset,
            network=request.network,
            face_type=request.face_type,
            device=request.device,
            learnt=_lessons(request, people),
        )
        done = 0.0
        for event in events:
            yield event
            if isinstance(event, Progress) and event.stage == "train":
                done = _share(event, options)
                if until <= done < 1.0 and isinstance(events, Generator):
                    events.close()  # saves; the next wave goes on with the same plan
                    return done
        return 1.0


def _lessons(request: PretrainRequest, people: Sequence[Faceset]) -> LearntFrom:
    """Whose faces a trunk learns from: one entry for each faceset, for it may be thousands of people."""
    rendered = request.folder / ACTORS_FOLDER
    return LearntFrom(
        tuple(
            Footage("src", "", faceset.folder.name, len(faceset), fictional=faceset.folder == rendered)
            for faceset in people
        )
    )


def _share(event: Progress, options: TrainOptions) -> float:
    if options.minutes is not None and event.seconds_left is not None:
        return 1.0 - event.seconds_left / (60 * options.minutes)
    return event.done / event.total if event.total else 0.0


def _rendered(request: PretrainRequest, people: int) -> Events:
    """Render those of the first `people` people who are not there yet, as an ordinary faceset."""
    if not people:
        return
    with Faceset(request.folder / ACTORS_FOLDER) as faceset:
        counts: dict[str, int] = {}
        for face in faceset.faces():
            counts[face.record.clip] = counts.get(face.record.clip, 0) + 1
        parts = [cast(number, request.pictures) for number in range(people)]
        todo = [part for part in parts if counts.get(_clip(part), 0) < request.pictures]
        total, done = people * request.pictures, (people - len(todo)) * request.pictures
        why = f"{len(parts) - len(todo)} of {people} people are there" if done and todo else ""
        yield StageStarted(stage="render", unit="pictures", total=total, done=done, why=why)
        processes = request.processes or min(8, cores())
        for part, pictures in render_cast(todo, size_px=_FRAME_PX, processes=min(processes, len(todo))):
            for frame, rendered in enumerate(pictures):
                faceset.add(*_face(part, frame, rendered), image_format="png")
            done += len(pictures)
            yield Progress(stage="render", done=done, total=total, note=part.who.name)
        yield StageFinished(stage="render", summary={"people": people, "pictures": total}, skipped=not todo)


def _clip(part: Part) -> str:
    return f"actor-{part.number:05d}"


def _face(part: Part, frame: int, rendered: Rendered) -> tuple[np.ndarray, FaceRecord]:
    """A rendered frame's crop and its record, with the exact landmarks and mask."""
    points = rendered.landmarks_68
    matrix = crop_from_frame(points, face_type=_FACE_TYPE, size_px=_CROP_PX)
    mask = crop(np.round(rendered.mask * 255).astype(np.uint8), matrix, _CROP_PX)
    (left, top), (right, bottom) = points.min(0), points.max(0)
    values = {
        "clip": _clip(part),
        "frame": frame,
        "time_s": float(frame),
        "frame_size": (_FRAME_PX, _FRAME_PX),
        "box_xyxy": (float(left), float(top), float(right), float(bottom)),
        "score": 1.0,
        "landmarks_68": [(float(x), float(y)) for x, y in points],
        "face_type": _FACE_TYPE,
        "size_px": _CROP_PX,
        "crop_from_frame": matrix.tolist(),
        "yaw_deg": rendered.state.yaw_deg,
        "pitch_deg": rendered.state.pitch_deg,
        "roll_deg": rendered.state.roll_deg,
        "person_name": part.who.name,
        "masks": {
            _MASK_NAME: StoredMask(
                size_px=_CROP_PX,
                mask_from_frame=matrix.tolist(),
                png_base64=base64.b64encode(encode_png(np.repeat(mask[..., None], 3, axis=2))).decode(),
            )
        },
    }
    return crop(rendered.rgb, matrix, _CROP_PX), FaceRecord.model_validate(values)
