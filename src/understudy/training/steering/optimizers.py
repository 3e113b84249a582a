"""Every optimiser a model can learn with, one entry a line: how it is made, and what it remembers of a weight.

Not here: the rate and what else happens around a step (`steering.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.optim import Adam, AdamW, Optimizer, RMSprop

from understudy.training.steering.adabelief import AdaBelief
from understudy.training.steering.muon import Muon
from understudy.training.steering.options import SteerOptions

Parameters = Sequence[nn.Parameter]
_FUSED_ON = ("cpu", "cuda", "xpu", "mps")
_THIN = 16  # filters with so few channels in or out look at or paint pixels; Muon is for those between


@dataclass(frozen=True)
class Settings:
    """What an optimiser is made with unless the options say otherwise."""

    betas: tuple[float, float]  # decay of the mean gradient and of its square
    epsilon: float
    weight_decay: float = 0.0


@dataclass(frozen=True)
class OptimizerKind:
    """One way to find steps. `kept` names its state per parameter as checkpoints hold it."""

    make: Callable[[Parameters, Settings, bool], Optimizer]
    settings: Settings
    kept: tuple[str, ...]
    source: str  # the paper or program
    filters_only: bool = False  # takes the filters of convolutions; AdamW takes the rest


def _adam(parameters: Parameters, use: Settings, fused: bool) -> Optimizer:
    return Adam(
        parameters, betas=use.betas, eps=use.epsilon, weight_decay=use.weight_decay, fused=fused or None
    )


def _adamw(parameters: Parameters, use: Settings, fused: bool) -> Optimizer:
    return AdamW(
        parameters, betas=use.betas, eps=use.epsilon, weight_decay=use.weight_decay, fused=fused or None
    )


def _rmsprop(parameters: Parameters, use: Settings, fused: bool) -> Optimizer:
    return RMSprop(parameters, alpha=use.betas[1], eps=use.epsilon, weight_decay=use.weight_decay, foreach=True)


def _adabelief(parameters: Parameters, use: Settings, fused: bool) -> Optimizer:
    return AdaBelief(parameters, betas=use.betas, eps=use.epsilon, weight_decay=use.weight_decay)


def _muon(parameters: Parameters, use: Settings, fused: bool) -> Optimizer:
    return Muon(parameters, momentum=use.betas[0], weight_decay=use.weight_decay)


_ADAM_KEEPS = ("step", "exp_avg", "exp_avg_sq")
# Adam's and AdamW's second decay is 0.99 instead of 0.999: it forgets the first wild gradients sooner.
OPTIMIZERS: dict[str, OptimizerKind] = {
    "adam": OptimizerKind(_adam, Settings((0.9, 0.99), 1e-8), _ADAM_KEEPS, "Kingma and Ba, 2015"),
    "adamw": OptimizerKind(
        _adamw, Settings((0.9, 0.99), 1e-8, 0.01), _ADAM_KEEPS, "Loshchilov and Hutter, 2019"
    ),
    "rmsprop": OptimizerKind(
        _rmsprop, Settings((0.0, 0.9), 1e-6), ("step", "square_avg"), "Tieleman and Hinton, 2012; DeepFaceLab"
    ),
    "adabelief": OptimizerKind(
        _adabelief, Settings((0.9, 0.999), 1e-6), ("mean", "spread"), "Zhuang et al., 2020; DeepFaceLab"
    ),
    "muon": OptimizerKind(
        _muon, Settings((0.95, 0.0), 0.0, 0.01), ("momentum",), "Jordan et al., 2024", filters_only=True
    ),
}


def optimizers_for(
    model: nn.Module, options: SteerOptions, device: torch.device
) -> list[tuple[Optimizer, OptimizerKind]]:
    """The optimisers that together move all weights of `model`, each with its kind.

    Steps are fused into one pass over memory where PyTorch has that.
    """
    kind = OPTIMIZERS[options.optimizer]
    fused = device.type in _FUSED_ON
    if not kind.filters_only:
        return [(kind.make(list(model.parameters()), _settings(kind, options), fused), kind)]
    rest = OPTIMIZERS["adamw"]
    filters = [p for p in model.parameters() if _is_filter(p)]
    others = [p for p in model.parameters() if not _is_filter(p)]
    shared = [(others, rest), (filters, kind)]
    return [(k.make(chosen, _settings(k, options), fused), k) for chosen, k in shared if chosen]


def _is_filter(parameter: nn.Parameter) -> bool:
    return parameter.ndim == 4 and min(parameter.shape[:2]) > _THIN


def _settings(kind: OptimizerKind, options: SteerOptions) -> Settings:
    """An optimiser's own settings with what the options say instead."""
    own = kind.settings
    return Settings(
        betas=(
            own.betas[0] if options.beta1 is None else options.beta1,
            own.betas[1] if options.beta2 is None else options.beta2,
        ),
        epsilon=own.epsilon if options.epsilon is None else options.epsilon,
        weight_decay=own.weight_decay if options.weight_decay is None else options.weight_decay,
    )
