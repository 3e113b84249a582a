"""Everything that is asked of a model in one iteration, term by term, and the critics that ask some of it.

Each term lies in its own file; here they are weighted and added. Not here: what follows from them (`steering`).
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from understudy.networks.face_model import FaceModel, Reconstruction
from understudy.training.feeding.augment import Lesson
from understudy.training.losses.options import LossOptions
from understudy.training.losses.reconstruction import lesson_terms
from understudy.training.losses.terms import Terms
from understudy.training.machine.device import Compute


class Objective:
    """The losses of one model. Has networks of its own where a loss is judged by one (critics).

    Options are handed in at every iteration: a recipe may change them on the way.
    """

    def __init__(self, model: FaceModel, *, seed: int, compute: Compute) -> None:
        self.model, self.seed, self.compute = model, seed, compute

    def ask(
        self, made: Reconstruction, src: Lesson, dst: Lesson, options: LossOptions, *, iteration: int
    ) -> Terms:
        """The terms of one iteration, with gradients towards the model alone."""
        goals = (self.model.goal(src.goal_BCHW, "src"), self.model.goal(dst.goal_BCHW, "dst"))
        pairs = ((made.src, src.painting(goals[0])), (made.dst, dst.painting(goals[1])))
        return Terms(*(lesson_terms(*pair, options) for pair in pairs))

    def learn(self, made: Reconstruction, src: Lesson, dst: Lesson, options: LossOptions) -> None:
        """Let the critics learn from what the model painted; called after the model's own step."""

    def tensors(self) -> dict[str, Tensor]:
        """What the critics know, for a checkpoint; empty without any."""
        return {}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from a checkpoint's `tensors`; critics that are new start anew."""
