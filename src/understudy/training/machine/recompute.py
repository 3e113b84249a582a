"""Activation checkpointing: keep what goes into a block, and calculate its inside again for the gradients.

Chen et al., "Training deep nets with sublinear memory cost", arXiv 1604.06174, 2016.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from understudy.networks.face_model import FaceModel


def recompute(model: FaceModel) -> None:
    """Let every part of a model, and every block in it, forget its inside between forward and backward.

    Weights keep their names; results and gradients stay what they were.
    """
    parts = parts_of(model)
    for module in dict.fromkeys([*parts, *(block for part in parts for block in blocks_of(part))]):
        module.forward = _forgetting(module.forward)


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


def _forgetting(forward):
    @functools.wraps(forward)
    def forgetting(*inputs, **named):
        if not torch.is_grad_enabled():
            return forward(*inputs, **named)
        # What is random in a network draws from a generator that it is given, not from torch's own.
        return checkpoint(forward, *inputs, use_reentrant=False, preserve_rng_state=False, **named)

    return forgetting
