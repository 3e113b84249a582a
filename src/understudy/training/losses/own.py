"""Networks that are asked something else than the faces they paint: one entry a line.

A network names its entry in `FaceModel.own_losses`; the losses of `catalog.py` are then not asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from understudy.training.losses import avatar, recycle
from understudy.training.losses.case import Scene
from understudy.training.losses.terms import Terms


@dataclass(frozen=True)
class OwnLosses:
    """`ask` gives what an iteration costs, `teach` lets the critics learn after the model's own step."""

    ask: Callable[[Scene], Terms]
    teach: Callable[[Scene], None]


OWN_LOSSES: dict[str, OwnLosses] = {
    "avatar": OwnLosses(avatar.asked, avatar.taught),
    "recyclegan": OwnLosses(recycle.asked, recycle.taught),
}
