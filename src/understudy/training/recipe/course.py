"""Where in its recipe a training is: which stage, with which options, at which share of the learning rate.

A course is told of every measured loss and of every iteration that is done; all it remembers goes through the
checkpoint, so that an interrupted training goes on in the middle of a stage as if nothing had happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from understudy.errors import RecipeInvalid
from understudy.training.feeding.options import FeedOptions
from understudy.training.losses.options import LossOptions
from understudy.training.options import TrainOptions
from understudy.training.recipe.recipe import Recipe, Stage
from understudy.training.steering.plan import Plan
from understudy.training.steering.plateau import Plateau
from understudy.training.steering.schedule import cooling, settling_speed, speed_at

# Where one of these changes, losses from before it say nothing of those after it.
SHAPES_LOSSES = (*LossOptions.model_fields, *FeedOptions.model_fields)


@dataclass(frozen=True)
class Now:
    """What holds for one iteration. `options` are the training's own as the stage changes them; `speed` is the
    share of their learning rate; `measured_every` is how often a plateau has to be told the loss, None where
    none decides anything."""

    options: TrainOptions
    speed: float
    stage: str
    measured_every: int | None = None


class Course:
    """One training's way through a recipe. `options` are those it was started with."""

    def __init__(self, recipe: Recipe, options: TrainOptions, plan: Plan) -> None:
        """Raises RecipeInvalid where a stage would take the options out of their range."""
        recipe.require_fit(options)
        self.recipe, self.options = recipe, options
        self.number = 0  # of the stage, from 0
        self.drops = 0  # plateaus that halved the rate
        self.ended = False  # the last stage has reached an end of its own
        self.notices: list[str] = []  # sentences for people, to be taken and shown
        self._begin_stage(0, plan)

    @property
    def stage(self) -> Stage:
        """The present stage."""
        return self.recipe.stages[self.number]

    @property
    def title(self) -> str:
        """The stage for people, like "straighten, 2 of 3"; empty where there is but one."""
        count = len(self.recipe.stages)
        return f"{self.stage.name}, {self.number + 1} of {count}" if count > 1 else ""

    def change(self, options: TrainOptions) -> None:
        """Go on with other options, as stages change them. Raises RecipeInvalid."""
        self.recipe.require_fit(options)
        others = any(getattr(options, name) != getattr(self.options, name) for name in SHAPES_LOSSES)
        self.options = options
        self._plateau = self._asking_now().again() if others else self._asking_now()

    def _asking_now(self) -> Plateau:
        """The test for a flat loss as the present stage's options have it."""
        options = self.stage.options(self.options, 0.0)
        return self._plateau.asking(options.plateau_iterations, options.plateau_fall)

    def now(self, plan: Plan) -> Now:
        """What holds for the next iteration."""
        options = self.stage.options(self.options, self.way(plan))
        flat_counts = plan.settled is None and (self.stage.plateau or options.schedule == "plateau")
        every = self._plateau.wants_every if flat_counts else None
        return Now(options, self._speed(plan, options), self.stage.name, every)

    def way(self, plan: Plan) -> float:
        """How much of the present stage is done, 0..1; 0 where its end is not known."""
        if plan.settled is not None and self._settles_from_way is not None:
            return self._settles_from_way + (1 - self._settles_from_way) * plan.settled
        ways = [0.0]
        if self.stage.iterations is not None and plan.settled is None:
            ways.append((plan.done_iterations - self._from_iteration) / self.stage.iterations)
        done, end = _done(plan), self._until_share
        if done is not None and end is not None:
            ways.append((done - self._from_share) / max(1e-9, end - self._from_share))
        return min(1.0, max(ways))

    def _speed(self, plan: Plan, options: TrainOptions) -> float:
        if plan.settled is not None:
            return plan.settles_speed * cooling(plan.settled, last=options.last_rate_share)
        speed = speed_at(options, share=plan.share, iterations=plan.done_iterations, drops=self.drops)
        return plan.top_speed * speed

    def measured(self, iteration: int, loss: float) -> None:
        """Take note of a loss, the mean since the last one."""
        self._plateau.add(iteration, loss)

    def advance(self, plan: Plan) -> bool:
        """After an iteration: go to the next stage where this one is over. True where that happened."""
        flat = self._plateau.reached
        if not self._over(plan, flat=flat):
            if flat:  # counts for the rate, and starts a new window
                self.drops += 1
                self._plateau = self._plateau.again()
            return False
        if self.number + 1 == len(self.recipe.stages):
            self.ended = True
            return False
        self._begin_stage(self.number + 1, plan)
        return True

    def _over(self, plan: Plan, *, flat: bool) -> bool:
        if plan.settled is not None:
            return False  # the last stage lasts until the end of the settling
        stage, inside = self.stage, plan.done_iterations - self._from_iteration
        if stage.iterations is not None and inside >= stage.iterations:
            return True
        if stage.plateau and flat and inside >= stage.at_least:
            return True
        is_last = self.number + 1 == len(self.recipe.stages)
        done, end = _done(plan), self._until_share
        return not is_last and done is not None and end is not None and done >= end

    def finish(self, plan: Plan, iterations: int) -> Plan:
        """The plan that settles from now on for so many iterations, in the recipe's last stage."""
        speed = settling_speed(self.now(plan).options, share=plan.share, drops=self.drops)
        settling = plan.finishing(iterations, speed=plan.top_speed * speed)
        self._settle(plan, settling)
        return settling

    def _settle(self, before: Plan, settling: Plan) -> None:
        """Stand in the last stage until the end of the settling. Where it had begun by the plan of `before`,
        what it changes little by little goes on from there."""
        last = len(self.recipe.stages) - 1
        way = self.way(before) if self.number == last else 0.0
        self._begin_stage(last, settling)
        self._settles_from_way = way

    def _begin_stage(self, number: int, plan: Plan) -> None:
        self.number = number
        self._settles_from_way: float | None = None  # of the last stage, where the settling began
        options = self.stage.options(self.options, 0.0)
        self._plateau = Plateau(options.plateau_iterations, options.plateau_fall)
        self._from_iteration = plan.done_iterations
        self._from_share = _done(plan) or 0.0
        self._until_share = self._end_share()

    def _end_share(self) -> float | None:
        """Where the present stage ends: what is left of the plan, divided among it and those that follow. What
        all shares leave is for stages without one, evenly."""
        stages = self.recipe.stages
        if self.number + 1 == len(stages):
            return 1.0
        if not self.stage.share:
            return None
        without = sum(stage.share is None for stage in stages)
        rest = max(0.0, 1 - sum(stage.share or 0.0 for stage in stages)) / max(1, without)
        weights = [rest if stage.share is None else stage.share for stage in stages[self.number :]]
        return self._from_share + (1 - self._from_share) * weights[0] / sum(weights)

    def _is_saved(self, value: Mapping[str, Any]) -> bool:
        """Whether a checkpoint's recipe is this one. What can't be read any more is not, and is told."""
        try:
            if (saved := Recipe.from_json(value)) == self.recipe:
                return True
        except RecipeInvalid as error:
            self.notices.append(
                f"The recipe in the checkpoint is of another version ({error.message.rstrip('.')}), so its "
                f"stages begin anew with {self.recipe.stages[0].name!r}."
            )
            return False
        if saved.name == self.recipe.name:
            told = f"The recipe {saved.name!r} is another than before, so its stages begin anew."
        else:
            told = (
                f"The training before followed the recipe {saved.called!r}; this one follows "
                f"{self.recipe.called!r} from its first stage. To go on with the other, stop and say it with "
                "--recipe."
            )
        self.notices.append(told)
        return False

    def take_notices(self) -> list[str]:
        """What people should know since the last call."""
        notices, self.notices = self.notices, []
        return notices

    def as_json(self) -> dict[str, Any]:
        """Plain values for the checkpoint."""
        return {
            "recipe": self.recipe.as_json(),
            "stage": self.number,
            "drops": self.drops,
            "from_iteration": self._from_iteration,
            "from_share": self._from_share,
            "until_share": self._until_share,
            "settles_from_way": self._settles_from_way,
            "plateau": self._plateau.as_json(),
        }

    def resume(self, value: Mapping[str, Any], plan: Plan) -> Self:
        """Go on from what `as_json` gave; from the beginning where it is empty or of another recipe.

        A `plan` that settles stands in the last stage whatever was saved.
        """
        self.drops, self.ended = 0, False
        self._begin_stage(0, plan)
        if value and self._is_saved(value["recipe"]):
            self.number, self.drops = int(value["stage"]), int(value["drops"])
            self._from_iteration = int(value["from_iteration"])
            self._from_share, self._until_share = value["from_share"], value["until_share"]
            self._plateau = Plateau.from_json(value["plateau"])
            self._plateau = self._asking_now()
            self._settles_from_way = value.get("settles_from_way")
        if plan.settled is not None and self._settles_from_way is None:
            self._settle(replace(plan, settles_from=None), plan)
        return self


def recipe_followed(value: Mapping[str, Any]) -> Recipe | None:
    """The recipe of a course that `as_json` gave; None where there is none that this version can read."""
    try:
        return Recipe.from_json(value["recipe"]) if value else None
    except RecipeInvalid:
        return None


def _done(plan: Plan) -> float | None:
    """How much of what is planned is done, 0..1; of the settling where that was asked for."""
    return plan.share if plan.settled is None else plan.settled
