"""Where the painted face shows.

Sizes are shares of the face's width (the side of the mean face's unit square), so one setting suits close-ups
and wide shots alike.
"""

from __future__ import annotations

from typing import Literal

from understudy.options import Options, option

MaskKind = Literal["learned", "dst-hull", "product"]


class MaskOptions(Options):
    """Where the painted face shows."""

    mask: MaskKind = option(
        "learned",
        "Where the face is replaced: learned is the mask the model paints with the face; dst-hull is drawn "
        "from dst's landmarks; product is where both agree.",
    )
    erode: float = option(
        0.02,
        "Shrinks the mask by this much on every side; negative values grow it.",
        low=-0.3,
        high=0.3,
        unit="share of the face's width",
    )
    blur: float = option(
        0.1,
        "Softens the mask's edge over about this width. The edge always ends inside the crop.",
        low=0.0,
        high=0.5,
        unit="share of the face's width",
    )
