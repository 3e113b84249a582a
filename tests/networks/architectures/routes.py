"""What a painted face depends on."""

from __future__ import annotations

from torch import Tensor, nn

from understudy.networks.face_model import FaceModel, parameter_count


def depends_on(model: FaceModel, painted: Tensor) -> set[str]:
    """The parts whose weights a picture depends on."""
    model.zero_grad()
    painted.sum().backward()
    return {
        name
        for name, part in model.parts().items()
        if any(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in part.parameters())
    }


def millions(*modules: nn.Module) -> float:
    """Weights in millions, to two places."""
    return round(sum(parameter_count(module) for module in modules) / 1e6, 2)
