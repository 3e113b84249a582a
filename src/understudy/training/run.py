"""One call's training: an iteration, then whatever is due, until the plan is done; saving.

Not here: how it is set up (`train.py`), what is done between iterations (`duties.py`), what people change
meanwhile (`live_changes.py`), going back where it came apart (`going_back.py`), one step (`learner.py`).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from understudy.errors import TrainingDiverged, UnderstudyError
from understudy.events import Events, Made, Notice, StageFinished, StageStarted
from understudy.options import parse_options
from understudy.training.accounts import (
    losses_of,
    no_memory_for_preview,
    not_right_yet,
    state_of,
    summary_of,
    why_it_starts_there,
)
from understudy.training.duties import Duty, progress_of
from understudy.training.feeding.ahead import Ahead, Order
from understudy.training.feeding.feed import Feed
from understudy.training.going_back import go_back, halved, load_newest, make_room
from understudy.training.keeping.checkpoint import Checkpoint, amend_state, save_checkpoint
from understudy.training.keeping.learnt_from import NOT_KNOWN, LearntFrom
from understudy.training.keeping.metrics import METRICS_NAME, MetricsLog
from understudy.training.keeping.milestones import Kind, add_milestone, cut_milestones
from understudy.training.keeping.setbacks import Setbacks, Watch, require_sound_weights
from understudy.training.learner import Learner
from understudy.training.losses.terms import Means, Tally
from understudy.training.machine.batch import fits_everywhere
from understudy.training.machine.memory import is_out_of_memory
from understudy.training.machine.processes import Group
from understudy.training.options import TrainOptions
from understudy.training.recipe.course import Course, Now
from understudy.training.recipe.trial import require_possible
from understudy.training.steering.plan import Plan, finish_length
from understudy.training.untried import Untried
from understudy.training.viewing.loss_plot import course_of, write_loss_plot
from understudy.training.viewing.preview import Chosen, chosen_faces, preview_sheet
from understudy.training.viewing.sheets import Preview, write_look, write_preview

STAGE = "train"


@dataclass
class Run:
    """What one call of `train` holds. Duties read it, and change it through its methods.

    `options`, `speed`, the share of their learning rate, and `measured_every` are those of the newest
    iteration, as the course has them. `made` counts iterations and `seconds` time in this call; `loss` is the
    mean of the last measurement, both sides added. `ending` ends the run at the next iteration; its plan goes
    on another time.
    """

    model_dir: Path
    learner: Learner
    feed: Feed
    course: Course
    plan: Plan
    duties: Sequence[Duty]
    begin: Callable[[Learner], None]  # gives a learner the state of a new model
    state: dict[str, Any] = field(default_factory=dict)  # of the checkpoint this goes on from
    made: int = 0
    seconds: float = 0.0
    speed: float = 0.0
    measured_every: int | None = None
    group: Group = field(default_factory=Group)
    learnt: LearntFrom = NOT_KNOWN  # what it will have learnt from, with what it had before
    shown_faces: int = 0  # of each performer, by all processes, since the model was made
    loss: float = 0.0
    terms: Mapping[str, float] = field(default_factory=dict)  # the last measurement, by name
    saved_iteration: int = -1
    ending: bool = False

    def __post_init__(self) -> None:
        self.options = self.course.options
        self.ahead = Ahead(self.feed)
        self.metrics = None
        if self.group.leads:
            self.metrics = MetricsLog(self.model_dir / METRICS_NAME, iteration=self.learner.iteration)
        self.drawn_losses = course_of(self.model_dir, last=self.options.loss_plot_last)
        self._told: Now | None = None  # by the leader, for the next iteration
        self.is_whole = True  # not while a step or a checkpoint changes the learner
        self.untried: Untried | None = None
        self.setbacks = Setbacks.from_json(self.state.get("setbacks", {})).for_plan(
            self.options.learning_rate, goes_on=bool(self.plan.done_iterations)
        )
        self.resume(self.state)

    def resume(self, state: dict[str, Any]) -> None:
        """Take over what a checkpoint says beside tensors; the setbacks stay, since they came after it."""
        self.tally = Tally.from_json(state.get("tally", {}), self.learner.compute.device)
        # What was usual for other faces, or for losses with other options, says nothing of these.
        same = self.plan.done_iterations and state.get("watch_of") in (None, losses_of(self))
        self.watch = Watch.from_json(state.get("watch", {}) if same else {})
        # A new plan begins its recipe anew.
        self.course.resume(state.get("course", {}) if self.plan.done_iterations else {}, self.plan)
        # A checkpoint of before that was counted has shown every batch as large as the next.
        options = self.course.now(self.plan).options
        self.shown_faces = int(state.get("shown", self.learner.iteration * self._faces_of_a_step(options)))
        for duty in self.duties:
            duty.resume(state.get("duties", {}).get(duty.name, {}))

    def events(self) -> Events:
        """Train, and say so. A process that does not lead does as it is told, and says nothing."""
        plan = self.plan
        self._began, self.started = time.perf_counter(), (plan, self.learner.iteration)
        if not self.group.leads:
            self._follow()
            return
        yield StageStarted(
            stage=STAGE,
            unit="iterations",
            total=plan.last_iteration,
            done=plan.done_iterations,
            why=why_it_starts_there(self),
        )
        try:
            with contextlib.ExitStack() as at_exit:
                at_exit.push(self._save_despite)
                architecture, network = self.learner.drawn_from
                asked = (self.course.recipe, self.course.options, architecture, network)
                require_possible(*asked, iteration=self.learner.iteration)
                for duty in self.duties:
                    duty.begin(self)
                self._note_start()
                yield from self._to_the_end()
        finally:
            with contextlib.suppress(RuntimeError):  # the others may be gone
                self.group.say(None)
            if self.metrics is not None:
                self.metrics.close()
            self.ahead.close()
            if self.made:
                self.note("end", "done" if self.plan.finished else "stopped")
        if self.made and self.options.preview_every:
            yield from self.preview()
        if self.made:
            yield from not_right_yet(self)
            yield progress_of(self)  # what is shown last are the figures of the end
        yield StageFinished(stage=STAGE, summary=summary_of(self), skipped=not self.made)

    def _to_the_end(self) -> Events:
        """Iterations until the plan is done and saved; what came apart since the last measurement is undone."""
        yield from self._fit_together()
        while True:
            while not self.plan.finished and not self.ending:
                self.group.say(self._word())
                yield from self._one()
            try:
                self.save(last=True)
                return
            except TrainingDiverged as error:
                notice = go_back(self, error)
                self.group.say({"back": error.message})
                yield notice

    def _fit_together(self) -> Events:
        """Several processes halve the batch until a step fits into the memory of all. Raises MemoryTooSmall.

        In a step that counts, one whose memory ends would leave the others waiting for its gradients.
        """
        while self.group.size > 1 and not self.plan.finished:
            self.group.say(self._word() | {"apart": True})
            if self._step_apart():
                return
            yield halved(self)

    def _step_apart(self) -> bool:
        """Whether a step fits into the memory of every process; it counts for nothing."""
        now = self._told or self.course.now(self.plan)
        self.options = now.options
        order = self._order(self.learner.iteration, self.shown_faces, self.plan, now.options)
        with self.group.lost_is_said():
            fits = fits_everywhere(self.learner, lambda: self.ahead.lessons(order), now.options)
        load_newest(self)
        return fits

    def _one(self) -> Events:
        """An iteration, and what is due after it."""
        try:
            with self.group.lost_is_said():
                self._iterate()
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            yield make_room(self, error)
            return
        try:
            yield from self._attend()
        except TrainingDiverged as error:
            yield go_back(self, error)

    def _word(self) -> dict[str, Any]:
        """What the other processes must know of the next iteration."""
        if self.group.size == 1:
            return {}
        now = self.course.now(self.plan)
        return {
            "plan": self.plan.as_json(),
            "options": now.options.model_dump(mode="json"),
            "speed": now.speed,
            "stage": now.stage,
            "measured_every": now.measured_every,
            "shown": self.shown_faces,
            "watch": self.watch.as_json(),
            "setbacks": self.setbacks.as_json(),
        }

    def _follow(self) -> None:
        """Take part until the leader ends it. Raises ProcessLost, TrainingDiverged."""
        for duty in self.duties:
            duty.begin(self)
        try:
            while (word := self.group.hear()) is not None:
                if "back" in word:
                    go_back(self, TrainingDiverged(str(word["back"])))
                    continue
                options = parse_options(TrainOptions, word["options"])
                self._told = Now(options, float(word["speed"]), str(word["stage"]), word["measured_every"])
                self.plan, self.watch = Plan.from_json(word["plan"]), Watch.from_json(word["watch"])
                self.setbacks, self.shown_faces = Setbacks.from_json(word["setbacks"]), int(word["shown"])
                if "apart" in word:
                    self._step_apart()
                    continue
                for _ in self._one():
                    pass
        finally:
            self.ahead.close()

    def measured(self) -> Means:
        """The mean losses since the last call, over all processes. Raises TrainingDiverged in all of them."""
        count, means = self.tally.count, self.tally.means()
        device = self.learner.compute.device
        with self.group.lost_is_said():
            sides = self.group.means({"src": means.src, "dst": means.dst}, device)
            means = Means(sides["src"], sides["dst"], self.group.means(means.terms, device))
        self._tell(means)
        self.watch.look(self._watched, iterations=count)
        return means

    def _tell(self, means: Means) -> None:
        self.loss, self.terms = means.total, {"src": means.src, "dst": means.dst, **means.terms}

    @property
    def _watched(self) -> float:
        """The loss but for what is asked now and then: some stretches have much of that and some have none."""
        seldom = ("src_features", "dst_features") if self.options.feature_every > 1 else ()
        return self.loss - sum(self.terms.get(name, 0.0) for name in seldom)

    def _iterate(self) -> None:
        learner, (plan, iteration) = self.learner, self.started
        learner.attempt = self.setbacks.count  # here, so that it is what a checkpoint says
        next_plan = self.plan.after(seconds=self.plan.done_seconds, iterations=self.plan.done_iterations + 1)
        now = self._told or self.course.now(self.plan)
        after = now if self._told else self.course.now(next_plan)
        shown = self.shown_faces + self._faces_of_a_step(now.options)
        then = None
        if not next_plan.finished:
            then = self._order(learner.iteration + 1, shown, next_plan, after.options)
        self.options, self.speed = now.options, now.speed * self.setbacks.rate
        self.measured_every = now.measured_every
        order = self._order(learner.iteration, self.shown_faces, self.plan, now.options)
        src, dst = self.ahead.lessons(order, then=then)
        if now.options.swap_sides:
            src, dst = dst, src
        self.is_whole = False
        self.tally.add(learner.step(src, dst, now.options, speed=self.speed))
        self.shown_faces = shown
        if self.untried is not None and not self.untried.is_new_at(learner.iteration):
            self.untried = None  # it fits, also where a setback leads back to before it
        self.made, self.seconds = learner.iteration - iteration, time.perf_counter() - self._began
        self.plan = self.plan.after(
            seconds=plan.done_seconds + self.seconds, iterations=plan.done_iterations + self.made
        )
        self.is_whole = True

    def _faces_of_a_step(self, options: TrainOptions) -> int:
        """Of each performer, in all processes."""
        return self.group.share_of(options.batch_size) * options.accumulation * self.group.size

    def _order(self, iteration: int, shown: int, plan: Plan, options: TrainOptions) -> Order:
        # One draw for all parts of a step, of this process's share.
        parts = options.accumulation
        count = self.group.share_of(options.batch_size) * parts
        if count != options.batch_size:
            options = options.model_copy(update={"batch_size": count})
        return Order(
            iteration,
            self.learner.draws(iteration),
            options,
            foretold=plan.minutes is None,
            shown=shown,
            openings=options.asks_openings,
            parts=parts,
        )

    @property
    def waiting_share(self) -> float:
        """Of this call's time, how much the learner stood idle because no faces were ready."""
        return self.ahead.waited_s / self.seconds if self.seconds else 0.0

    def _attend(self) -> Events:
        for duty in self.duties:
            if (self.group.leads or duty.by_all) and duty.due(self):
                yield from duty.do(self)

    def change(self, options: TrainOptions) -> None:
        """Train with other options from the next iteration on; stages change these. Raises RecipeInvalid."""
        self.course.change(options)
        self.options = options
        self.watch = Watch()  # other terms give other losses

    def note(self, kind: Kind, words: str, **details: Any) -> None:
        """Mark what happens now on the model's way; one process of several does."""
        if self.group.leads:
            about = {"losses": self.course.now(self.plan).options.losses, **details}
            add_milestone(self.model_dir, self.learner.iteration, kind, words, **about)

    def _note_start(self) -> None:
        cut_milestones(self.model_dir, self.learner.iteration)
        how = "goes on" if self.learner.iteration else "begins"
        self.note("start", f"{how} on {self.learner.compute.device}")
        if self.course.title and not self.plan.done_iterations:
            self.note("stage", self.course.stage.name)

    def advance(self) -> Events:
        """Go to the next stage of the recipe where this one is over."""
        if not self.plan.finished and self.course.advance(self.plan):
            yield from self._say_stage()
        if self.course.ended:
            self.plan = self.plan.ended_now()

    def finish(self, details: Mapping[str, Any]) -> Events:
        """Settle from now on, then end, as if that had been planned. `details` are those of the request."""
        if self.plan.settled is not None:
            return
        options = self.course.now(self.plan).options
        length = finish_length(options, learnt=self.learner.iteration, details=details)
        self.plan = self.course.finish(self.plan, length)
        self.note("finish", f"settles until {self._iteration_at_end()}")
        yield Notice(f"Asked to finish: settles until iteration {self._iteration_at_end()}.")
        yield from self._say_stage()

    def save_plan(self) -> bool:
        """Save what people have asked of the plan, lest a kill lose it; whether that is on disk now."""
        if self.saved_iteration == self.learner.iteration:  # before it was asked
            plan, course = self.plan.as_json(), self.course.as_json()
            amend_state(self.model_dir, self.saved_iteration, plan=plan, course=course)
            return True
        self.save()
        return self.saved_iteration == self.learner.iteration

    def _iteration_at_end(self) -> int:
        left = (self.plan.last_iteration or 0) - self.plan.done_iterations
        return self.learner.iteration + left

    def _say_stage(self) -> Events:
        self.watch = Watch()  # what a stage changes gives other losses
        if self.course.title:
            self.note("stage", self.course.stage.name)
            yield Notice(f"At iteration {self.learner.iteration} begins the stage {self.course.title}.")

    def preview(self, *, is_kept: bool = True) -> Events:
        """Write a preview sheet now; one that isn't kept replaces the last such, outside of the history."""
        sheet = self._sheet_or_why_not()
        if isinstance(sheet, Notice):
            yield sheet
        elif is_kept:
            path = write_preview(self.model_dir, self.learner.iteration, sheet)
            write_loss_plot(self.model_dir, self.drawn_losses, scale=self.options.loss_plot_scale)
            yield Made("preview", path)
        else:
            write_look(self.model_dir, self.learner.iteration, sheet)

    def _sheet_or_why_not(self) -> Preview | Notice:
        """Training is worth more than its pictures: where memory ends for one it goes on without."""
        try:
            return self._sheet()
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        self.learner.let_go()  # here, where the error holds nothing any more
        return no_memory_for_preview(self)

    def _sheet(self) -> Preview:
        src, dst = self.feed.src.cache, self.feed.dst.cache
        return preview_sheet(self.learner.average, src, dst, self.learner.average_compute, self.shown)

    @cached_property
    def shown(self) -> Chosen:
        """The faces that previews show. Raises FacesUnknown."""
        rows, names = self.options.preview_rows, self.options.preview_faces
        return chosen_faces(self.feed.src.cache, self.feed.dst.cache, rows=rows, names=names)

    def save(self, *, last: bool = False) -> None:
        """Save a checkpoint, unless this iteration is saved already or another process leads.

        Raises TrainingDiverged, DiskFull, FolderUnwritable.
        """
        if not self.made or self.saved_iteration == self.learner.iteration or not self.group.leads:
            return
        if self.tally.count:
            self._tell(self.tally.so_far())
        try:  # nothing broken is ever saved
            if self.tally.count:
                self.watch.require_sound(self._watched)
            require_sound_weights(self.learner.model.parameters())
        except TrainingDiverged:
            if self.group.size > 1 and not last:
                return  # all processes find it, and go back, together at the next measurement
            raise
        if self.group.size == 1:  # what no loss of this iteration shows: what norms have counted, and critics
            model, critics = self.learner.model.buffers(), self.learner.objective.tensors().values()
            require_sound_weights([*model, *critics])
        self.write()

    def _save_despite(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Save before an error ends the run, unless it broke off what changes the learner."""
        if error is None or isinstance(error, TrainingDiverged):
            return
        if isinstance(error, GeneratorExit | UnderstudyError):
            self.save()
        elif self.is_whole:
            try:
                self.save()
            except (RuntimeError, OSError, UnderstudyError) as unsaved:  # of two errors the first one tells why
                error.add_note(f"Nor could be saved what was learnt until then: {unsaved}")

    def write(self) -> None:
        """Write a checkpoint of now, which is sound. Raises DiskFull, FolderUnwritable."""
        learner = self.learner
        save_checkpoint(
            self.model_dir,
            Checkpoint(
                iteration=learner.iteration,
                model=learner.model.state_dict(),
                ema=learner.average.state_dict(),
                optimizer=learner.optimizer_tensors(),
                critics=learner.objective.tensors(),
                state=state_of(self),
            ),
        )
        self.saved_iteration = learner.iteration
