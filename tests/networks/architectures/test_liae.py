"""LIAEF128 has its published sizes and routes."""

from __future__ import annotations

import torch

from tests.networks.architectures.routes import depends_on, millions
from tests.networks.small import small
from understudy.networks.architectures.liae import Liae
from understudy.networks.catalog import build


def test_parts_have_their_published_sizes() -> None:
    model = build("liaef128", device="meta")
    assert isinstance(model, Liae)
    assert millions(model.encoder) == 17.21
    assert millions(model.inter_b) == millions(model.inter_ab) == 34.64
    assert millions(model.decoder) == 49.57
    assert millions(model) == 136.06


def test_the_side_is_free() -> None:
    model = build("liaef128", {"size_px": 192}, device="meta")
    assert model.swap(torch.empty(1, 3, 192, 192, device="meta")).faces_BCHW.shape == (1, 3, 192, 192)


def test_a_swap_takes_dst_twice_through_the_common_bottleneck() -> None:
    model = small("liaef128")
    assert isinstance(model, Liae)
    dst = torch.rand(2, 3, 32, 32)
    code = model.inter_ab(model.encoder(dst))
    swap = model.swap(dst).faces_BCHW
    assert torch.equal(swap, model.decoder(torch.cat([code, code], 1)).faces_BCHW)
    assert depends_on(model, swap) == {"encoder", "inter_ab", "decoder"}


def test_dst_is_painted_from_its_own_bottleneck_and_then_the_common_one() -> None:
    model = small("liaef128")
    assert isinstance(model, Liae)
    dst = torch.rand(2, 3, 32, 32)
    seen = model.encoder(dst)
    own = model(dst, "dst").faces_BCHW
    assert torch.equal(own, model.decoder(torch.cat([model.inter_b(seen), model.inter_ab(seen)], 1)).faces_BCHW)
    assert depends_on(model, own) == {"encoder", "inter_ab", "inter_b", "decoder"}
