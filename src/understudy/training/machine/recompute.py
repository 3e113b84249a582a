"""Activation checkpointing: keep what goes into a block, and calculate its inside again for the gradients.

Chen et al., "Training deep nets with sublinear memory cost", arXiv 1604.06174, 2016.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Generator, Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm as BatchNorm
from torch.utils.checkpoint import checkpoint

from understudy.networks.architectures.custom.chance import Chance
from understudy.networks.face_model import FaceModel


def recompute(model: FaceModel) -> None:
    """Let every part of a model, and every block in it, forget its inside between forward and backward.

    Weights keep their names; results, gradients and running figures stay what they were.
    """
    parts = parts_of(model)
    for module in dict.fromkeys([*parts, *(block for part in parts for block in blocks_of(part))]):
        module.forward = _forgetting(module)


def parts_of(model: FaceModel) -> list[nn.Module]:
    """The parts that calculate something."""
    return [part for part in model.parts().values() if any(True for _ in part.parameters())]


def blocks_of(part: nn.Module) -> Iterator[nn.Module]:
    """The innermost modules that do more than one thing: a convolution with what follows it, for example."""
    for module in part.modules():
        children = list(module.children())
        plain_list = isinstance(module, nn.Sequential | nn.ModuleList)
        if children and not plain_list and not any(list(child.children()) for child in children):
            yield module


def _forgetting(module: nn.Module):
    forward = module.forward
    norms = [part for part in module.modules() if isinstance(part, BatchNorm)]

    @functools.wraps(forward)
    def forgetting(*inputs, **named):
        if not torch.is_grad_enabled():
            return forward(*inputs, **named)
        drawn = [value for value in (*inputs, *named.values()) if isinstance(value, Chance | Generator)]
        if drawn or norms:
            return _with_contexts(forward, drawn, norms, inputs, named)
        # What is random in a network draws from what it is given, not from torch's own generator.
        return checkpoint(forward, *inputs, use_reentrant=False, preserve_rng_state=False, **named)

    return forgetting


@torch.compiler.disable(recursive=False)  # what is compiled takes no contexts like ours
def _with_contexts(forward, drawn: Sequence[Chance | Generator], norms: Sequence[BatchNorm], inputs, named):
    def contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        return nullcontext(), _AsAtFirst(drawn, norms)

    return checkpoint(
        forward, *inputs, use_reentrant=False, preserve_rng_state=False, context_fn=contexts, **named
    )


class _AsAtFirst(AbstractContextManager[None]):
    """For the length of the block, which may come several times, chance stands where it stood when this was
    made, since what is calculated again is to draw the same; and norms count nothing twice."""

    def __init__(self, drawn: Sequence[Chance | Generator], norms: Sequence[BatchNorm]) -> None:
        self._drawn, self._first = drawn, [one.get_state() for one in drawn]
        self._norms = norms

    def __enter__(self) -> None:
        self._later = [one.get_state() for one in self._drawn]
        self._counted = [dict(norm.named_buffers()) for norm in self._norms]
        self._stand(self._first)
        # Stand-ins, since without running figures a norm would keep fewer tensors than at first.
        self._count([{name: kept.clone() for name, kept in one.items()} for one in self._counted])

    def __exit__(self, *_: object) -> None:
        self._stand(self._later)
        self._count(self._counted)

    def _stand(self, states: Sequence[Tensor]) -> None:
        for one, state in zip(self._drawn, states, strict=True):
            one.set_state(state)

    def _count(self, figures: Sequence[Mapping[str, Tensor]]) -> None:
        for norm, own in zip(self._norms, figures, strict=True):
            for name, kept in own.items():
                setattr(norm, name, kept)
