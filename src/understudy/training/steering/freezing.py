"""Which parts of a model hold still: a part that was taken from another model, or LIAE's common bottleneck.

A frozen weight gets no gradient, so that no optimiser moves it or forgets what it knew of it, and a frozen
batch norm counts no faces.
"""

from __future__ import annotations

from collections.abc import Set

from torch import nn

from understudy.errors import OptionInvalid
from understudy.networks.face_model import FaceModel
from understudy.options import meant
from understudy.training.losses.own import OWN_LOSSES
from understudy.training.options import TrainOptions

_COMMON = "inter_ab"


def frozen_parts(model: FaceModel, options: TrainOptions, *, iteration: int) -> frozenset[str]:
    """The names of the parts that hold still in an iteration.

    A name means every part that begins with it: decoder is decoder_src and decoder_dst. Raises OptionInvalid
    for a part the model doesn't have, and where nothing would be left to learn.
    """
    parts = list(model.parts())
    frozen: set[str] = set()
    if options.freeze_until is None or iteration < options.freeze_until:
        for word in options.freeze.replace(",", " ").split():
            chosen = [part for part in parts if part == word or part.startswith(f"{word}_")]
            if not chosen:
                known = f"it has {', '.join(parts)}.{meant(word, parts)}"
                raise OptionInvalid(f"This model has no part {word!r} to freeze; {known}")
            frozen.update(chosen)
    if options.hold_inter_ab and not options.random_warp and _COMMON in parts:
        frozen.add(_COMMON)
    _require_something_to_learn(model, frozen, options)
    return frozenset(frozen)


def _require_something_to_learn(model: FaceModel, frozen: Set[str], options: TrainOptions) -> None:
    left = [name for name in model.parts() if name not in frozen]
    if not left:
        raise OptionInvalid("Every part of this model is frozen, so nothing is left to learn.")
    own = OWN_LOSSES.get(model.own_losses)
    resting = model.random_parts | (own.resting(options) if own else frozenset())
    if frozen and resting.issuperset(left):
        raise OptionInvalid(
            f"Every other part of this model is frozen, and {', '.join(left)} can't learn with the options as "
            "they are, so nothing is left to learn. Freeze less."
        )


def hold_still(model: FaceModel, frozen: frozenset[str]) -> None:
    """Let the weights of these parts have no gradients, and all others have them but those that never learn.

    Their batch norms count nothing either, and see faces by what they have counted, as where they paint.
    """
    for name, part in model.parts().items():
        part.requires_grad_(name not in frozen and name not in model.random_parts)
        for module in part.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.train(name not in frozen)
