"""Clips whose numbers are not encoded like sRGB, though a merge takes all integers for it.

Camera and screen curves near sRGB (BT.709, gamma 2.2) pass; HDR, logarithmic and linear ones are told of. Not
here: the light that is worked in (`light`).
"""

from __future__ import annotations

from collections.abc import Iterable

from understudy.errors import OptionInvalid
from understudy.media.clip import ClipInfo
from understudy.media.hdr_curves import HDR_CURVES
from understudy.merging.light import LightName

# Code points of ITU-T H.273.
_FAR_FROM_SRGB = {8: "linear", 9: "log 100:1", 10: "log 316:1", 16: "PQ", 18: "HLG"}


def curve_notices(clips: Iterable[ClipInfo]) -> list[str]:
    """A sentence for each clip that models see other than it is."""
    return [
        f"{info.path.name} is tagged {curve} (transfer {info.color.transfer}), and its numbers are taken for "
        "sRGB: the model sees it paler or darker than it is, and colours are matched on those numbers. What is "
        f"not painted stays as it is. {_way_out(curve)}"
        for info in clips
        if (curve := _curve(info))
    ]


def require_known_curve(shown: ClipInfo, lights: Iterable[LightName]) -> None:
    """Raise OptionInvalid where frames are to be blended in linear light that their curve does not give."""
    if (curve := _curve(shown)) and "linear" in lights:
        raise OptionInvalid(
            f"Option 'light' can't be 'linear' here: the clip is tagged {curve}, and its numbers would become "
            f"light by sRGB's curve, which is another one. Use --light encoded. {_way_out(curve)}",
            shown.path,
        )


def _way_out(curve: str) -> str:
    if curve in HDR_CURVES:
        return f"Say what the clip is for exact colours: `--color-space {curve}` when adding it."
    return "For exact colours convert the clip to BT.709 or scene-linear EXR first."


def _curve(info: ClipInfo) -> str:
    """The name of a curve that is far from sRGB's; empty for others, for floats, which have none, and where the
    clip's colour space was said."""
    return "" if info.scene_linear or info.color_space else _FAR_FROM_SRGB.get(info.color.transfer, "")
