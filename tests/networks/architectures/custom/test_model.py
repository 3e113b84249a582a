"""What a custom network paints goes through the parts of who is shown, and through those both share."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.networks.architectures.custom.test_build import small
from understudy.networks.architectures.custom.model import Custom, resizing

FACES = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def moved(model: Custom, shown: Any) -> set[str]:
    """The parts on which a painted face depends."""
    model.zero_grad()
    model(FACES, shown).faces_BCHW.square().sum().backward()
    learning = {
        name
        for name, part in model.parts().items()
        if any(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in part.parameters())
    }
    return learning - {"encoder", "style"}


@pytest.mark.parametrize(
    ("settings", "src", "dst"),
    [
        (
            {},
            {"inter_src", "g_block_both", "decoder_both"},
            {"inter_dst", "g_block_both", "decoder_both"},
        ),
        (
            {"shared_fc": "full", "split_gblock": True},
            {"inter_src", "inter_common", "g_block_src", "decoder_both"},
            {"inter_dst", "inter_common", "g_block_dst", "decoder_both"},
        ),
        (
            {"shared_fc": "half", "enable_gblock": False},
            {"inter_src", "inter_dst", "decoder_both"},
            {"inter_dst", "decoder_both"},
        ),
        (
            {"split_fc": False, "split_decoders": True, "enable_gblock": False},
            {"inter_both", "decoder_src"},
            {"inter_both", "decoder_dst"},
        ),
    ],
)
def test_each_performer_is_painted_by_their_own_parts_and_those_of_both(
    settings: dict[str, Any], src: set[str], dst: set[str]
) -> None:
    model = small(**settings)
    assert moved(model, "src") == src
    assert moved(model, "dst") == dst


def test_a_half_shared_inter_puts_dsts_map_beside_either_performers_own() -> None:
    model = small(shared_fc="half", enable_gblock=False)
    seen = model.encode(FACES)
    own, other = (model.get_submodule(f"inter_{who}")(seen, None) for who in ("src", "dst"))
    assert torch.equal(model.inter(seen, "src"), torch.cat([own, other], 1))
    assert torch.equal(model.inter(seen, "dst"), torch.cat([other, other], 1))


def test_a_swap_is_what_is_seen_in_dst_painted_through_the_parts_of_src() -> None:
    model = small()
    seen = model.encode(FACES)
    code = model.get_submodule("inter_src")(seen, None)
    code = model.get_submodule("g_block_both")(code, model.get_submodule("style")(seen, None), None)
    expected = model.get_submodule("decoder_both")(code, None)
    assert torch.equal(model.swap(FACES).faces_BCHW, expected.faces_BCHW)


@pytest.mark.parametrize("split", [False, True])
def test_painting_both_in_one_pass_equals_painting_each_alone(split: bool) -> None:
    model = small(split_decoders=split)
    src, dst = FACES[:1], FACES
    made = model.reconstruct(src, dst)
    torch.testing.assert_close(made.src.faces_BCHW, model(src, "src").faces_BCHW)
    torch.testing.assert_close(made.dst.faces_BCHW, model(dst, "dst").faces_BCHW)
    torch.testing.assert_close(made.dst.masks_B1HW, model(dst, "dst").masks_B1HW)


def test_chance_comes_from_the_generator_alone_and_only_in_training() -> None:
    model = small(dec_gaussian=True, fc_dropout=0.3)
    first, again, other = (
        model.reconstruct(FACES, FACES, torch.Generator().manual_seed(seed)).src.faces_BCHW
        for seed in (1, 1, 2)
    )
    assert torch.equal(first, again) and not torch.allclose(first, other)
    calm = model.reconstruct(FACES, FACES).src.faces_BCHW
    assert torch.equal(calm, model.reconstruct(FACES, FACES).src.faces_BCHW)


def test_faces_are_seen_at_the_encoders_side_whatever_side_they_come_in() -> None:
    model = small(enc_scaling=3.2)
    assert model.seen_px == 32 and model.size_px == 64
    smaller = model.encoder.smaller @ FACES @ model.encoder.smaller.T
    torch.testing.assert_close(model.encode(FACES), model.encode(smaller))


def test_a_resized_picture_keeps_its_brightness_and_its_slopes() -> None:
    for to_px in (24, 64, 100):
        rows = resizing(64, to_px)
        assert rows.shape == (to_px, 64)
        torch.testing.assert_close(rows.sum(1), torch.ones(to_px))
        ramp = rows @ torch.linspace(0, 1, 64)
        torch.testing.assert_close(ramp, torch.linspace(ramp[0], ramp[-1], to_px), atol=0.02, rtol=0)
