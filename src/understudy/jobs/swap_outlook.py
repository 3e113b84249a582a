"""What a swap would do, stage by stage, said before any of it is begun. Changes nothing."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.counts import counted
from understudy.events import Event, Events, Notice, StageFinished, StageStarted
from understudy.jobs import stages
from understudy.jobs.clips.adding import warnings_of
from understudy.jobs.delivery.marks import unstated_told
from understudy.jobs.delivery.outputs import output_paths
from understudy.jobs.journal import SwapJournal
from understudy.jobs.request import SwapRequest
from understudy.jobs.settings import encode_options, train_options
from understudy.jobs.swap import added, dst_of, found_possible, project_folder, training_left, with_model
from understudy.media.opening import open_clip
from understudy.project.project import MANIFEST_NAME, Project, Rehearsal
from understudy.project.state import is_searched

if TYPE_CHECKING:
    from understudy.training.steering.plan import Plan


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
        yield from _training(project, request, length, journal)
    to_make = 1
    if length is None and not set(dst) & set(to_search):
        to_make = yield from _merging(project, request, dst)
    else:
        yield Notice(f"merge: would paint all frames with a face of {_with_frames(project, dst)}.")
    options = encode_options(project, request.encode)
    goals = output_paths(project, request.model, dst, request.out, options=options)
    told = [
        _writing(project, request, clip, to, new=bool(to_make)) for clip, to in zip(dst, goals, strict=True)
    ]
    yield Notice(f"encode: {' and '.join(told)}.")
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


def _training(project: Project, request: SwapRequest, length: dict[str, Any], journal: SwapJournal) -> Events:
    """The plan, and what it takes: estimates, as `understudy plan` has them."""
    from understudy.jobs.models.plan import plan_training
    from understudy.training.steering.plan import Plan, hardly_trained, planned

    said = {**request.train, **length}
    plan = plan_training(project, request.model, said=said, device=request.device)
    before = Plan.from_json(journal.plan) if journal.plan else None
    course = planned(train_options(project, request.model, said), before)
    seconds, left = course.seconds_left, course.last_iteration
    ends = [] if seconds is None else [round(seconds / plan.seconds_each)]
    ends += [] if left is None else [left - course.done_iterations]
    about = "" if seconds is None or not ends else f", about {counted(min(ends), 'iteration')}"
    begins = f"goes on at iteration {journal.iteration}" if journal.iteration else "new"
    yield Notice(
        f"train: would train model {request.model!r} ({begins}, preset {plan.preset}) for {_how_long(course)}; "
        f"about {plan.need.device_bytes / 1e6:,.0f} MB of {plan.free_bytes / 1e6:,.0f} MB that are free on "
        f"{plan.device}, batch size {plan.batch_size}, {plan.seconds_each:.3g} s an iteration{about}."
    )
    if ends and (few := hardly_trained(request.model, journal.iteration + min(ends), foreseen=True)):
        yield Notice(few, level="warning")


def _how_long(course: Plan) -> str:
    """What of the plan is left, as the training itself says it."""
    from understudy.training.steering.plan import minutes_told

    told, begun = [], course.done_iterations > 0
    if course.minutes is not None:
        left = (course.seconds_left or 0.0) / 60
        whole = minutes_told(course.minutes)
        told.append(f"the {left:.1f} of {whole} left" if begun else whole)
    if course.iterations is not None:
        whole = counted(course.iterations, "iteration")
        told.append(f"the {course.iterations - course.done_iterations} of {whole} left" if begun else whole)
    return " or ".join(told) or "as long as it is let"


def _merging(project: Project, request: SwapRequest, dst: Sequence[str]) -> Generator[Event, None, int]:
    """What a dry run of the merge says; gives how many frames it would make."""
    to_make = 0
    for event in stages.merge(
        project, request.model, clips=dst, said=request.merge, device=request.device, dry_run=True
    ):
        yield event
        if isinstance(event, StageFinished) and not event.skipped:
            to_make += len(event.summary["to_make"])
    return to_make


def _writing(project: Project, request: SwapRequest, clip: str, goal: Path, *, new: bool) -> str:
    if not goal.exists():
        return f"would write {goal}"
    if not new and _is_as_it_would_be(project, request, clip, goal):
        return f"nothing left to do, {goal} is there"
    return f"would write {goal} in place of the one that is there"


def _is_as_it_would_be(project: Project, request: SwapRequest, clip: str, goal: Path) -> bool:
    """Whether an encode would keep the finished file: it says so before it writes anything."""
    events = stages.encode(
        project, request.model, clips=[clip], out=goal, said=request.encode, just_merged=True
    )
    with closing(events):  # type: ignore[type-var]  # stages are generators
        started = next((event for event in events if isinstance(event, StageStarted)), None)
    return started is not None and started.done == started.total
