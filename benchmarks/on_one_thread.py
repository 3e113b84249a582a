"""Training as the product trains, step by step, with what each step cost this process on one thread.

Shared by the benchmarks of quality. Not here: checkpoints, previews, events.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from understudy.training.feeding.feed import Feed
from understudy.training.learner import Learner
from understudy.training.options import TrainOptions
from understudy.training.recipe.course import Course
from understudy.training.recipe.recipe import recipe_named
from understudy.training.steering.plan import planned


@dataclass(frozen=True)
class Spent:
    """What training has cost so far. `ended` when a plan is done."""

    processor_s: float
    wall_s: float
    ended: bool


def training(learner: Learner, feed: Feed, options: TrainOptions) -> Iterator[Spent]:
    """One iteration at a time, to the planned end or for ever. What the caller does between is not counted."""
    start = plan = planned(options, None)
    course = Course(recipe_named(options.recipe), options, plan)
    processor = wall = 0.0
    while not (plan.finished or course.ended):
        began, wall_began = time.process_time(), time.perf_counter()
        now = course.now(plan)
        src, dst = feed.lessons(
            learner.draws(),
            options=now.options,
            shown=learner.iteration * now.options.batch_size,
            openings=now.options.asks_openings,
        )
        learner.step(src, dst, now.options, speed=now.speed)
        processor += time.process_time() - began
        wall += time.perf_counter() - wall_began
        plan = start.after(seconds=processor, iterations=learner.iteration)
        course.advance(plan)
        yield Spent(processor, wall, plan.finished)
