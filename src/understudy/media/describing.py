"""All that is known about a clip, as plain values: picture, time, colours, sound, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from av.container import InputContainer

from understudy.media.clip import Clip, ColorTags
from understudy.media.containers import open_container, video_stream_of

# Code points of ITU-T H.273 that are met; others are told as numbers.
_MATRICES = {0: "RGB", 1: "BT.709", 5: "BT.601 (PAL)", 6: "BT.601 (NTSC)", 9: "BT.2020"}
_PRIMARIES = {1: "BT.709", 5: "BT.601 (PAL)", 6: "BT.601 (NTSC)", 9: "BT.2020", 11: "DCI-P3", 12: "Display P3"}
_TRANSFERS = {
    1: "BT.709", 4: "gamma 2.2", 6: "BT.601", 8: "linear", 13: "sRGB", 14: "BT.2020", 16: "PQ", 18: "HLG",
}  # fmt: skip
_RANGES = {0: "not said", 1: "limited", 2: "full"}
_FIELD_ORDERS = {2: "top field first", 3: "bottom field first", 4: "top field first", 5: "bottom field first"}


def described(clip: Clip) -> dict[str, Any]:
    """JSON-able facts about an open clip. Raises what opening its file again raises."""
    info = clip.info
    facts: dict[str, Any] = {
        "path": str(info.path),
        "kind": info.kind,
        "size_bytes": _size_bytes(info.path),
        "codec": info.codec,
        "pixel_format": info.pixel_format,
        "bit_depth": info.bit_depth,
        "scene_linear": info.scene_linear,
        "width": info.width,
        "height": info.height,
        "pixel_aspect": str(info.pixel_aspect),
        "rotation_deg": info.rotation_deg,
        "frames": info.frame_count,
        "duration_s": round(info.duration_s, 6),
        "rate": None if info.rate is None else str(info.rate),
        "frames_per_second": None if info.rate is None else round(float(info.rate), 4),
        "assumed_rate": info.assumed_rate,
        "variable_rate": info.variable_rate,
        "timecode": info.timecode,
        "interlaced": info.interlaced,
        "color": color_words(info.color),
        "audio": [],
        "damage": info.damage,
    }
    if info.kind == "video":
        facts |= _of_file(info.path)
    return facts


def color_words(tags: ColorTags) -> dict[str, str]:
    """The names of what a clip says about its colours."""

    def named(names: dict[int, str], code: int) -> str:
        return "not said" if code == 2 else names.get(code, f"code {code}")

    return {
        "matrix": named(_MATRICES, tags.matrix),
        "primaries": named(_PRIMARIES, tags.primaries),
        "transfer": named(_TRANSFERS, tags.transfer),
        "range": _RANGES.get(tags.range, f"code {tags.range}"),
    }


def _of_file(path: Path) -> dict[str, Any]:
    with open_container(path) as container:
        stream = video_stream_of(container, path)
        return {
            "container": container.format.name,
            "field_order": _FIELD_ORDERS.get(int(stream.codec_context.field_order), ""),
            "audio": [_sound(container, number) for number in range(len(container.streams.audio))],
        }


def _sound(container: InputContainer, number: int) -> dict[str, Any]:
    stream = container.streams.audio[number]
    base = {"track": number + 1, "language": stream.language or ""}
    if stream.codec_context is None:  # pyright: ignore[reportUnnecessaryComparison]
        return base | {"codec": "unknown"}
    return base | {
        "codec": stream.codec_context.name,
        "rate_hz": stream.rate,
        "channels": stream.channels,
        "layout": stream.layout.name,
        "duration_s": round(float(stream.duration * stream.time_base), 3)
        if stream.duration and stream.time_base
        else None,
    }


def _size_bytes(path: Path) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.iterdir() if file.is_file())
    return path.stat().st_size
