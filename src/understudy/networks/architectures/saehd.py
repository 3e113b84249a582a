"""SAEHD: two decoders or LIAE in every size, with letters for what they do differently (`saehd_blocks.py`)."""

from __future__ import annotations

import re

from pydantic import field_validator

from understudy.errors import OptionInvalid
from understudy.networks.architectures.liae import Liae
from understudy.networks.architectures.saehd_blocks import HdDecoder, HdEncoder, HdInter, Letters
from understudy.networks.architectures.two_decoders import TwoDecoders
from understudy.networks.options import NetworkOptions, require_multiple
from understudy.options import Names, option


class SaehdOptions(NetworkOptions):
    """Sizes of SAEHD."""

    size_px: int = option(
        128, "Side of the face; a multiple of 16, with d of 32.", low=32, high=1024, unit="px", when="create"
    )
    archi: str = option(
        "liae-ud",
        "df keeps src's own features best, liae takes on dst's light best. Behind a hyphen: u for a closer "
        "likeness, d for twice the side at the same cost, t for sharper and slower learning, c for another "
        "rectifier.",
        names=Names(lambda: ["df", "df-ud", "df-udt", "liae", "liae-ud", "liae-udt"], others=True),
        when="create",
    )
    ae_dims: int = option(256, "Numbers in the bottleneck.", low=8, high=1024, when="create")
    e_dims: int = option(64, "Width of the encoder; made even upwards.", low=4, high=256, when="create")
    d_dims: int = option(64, "Width of the decoder; made even upwards.", low=4, high=256, when="create")
    d_mask_dims: int | None = option(
        None,
        "Width of the mask's decoder; made even upwards. A third of d_dims where it is not said; more where "
        "masks are drawn by hand.",
        low=4,
        high=256,
        when="create",
    )

    @field_validator("archi", mode="after")
    @classmethod
    def _is_an_archi(cls, name: str) -> str:
        archi_named(name)
        return name


def archi_named(name: str) -> tuple[str, Letters]:
    """("df" or "liae", letters) of a name like "liae-udt". Raises OptionInvalid."""
    found = re.fullmatch(r"(df|liae)(?:-([udtc]+))?", name)
    letters = (found[2] or "") if found else ""
    if found is None or len(set(letters)) < len(letters):
        raise OptionInvalid(
            f"Option 'archi' can't be {name!r}: df or liae, and behind a hyphen any of the letters u, d, t "
            "and c once, like liae-ud."
        )
    return found[1], Letters.of(letters)


def saehd(options: SaehdOptions) -> TwoDecoders | Liae:
    """By default 82.38 M parameters. Raises OptionInvalid."""
    size_px, ae_dims = options.size_px, options.ae_dims
    topology, letters = archi_named(options.archi)
    require_multiple(size_px, letters.step_px)
    d_dims = _even(options.d_dims)
    d_mask_dims = _even(d_dims // 3 if options.d_mask_dims is None else options.d_mask_dims)
    encoder = HdEncoder(size_px, _even(options.e_dims), letters)
    width = 2 * ae_dims if topology == "liae" else ae_dims

    def inter() -> HdInter:
        side_px = letters.smallest_px(size_px)
        return HdInter(encoder.features, dense=ae_dims, side_px=side_px, width=width, letters=letters)

    def decoder(width_in: int) -> HdDecoder:
        return HdDecoder(width_in, width=d_dims, mask_width=d_mask_dims, letters=letters)

    if topology == "liae":
        return Liae(size_px, encoder=encoder, inter_b=inter(), inter_ab=inter(), decoder=decoder(2 * width))
    return TwoDecoders(size_px, encoder=encoder, inter=inter(), decoders=[decoder(width), decoder(width)])


def _even(number: int) -> int:
    return number + number % 2
