"""Muon: momentum whose direction is made orthogonal, for the filters of convolutions.

Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024. Every filter bank is seen as a
matrix (out, in·k·k); all its directions learn at one speed, where Adam favours the few that the gradient is
full of. Other parameters go to AdamW.
"""

# pyright: reportPrivateImportUsage=false
# The functions over whole lists are not exported by name, but documented and what PyTorch's own optimisers use.
from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from understudy.training.machine.device import bfloat16_gain, has_bfloat16

_MOMENTUM = 0.95
_ROUNDS = 4
# Quintic Newton-Schulz iteration that brings all singular values near 1, fastest from below.
_A, _B, _C = 3.4445, -4.7750, 2.0315
_LONG = 2.0  # from such a side on, times the other, products of the short side alone are fewer
_SHORTER = (
    2.5  # times fewer products in the way that float32 can take, for filter banks of nine times their width
)
_LIKE_ADAM = 0.2  # makes steps as large as AdamW's at the same learning rate (Liu et al., 2025)


class Muon(torch.optim.Optimizer):
    """Steps for parameters of two or more dimensions. State per parameter: `momentum`."""

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        *,
        lr: float = 1e-3,
        momentum: float = _MOMENTUM,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(list(parameters), {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self._kinds: dict[torch.device, torch.dtype] = {}

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """One step of all parameters that have a gradient; filter banks of one shape are turned together."""
        for group in self.param_groups:
            moving = [p for p in group["params"] if p.grad is not None]
            if moving:
                self._step(moving, group)

    def _step(self, moving: list[Tensor], group: dict[str, Any]) -> None:
        gradients = [p.grad for p in moving if p.grad is not None]
        kept = [self._kept(p) for p in moving]
        torch._foreach_lerp_(kept, gradients, 1 - group["momentum"])
        ahead = torch._foreach_lerp(gradients, kept, group["momentum"])
        torch._foreach_mul_(moving, 1 - group["lr"] * group["weight_decay"])
        alike: dict[torch.Size, list[int]] = defaultdict(list)
        matrices = [_matrix(direction) for direction in ahead]
        for number, matrix in enumerate(matrices):
            alike[matrix.shape].append(number)
        for shape, numbers in alike.items():
            stacked = torch.stack([matrices[number] for number in numbers])
            turned = orthogonal(stacked, self._kind(stacked.device)).unbind()
            banks = [moving[number] for number in numbers]
            directions = [_bank(matrix, bank.shape) for matrix, bank in zip(turned, banks, strict=True)]
            torch._foreach_add_(banks, directions, alpha=-group["lr"] * _LIKE_ADAM * max(shape) ** 0.5)

    def _kind(self, device: torch.device) -> torch.dtype:
        # bfloat16 is exact enough for a direction. But it can't take float32's shorter way, which is quicker
        # on processors that don't multiply several times as fast in it.
        if device not in self._kinds:
            short = bfloat16_gain() > _SHORTER if device.type == "cpu" else has_bfloat16(device)
            self._kinds[device] = torch.bfloat16 if short else torch.float32
        return self._kinds[device]

    def _kept(self, parameter: Tensor) -> Tensor:
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        return state["momentum"]


def _matrix(bank: Tensor) -> Tensor:
    """A filter bank (out, in, …) as a matrix (out, …·in): the order in which channels_last has it in memory, so
    that nothing need be moved there."""
    return bank.movedim(1, -1).flatten(1)


def _bank(matrix: Tensor, shape: torch.Size) -> Tensor:
    """A matrix of `_matrix` as the filter bank of that shape."""
    return matrix.view(shape[0], *shape[2:], shape[1]).movedim(-1, 1)


def orthogonal(matrices: Tensor, kind: torch.dtype = torch.bfloat16) -> Tensor:
    """Matrices (N, m, n) with singular values near 1 (about 0.7 to 1.2), by products alone, of numbers of that
    kind, for all N at once, because small products cost a GPU no more than their launch."""
    x = matrices.to(kind)
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    # Squares of singular values take twice the digits, which short numbers don't have.
    if kind == torch.float32 and x.shape[-1] > _LONG * x.shape[-2]:
        x = _turn_of(x @ x.mT) @ x
    else:
        for _ in range(_ROUNDS):
            gram = x @ x.mT
            x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=_B, alpha=_C), x, beta=_A)
    return (x.mT if tall else x).to(matrices.dtype, memory_format=torch.contiguous_format)


def _turn_of(gram: Tensor) -> Tensor:
    """What all rounds together multiply matrices (N, m, n) by, of their `gram` (N, m, m).

    A round multiplies by a polynomial of the Gram matrix, and its own Gram matrix by that twice, so the long
    side n need be seen only before and after: 2 m²n + 13 m³ products instead of 8 m²n + 4 m³.
    """
    turn = factor = _factor(gram)
    for _ in range(_ROUNDS - 1):
        gram = gram @ factor @ factor
        factor = _factor(gram)
        turn = turn @ factor
    return turn


def _factor(gram: Tensor) -> Tensor:
    """What one round multiplies by: A + B gram + C gram²."""
    factor = torch.baddbmm(gram, gram, gram, beta=_B, alpha=_C)
    factor.diagonal(dim1=-2, dim2=-1).add_(_A)
    return factor
