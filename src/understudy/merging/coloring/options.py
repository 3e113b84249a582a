"""Which colours the painted face has."""

from __future__ import annotations

from typing import Literal

from understudy.options import Options, option

ColorTransferName = Literal["none", "rct", "light"]


class ColorOptions(Options):
    """Which colours the painted face has."""

    color: ColorTransferName = option(
        "light",
        "Colours of the painted face: none leaves them; rct matches mean and spread in Lab; light takes over "
        "the slow changes of dst's light across the face and keeps the performer's own detail.",
    )
    color_strength: float = option(
        1.0, "How much of the colour transfer is applied.", low=0.0, high=1.0, unit="share"
    )
    light_size: float = option(
        0.3,
        "Only for light: changes slower than this are taken from dst. Smaller follows shadows more closely but "
        "starts to copy dst's features.",
        low=0.05,
        high=1.0,
        unit="share of the face's width",
    )
    hist_match_top: float = option(
        1.0,
        "Only for hist-match: the brightest painted value reaches this quantile of dst's face. Lower values "
        "calm glaring spots.",
        low=0.5,
        high=1.0,
        unit="share",
    )
    steady_frames: int = option(
        2,
        "The colour transfer is averaged over this many frames before and after, so that it does not flicker.",
        low=0,
        high=15,
        unit="frames",
    )
