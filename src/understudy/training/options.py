"""All options of training, each declared in its room. What a preset stands for is in `presets.py`."""

from __future__ import annotations

from understudy.training.feeding.options import FeedOptions
from understudy.training.keeping.options import KeepOptions
from understudy.training.losses.options import LossOptions
from understudy.training.machine.options import MachineOptions
from understudy.training.recipe.options import RecipeOptions
from understudy.training.steering.options import SteerOptions
from understudy.training.viewing.options import ViewOptions


class TrainOptions(
    RecipeOptions, MachineOptions, ViewOptions, KeepOptions, LossOptions, FeedOptions, SteerOptions
):
    """How long a model learns, from what variations of the faces, and what it writes meanwhile."""

    def all_asked(self, iteration: int) -> int:
        """The next iteration, from this one on, in which every loss is asked: also those that are asked now and
        then, or of older models alone."""
        latest = max(iteration, self.follow_after if self.follow_weight else 0)
        return latest + -latest % self.feature_every
