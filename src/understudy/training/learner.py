"""The state that training changes: weights, their running average, the optimiser and the source of randomness.

One step at a time; knows nothing of files or time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from understudy.networks.catalog import build
from understudy.networks.face_model import FaceModel
from understudy.training.augment import Lesson
from understudy.training.device import Compute
from understudy.training.losses import lesson_loss
from understudy.training.muon import Muon
from understudy.training.options import TrainOptions

_BETAS = (0.9, 0.99)
_WEIGHT_DECAY = 0.01
_MOST_GRADIENT = 1.0
_THIN = 16  # filters with so few channels in or out look at or paint pixels; Muon is for those between
_GENERATOR_KEY = "generator"
_ADAMW_STATE = ("step", "exp_avg", "exp_avg_sq")
_MUON_STATE = ("momentum",)


class Learner:
    """A model that learns. `generator` is the only randomness; it lives on the CPU."""

    def __init__(self, architecture: str, *, optimizer: str = "adamw", seed: int, compute: Compute) -> None:
        self.compute, self.seed = compute, seed
        self.model: FaceModel = build(architecture, seed=seed, device=compute.device)
        self.average: FaceModel = (
            build(architecture, seed=seed, device=compute.device).eval().requires_grad_(False)
        )
        self.generator = torch.Generator().manual_seed(seed)
        self.optimizers = _optimizers(self.model, optimizer, compute)
        self.iteration = 0

    def step(self, src: Lesson, dst: Lesson, options: TrainOptions, *, speed: float) -> Tensor:
        """Learn from one batch of each performer; returns (2,) losses of src and dst, still on the device.

        `speed` is the share of the learning rate to use.
        """
        for group in (group for optimizer in self.optimizers for group in optimizer.param_groups):
            group["lr"] = options.learning_rate * speed
        with self.compute.autocast():
            painted_src, painted_dst = self.model.reconstruct(src.seen_BCHW, dst.seen_BCHW)
        pairs = ((painted_src, src), (painted_dst, dst))
        losses = torch.stack([lesson_loss(*pair, feature_weight=options.eyes_mouth) for pair in pairs])
        self.model.zero_grad(set_to_none=True)
        losses.sum().backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), _MOST_GRADIENT)
        for optimizer in self.optimizers:
            optimizer.step()
        self.iteration += 1
        self._follow(options.ema_decay)
        return losses.detach()

    @torch.no_grad()
    def _follow(self, decay: float) -> None:
        # Young averages must not remember the random weights they started from.
        decay = min(decay, (1 + self.iteration) / (10 + self.iteration))
        average = get_ema_multi_avg_fn(decay)
        average(list(self.average.parameters()), list(self.model.parameters()), self.iteration)

    def optimizer_tensors(self) -> dict[str, Tensor]:
        """The optimiser's moments by parameter name, and the generator's state."""
        tensors = {_GENERATOR_KEY: self.generator.get_state()}
        for stepper, name, parameter in self._steered():
            for kind, value in stepper.state[parameter].items():
                tensors[f"{name}:{kind}"] = value
        return tensors

    def _steered(self) -> Iterator[tuple[torch.optim.Optimizer, str, nn.Parameter]]:
        """Every parameter with its name and the optimiser that moves it."""
        names = {parameter: name for name, parameter in self.model.named_parameters()}
        for stepper in self.optimizers:
            for group in stepper.param_groups:
                for parameter in group["params"]:
                    yield stepper, names[parameter], parameter

    def load(
        self,
        *,
        iteration: int,
        model: Mapping[str, Tensor],
        ema: Mapping[str, Tensor],
        optimizer: Mapping[str, Tensor],
    ) -> None:
        """Go on from saved state. Without an optimiser's state its moments and the randomness start anew.

        Raises ValueError where the tensors are of another network.
        """
        try:
            self.model.load_state_dict(dict(model))
            self.average.load_state_dict(dict(ema))
        except RuntimeError as error:
            raise ValueError(f"the weights belong to another network ({error})") from error
        self.iteration = iteration
        if not optimizer:
            self.generator.manual_seed(self.seed + iteration)
            return
        self.generator.set_state(optimizer[_GENERATOR_KEY].cpu())
        for stepper, name, parameter in self._steered():
            kinds = _MUON_STATE if isinstance(stepper, Muon) else _ADAMW_STATE
            found = {kind: optimizer[f"{name}:{kind}"] for kind in kinds if f"{name}:{kind}" in optimizer}
            if len(found) == len(kinds):  # else another optimiser was used before
                stepper.state[parameter] = {kind: _beside(value, parameter) for kind, value in found.items()}


def _optimizers(model: FaceModel, name: str, compute: Compute) -> list[torch.optim.Optimizer]:
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
