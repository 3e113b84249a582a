"""Whether a model can do what every stage of a recipe asks of it, found before the first iteration.

Only shapes go through the network, nothing is calculated. Not here: the ranges of options (`recipe.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Generator

from understudy.errors import OptionInvalid, RecipeInvalid
from understudy.networks.catalog import build
from understudy.networks.face_model import FaceModel
from understudy.training.losses.objective import Objective
from understudy.training.losses.options import LossOptions
from understudy.training.machine.device import Compute
from understudy.training.machine.need import empty_lesson
from understudy.training.options import TrainOptions
from understudy.training.recipe.recipe import Recipe
from understudy.training.steering.freezing import frozen_parts

_META = torch.device("meta")
_ASKED = (*LossOptions.model_fields, "freeze", "freeze_until")


def require_possible(
    recipe: Recipe,
    base: TrainOptions,
    architecture: str,
    network: Mapping[str, Any] | None,
    *,
    iteration: int,
    base_too: bool = False,
) -> None:
    """Raise RecipeInvalid where a stage asks for parts that a network doesn't have, or for a loss that it can't
    be asked; what an embedder's weights raise goes through.

    `base` are the training's own options; what is theirs alone is not tried without `base_too`, since it counts
    from the first iteration on. `iteration` is the model's.
    """
    model, tried = None, [] if base_too else [_asked(base)]
    for number, stage in enumerate(recipe.stages, 1):
        for way in (0.0, 1.0):
            options = stage.options(base, way)
            if _asked(options) in tried:
                continue
            tried.append(_asked(options))
            model = model or build(architecture, network, device=_META)
            try:
                frozen_parts(model, options, iteration=iteration)
                _ask(model, options)
            except OptionInvalid as error:
                where = f"Recipe {recipe.name!r}, stage {number} ({stage.name})"
                raise RecipeInvalid(f"{where}: {error.message}") from None


def _asked(options: TrainOptions) -> list[Any]:
    held = options.hold_inter_ab and not options.random_warp  # how strongly faces are bent else asks nothing
    return [*(getattr(options, name) for name in _ASKED), held]


def _ask(model: FaceModel, options: TrainOptions) -> None:
    objective = Objective(model, seed=0, compute=Compute(_META, uses_bfloat16=False))
    lesson = empty_lesson(model, 2, _META)  # of one face nobody can say how it moves
    made = model.reconstruct(lesson.seen_BCHW, lesson.seen_BCHW, Generator())
    objective.ask(made, lesson, lesson, options, iteration=options.all_asked(0))
