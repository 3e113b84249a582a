"""SAEHD has the published sizes and routes for every string of letters."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.networks.architectures.routes import depends_on, millions
from tests.networks.small import SMALL
from understudy.errors import OptionInvalid
from understudy.networks.architectures.liae import Liae
from understudy.networks.architectures.two_decoders import TwoDecoders
from understudy.networks.catalog import build
from understudy.networks.face_model import FaceModel


def saehd(archi: str, **changes: Any) -> FaceModel:
    return build("saehd", {**SMALL["saehd"], "archi": archi, **changes})


@pytest.mark.parametrize(
    "size_px, archi, dims, encoder, inter, decoder, total",
    [
        (128, "df", (256, 64, 64, 22), 4.31, 14.96, 19.14, 57.54),
        (128, "df-ud", (256, 64, 64, 22), 4.31, 11.80, 19.18, 54.47),
        (128, "liae-ud", (256, 64, 64, 22), 4.31, 19.93, 38.20, 82.38),
        (192, "df-ud", (256, 64, 64, 22), 4.31, 23.60, 19.18, 66.27),
        (192, "liae-ud", (256, 64, 64, 22), 4.31, 33.05, 38.20, 108.61),
        (224, "df-ud", (256, 64, 64, 22), 4.31, 31.27, 19.18, 73.94),
        (224, "liae-ud", (256, 64, 64, 22), 4.31, 41.58, 38.20, 125.66),
        (224, "liae-udt", (256, 64, 64, 22), 15.65, 12.87, 53.48, 94.87),
        (256, "df-ud", (256, 64, 64, 22), 4.31, 40.13, 19.18, 82.79),
        (256, "liae-ud", (256, 64, 64, 22), 4.31, 51.42, 38.20, 145.34),
        (256, "df-udt", (256, 64, 64, 22), 15.65, 12.60, 34.46, 97.17),
        (256, "liae-udt", (256, 64, 64, 22), 15.65, 16.81, 53.48, 102.75),
        (320, "df-ud", (256, 64, 64, 22), 4.31, 61.37, 19.18, 104.04),
        (320, "liae-udt", (384, 64, 64, 22), 15.65, 49.23, 66.16, 180.27),
        (384, "df-udt", (352, 88, 88, 16), 29.59, 53.58, 61.17, 205.51),
    ],
)
def test_parts_have_their_published_sizes(
    size_px: int,
    archi: str,
    dims: tuple[int, int, int, int],
    encoder: float,
    inter: float,
    decoder: float,
    total: float,
) -> None:
    settings = dict(zip(("ae_dims", "e_dims", "d_dims", "d_mask_dims"), dims, strict=True))
    model = build("saehd", {"size_px": size_px, "archi": archi, **settings}, device="meta")
    parts = {name: millions(part) for name, part in model.parts().items()}
    if archi.startswith("liae"):
        assert parts == {"encoder": encoder, "inter_b": inter, "inter_ab": inter, "decoder": decoder}
    else:
        assert parts == {
            "encoder": encoder, "inter_both": inter, "decoder_src": decoder, "decoder_dst": decoder,
        }  # fmt: skip
    assert millions(model) == total


def test_the_defaults_are_the_published_ones() -> None:
    assert millions(build("saehd", device="meta")) == 82.38


@pytest.mark.parametrize("letters", ["", "-u", "-d", "-t", "-c", "-ud", "-dt", "-udtc", "-tu"])
@pytest.mark.parametrize("topology", ["df", "liae"])
@pytest.mark.parametrize("size_px", [64, 160, 640])
def test_every_string_of_letters_paints_its_side(topology: str, letters: str, size_px: int) -> None:
    model = build("saehd", {"size_px": size_px, "archi": topology + letters}, device="meta")
    painted = model.swap(torch.empty(1, 3, size_px, size_px, device="meta"))
    assert painted.faces_BCHW.shape == (1, 3, size_px, size_px)
    assert painted.masks_B1HW.shape == (1, 1, size_px, size_px)


@pytest.mark.parametrize("archi", ["sae", "df-", "df-x", "liae-uu", "DF", "df-ud-t"])
def test_other_strings_are_refused(archi: str) -> None:
    with pytest.raises(OptionInvalid, match="archi"):
        build("saehd", {"archi": archi}, device="meta")


def test_d_needs_a_side_that_can_be_halved_once_more() -> None:
    build("saehd", {"archi": "df", "size_px": 144}, device="meta")
    with pytest.raises(OptionInvalid, match="32"):
        build("saehd", {"archi": "df-d", "size_px": 144}, device="meta")


def test_a_df_swap_is_painted_by_the_src_decoder() -> None:
    model = saehd("df-ud")
    assert isinstance(model, TwoDecoders)
    swap = model.swap(torch.rand(1, 3, 32, 32)).faces_BCHW
    assert depends_on(model, swap) == {"encoder", "inter_both", "decoder_src"}


def test_a_liae_swap_takes_dst_twice_through_the_common_bottleneck() -> None:
    model = saehd("liae-ud")
    assert isinstance(model, Liae)
    swap = model.swap(torch.rand(1, 3, 32, 32)).faces_BCHW
    assert depends_on(model, swap) == {"encoder", "inter_ab", "decoder"}


def test_odd_widths_are_made_even_upwards_and_the_mask_has_a_third_of_the_faces() -> None:
    odd = build("saehd", {"e_dims": 63, "d_dims": 63}, device="meta")
    assert millions(odd) == 82.38
    wider = build("saehd", {"d_mask_dims": 40}, device="meta")
    assert millions(wider.parts()["decoder"]) > 38.20
