"""What can be chosen when clips are taken apart, cut, cleaned and joined. Only declarations."""

from __future__ import annotations

from typing import Literal

from understudy.media.codecs import CodecName
from understudy.options import Options, option


class FrameFileOptions(Options):
    """Which frames become files, and of which kind."""

    fps: float = option(
        0.0, "How many frames of every second are written; 0 writes all of them.", low=0.0, high=1000.0
    )
    image_format: Literal["png", "jpg"] = option(
        "png", "png loses nothing and keeps 16 bits; jpg is about ten times smaller and has 8."
    )
    quality: int = option(95, "Quality of jpg files.", low=1, high=100)


class MovieOptions(Options):
    """How a movie in between is encoded. Times, colours and bit depth are those of what it is made from."""

    codec: CodecName = option(
        "h264",
        "As for a finished shot: h264 plays everywhere; hevc and av1 are smaller; prores (.mov) is for "
        "editing; ffv1 (.mkv) loses nothing.",
    )
    bitrate: float | None = option(
        None,
        "How large the picture may be on average, for codecs that lose something. Nothing chosen: near to "
        "lossless to the eye.",
        low=0.05,
        high=2000.0,
        unit="Mbit/s",
    )


class CutOptions(MovieOptions):
    """Which sound goes with a piece, and whether its pictures may be encoded again."""

    audio_track: int | None = option(
        None, "The one audio track that goes along, counted from 1; 0 for none. Nothing chosen: all.", low=0
    )
    copy_only: bool = option(
        False,
        "Never encode: take the smallest piece around the wish that can be copied, from a key frame on.",
    )


class DenoiseOptions(MovieOptions):
    """How much noise goes."""

    strength: float = option(
        5.0, "1 takes hardly any noise, 5 a modern camera's, 20 that of pushed film.", low=1.0, high=20.0
    )


class DeinterlaceOptions(MovieOptions):
    """Which field came first, and how many frames are made of two fields."""

    field_order: Literal["auto", "top", "bottom", "none"] = option(
        "auto",
        "Which field was filmed first: auto believes the clip, top and bottom say it where the clip doesn't "
        "or is wrong, none says that its frames are whole although it calls them interlaced.",
    )
    each_field: bool = option(
        False, "Make a frame of every field, so twice as many a second; movement is as smooth as it was filmed."
    )


class JoinOptions(MovieOptions):
    """The pace of what is joined."""

    fps: float | None = option(
        None,
        "Frames per second of images. Nothing chosen: the times of --like, or 25.",
        low=0.01,
        high=1000.0,
    )
