"""AdaBelief as the field trains with it: steps as large as the gradient was expected, without bias correction.

Zhuang et al., "AdaBelief optimizer: adapting stepsizes by the belief in observed gradients", NeurIPS 2020, in
the form that DeepFaceLab has used since 2020: the spread is measured around the new mean, and neither moment is
corrected for its start at zero, which makes the first steps large.
"""

# pyright: reportPrivateImportUsage=false
# The functions over whole lists are not exported by name, but documented and what PyTorch's own optimisers use.
from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn


class AdaBelief(torch.optim.Optimizer):
    """Steps of lr·mean / (√spread + eps). State per parameter: `mean` and `spread`."""

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        *,
        lr: float = 5e-5,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(list(parameters), {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """One step of all parameters that have a gradient, whole lists of them at a time."""
        for group in self.param_groups:
            moving: list[Tensor] = [p for p in group["params"] if p.grad is not None]
            if not moving:
                continue
            gradients = [p.grad for p in moving if p.grad is not None]
            means, spreads = ([self._kept(p, kind) for p in moving] for kind in ("mean", "spread"))
            mean_decay, spread_decay = group["betas"]
            torch._foreach_lerp_(means, gradients, 1 - mean_decay)
            surprise = torch._foreach_sub(gradients, means)
            torch._foreach_mul_(spreads, spread_decay)
            torch._foreach_addcmul_(spreads, surprise, surprise, 1 - spread_decay)
            scales = torch._foreach_sqrt(spreads)
            torch._foreach_add_(scales, group["eps"])
            if group["weight_decay"]:
                torch._foreach_mul_(moving, 1 - group["lr"] * group["weight_decay"])
            torch._foreach_addcdiv_(moving, means, scales, -group["lr"])

    def _kept(self, parameter: Tensor, kind: str) -> Tensor:
        state = self.state[parameter]
        if kind not in state:
            state[kind] = torch.zeros_like(parameter)
        return state[kind]
