"""The catalog's networks have the published sizes, shapes and routes."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from understudy.errors import ModelUnknown
from understudy.networks.architectures.blocks import Decoder, Encoder, Inter
from understudy.networks.architectures.liae import Liae
from understudy.networks.architectures.two_decoders import TwoDecoders
from understudy.networks.catalog import ARCHITECTURES, build
from understudy.networks.face_model import FaceModel, parameter_count


def on_paper(name: str) -> FaceModel:
    """A network without memory for its weights."""
    return build(name, device="meta")


def millions(*modules: nn.Module) -> float:
    return round(sum(parameter_count(module) for module in modules) / 1e6, 2)


def test_h64_has_its_published_sizes() -> None:
    model = on_paper("h64")
    assert isinstance(model, TwoDecoders)
    assert millions(model.encoder, model.inter_both) == 69.66
    assert millions(model.decoder_src) == millions(model.decoder_dst) == 21.55
    assert millions(model) == 112.75


def test_df_has_its_published_size() -> None:
    model = on_paper("df")
    assert isinstance(model, TwoDecoders)
    assert millions(model.encoder) == 17.21
    assert millions(model) == 138.40


def test_liaef128_has_its_published_sizes() -> None:
    model = on_paper("liaef128")
    assert isinstance(model, Liae)
    assert millions(model.encoder) == 17.21
    assert millions(model.inter_b) == millions(model.inter_ab) == 34.64
    assert millions(model.decoder) == 49.57
    assert millions(model) == 136.06


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_network_paints_faces_and_masks_of_its_own_size(name: str) -> None:
    model = on_paper(name)
    faces = torch.empty(2, 3, model.size_px, model.size_px, device="meta")
    made = model.reconstruct(faces, faces)
    for painted in (model(faces, "src"), model(faces, "dst"), model.swap(faces), made.src, made.dst):
        assert painted.faces_BCHW.shape == (2, 3, model.size_px, model.size_px)
        assert painted.masks_B1HW.shape == (2, 1, model.size_px, model.size_px)
        assert painted.faces_BCHW.dtype == torch.float32


def small_two_decoders() -> TwoDecoders:
    decoders: list[nn.Module] = [Decoder(4, face_widths=(4, 4, 4), mask_widths=(2, 2, 2)) for _ in range(2)]
    inter = Inter(8, dense=4, side_px=1, width=4, width_up=4)
    return TwoDecoders(16, encoder=Encoder((2, 4, 4, 8)), inter=inter, decoders=decoders)


def small_liae() -> Liae:
    inter_b, inter_ab = (Inter(8, dense=4, side_px=1, width=4, width_up=4) for _ in range(2))
    decoder = Decoder(8, face_widths=(4, 4, 4), mask_widths=(2, 2, 2))
    return Liae(16, encoder=Encoder((2, 4, 4, 8)), inter_b=inter_b, inter_ab=inter_ab, decoder=decoder)


def learns_from(model: FaceModel, painted: torch.Tensor, part: nn.Module) -> bool:
    """Whether a painted face depends on a part's weights."""
    model.zero_grad()
    painted.sum().backward()
    return any(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in part.parameters())


def test_a_swap_by_two_decoders_is_what_is_seen_in_dst_painted_by_the_src_decoder() -> None:
    torch.manual_seed(0)
    model = small_two_decoders()
    dst = torch.rand(2, 3, 16, 16)
    swap = model(dst, "src").faces_BCHW
    assert torch.equal(swap, model.decoder_src(model.inter_both(model.encoder(dst))).faces_BCHW)
    assert learns_from(model, swap, model.decoder_src)
    assert not learns_from(model, model(dst, "src").faces_BCHW, model.decoder_dst)


def test_a_liae_swap_takes_dst_twice_through_the_common_bottleneck() -> None:
    torch.manual_seed(0)
    model = small_liae()
    dst = torch.rand(2, 3, 16, 16)
    code = model.inter_ab(model.encoder(dst))
    swap = model(dst, "src").faces_BCHW
    assert torch.equal(swap, model.decoder(torch.cat([code, code], 1)).faces_BCHW)
    assert not learns_from(model, swap, model.inter_b)
    own = model(dst, "dst").faces_BCHW
    both = torch.cat([model.inter_b(model.encoder(dst)), code], 1)
    assert torch.equal(own, model.decoder(both).faces_BCHW)
    assert learns_from(model, own, model.inter_b)


def test_the_same_seed_gives_the_same_network_and_leaves_other_randomness_alone() -> None:
    before = torch.random.get_rng_state()
    first, second, other = build("quick", seed=3), build("quick", seed=3), build("quick", seed=4)
    assert torch.equal(before, torch.random.get_rng_state())
    pairs = zip(first.parameters(), second.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert any(not torch.equal(a, b) for a, b in zip(first.parameters(), other.parameters(), strict=True))


def test_an_unknown_architecture_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ModelUnknown, match="liaef128"):
        build("dfx")
