"""What can be chosen when a face is painted into the footage and when the result becomes a file.

Sizes are shares of the face's width (the side of the mean face's unit square), so one setting suits close-ups
and wide shots alike. Only declarations: no images, no heavy imports.
"""

from __future__ import annotations

from typing import Literal

from understudy.options import Options, option

Mode = Literal["overlay", "hist-match", "seamless"]
MaskKind = Literal["learned", "dst-hull", "product"]
ColorTransferName = Literal["none", "rct", "light"]


class MergeOptions(Options):
    """How the painted face goes into a frame of dst."""

    mode: Mode = option(
        "overlay",
        "overlay lays the painted face over the frame through its soft mask; hist-match also gives it the "
        "histogram of dst's own face; seamless lets the frame's colours at the mask's edge flow in (Poisson).",
    )
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
    morph: float = option(
        1.0,
        "How much of src is in the painted face, for models that blend the performers (amp); 0 paints dst.",
        low=0.0,
        high=1.0,
        unit="share",
    )
    face_scale: float = option(
        1.0, "Size of the painted face; above 1 it is larger than dst's.", low=0.5, high=1.5, unit="factor"
    )
    steady_frames: int = option(
        2,
        "The colour transfer is averaged over this many frames before and after, so that it does not flicker.",
        low=0,
        high=15,
        unit="frames",
    )
    batch: int = option(8, "Faces painted at once.", low=1, high=256, unit="faces")


class EncodeOptions(Options):
    """How the finished shot is written. Size, times, colours, bit depth and sound are those of dst."""

    codec: Literal["h264", "hevc", "prores", "ffv1"] = option(
        "h264",
        "h264 plays everywhere; hevc is smaller; prores (.mov) is for editing; ffv1 (.mkv) loses nothing. An "
        "image folder gives PNG images whatever stands here.",
    )
    crf: int | None = option(
        None,
        "Quality of h264 and hevc; lower is better and larger. Nothing chosen: near to lossless to the eye.",
        low=0,
        high=51,
    )
    preset: Literal["ultrafast", "veryfast", "fast", "medium", "slow", "slower"] | None = option(
        None, "How long h264 and hevc may think; slower makes smaller files. Nothing chosen: medium."
    )
    label: str = option(
        "",
        "Words shown in the lower left corner of every frame, for example 'made with AI'.",
    )
