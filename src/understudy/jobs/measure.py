"""Measure finished clips: against a true swap, or for steadiness against the plate they were painted into."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from understudy.errors import OptionInvalid
from understudy.events import Events
from understudy.project.project import Project


def measure(
    result: Path,
    truth: Path | None = None,
    *,
    plate: Path | None = None,
    project: Path | None = None,
    clip: str | None = None,
    device: str,
) -> Events:
    """Compare `result` with `truth` inside its faces, or with the plate: a clip, or a dst clip of a project,
    whose stored faces then say where to look.

    Raises OptionInvalid unless it is said against what to measure, DeviceUnavailable, ProjectInvalid, and what
    measuring raises.
    """
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
    from understudy.measure.against_plate import found_faces, known_faces, measure_against_plate
    from understudy.training.machine.device import choose_device

    if project is None:
        assert plate is not None
        faces_of = found_faces(device=str(choose_device(device).device))
        yield from measure_against_plate(result, plate, faces_of=faces_of)
        return
    opened = Project.open(project)
    name = _clip_of(opened, clip)
    with opened.faceset(*opened.faceset_of_clip(name)) as faceset:
        by_frame: dict[int, list[np.ndarray]] = {}
        for face in faceset.faces():
            if face.record.clip == name:
                by_frame.setdefault(face.record.frame, []).append(face.record.landmarks())
    yield from measure_against_plate(result, plate or opened.clip_path(name), faces_of=known_faces(by_frame))


def _clip_of(project: Project, clip: str | None) -> str:
    """The dst clip that is meant. Raises OptionInvalid where that is not clear."""
    there = list(project.manifest.clips_of("dst"))
    if clip is None and len(there) == 1:
        return there[0]
    if clip in there:
        return str(clip)
    known = ", ".join(there) or "none"
    raise OptionInvalid(f"Say with --clip which dst clip of the project this is; it has {known}.")
