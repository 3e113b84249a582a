"""The catalog of ways to encode pictures in a movie: one entry for each, and which endings hold it.

Only what each encoder is and takes; `movie.py` uses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from understudy.errors import OptionInvalid
from understudy.options import meant

CodecName = Literal[
    "h264", "hevc", "av1", "mpeg4", "prores", "prores_422", "prores_lt", "prores_proxy", "prores_4444", "dnxhr",
    "ffv1", "png", "qtrle", "utvideo", "h264_lossless", "hevc_lossless",
    "h264_nvenc", "hevc_nvenc", "av1_nvenc", "h264_qsv", "hevc_qsv", "av1_qsv", "h264_amf", "hevc_amf",
]  # fmt: skip

# Written out because FFmpeg takes .m4v for an iPod's.
CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".avi": "avi"}
_MP4 = (".mp4", ".mov", ".m4v", ".mkv")
_FOUR_TWO_ZERO = ("yuv420p", "yuv420p10le")
_FOUR_FOUR_FOUR = ("yuv444p", "yuv444p10le")
_HALF = ("nv12", "p010le")
_SVT_PRESETS = {"ultrafast": "12", "veryfast": "10", "fast": "8", "medium": "6", "slow": "4", "slower": "2"}
_NVENC_PRESETS = {
    "slower": "p7",
    "ultrafast": "p1",
    "veryfast": "p2",
    "fast": "p3",
    "medium": "p4",
    "slow": "p6",
}
_QSV_PRESETS = {"ultrafast": "veryfast", "slower": "veryslow"}
_AMF_PRESETS = dict.fromkeys(("ultrafast", "veryfast", "fast"), "speed") | {"medium": "balanced"}


@dataclass(frozen=True, kw_only=True)
class CodecChoice:
    """One way to encode pictures. Pixel formats are for up to 8 bits and for more, even and odd sizes."""

    encoder: str
    suffixes: tuple[str, ...]  # containers that can hold it
    even: tuple[str, str]
    odd: tuple[str, str]
    alpha: tuple[str, str] | None = None  # formats with transparency, where it can hold any
    options: tuple[tuple[str, str], ...] = ()
    quality: str = "crf"  # the encoder's own name of it
    crf: int | None = None  # the default where the encoder has a quality to choose
    most_crf: int = 51
    has_preset: bool = False
    presets: Mapping[str, str] = field(default_factory=dict)  # the encoder's own names of ours
    limited_only: bool = False
    tag: str | None = None
    lossless: bool = False
    needs: str = ""  # hardware that must be there
    help: str = ""


def _prores(profile: str, help: str) -> CodecChoice:
    return CodecChoice(
        encoder="prores_ks", suffixes=(".mov",), limited_only=True, help=help,
        even=("yuv422p10le", "yuv422p10le"), odd=("yuv444p10le", "yuv444p10le"),
        options=(("vendor", "apl0"), ("profile", profile)),
    )  # fmt: skip


def _hardware(encoder: str, needs: str, presets: Mapping[str, str], quality: str, **more: str) -> CodecChoice:
    return CodecChoice(
        encoder=encoder, suffixes=_MP4, even=_HALF, odd=_HALF, quality=quality, crf=20, has_preset=True,
        presets=presets, options=tuple(more.items()), tag="hvc1" if "hevc" in encoder else None, needs=needs,
        help=f"by {needs}",
    )  # fmt: skip


_NVIDIA = "an NVIDIA GPU with encoders (data centre cards like the H100 have none) and its driver"
_INTEL = "an Intel GPU with Quick Sync and its driver"
_AMD = "an AMD GPU and its AMF driver"

CODECS: dict[str, CodecChoice] = {
    "h264": CodecChoice(
        encoder="libx264", suffixes=_MP4, even=_FOUR_TWO_ZERO, odd=_FOUR_FOUR_FOUR, crf=16,
        has_preset=True, help="plays everywhere",
    ),
    "hevc": CodecChoice(
        encoder="libx265", suffixes=_MP4, even=_FOUR_TWO_ZERO, odd=_FOUR_FOUR_FOUR, crf=18, has_preset=True,
        options=(("x265-params", "log-level=error"),), tag="hvc1", help="smaller, 10 bits, recent devices",
    ),
    "av1": CodecChoice(
        encoder="libsvtav1", suffixes=(".mp4", ".mkv"), even=_FOUR_TWO_ZERO, odd=_FOUR_TWO_ZERO, crf=22,
        most_crf=63, has_preset=True, presets=_SVT_PRESETS, help="smallest, newest devices",
    ),
    "mpeg4": CodecChoice(
        encoder="mpeg4", suffixes=(".avi", ".mp4", ".mkv"), even=("yuv420p", "yuv420p"),
        odd=("yuv420p", "yuv420p"), quality="qmax", crf=2, most_crf=31, options=(("qmin", "1"),),
        help="for AVI and old players",
    ),
    "prores": _prores("3", "ProRes 422 HQ, for editors"),
    "prores_422": _prores("2", "ProRes 422"),
    "prores_lt": _prores("1", "ProRes 422 LT"),
    "prores_proxy": _prores("0", "ProRes 422 Proxy"),
    "prores_4444": CodecChoice(
        encoder="prores_ks", suffixes=(".mov",), even=("yuv444p10le", "yuv444p10le"), limited_only=True,
        odd=("yuv444p10le", "yuv444p10le"), alpha=("yuva444p10le", "yuva444p10le"),
        options=(("vendor", "apl0"), ("profile", "4"), ("alpha_bits", "16")), help="ProRes 4444, with alpha",
    ),
    "dnxhr": CodecChoice(
        encoder="dnxhd", suffixes=(".mov",), even=("yuv422p10le", "yuv422p10le"),
        odd=("yuv422p10le", "yuv422p10le"), options=(("profile", "dnxhr_hqx"),), limited_only=True,
        help="DNxHR HQX, for Avid and Resolve; 256 x 120 pixels at least",
    ),
    "ffv1": CodecChoice(
        encoder="ffv1", suffixes=(".mkv", ".mp4", ".avi"), even=("bgr0", "gbrp16le"), odd=("bgr0", "gbrp16le"),
        alpha=("bgra", "gbrap16le"), options=(("level", "3"), ("slicecrc", "1"), ("g", "1")), lossless=True,
        help="lossless archive, with alpha",
    ),
    "png": CodecChoice(
        encoder="png", suffixes=(".mov", ".mp4"), even=("rgb24", "rgb48be"), odd=("rgb24", "rgb48be"),
        alpha=("rgba", "rgba64be"), lossless=True, help="lossless, with alpha, for editors with QuickTime",
    ),
    "qtrle": CodecChoice(
        encoder="qtrle", suffixes=(".mov",), even=("rgb24", "rgb24"), odd=("rgb24", "rgb24"),
        alpha=("argb", "argb"), lossless=True, help="QuickTime Animation, lossless in 8 bits, with alpha",
    ),
    "utvideo": CodecChoice(
        encoder="utvideo", suffixes=(".avi",), even=("gbrp", "gbrp"), odd=("gbrp", "gbrp"),
        alpha=("gbrap", "gbrap"), lossless=True, help="lossless in 8 bits, fast, with alpha, for AVI",
    ),
    "h264_lossless": CodecChoice(
        encoder="libx264rgb", suffixes=_MP4, even=("rgb24", "rgb24"), odd=("rgb24", "rgb24"), has_preset=True,
        options=(("qp", "0"),), lossless=True, help="lossless in 8 bits; few players show it",
    ),
    "hevc_lossless": CodecChoice(
        encoder="libx265", suffixes=_MP4, even=("gbrp", "gbrp12le"), odd=("gbrp", "gbrp12le"), has_preset=True,
        options=(("x265-params", "lossless=1:log-level=error"),), tag="hvc1", lossless=True,
        help="lossless in up to 12 bits; few players show it",
    ),
    "h264_nvenc": _hardware("h264_nvenc", _NVIDIA, _NVENC_PRESETS, "cq", rc="vbr"),
    "hevc_nvenc": _hardware("hevc_nvenc", _NVIDIA, _NVENC_PRESETS, "cq", rc="vbr"),
    "av1_nvenc": _hardware("av1_nvenc", _NVIDIA, _NVENC_PRESETS, "cq", rc="vbr"),
    "h264_qsv": _hardware("h264_qsv", _INTEL, _QSV_PRESETS, "global_quality"),
    "hevc_qsv": _hardware("hevc_qsv", _INTEL, _QSV_PRESETS, "global_quality"),
    "av1_qsv": _hardware("av1_qsv", _INTEL, _QSV_PRESETS, "global_quality"),
    "h264_amf": _hardware("h264_amf", _AMD, _AMF_PRESETS, "qp_i", rc="cqp"),
    "hevc_amf": _hardware("hevc_amf", _AMD, _AMF_PRESETS, "qp_i", rc="cqp"),
}  # fmt: skip


def codec_for(path: Path, codec: str, *, alpha: bool = False, crf: int | None = None) -> CodecChoice:
    """The choice named `codec`, if it exists and fits the ending of `path` and what is wanted of it.

    Raises OptionInvalid.
    """
    choice, suffix = CODECS.get(codec), path.suffix.lower()
    if choice is None:
        near = meant(codec, CODECS)
        raise OptionInvalid(f"There is no codec {codec!r}. Known are {', '.join(CODECS)}.{near}")
    if suffix not in choice.suffixes:
        others = [name for name, other in CODECS.items() if suffix in other.suffixes]
        here = f" A {suffix} can hold {', '.join(others)}." if others else ""
        raise OptionInvalid(
            f"{codec} can't be written to a {path.suffix or 'file without ending'}. "
            f"Give the file one of these endings: {', '.join(choice.suffixes)}.{here}",
            path,
        )
    if alpha and choice.alpha is None:
        able = ", ".join(name for name, other in CODECS.items() if other.alpha)
        raise OptionInvalid(f"{codec} can't hold transparency. Choose one of {able}.", path)
    if crf is not None and choice.crf is None:
        raise OptionInvalid(f"{codec} has no quality to choose (crf). Leave it out.", path)
    if crf is not None and crf > choice.most_crf:
        raise OptionInvalid(f"{codec} takes a quality (crf) of 0 to {choice.most_crf}, not {crf}.", path)
    return choice
