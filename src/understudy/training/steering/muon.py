"""Muon: momentum whose direction is made orthogonal, for the filters of convolutions.

Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024. Every filter bank is seen as a
matrix (out, in·k·k); all its directions learn at one speed, where Adam favours the few that the gradient is
full of. Other parameters go to AdamW.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

_MOMENTUM = 0.95
_ROUNDS = 4
# Quintic Newton-Schulz iteration that brings all singular values near 1, fastest from below.
_A, _B, _C = 3.4445, -4.7750, 2.0315
_LIKE_ADAM = 0.2  # makes steps as large as AdamW's at the same learning rate (Liu et al., 2025)


class Muon(torch.optim.Optimizer):
    """Steps for parameters of two or more dimensions. State per parameter: `momentum`."""

    def __init__(
        self, parameters: Iterable[nn.Parameter], *, lr: float = 1e-3, weight_decay: float = 0.01
    ) -> None:
        super().__init__(list(parameters), {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """One step of all parameters that have a gradient."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._step(parameter, group)

    def _step(self, parameter: Tensor, group: dict[str, Any]) -> None:
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        momentum = state["momentum"].lerp_(parameter.grad, 1 - _MOMENTUM)
        ahead = parameter.grad.lerp(momentum, _MOMENTUM)  # type: ignore[union-attr]
        direction = orthogonal(ahead.flatten(1))
        size = _LIKE_ADAM * max(direction.shape) ** 0.5
        parameter.mul_(1 - group["lr"] * group["weight_decay"])
        parameter.add_(direction.view(parameter.shape), alpha=-group["lr"] * size)


def orthogonal(matrix: Tensor) -> Tensor:
    """The matrix with singular values near 1 (about 0.7 to 1.2), by products alone."""
    # bfloat16 is exact enough: the result is a direction.
    x = matrix.bfloat16()
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / (x.norm() + 1e-7)
    for _ in range(_ROUNDS):
        gram = x @ x.T
        x = _A * x + (_B * gram + _C * gram @ gram) @ x
    return (x.T if tall else x).to(matrix.dtype)
