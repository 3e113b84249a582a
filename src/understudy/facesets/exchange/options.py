"""The options of taking faces over from other programs and of handing them out."""

from __future__ import annotations

from typing import Literal

from understudy.options import Options, option

CropType = Literal["half", "mid-full", "full", "full-no-align", "whole", "head", "head-no-align"]


class ImportOptions(Options):
    """How faces of other programs become ours. Those that bring a usable picture keep its pixels."""

    recut: bool = option(
        False, "Cut every face anew from the frames instead of keeping the pictures; needs --frames."
    )
    again: bool = option(False, "Also take faces that were imported before and have been deleted since.")
    face_type: CropType = option("full", "How much a crop shows that is cut from the frames.")
    size_px: int = option(256, "Side of a crop that is cut from the frames.", low=128, high=1024, unit="px")
    image_format: Literal["jpg", "png"] = option("jpg", "Kind of file of a crop that is cut from the frames.")


class ExportOptions(Options):
    """How faces are written for other programs."""

    mask: str = option(
        "", "Which stored mask goes along, by its maker's name. Empty takes xseg, or else the first there is."
    )
    jpeg_quality: int = option(95, "Quality of pictures that have to be encoded.", low=1, high=100)
    head_size_px: int = option(
        512, "Side of the pictures that faceswap-png cuts around the head.", low=64, high=2048, unit="px"
    )
