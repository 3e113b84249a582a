"""Going back: to what was saved where training came apart, to half the batch where memory does not suffice.

Not here: what counts as coming apart (`keeping/setbacks.py`), an iteration (`run.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.errors import TrainingDiverged
from understudy.events import Notice
from understudy.training.accounts import memory_too_small
from understudy.training.keeping.checkpoint import Checkpoint, amend_state, newest_checkpoint
from understudy.training.keeping.log import append_log
from understudy.training.keeping.milestones import cut_milestones
from understudy.training.live_changes import taken_back

if TYPE_CHECKING:
    from understudy.training.run import Run


def go_back(run: Run, error: TrainingDiverged) -> Notice:
    """Go on from the last good state with smaller steps. Raises the error where that was tried enough."""
    where = run.learner.iteration
    if run.setbacks.count >= run.options.rollbacks:
        raise error
    run.setbacks = run.setbacks.one_more(run.course.options.learning_rate)
    found = _restore(run)
    text = (
        f"{error.message} At iteration {where}; training went back to iteration {run.learner.iteration} "
        f"and goes on with {run.setbacks.rate:g} times the learning rate "
        f"({run.setbacks.count} of at most {run.options.rollbacks} times)."
    )
    if run.metrics is not None:
        run.metrics.cut(run.learner.iteration)
        cut_milestones(run.model_dir, run.learner.iteration)
        run.note("setback", f"back from {where}")
        append_log(run.model_dir, text)
        # Written down at once: a process that dies now must not be free to fail as often again.
        if found:
            amend_state(run.model_dir, run.learner.iteration, setbacks=run.setbacks.as_json())
        else:
            run.write()
    return Notice(text, level="warning")


def make_room(run: Run, error: Exception) -> Notice:
    """At the start, go on with half the batch; just after a person's change, as before it; later, save and
    end. Raises MemoryTooSmall."""
    run.learner.let_go()
    if run.untried is not None and run.untried.is_new_at(run.learner.iteration) and run.group.size == 1:
        return taken_back(run, run.untried)
    if run.made or run.group.size > 1:
        run.save()
        raise memory_too_small(run) from error
    _restore(run)
    return halved(run)


def halved(run: Run) -> Notice:
    """Go on with half the batch. Raises MemoryTooSmall where no process has more than one face, or where a
    stage says a batch that nothing makes smaller."""
    tried, base, least = run.options, run.course.options.batch_size, run.group.size
    batch = tried.batch_size
    if min(batch, base) <= least:
        raise memory_too_small(run)
    run.change(run.course.options.changed(batch_size=max(least, base // 2)))
    if (smaller := run.course.now(run.plan).options.batch_size) >= batch:
        run.options = tried
        raise memory_too_small(run)
    where = f"the memory of {run.learner.compute.device}" + (" in every process" if least > 1 else "")
    text = f"Batch size {batch} does not fit into {where}; {smaller} is tried."
    append_log(run.model_dir, text)
    return Notice(text, level="warning")


def load_newest(run: Run) -> Checkpoint | None:
    """Bring the learner to its newest checkpoint, or to its beginning where there is none."""
    run.is_whole = False
    found = next((c for c in newest_checkpoint(run.model_dir) if isinstance(c, Checkpoint)), None)
    if found is None:
        run.begin(run.learner)
    else:
        run.learner.load_checkpoint(found)
    run.is_whole = True
    return found


def _restore(run: Run) -> bool:
    """Take the newest checkpoint's state, or that of a new model; whether there was a checkpoint."""
    found = load_newest(run)
    run.saved_iteration = found.iteration if found else -1  # a later one that was saved did not load
    plan, iteration = run.started
    run.made = run.learner.iteration - iteration
    run.plan = run.plan.after(seconds=run.plan.done_seconds, iterations=plan.done_iterations + run.made)
    run.resume(dict(found.state) if found else {})
    return found is not None
