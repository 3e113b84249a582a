"""Measure finished clips: against a true swap, or for steadiness against the plate they were painted into."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from understudy.errors import OptionInvalid, ProjectInvalid
from understudy.events import Event, Events, Notice, Progress, StageFinished, StageStarted
from understudy.files import read_json, write_json
from understudy.project.project import CAST, Project

if TYPE_CHECKING:
    from understudy.measure.against_plate import FacesOf
    from understudy.media.color_spaces import ColorSpace
    from understudy.provenance.watermark.embed import Watermark

UInt8 = npt.NDArray[np.uint8]
_MARK_STAGE = "watermark"


def measure(
    result: Path | None,
    truth: Path | None = None,
    *,
    plate: Path | None = None,
    project: Path | None = None,
    clip: str | None = None,
    merged: str = "",
    device: str,
) -> Events:
    """Compare `result` with `truth` inside its faces, or with the plate: a clip, or a dst clip of a project,
    whose stored faces then say where to look. `merged` names a model and measures what it made of the clip.

    Raises OptionInvalid unless it is said what to measure and against what, DeviceUnavailable, ProjectInvalid,
    and what measuring raises.
    """
    if (result is None) != bool(merged) or (merged and (project is None or truth or plate)):
        raise OptionInvalid(
            "Say what to measure: a clip, or with --project and --merged MODEL what that model made of a dst "
            "clip, and nothing beside them."
        )
    if result is None:
        assert project is not None
        opened = Project.open(project)
        name = _clip_of(opened, clip)
        yield from hardly_trained_told(opened, name, [opened.merged_name(name, merged)])
        yield from measure_merged(opened, name, merged)
        return
    if (truth is None) == (plate is None and project is None):
        raise OptionInvalid(
            "Say against what to measure: a true swap as the second clip, or the footage that was painted into "
            "with --plate, or --project."
        )
    if truth is None:
        yield from _against_plate(result, plate, project=project, clip=clip, device=device)
        return
    from understudy.measure.shots import measure_clips
    from understudy.training.machine.device import choose_device

    yield from measure_clips(result, truth, device=str(choose_device(device).device))


def _against_plate(
    result: Path, plate: Path | None, *, project: Path | None, clip: str | None, device: str
) -> Events:
    from understudy.jobs.clips.color_spaces import color_space_of
    from understudy.measure.against_plate import found_faces, known_faces
    from understudy.media.color_spaces import space_to_draw_in
    from understudy.media.opening import open_clip
    from understudy.training.machine.device import choose_device

    space, landmarker = None, ""
    if project is None:
        assert plate is not None
        faces_of = found_faces(device=str(choose_device(device).device))
    else:
        opened = Project.open(project)
        name = _clip_of(opened, clip)
        yield from hardly_trained_told(opened, name, [*opened.manifest.models, CAST])
        faces_of, plate = known_faces(_landmarks(opened, name)), plate or opened.present_clip_path(name)
        landmarker = _landmarker(opened, name)
        with open_clip(plate) as shown:  # as `encode` chooses it
            space = space_to_draw_in(shown.info, color_space_of(opened, name))
    yield from _as_marked(result, plate, faces_of, space, landmarker)


def _as_marked(
    result: Path, plate: Path, faces_of: FacesOf, space: ColorSpace | None, landmarker: str
) -> Events:
    """Measured with the result's watermark in the plate as well; the summary says so as `plate_marked`."""
    from understudy.measure.against_plate import measure_against_plate

    mark = yield from _mark_told(result, plate)
    if mark is None:
        yield from measure_against_plate(result, plate, faces_of=faces_of, landmarker=landmarker)
        return
    text = (
        "This carries understudy's watermark, which lies still while faces move. The plate is given the same "
        "for the comparison, so that the figures are the swap's."
    )
    yield Notice(text)

    def marked(rgb: UInt8) -> UInt8:
        return np.asarray(mark.marked(rgb, space=space), np.uint8)

    for event in measure_against_plate(result, plate, faces_of=faces_of, treated=marked, landmarker=landmarker):
        if isinstance(event, StageFinished):
            event = replace(event, summary={**event.summary, "plate_marked": True})
        yield event


def _mark_told(result: Path, plate: Path) -> Generator[Event, None, Watermark | None]:
    """The mark of the result that the plate lacks, looked for as a stage of its own."""
    from understudy.provenance.watermark.alike import mark_to_share

    yield StageStarted(stage=_MARK_STAGE, unit="frames")
    looking, frames = mark_to_share(result, plate), 0
    while True:
        try:
            next(looking)
        except StopIteration as end:
            mark = end.value
            break
        frames += 1
        yield Progress(stage=_MARK_STAGE, done=frames)
    yield StageFinished(stage=_MARK_STAGE)
    return mark


def hardly_trained_told(project: Project, clip: str, called: Sequence[str]) -> Iterator[Notice]:
    """A warning of each model that painted this clip and has learnt too little: before advice on its figures.
    `called` are models, or the cast; where others of them learnt enough, it may be their work: none is told.
    """
    from understudy.merging.journal import merge_facts
    from understudy.training.steering.plan import hardly_trained

    learnt: dict[str, int] = {}
    for name in called:
        folder = project.merged_folder(clip, name)
        with suppress(ProjectInvalid):  # not merged, or not to its end
            facts = merge_facts(folder)
            made = (
                {m.name: m.iterations for m in facts.models} if name == CAST else {name: facts.model_iterations}
            )
            learnt |= made
    told = [hardly_trained(name, iterations) for name, iterations in learnt.items()]
    if all(told) or len(called) == 1:
        yield from (Notice(text, level="warning") for text in told if text)


def measure_merged(project: Project, clip: str, model: str) -> Events:
    """Measure what is merged of a clip, frames in between as they are in dst, and remember it for graphs.

    Raises ProjectInvalid where nothing is merged, and what measuring raises.
    """
    from understudy.jobs.clips.color_spaces import color_space_of
    from understudy.jobs.clips.rates import fps_of
    from understudy.measure.against_plate import known_faces, measure_against_plate
    from understudy.media.opening import open_clip
    from understudy.merging.journal import Journal, require_frames
    from understudy.merging.merged_clip import MergedClip

    folder = project.merged_folder(clip, project.merged_name(clip, model))
    journal = Journal(folder)
    if not journal.merged_frames():
        raise ProjectInvalid(f"Nothing of clip {clip!r} is merged yet. Run `understudy merge` first.", folder)
    require_frames(folder)
    made, path = journal.digest(), project.present_clip_path(clip)
    faces_of = known_faces(_landmarks(project, clip))
    shown = MergedClip(open_clip(path, color_space_of(project, clip), fps=fps_of(project, clip)), folder)
    for event in measure_against_plate(
        shown,
        path,
        faces_of=faces_of,
        mask_of=lambda at: _mask(folder, at),
        landmarker=_landmarker(project, clip),
    ):
        if isinstance(event, StageFinished):
            write_json(_measured_file(folder), {"made": made, **event.summary})
        yield event


def measured(project: Project, clip: str, model: str) -> dict[str, Any] | None:
    """What `measure_merged` found last, and as `current` whether nothing was merged since; None before that."""
    from understudy.merging.journal import Journal

    folder = project.merged_folder(clip, project.merged_name(clip, model))
    try:
        known = read_json(_measured_file(folder))
        known["by_frame"]["seam"]  # an older measure has none
        return {**known, "current": known["made"] == Journal(folder).digest()}
    except (OSError, ValueError, KeyError, TypeError):  # not there, or edited: it is measured again
        return None


def _mask(merged_folder: Path, frame: int) -> npt.NDArray[np.float32] | None:
    """The mask that the merge kept of a frame, (height, width) 0..1."""
    from understudy.merging.pictures import mask_path, stored_mask

    path = mask_path(merged_folder, frame)
    return stored_mask(path) if path.is_file() else None


def _measured_file(merged_folder: Path) -> Path:
    return merged_folder / "steadiness.json"


def _landmarks(project: Project, clip: str) -> dict[int, list[np.ndarray]]:
    """Those of the clip's stored faces, by frame."""
    by_frame: dict[int, list[np.ndarray]] = {}
    with project.faceset(*project.faceset_of_clip(clip)) as faceset:
        for face in faceset.faces():
            if face.record.clip == clip:
                by_frame.setdefault(face.record.frame, []).append(face.record.landmarks())
    return by_frame


def _landmarker(project: Project, clip: str) -> str:
    """What placed the landmarks of the clip's faces when they were last extracted; empty where nobody knows."""
    from understudy.facesets.extraction.journal import Journal

    runs = Journal.look(project.faceset_folder(*project.faceset_of_clip(clip))).settings(clip)
    return str(runs[-1].get("landmarker", "")) if runs else ""


def _clip_of(project: Project, clip: str | None) -> str:
    """The dst clip that is meant. Raises OptionInvalid where that is not clear."""
    there = list(project.manifest.clips_of("dst"))
    if clip is None and len(there) == 1:
        return there[0]
    if clip in there:
        return str(clip)
    known = ", ".join(there) or "none"
    raise OptionInvalid(f"Say with --clip which dst clip of the project this is; it has {known}.")
