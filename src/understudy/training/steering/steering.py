"""How a model's weights move: the optimisers, their rate, and the limit on a gradient.

Not here: where gradients come from (`losses`), how the rate changes over time (`plan.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from understudy.training.machine.device import Compute
from understudy.training.steering.muon import Muon
from understudy.training.steering.options import SteerOptions

_BETAS = (0.9, 0.99)
_WEIGHT_DECAY = 0.01
_MOST_GRADIENT = 1.0
_THIN = 16  # filters with so few channels in or out look at or paint pixels; Muon is for those between
_ADAMW_STATE = ("step", "exp_avg", "exp_avg_sq")
_MUON_STATE = ("momentum",)


class Steering:
    """The optimisers of one model."""

    def __init__(self, model: nn.Module, options: SteerOptions, compute: Compute) -> None:
        self.model = model
        self.optimizers = _optimizers(model, options.optimizer, compute)

    def step(self, options: SteerOptions, *, speed: float) -> None:
        """Move the weights along their gradients. `speed` is the share of the learning rate to use."""
        for group in (group for optimizer in self.optimizers for group in optimizer.param_groups):
            group["lr"] = options.learning_rate * speed
        nn.utils.clip_grad_norm_(self.model.parameters(), _MOST_GRADIENT)
        for optimizer in self.optimizers:
            optimizer.step()

    def tensors(self) -> dict[str, Tensor]:
        """The optimisers' moments by parameter name."""
        return {
            f"{name}:{kind}": value
            for stepper, name, parameter in self._steered()
            for kind, value in stepper.state[parameter].items()
        }

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from `tensors`. Moments that another optimiser left are passed over."""
        for stepper, name, parameter in self._steered():
            kinds = _MUON_STATE if isinstance(stepper, Muon) else _ADAMW_STATE
            found = {kind: tensors[f"{name}:{kind}"] for kind in kinds if f"{name}:{kind}" in tensors}
            if len(found) == len(kinds):
                stepper.state[parameter] = {kind: _beside(value, parameter) for kind, value in found.items()}

    def _steered(self) -> Iterator[tuple[torch.optim.Optimizer, str, nn.Parameter]]:
        """Every parameter with its name and the optimiser that moves it."""
        names = {parameter: name for name, parameter in self.model.named_parameters()}
        for stepper in self.optimizers:
            for group in stepper.param_groups:
                for parameter in group["params"]:
                    yield stepper, names[parameter], parameter


def _optimizers(model: nn.Module, name: str, compute: Compute) -> list[torch.optim.Optimizer]:
    """AdamW for all, or Muon for the filters inside the network and AdamW for the rest."""
    filters = {name: p for name, p in model.named_parameters() if p.ndim == 4 and min(p.shape[:2]) > _THIN}
    chosen = filters if name == "muon" else {}
    rest = [p for name, p in model.named_parameters() if name not in chosen]
    fused = compute.device.type in ("cpu", "cuda", "xpu", "mps")
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(rest, betas=_BETAS, weight_decay=_WEIGHT_DECAY, fused=fused)
    ]
    if chosen:
        optimizers.append(Muon(chosen.values(), weight_decay=_WEIGHT_DECAY))
    return optimizers


def _beside(value: Tensor, parameter: Tensor) -> Tensor:
    """A piece of the optimiser's state where and how its parameter lies in memory: fused steps go through both
    in storage order, so a moment laid out otherwise would be applied to other weights."""
    if value.shape != parameter.shape:  # the counter of steps
        return value.to(parameter.device)
    return torch.empty_like(parameter, requires_grad=False).copy_(value)
