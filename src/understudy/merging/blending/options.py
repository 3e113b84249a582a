"""How the painted face and the frame become one picture."""

from __future__ import annotations

from typing import Literal

from understudy.options import Options, option

Mode = Literal["overlay", "hist-match", "seamless"]
HISTOGRAM_MODES: tuple[Mode, ...] = ("hist-match",)


class BlendOptions(Options):
    """How the painted face and the frame become one picture."""

    mode: Mode = option(
        "overlay",
        "overlay lays the painted face over the frame through its soft mask; hist-match also gives it the "
        "histogram of dst's own face; seamless lets the frame's colours at the mask's edge flow in (Poisson).",
    )
