"""Calculating again gives the same gradients and keeps less."""

from __future__ import annotations

import pytest
import torch
from torch import Generator
from torch.autograd.graph import saved_tensors_hooks

from tests.networks.small import SMALL
from tests.training.conftest import TINY_NETWORK
from understudy.networks.architectures.custom.chance import Chance
from understudy.networks.catalog import build
from understudy.networks.face_model import FaceModel
from understudy.training.machine.recompute import recompute

RANDOM = {
    **SMALL["custom"],
    "enable_gblock": True,
    "fc_dropout": 0.3,
    "fc_gblock_dropout": 0.3,
    "dec_gaussian": True,
}
NORMED = {**SMALL["custom"], "dec_norm": "batch"}


def gradients_and_kept(model: FaceModel, generator: Generator | None = None) -> tuple[torch.Tensor, int]:
    faces = torch.rand(4, 3, model.size_px, model.size_px, generator=torch.Generator().manual_seed(0))
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.data_ptr()] = tensor.nbytes
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        made = model.reconstruct(faces, faces.flip(-1), generator)
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


def test_what_draws_at_random_draws_the_same_when_it_is_calculated_again() -> None:
    plain, again = (build("custom", RANDOM) for _ in range(2))
    recompute(again)
    (expected, _), (found, _) = (gradients_and_kept(one, Generator().manual_seed(3)) for one in (plain, again))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)


def test_chance_goes_on_from_where_the_forward_pass_left_it() -> None:
    model, chance = build("custom", RANDOM), Chance(Generator().manual_seed(3), torch.device("cpu"))
    recompute(model)
    code = model.inter(model.encode(torch.ones(2, 3, model.seen_px, model.seen_px)), "src")
    made = model.get_submodule("decoder_both")(code, chance).faces_BCHW
    left = chance.get_state()
    made.mean().backward()
    assert chance.get_state().equal(left)


def test_batch_norms_count_a_batch_once_though_it_is_calculated_twice() -> None:
    plain, again = (build("custom", NORMED) for _ in range(2))
    recompute(again)
    (expected, _), (found, _) = gradients_and_kept(plain), gradients_and_kept(again)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)
    counted = dict(plain.named_buffers())
    assert any("num_batches" in name for name in counted)
    for name, value in again.named_buffers():
        assert torch.equal(value, counted[name]), name
