"""H64, H128 and DF have their published sizes, and a decoder for each performer."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.networks.architectures.routes import depends_on, millions
from tests.networks.small import small
from understudy.networks.architectures.two_decoders import TwoDecoders
from understudy.networks.catalog import build


@pytest.mark.parametrize(
    "name, settings, encoder_and_inter, decoder, total",
    [
        ("h64", {}, 69.66, 21.55, 112.75),
        ("h64", {"light": True}, 29.15, 7.68, 44.51),
        ("h128", {}, 77.02, 30.69, 138.40),
        ("h128", {"light": True}, 40.56, 7.68, 55.92),
        ("df", {}, 77.02, 30.69, 138.40),
    ],
)
def test_parts_have_their_published_sizes(
    name: str, settings: dict[str, Any], encoder_and_inter: float, decoder: float, total: float
) -> None:
    model = build(name, settings, device="meta")
    assert isinstance(model, TwoDecoders)
    assert millions(model.encoder, model.inter_both) == encoder_and_inter
    assert millions(model.decoder_src) == millions(model.decoder_dst) == decoder
    assert millions(model) == total


def test_h64_paints_masks_with_narrower_layers_than_faces() -> None:
    decoder = build("h64", device="meta").parts()["decoder_src"]
    assert millions(decoder.face) > 2 * millions(decoder.mask)


@pytest.mark.parametrize("name", ["h64", "h128", "df"])
def test_the_side_is_free_and_the_bottleneck_grows_with_it(name: str) -> None:
    smaller, larger = (build(name, {"size_px": size}, device="meta") for size in (96, 160))
    assert (smaller.size_px, larger.size_px) == (96, 160)
    assert millions(smaller.parts()["encoder"]) == millions(larger.parts()["encoder"])
    assert millions(smaller.parts()["inter_both"]) < millions(larger.parts()["inter_both"])


def test_half_the_width_is_about_a_quarter_of_the_weights() -> None:
    half = millions(build("df", {"width_share": 0.5}, device="meta"))
    assert half == pytest.approx(138.40 / 4, rel=0.01)


def test_a_swap_is_what_is_seen_in_dst_painted_by_the_src_decoder() -> None:
    model = small("df")
    assert isinstance(model, TwoDecoders)
    dst = torch.rand(2, 3, 32, 32)
    swap = model.swap(dst).faces_BCHW
    assert torch.equal(swap, model.decoder_src(model.inter_both(model.encoder(dst))).faces_BCHW)
    assert depends_on(model, swap) == {"encoder", "inter_both", "decoder_src"}
    assert depends_on(model, model(dst, "dst").faces_BCHW) == {"encoder", "inter_both", "decoder_dst"}
