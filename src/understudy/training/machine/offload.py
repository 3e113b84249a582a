"""What an optimiser remembers, kept elsewhere and fetched for one weight at a time.

Rajbhandari et al., "ZeRO: memory optimizations toward training trillion parameter models", SC 2020, move it
likewise; here nothing else is moved, so a step gives the same weights wherever its memory lies.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

HOME = torch.device("cpu")


def step_one_by_one(optimizer: Optimizer) -> None:
    """One step of all weights that have a gradient; what the optimiser remembers of them ends at HOME."""
    groups = [(group, group["params"]) for group in optimizer.param_groups]
    try:
        for group, _ in groups:
            group["params"] = []
        for group, parameters in groups:
            for parameter in parameters:
                if parameter.grad is not None:
                    group["params"] = [parameter]
                    _step_one(optimizer, parameter)
            group["params"] = []
    finally:
        for group, parameters in groups:
            group["params"] = parameters


def _step_one(optimizer: Optimizer, parameter: Tensor) -> None:
    state = optimizer.state[parameter]
    state.update(moved(state, parameter.device))
    optimizer.step()
    state.update(moved(state, HOME))


def moved(state: dict[str, Any], device: torch.device) -> dict[str, Any]:
    """What is remembered of one weight, on another device."""
    return {kind: value.to(device) if isinstance(value, Tensor) else value for kind, value in state.items()}
