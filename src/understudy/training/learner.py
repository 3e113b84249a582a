"""The state that training changes: weights, their average, optimisers, critics and the source of randomness.

One step at a time; knows nothing of files or time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from understudy.networks.catalog import build
from understudy.networks.face_model import FaceModel
from understudy.training.feeding.augment import Lesson
from understudy.training.losses.objective import Objective
from understudy.training.losses.terms import Terms
from understudy.training.machine.device import Compute
from understudy.training.options import TrainOptions
from understudy.training.steering.steering import Steering

_GENERATOR_KEY = "generator"


class Learner:
    """A model that learns. `generator` is the only randomness; it lives on the CPU."""

    def __init__(
        self,
        architecture: str,
        network: Mapping[str, Any] | None = None,
        *,
        options: TrainOptions,
        seed: int,
        compute: Compute,
    ) -> None:
        self.compute, self.seed = compute, seed
        self.model: FaceModel = build(architecture, network, seed=seed, device=compute.device)
        self.average: FaceModel = (
            build(architecture, network, seed=seed, device=compute.device).eval().requires_grad_(False)
        )
        self.generator = torch.Generator().manual_seed(seed)
        self.objective = Objective(self.model, seed=seed, compute=compute)
        self.steering = Steering(self.model, options, compute, seed=seed)
        self.iteration = 0

    def step(self, src: Lesson, dst: Lesson, options: TrainOptions, *, speed: float) -> Terms:
        """Learn from one batch of each performer; returns what it cost by name, still on the device.

        `speed` is the share of the learning rate to use.
        """
        with self.compute.autocast():
            made = self.model.reconstruct(src.seen_BCHW, dst.seen_BCHW, self.generator)
        terms = self.objective.ask(made, src, dst, options, iteration=self.iteration)
        self.model.zero_grad(set_to_none=True)
        terms.totals().sum().backward()
        self.steering.step(options, speed=speed, iteration=self.iteration)
        self.objective.learn(made, src, dst, options)
        self.iteration += 1
        self._follow(options.ema_decay)
        return terms.detached()

    @torch.no_grad()
    def _follow(self, decay: float) -> None:
        # Young averages must not remember the random weights they started from.
        decay = min(decay, (1 + self.iteration) / (10 + self.iteration))
        average = get_ema_multi_avg_fn(decay)
        average(list(self.average.parameters()), list(self.model.parameters()), self.iteration)

    def optimizer_tensors(self) -> dict[str, Tensor]:
        """The optimisers' moments by parameter name, and the generator's state."""
        return {_GENERATOR_KEY: self.generator.get_state(), **self.steering.tensors()}

    def load(
        self,
        *,
        iteration: int,
        model: Mapping[str, Tensor],
        ema: Mapping[str, Tensor],
        optimizer: Mapping[str, Tensor],
        critics: Mapping[str, Tensor] | None = None,
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
        self.objective.load(critics or {})
        if not optimizer:
            self.generator.manual_seed(self.seed + iteration)
            return
        self.generator.set_state(optimizer[_GENERATOR_KEY].cpu())
        self.steering.load(optimizer)
