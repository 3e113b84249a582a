"""How a model's weights move: the optimisers, their rate, the limit on a gradient, and which weights move.

Not here: where gradients come from (`losses`), how the rate changes over time (`plan.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Generator, Tensor, nn
from torch.optim import Optimizer

from understudy.training.machine.device import Compute
from understudy.training.machine.offload import HOME, moved, step_one_by_one
from understudy.training.steering.optimizers import OptimizerKind, optimizers_for
from understudy.training.steering.options import SteerOptions


class Steering:
    """The optimisers of one model. `seed` draws the weights that move where not all do; with `offload` what
    the optimisers remember lies off the device."""

    def __init__(
        self,
        model: nn.Module,
        options: SteerOptions,
        compute: Compute,
        *,
        seed: int = 0,
        offload: bool = False,
    ) -> None:
        self.model, self.seed, self.offload = model, seed, offload
        self._made = optimizers_for(model, options, compute.device)
        self.optimizers = [optimizer for optimizer, _ in self._made]

    def step(self, options: SteerOptions, *, speed: float, iteration: int = 0) -> None:
        """Move the weights along their gradients. `speed` is the share of the learning rate to use."""
        for group in (group for optimizer in self.optimizers for group in optimizer.param_groups):
            group["lr"] = options.learning_rate * speed
        moving = [p for p in self.model.parameters() if p.grad is not None]
        limit_gradients(moving, options)
        before = [p.detach().clone() for p in moving] if options.lr_dropout else []
        for optimizer in self.optimizers:
            step_one_by_one(optimizer) if self.offload else optimizer.step()
        if options.lr_dropout:
            put_back_some(moving, before, share=options.lr_dropout_share, seed=_mixed(self.seed, iteration))

    def tensors(self) -> dict[str, Tensor]:
        """The optimisers' moments by parameter name."""
        return {
            f"{name}:{kind}": value
            for stepper, _, name, parameter in self._steered()
            for kind, value in stepper.state[parameter].items()
        }

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from `tensors`. Moments that another optimiser left are passed over."""
        for stepper, kind, name, parameter in self._steered():
            found = {kept: tensors[f"{name}:{kept}"] for kept in kind.kept if f"{name}:{kept}" in tensors}
            if len(found) == len(kind.kept):
                state = {kept: _beside(value, parameter) for kept, value in found.items()}
                stepper.state[parameter] = moved(state, HOME) if self.offload else state

    def _steered(self) -> Iterator[tuple[Optimizer, OptimizerKind, str, nn.Parameter]]:
        """Every parameter with its name and the optimiser that moves it."""
        names = {parameter: name for name, parameter in self.model.named_parameters()}
        for stepper, kind in self._made:
            for group in stepper.param_groups:
                for parameter in group["params"]:
                    yield stepper, kind, names[parameter], parameter


def limit_gradients(parameters: Sequence[nn.Parameter], options: SteerOptions) -> None:
    """Make gradients no larger than the options allow."""
    if options.clip == "norm":
        nn.utils.clip_grad_norm_(parameters, options.clip_at)
    elif options.clip == "value":
        nn.utils.clip_grad_value_(parameters, options.clip_at)


@torch.no_grad()
def put_back_some(parameters: Sequence[Tensor], before: Sequence[Tensor], *, share: float, seed: int) -> None:
    """Undo a step for all weights but a random `share` of them; what optimisers remember of it stays.

    Lin et al., "Learning rate dropout", arXiv 1912.00144, 2019. Every step draws from a seed of its own, so
    nothing has to be saved for a run to go on exactly.
    """
    generators: dict[torch.device, Generator] = {}
    for parameter, old in zip(parameters, before, strict=True):
        generator = generators.get(parameter.device)
        if generator is None:
            generator = generators[parameter.device] = Generator(parameter.device).manual_seed(seed)
        moves = torch.empty_like(parameter, dtype=torch.bool).bernoulli_(share, generator=generator)
        parameter.copy_(torch.where(moves, parameter, old))


def _mixed(seed: int, iteration: int) -> int:
    """A seed for one step; 32 bits, because the CPU's generator sees no more."""
    return (seed * 2654435761 + iteration) % 2**32


def _beside(value: Tensor, parameter: Tensor) -> Tensor:
    """A piece of the optimiser's state where and how its parameter lies in memory: fused steps go through both
    in storage order, so a moment laid out otherwise would be applied to other weights."""
    if value.shape != parameter.shape:  # the counter of steps
        return value.to(parameter.device)
    return torch.empty_like(parameter, requires_grad=False).copy_(value)
