"""Calculating again gives the same gradients and keeps less."""

from __future__ import annotations

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks

from tests.training.conftest import TINY_NETWORK
from understudy.networks.catalog import build
from understudy.networks.face_model import FaceModel
from understudy.training.machine.recompute import recompute


def gradients_and_kept(model: FaceModel) -> tuple[torch.Tensor, int]:
    faces = torch.rand(4, 3, model.size_px, model.size_px, generator=torch.Generator().manual_seed(0))
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.data_ptr()] = tensor.nbytes
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        made = model.reconstruct(faces, faces.flip(-1))
    (made.src.faces_BCHW.square().mean() + made.dst.masks_B1HW.mean()).backward()
    grads = [p.grad.flatten() for p in model.parameters() if p.grad is not None]
    return torch.cat(grads), sum(kept.values())


@pytest.mark.parametrize("name, network", [("quick", TINY_NETWORK), ("h64", {"width_share": 0.25})])
def test_calculating_again_gives_equal_gradients_and_keeps_less(name: str, network: dict) -> None:
    plain, again = (build(name, network) for _ in range(2))
    recompute(again)
    assert list(plain.state_dict()) == list(again.state_dict())
    (expected, kept), (found, kept_again) = gradients_and_kept(plain), gradients_and_kept(again)
    assert torch.allclose(expected, found, rtol=1e-5, atol=1e-8)
    assert kept_again < 0.5 * kept
