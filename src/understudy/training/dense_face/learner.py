"""The network while it learns: one step, its running average, and a state from which it goes on exactly.

Not here: what it is shown (`lessons`), for how long (`train`).
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from understudy.files import written_aside
from understudy.networks.dense_face import DenseFaceNet
from understudy.training.dense_face.lessons import Lesson
from understudy.training.dense_face.losses import losses
from understudy.training.machine.device import Compute
from understudy.training.steering.average import follow

_MOST_DECAY = 0.998
_WEIGHT_DECAY = 0.03
_MOST_GRADIENT = 5.0


class FaceLearner:
    """Owns the network, its average and the optimiser. The same seed and lessons give the same weights."""

    def __init__(self, compute: Compute, *, seed: int, weights: Path | None = None) -> None:
        torch.manual_seed(seed)
        self.compute = compute
        network = DenseFaceNet()
        if weights is not None:
            network.load_state_dict(load_file(weights))
        self.network = _placed(network, compute)
        self.average = _placed(DenseFaceNet(), compute).requires_grad_(False)
        self.average.load_state_dict(self.network.state_dict())
        self.optimizer = torch.optim.AdamW(
            _groups(self.network), lr=1e-3, betas=(0.9, 0.98), fused=compute.device.type == "cuda"
        )
        self.iteration = 0

    def step(self, lesson: Lesson, *, rate: float) -> dict[str, Tensor]:
        """Learn from one lesson; the parts of the loss and the gradient's length, on the device."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.network.train()
        with self.compute.autocast():
            asked = losses(self.network, lesson)
        total = asked.total()
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), _MOST_GRADIENT)
        self.optimizer.step()
        self.iteration += 1
        decay = min(_MOST_DECAY, (1 + self.iteration) / (10 + self.iteration))
        follow(self.average, self.network, decay=decay)
        return {"total": total.detach(), "gradient": norm, **{k: v.detach() for k, v in asked.parts.items()}}

    def save(self, path: Path, *, seconds: float) -> None:
        """Everything that the next step depends on."""
        tensors = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        tensors |= {f"average.{name}": value for name, value in self.average.state_dict().items()}
        for index, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": torch.as_tensor(value) for name, value in state.items()}
        about = {"iteration": self.iteration, "seconds": seconds}
        with written_aside(path) as aside:
            save_file(_plain(tensors), aside, metadata={"about": json.dumps(about)})

    def restore(self, path: Path) -> float:
        """Go on from a saved state; the seconds that had been learned by then."""
        tensors = load_file(path)
        with safe_open(path, "pt") as file:
            about = json.loads(file.metadata()["about"])
        stored = _below(tensors, "network.")
        if stored.keys() != self.network.state_dict().keys():
            raise ValueError("The optimiser's state is that of another network.")
        self.network.load_state_dict(stored)
        self.average.load_state_dict(_below(tensors, "average."))
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in _below(tensors, "optimizer.").items():
            index, part = name.split(".")
            state.setdefault(int(index), {})[part] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})
        self.iteration = int(about["iteration"])
        return float(about["seconds"])

    def write_weights(self, path: Path) -> None:
        """The average as the product reads it, in half floats."""
        state = self.average.state_dict()
        halves = {name: v.half() if v.is_floating_point() else v for name, v in state.items()}
        with written_aside(path) as aside:
            save_file(_plain(halves), aside, metadata={"iteration": str(self.iteration)})


def _placed(network: DenseFaceNet, compute: Compute) -> DenseFaceNet:
    return network.to(compute.device).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def _groups(network: DenseFaceNet) -> list[dict[str, object]]:
    """Weights of layers decay; biases, norms and the points' own names don't."""
    decaying = [value for name, value in network.named_parameters() if value.ndim > 1 and "which" not in name]
    others = [value for name, value in network.named_parameters() if value.ndim <= 1 or "which" in name]
    return [
        {"params": decaying, "weight_decay": _WEIGHT_DECAY},
        {"params": others, "weight_decay": 0.0},
    ]


def _plain(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}


def _below(tensors: dict[str, Tensor], start: str) -> dict[str, Tensor]:
    return {name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)}
