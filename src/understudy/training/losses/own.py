"""Networks that are asked something else than the faces they paint: one entry a line.

A network names its entry in `FaceModel.own_losses`; the losses of `catalog.py` are then not asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from understudy.training.losses import avatar, recycle
from understudy.training.losses.case import Scene
from understudy.training.losses.options import LossOptions, set_of_losses
from understudy.training.losses.terms import Terms


@dataclass(frozen=True)
class OwnLosses:
    """`ask` gives what an iteration costs, `teach` lets the critics learn after the model's own step; `options`
    are those of LossOptions that either looks at; `resting` names the parts that nothing is asked of."""

    ask: Callable[[Scene], Terms]
    teach: Callable[[Scene], None]
    options: frozenset[str]
    resting: Callable[[LossOptions], frozenset[str]] = lambda _: frozenset()


OWN_LOSSES: dict[str, OwnLosses] = {
    "avatar": OwnLosses(
        avatar.asked, avatar.taught, frozenset({"avatar_stage", "critic_rate"}), avatar.resting
    ),
    "recyclegan": OwnLosses(recycle.asked, recycle.taught, frozenset({"critic_rate"})),
}


def unheard(name: str, options: LossOptions) -> tuple[str, ...]:
    """The options of losses that are set to something else than usual and do nothing for such a network; a set
    of losses stands for all that comes with it."""
    of_the_set = set_of_losses(options.losses)
    usual = {field: info.default for field, info in LossOptions.model_fields.items()} | of_the_set
    usual["losses"] = LossOptions.model_fields["losses"].default
    deaf = sorted(usual.keys() - OWN_LOSSES[name].options)
    return tuple(option for option in deaf if getattr(options, option) != usual[option])
