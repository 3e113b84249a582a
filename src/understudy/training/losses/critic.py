"""A network that judges what a model paints, with its own optimiser and its own place in the checkpoint.

Not here: what it looks at and what it asks of the model (`adversarial.py`, `true_face.py`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from understudy.training.machine.device import Compute

_BETAS = (0.5, 0.999)  # Radford et al., "Unsupervised representation learning with DCGANs", ICLR 2016
_MOST_GRADIENT = 1.0
_SHAPE = "shape"
_STATE = ("step", "exp_avg", "exp_avg_sq")


class Critic:
    """A judge that learns. `shape` are the numbers it was built from; another shape is another critic."""

    def __init__(self, network: nn.Module, shape: Sequence[int], compute: Compute) -> None:
        self.network = network.to(compute.device)
        self.shape, self.compute = tuple(shape), compute
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-4, betas=_BETAS)

    @contextlib.contextmanager
    def judging(self) -> Iterator[nn.Module]:
        """The network, through which gradients reach what is judged and not the judge."""
        self.network.requires_grad_(False)
        try:
            with self.compute.autocast():
                yield self.network
        finally:
            self.network.requires_grad_(True)

    def learn(self, loss: Tensor, *, rate: float) -> None:
        """One step down `loss`. A loss that is no number teaches nothing."""
        self.network.zero_grad(set_to_none=True)
        loss.backward()
        for parameter in self.network.parameters():
            if parameter.grad is not None:  # asking whether the loss is a number would wait for the device
                torch.nan_to_num_(parameter.grad, nan=0.0, posinf=0.0, neginf=0.0)
        nn.utils.clip_grad_norm_(self.network.parameters(), _MOST_GRADIENT)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.network.zero_grad(set_to_none=True)

    def tensors(self) -> dict[str, Tensor]:
        """Weights, moments and shape by name."""
        found = {_SHAPE: torch.tensor(self.shape), **self.network.state_dict()}
        for name, parameter in self.network.named_parameters():
            found |= {f"{name}:{kind}": value for kind, value in self.optimizer.state[parameter].items()}
        return found

    def load(self, tensors: Mapping[str, Tensor]) -> bool:
        """Go on from `tensors`; False, and nothing changed, where they are another critic's."""
        if tuple(tensors.get(_SHAPE, torch.tensor([])).tolist()) != self.shape:
            return False
        self.network.load_state_dict({name: tensors[name] for name in self.network.state_dict()})
        for name, parameter in self.network.named_parameters():
            state = {kind: tensors[f"{name}:{kind}"] for kind in _STATE if f"{name}:{kind}" in tensors}
            if len(state) == len(_STATE):
                self.optimizer.state[parameter] = {
                    kind: value.clone().to("cpu" if kind == "step" else parameter.device)
                    for kind, value in state.items()
                }
        return True


def verdict_loss(verdicts: Tensor, *, real: float) -> Tensor:
    """Binary cross-entropy of verdicts (logits of any shape) against one answer, 0 false to 1 real."""
    verdicts = verdicts.float()
    return nnf.binary_cross_entropy_with_logits(verdicts, torch.full_like(verdicts, real))
