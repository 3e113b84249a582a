"""What a swap would do, stage by stage, said before any of it is begun. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from understudy.counts import counted
from understudy.events import Events, Notice
from understudy.jobs import stages
from understudy.jobs.clips.adding import warnings_of
from understudy.jobs.delivery.marks import unstated_told
from understudy.jobs.delivery.outputs import output_paths
from understudy.jobs.journal import SwapJournal
from understudy.jobs.request import SwapRequest
from understudy.jobs.settings import encode_options
from understudy.jobs.swap import added, dst_of, found_possible, project_folder, training_left, with_model
from understudy.media.opening import open_clip
from understudy.project.project import MANIFEST_NAME, Project, Rehearsal
from understudy.project.state import is_searched


def swap_outlook(request: SwapRequest) -> Events:
    """Say what `swap` would do now. Raises what would stop that at its beginning."""
    folder, moved = project_folder(request), list[str]()
    request = with_model(folder, request)
    yield from found_possible(folder, request)
    project = Rehearsal.of(folder)
    names, _ = added(project, request, tell=moved.append)
    dst = dst_of(project, names)
    is_new = not (folder / MANIFEST_NAME).exists()
    yield Notice(f"Would {'make' if is_new else 'go on with'} the project {folder}.")
    yield from map(Notice, moved)
    yield from (Notice(text, level="warning") for text in warnings_of(project, names))
    if request.consent is None:
        yield from unstated_told(project, request.model, dst, before_training=True)
    to_search = [name for name in project.manifest.clips if not is_searched(project, name)]
    yield Notice(f"extract: {_extracting(project, to_search)}.")
    journal = SwapJournal(project, request.model)
    length = training_left(project, request, journal)
    if length is None:
        yield Notice(f"train: is done, at iteration {journal.iteration}; --minutes would train more.")
    else:
        yield Notice(f"train: {_training(project, request, length, at=journal.iteration)}.")
    if length is None and not set(dst) & set(to_search):
        said, device = request.merge, request.device
        yield from stages.merge(project, request.model, clips=dst, said=said, device=device, dry_run=True)
    else:
        yield Notice(f"merge: would paint all frames with a face of {_with_frames(project, dst)}.")
    options = encode_options(project, request.encode)
    goals = output_paths(project, request.model, dst, request.out, options=options)
    yield Notice(f"encode: {' and '.join(map(_writing, goals))}.")
    yield Notice("Nothing was changed. The same command without --dry-run does it.")


def _extracting(project: Project, to_search: Sequence[str]) -> str:
    done = [name for name in project.manifest.clips if name not in to_search]
    would = f"would look for faces in {_with_frames(project, to_search)}" if to_search else ""
    return "; ".join(filter(None, [would, f"{' and '.join(done)} searched already" if done else ""]))


def _with_frames(project: Project, clips: Sequence[str]) -> str:
    told = []
    for name in clips:
        with open_clip(project.present_clip_path(name)) as clip:
            told.append(f"{name} ({counted(clip.info.frame_count, 'frame')})")
    return " and ".join(told)


def _training(project: Project, request: SwapRequest, length: dict[str, Any], *, at: int) -> str:
    """The plan, and what it takes: estimates, as `understudy plan` has them."""
    from understudy.jobs.models.plan import plan_training

    plan = plan_training(project, request.model, said={**request.train, **length}, device=request.device)
    how_long = " or ".join(f"{value:g} {name}" for name, value in length.items())
    begins = f"goes on at iteration {at}" if at else "new"
    return (
        f"would train model {request.model!r} ({begins}, preset {plan.preset}) for {how_long}; about "
        f"{plan.need.device_bytes / 1e6:,.0f} MB of {plan.free_bytes / 1e6:,.0f} MB that are free on "
        f"{plan.device}, batch size {plan.batch_size}, {plan.seconds_each:.3g} s an iteration"
    )


def _writing(goal: Path) -> str:
    return f"would write {goal}{', unless what is there is the same' if goal.exists() else ''}"
