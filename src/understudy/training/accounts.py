"""What a run tells of itself: where it starts, its figures at the end, what a checkpoint keeps."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from understudy.counts import counted
from understudy.errors import MemoryTooSmall
from understudy.events import Events, Notice
from understudy.training.keeping.learnt_from import STATE_KEY
from understudy.training.machine.memory import peak_memory_bytes
from understudy.training.recipe.course import SHAPES_LOSSES
from understudy.training.steering.plan import hardly_trained, minutes_told

if TYPE_CHECKING:
    from understudy.training.run import Run


def why_it_starts_there(run: Run) -> str:
    """Where a run goes on, in words; empty for a new model."""
    if not run.learner.iteration:
        return ""
    where, plan = f"goes on at iteration {run.learner.iteration}", run.plan
    if not plan.done_iterations:
        return where
    told = []
    if plan.minutes is not None and plan.seconds_left is not None:
        told.append(f"{plan.seconds_left / 60:.1f} of {minutes_told(plan.minutes)} left")
    if plan.iterations is not None and plan.settles_from is None:
        told.append(f"{plan.iterations - plan.done_iterations} of {counted(plan.iterations, 'iteration')} left")
    of_which = " of the training that was stopped" if told else ""
    return f"{where}{', ' * bool(told)}{' or '.join(told)}{of_which}"


def state_of(run: Run) -> dict[str, Any]:
    """Plain values for a checkpoint, from which a run goes on as if nothing had happened."""
    return {
        "plan": run.plan.as_json(),
        "course": run.course.as_json(),
        "shown": run.shown_faces,
        "loss": run.loss,
        "tally": run.tally.as_json(),
        "watch": run.watch.as_json(),
        "watch_of": losses_of(run),
        "setbacks": run.setbacks.as_json(),
        "batch_size": run.course.options.batch_size,  # the next start's, which stages change anew
        STATE_KEY: run.learnt.as_json(),
        "duties": {duty.name: state for duty in run.duties if (state := duty.state())},
    }


def losses_of(run: Run) -> str:
    """Tells which losses can be compared: of the same faces, with the same options of faces and losses."""
    options = run.course.options.model_dump(mode="json", include=set(SHAPES_LOSSES))
    told = [run.feed.src.cache.key, run.feed.dst.cache.key, *sorted(options.items())]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def not_right_yet(run: Run) -> Events:
    """What is not right with the model yet when its training ends."""
    if run.options.swap_sides:
        yield ends_swapped(run)
    if told := hardly_trained(run.model_dir.name, run.learner.iteration):
        yield Notice(told, level="warning")


def summary_of(run: Run) -> dict[str, Any]:
    """The figures of a run that ends."""
    seconds = max(run.seconds, 1e-9)
    return {
        "iterations": run.made,
        "iterations_in_all": run.learner.iteration,
        "seconds": round(run.seconds, 1),
        "iterations_per_second": round(run.made / seconds, 3),
        "loss": round(run.loss, 4),
        "share_waiting_for_faces": round(run.waiting_share, 4),
        "src_faces": len(run.feed.src.cache),
        "dst_faces": len(run.feed.dst.cache),
        "device": str(run.learner.compute.device),
        "bfloat16": run.learner.compute.uses_bfloat16,
        "peak_memory_mb": round(peak_memory_bytes(run.learner.compute.device) / 1e6),
        "rollbacks": run.setbacks.count,
        "batch_size": run.options.batch_size,
    }


def memory_too_small(run: Run) -> MemoryTooSmall:
    """The error of a run that needs more memory than there is."""
    kept = f" Everything up to iteration {run.learner.iteration} is saved." if run.made else ""
    return MemoryTooSmall(
        f"The memory of {run.learner.compute.device} did not suffice at batch size "
        f"{run.options.batch_size}.{kept} Close other programs, or train with a smaller --batch-size, with "
        "--recompute or with --offload."
    )


def ends_swapped(run: Run) -> Notice:
    """What is said where a run ends while a stage exchanges the sides."""
    return Notice(
        f"This training ends in the stage {run.course.stage.name!r}, which exchanges the sides, so the model "
        "paints the wrong performer as it is. Train on until a later stage has swapped them back.",
        level="warning",
    )


def no_memory_for_preview(run: Run) -> Notice:
    """What is said where a preview is left out for want of memory."""
    return Notice(
        f"The memory of {run.learner.compute.device} did not suffice for a preview at iteration "
        f"{run.learner.iteration}; training goes on without it. Close other programs, or ask for fewer faces "
        "with --preview-rows.",
        level="warning",
    )
