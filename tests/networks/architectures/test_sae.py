"""SAE has its published sizes, and each of its options does what it says."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.networks.architectures.layers import chain, conv, counts, dense, inter, residuals, ups
from tests.networks.architectures.routes import depends_on, millions
from tests.networks.small import SMALL
from understudy.errors import OptionInvalid
from understudy.networks.catalog import build
from understudy.networks.face_model import FaceModel, parameter_count


def sae(**changes: Any) -> FaceModel:
    return build("sae", {**SMALL["sae"], **changes})


def on_paper(**settings: Any) -> FaceModel:
    return build("sae", settings, device="meta")


def test_df_and_liae_have_their_published_sizes() -> None:
    df, liae = on_paper(archi="df"), on_paper()
    assert millions(df) == 137.48
    assert millions(liae) == 128.58
    assert list(df.parts()) == ["encoder", "inter_both", "decoder_src", "decoder_dst"]
    assert list(liae.parts()) == ["encoder", "inter_b", "inter_ab", "decoder"]


def test_every_part_has_the_layers_of_the_reference() -> None:
    """128 px: encoder 3·42·(1, 2, 4, 8); decoder 3·21·(8, 4, 2) with two residual blocks a level, its mask
    21·(8, 4, 2); the coarsest side is 8."""
    encoder, features = chain((3, 126, 252, 504, 1008), 5), 1008 * 8**2

    def decoder(code: int) -> int:
        face, mask = (504, 252, 126), (168, 84, 42)
        painted = ups((code, *face)) + residuals(face, each=2) + conv(126, 3, 5)
        return painted + ups((code, *mask)) + conv(42, 1, 5)

    df, liae = counts(on_paper(archi="df")), counts(on_paper())
    both = inter(features, 512, 8, 512)
    assert df == {
        "encoder": encoder,
        "inter_both": both,
        "decoder_src": decoder(512),
        "decoder_dst": decoder(512),
    }
    own = inter(features, 256, 8, 512)
    assert liae == {"encoder": encoder, "inter_b": own, "inter_ab": own, "decoder": decoder(1024)}


def test_every_part_of_vg_has_the_layers_of_the_reference() -> None:
    """A convolution to 40, 16 blocks that each learn 40 scales, two passes 40 and back, 40·(1, 2, 4, 8)."""
    blocks = 16 * (residuals((40,), each=1) + 40)
    passes = chain((40, 40), 5) + chain((10, 40), 5)
    encoder = conv(3, 40, 5) + blocks + passes + chain((10, 40, 80, 160, 320), 5)
    face, mask = (320, 160, 80), (320, 160, 80)
    scaled = residuals(face, each=1) + sum(face)
    decoder = ups((512, *face)) + scaled + conv(80, 3, 5) + ups((512, *mask)) + conv(80, 1, 5)
    both = dense(320 * 4**2, 512) + dense(512, 512 * 8**2) + ups((512, 512))
    vg = counts(on_paper(archi="vg"))
    assert vg == {"encoder": encoder, "inter_both": both, "decoder_src": decoder, "decoder_dst": decoder}


def test_swaps_are_routed_as_df_and_liae_route_them() -> None:
    dst = torch.rand(1, 3, 32, 32)
    for archi in ("df", "vg"):
        model = sae(archi=archi)
        assert depends_on(model, model.swap(dst).faces_BCHW) == {"encoder", "inter_both", "decoder_src"}
    model = sae(archi="liae")
    assert depends_on(model, model.swap(dst).faces_BCHW) == {"encoder", "inter_ab", "decoder"}


def test_widths_and_the_bottleneck_can_be_said() -> None:
    usual = parameter_count(on_paper(archi="df"))
    assert parameter_count(on_paper(archi="df", ae_dims=512, e_ch_dims=42, d_ch_dims=21)) == usual
    assert parameter_count(on_paper(archi="df", ae_dims=256)) < usual
    assert parameter_count(on_paper(archi="df", d_ch_dims=10)) < usual
    assert parameter_count(on_paper(archi="df", e_ch_dims=21, d_ch_dims=21)) < usual


def test_a_decoder_of_several_scales_also_paints_a_half_and_a_quarter_of_the_side() -> None:
    painted = sae(multiscale_decoder=True).swap(torch.rand(1, 3, 32, 32))
    assert [tuple(s.shape) for s in painted.smaller_BCHW] == [(1, 3, 16, 16), (1, 3, 8, 8)]
    assert sae().swap(torch.rand(1, 3, 32, 32)).smaller_BCHW == ()


@pytest.mark.parametrize("archi", ["df", "vg"])
def test_a_lighter_encoder_has_fewer_weights_and_everything_else_is_the_same(archi: str) -> None:
    usual, light = on_paper(archi=archi), on_paper(archi=archi, lighter_encoder=True)
    assert parameter_count(light.parts()["encoder"]) < 0.9 * parameter_count(usual.parts()["encoder"])
    for name in ("inter_both", "decoder_src"):
        assert parameter_count(light.parts()[name]) == parameter_count(usual.parts()[name])


def test_without_learned_masks_the_mask_is_everywhere_and_costs_nothing() -> None:
    model = sae(learn_mask=False)
    painted = model.swap(torch.rand(1, 3, 32, 32))
    assert painted.masks_B1HW.min() == 1
    assert parameter_count(model) < parameter_count(sae())


def test_aware_weights_start_from_other_filters_alike_for_one_seed() -> None:
    plain, first, second = sae(), sae(ca_weights=True), sae(ca_weights=True)
    same = [torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True)]
    assert all(same)
    assert not torch.equal(next(plain.parameters()), next(first.parameters()))


def test_without_a_grey_border_an_even_picture_is_painted_evenly_to_its_rim() -> None:
    grey = torch.full((1, 3, 64, 64), 0.5)
    spread = {
        reflected: float(
            sae(size_px=64, remove_gray_border=reflected).encoder.downs(grey).detach().std((2, 3)).max()
        )
        for reflected in (False, True)
    }
    assert spread[True] < 1e-5 < spread[False]


def test_vg_needs_a_width_that_four_divides_and_paints_one_size() -> None:
    with pytest.raises(OptionInvalid, match="multiple of 4"):
        on_paper(archi="vg", e_ch_dims=42)
    with pytest.raises(OptionInvalid, match="multiscale_decoder"):
        on_paper(archi="vg", multiscale_decoder=True)
    with pytest.raises(OptionInvalid, match="32"):
        on_paper(archi="vg", size_px=144)


def test_the_long_encoder_of_vg_adds_little_at_first_and_learns_how_much() -> None:
    model = sae(archi="vg")
    scales = [p for name, p in model.encoder.named_parameters() if name.endswith("scale")]
    assert len(scales) == 16 and all(torch.all(s == 0.1) for s in scales)
    model.swap(torch.rand(1, 3, 32, 32)).faces_BCHW.sum().backward()
    assert all(s.grad is not None for s in scales)
