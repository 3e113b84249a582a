"""How the painted face and the frame become one picture."""

from __future__ import annotations

from typing import Literal

from understudy.options import Options, option

Mode = Literal[
    "original",
    "overlay",
    "hist-match",
    "hist-match-bw",
    "seamless",
    "seamless-hist-match",
    "raw-rgb",
    "raw-predict",
    "raw-mask",
    "raw-layers",
]


class BlendOptions(Options):
    """How the painted face and the frame become one picture."""

    mode: Mode = option(
        "overlay",
        "overlay lays the painted face over the frame through its soft mask; hist-match also gives it the "
        "histogram of dst's own face, hist-match-bw to a grey version of it; seamless lets the frame's colours "
        "at the mask's edge flow in (Poisson), seamless-hist-match matches histograms after that; original "
        "leaves the frame and makes only its mask. Raw modes are for work elsewhere, with neither soft mask "
        "nor colours: raw-rgb lays the whole painted square over the frame, raw-predict writes that square "
        "alone, as large as the model paints it, raw-mask the mask, raw-layers the frame with square and mask "
        "beside it.",
    )
    light: Literal["encoded", "linear"] = option(
        "encoded",
        "Where the soft mask, warps and effects work: on encoded numbers, as programs for faces do, or on "
        "linear light, as compositors do. Colours and Poisson always work on encoded numbers. EXR frames are "
        "linear and stay unclipped either way.",
    )
    layers: Literal["none", "mask", "all"] = option(
        "mask",
        "What is kept beside every merged frame, for work elsewhere: its soft mask, or all, which adds the "
        "painted faces alone. original keeps the mask at least, raw-layers everything.",
    )

    @property
    def kept_layers(self) -> Literal["none", "mask", "all"]:
        """What is kept beside every merged frame once the mode has had its say."""
        if self.mode == "raw-layers":
            return "all"
        return "mask" if self.mode == "original" and self.layers == "none" else self.layers
