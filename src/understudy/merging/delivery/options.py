"""What can be chosen when the result becomes a file. Only declarations: no images, no heavy imports."""

from __future__ import annotations

from typing import Literal

from understudy.options import Options, option


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
