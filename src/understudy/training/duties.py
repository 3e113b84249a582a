"""What is done now and then between two iterations, one class each; `train.py` lists them in their order.

A duty reads the run it is given and acts through its methods. What it must remember over an interruption it
gives out in `state` and takes back in `resume`; both go through the checkpoint.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from understudy.events import Events, Made, Notice, Progress
from understudy.training.keeping.backups import back_up
from understudy.training.keeping.lock import LOCK_NAME
from understudy.training.keeping.requests import forget_requests, fulfilled, take_requests
from understudy.training.keeping.status import clear_half_said, write_status
from understudy.training.live_changes import change_live
from understudy.training.machine.memory import peak_memory_bytes
from understudy.training.viewing.sheets import set_undone_aside

if TYPE_CHECKING:
    from understudy.training.run import Run

_PROGRESS_EVERY_S = 0.5
_LISTENS_EVERY_S = 0.5
# A measurement waits for the device, so that Python can't prepare the next step meanwhile, and is a line in a
# file: cheap, but not for every step of a week. Only a short plateau that decides something asks for more.
_METRICS_EVERY = 20  # iterations
_MEASURED_FIRST = (1, 2, 5, 10)  # so that a curve begins with the training
_POSTED_EVERY_S = 1.0
_RATED_OVER_S = 5.0


class Duty:
    """Something done now and then. `name` is the key of its state in the checkpoint."""

    name: ClassVar[str]
    by_all: ClassVar[bool] = False  # several processes that train one model all do it; else the leader alone

    def begin(self, run: Run) -> None:
        """Called once before the first iteration of a call."""

    def due(self, run: Run) -> bool:
        """Whether `do` is to be called now, after the run's newest iteration."""
        raise NotImplementedError

    def do(self, run: Run) -> Events:
        """Do it; what a person should know comes out as events."""
        raise NotImplementedError

    def state(self) -> dict[str, Any]:
        """JSON-able, for the checkpoint."""
        return {}

    def resume(self, state: Mapping[str, Any]) -> None:
        """Undo `state`: go on from a checkpoint, or anew where the mapping is empty."""


class Measure(Duty):
    """Write the mean losses of a stretch of iterations, and make sure that they are sound."""

    name = "measure"
    by_all = True

    def due(self, run: Run) -> bool:
        return _measured_now(run) or run.learner.iteration in _MEASURED_FIRST

    def do(self, run: Run) -> Events:
        """Raises TrainingDiverged."""
        means = run.measured()
        yield from ()
        if run.metrics is None:
            return
        run.metrics.append(
            run.learner.iteration,
            loss_src=means.src,
            loss_dst=means.dst,
            learning_rate=run.options.learning_rate * run.speed,
            seconds=run.plan.done_seconds,
            waiting=self._waiting(run),
            **means.terms,
        )

    def begin(self, run: Run) -> None:
        self._since = (0.0, 0.0)

    def _waiting(self, run: Run) -> float:
        """Share of the time since the last look that the learner stood idle for want of faces."""
        before, self._since = self._since, (run.ahead.waited_s, run.seconds)
        seconds = self._since[1] - before[1]
        return (self._since[0] - before[0]) / seconds if seconds > 0 else 0.0


def _measured_now(run: Run) -> bool:
    return run.learner.iteration % min(_METRICS_EVERY, run.measured_every or _METRICS_EVERY) == 0


class Follow(Duty):
    """Lead the run through the stages of its recipe."""

    name = "follow"

    def due(self, run: Run) -> bool:
        return True

    def do(self, run: Run) -> Events:
        if _measured_now(run):
            run.course.measured(run.learner.iteration, run.loss)
        yield from run.advance()


class Listen(Duty):
    """Do what people ask of a running training: see `keeping/requests.py`."""

    name = "listen"

    def begin(self, run: Run) -> None:
        lock = run.model_dir / LOCK_NAME  # as old as this training; what was asked since is meant for it
        forget_requests(run.model_dir, before_s=lock.stat().st_mtime if lock.exists() else math.inf)
        self._listened = 0.0

    def due(self, run: Run) -> bool:
        return time.perf_counter() - self._listened >= _LISTENS_EVERY_S

    def do(self, run: Run) -> Events:
        self._listened = time.perf_counter()
        for request in take_requests(run.model_dir):
            match request.wish:
                case "save":
                    run.save()
                case "backup":
                    yield from _backed_up(run)
                case "preview":
                    yield from run.preview()
                case "look":
                    yield from run.preview(is_kept=False)
                case "change":
                    yield from change_live(run, request.details)
                case "finish":
                    yield from run.finish(request.details)
                    if run.save_plan():
                        fulfilled(run.model_dir, "finish")
                case "stop":
                    run.ending = True


class Say(Duty):
    """Tell how far it is."""

    name = "say"

    def begin(self, run: Run) -> None:
        self._said = time.perf_counter()

    def due(self, run: Run) -> bool:
        return time.perf_counter() - self._said >= _PROGRESS_EVERY_S

    def do(self, run: Run) -> Events:
        self._said = time.perf_counter()
        yield progress_of(run)


def progress_of(run: Run) -> Progress:
    """How far a run is, with every figure."""
    return Progress(
        stage="train",
        done=run.plan.done_iterations,
        total=run.plan.last_iteration,
        seconds_left=run.plan.seconds_left,
        loss=run.loss or None,
        rate=run.made / run.seconds if run.seconds else None,
        note=run.course.title,
        details=_figures(run),
    )


def _figures(run: Run) -> dict[str, Any]:
    return {
        "iteration": run.learner.iteration,
        "losses": run.terms,
        "waiting_share": run.waiting_share,
        "memory_bytes": peak_memory_bytes(run.learner.compute.device),
        "plan_share": run.plan.share,
    }


class Post(Duty):
    """Say how it is doing to whoever looks from outside, as the studio: see `keeping/status.py`."""

    name = "post"

    def begin(self, run: Run) -> None:
        self._posted = self._rated_s = time.perf_counter()
        self._rated_at, self._rate = run.learner.iteration, 0.0
        clear_half_said(run.model_dir)
        self._post(run)

    def due(self, run: Run) -> bool:
        return time.perf_counter() - self._posted >= _POSTED_EVERY_S

    def do(self, run: Run) -> Events:
        self._post(run)
        yield from ()

    def _post(self, run: Run) -> None:
        self._posted = now = time.perf_counter()
        iteration, plan = run.learner.iteration, run.plan
        if now - self._rated_s >= _RATED_OVER_S and iteration > self._rated_at:
            self._rate = (iteration - self._rated_at) / (now - self._rated_s)
            self._rated_s, self._rated_at = now, iteration
        rate = self._rate or (run.made / run.seconds if run.seconds else 0.0)
        left = plan.seconds_left
        if left is None and plan.last_iteration is not None and rate:
            left = (plan.last_iteration - plan.done_iterations) / rate
        figures = {
            **_figures(run),
            "loss": run.loss or None,
            "rate": rate,
            "done": plan.done_iterations,
            "total": plan.last_iteration,
            "seconds_left": left,
            "settles": plan.settled is not None,
            "stage": run.course.title,
            "device": str(run.learner.compute.device),
            "bfloat16": run.learner.compute.uses_bfloat16,
            "faces": {"src": len(run.feed.src.cache), "dst": len(run.feed.dst.cache)},
            "said": run.course.options.model_dump(mode="json"),
            "in_force": run.options.model_dump(mode="json"),
        }
        write_status(run.model_dir, figures)


class Tell(Duty):
    """Say what had to begin anew, as a critic, which then knows nothing for a while, or the recipe's stages."""

    name = "tell"

    def due(self, run: Run) -> bool:
        return bool(run.learner.objective.judges.notices or run.course.notices)

    def do(self, run: Run) -> Events:
        texts = run.course.take_notices() + run.learner.objective.take_notices()
        yield from (Notice(text) for text in texts)


class Preview(Duty):
    """Write a preview sheet every `preview_every` iterations; the run itself writes the last one."""

    name = "preview"

    def begin(self, run: Run) -> None:
        """Raises FacesUnknown at once rather than at the first preview."""
        set_undone_aside(run.model_dir, newer_than=run.learner.iteration)
        if run.options.preview_every:
            _ = run.shown

    def due(self, run: Run) -> bool:
        every = run.options.preview_every
        return bool(every) and run.learner.iteration % every == 0 and not run.plan.finished

    def do(self, run: Run) -> Events:
        yield from run.preview()


class Save(Duty):
    """Save a checkpoint every `checkpoint_minutes`."""

    name = "save"

    def begin(self, run: Run) -> None:
        self._saved = time.perf_counter()

    def due(self, run: Run) -> bool:
        return time.perf_counter() - self._saved >= 60 * run.options.checkpoint_minutes

    def do(self, run: Run) -> Events:
        run.save()
        self._saved = time.perf_counter()
        yield from ()


class BackUp(Duty):
    """Keep a checkpoint for good every `backup_every` iterations and every `backup_every_minutes`."""

    name = "backup"

    def __init__(self) -> None:
        self._since_s = 0.0  # training time since the last backup, over all calls

    def begin(self, run: Run) -> None:
        self._looked = time.perf_counter()

    def due(self, run: Run) -> bool:
        now = time.perf_counter()
        self._since_s, self._looked = self._since_s + now - self._looked, now
        every, minutes = run.options.backup_every, run.options.backup_every_minutes
        by_count = bool(every) and run.learner.iteration % every == 0
        return by_count or (bool(minutes) and self._since_s >= 60 * minutes)

    def do(self, run: Run) -> Events:
        self._since_s = 0.0
        yield from _backed_up(run)

    def state(self) -> dict[str, Any]:
        return {"seconds": self._since_s} if self._since_s else {}

    def resume(self, state: Mapping[str, Any]) -> None:
        self._since_s = float(state.get("seconds", 0.0))


def _backed_up(run: Run) -> Events:
    """A backup of now, unless training has come apart and several processes have yet to go back together."""
    run.save()
    if run.saved_iteration == run.learner.iteration:
        yield Made("backup", back_up(run.model_dir, run.learner.iteration, kept=run.options.backups_kept))
        run.note("backup", "backup")
