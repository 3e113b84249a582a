"""OpenEXR in and out: scene-linear float pictures with named layers, and what their head says.

The one door to the OpenEXR library. Values are proportional to light and may exceed 1; turning them into a view
for eyes and detectors is `images.eight_bit`. Files are read and written through memory.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import OpenEXR

from understudy.errors import ImageUnreadable
from understudy.media.clip import Float32
from understudy.media.timecode import CLOCK

EXR_SUFFIX = ".exr"
_MAGIC = b"\x76\x2f\x31\x01"
_RGB, _ALPHA, _LUMA = "RGB", "A", "Y"
_LARGEST_HALF = 65504.0
_MOST_FRAMES_PER_SECOND = 1000
_BROKEN = (RuntimeError, ValueError, TypeError, KeyError, IndexError, MemoryError, OSError)


def is_exr(head: bytes) -> bool:
    """Whether a file that begins with these bytes is an OpenEXR file."""
    return head.startswith(_MAGIC)


def read_exr(source: Path | bytes, *, path: Path | None = None) -> Float32:
    """(height, width, 3) float32 RGB of the display window, as stored: not clipped, alpha left out.

    The unnamed layer, else the first that has colours; grey is repeated. What is no number becomes 0 and what
    is infinite the largest half, because one such pixel would spoil every average. Raises ImageUnreadable.
    """
    layers = read_exr_layers(source, path=path)
    for name in ("", *layers):
        picture = layers.get(name)
        if picture is None:
            continue
        rgb = np.repeat(picture[..., :1], 3, axis=2) if picture.shape[2] < 3 else picture[..., :3]
        return np.nan_to_num(rgb, nan=0.0, posinf=_LARGEST_HALF, neginf=-_LARGEST_HALF)
    raise _unreadable(path or _path_of(source))


def read_exr_layers(source: Path | bytes, *, path: Path | None = None) -> dict[str, Float32]:
    """Every layer by its name, "" for the unnamed one: (height, width, channels) float32 of the display window.

    Channels come as R, G, B, A where a layer has them; others by name. What lies outside the data window is 0.
    Raises ImageUnreadable.
    """
    named = path or _path_of(source)
    file = _opened(source, named, header_only=False)
    header = file.header()
    window = _window(header, "displayWindow")
    data = _window(header, "dataWindow")
    channels: dict[str, dict[str, Float32]] = {}
    for full_name, channel in file.channels().items():
        if (channel.xSampling, channel.ySampling) != (1, 1) or channel.pixels is None:
            raise ImageUnreadable("This EXR stores colours at half size. Save it as RGB.", named)
        layer, _, name = full_name.rpartition(".")
        channels.setdefault(layer, {})[name] = np.asarray(channel.pixels, np.float32)
    if not channels:
        raise _unreadable(named)
    return {layer: _placed(_stacked(parts), data, window) for layer, parts in sorted(channels.items())}


def exr_header(source: Path | bytes | BinaryIO, *, path: Path | None = None) -> dict[str, Any]:
    """What the head says, plain values by name, without decoding pixels. Raises ImageUnreadable.

    Adds `width` and `height` of the display window.
    """
    named = path or _path_of(source)
    header = _opened(source, named, header_only=True).header()
    x0, y0, x1, y1 = _window(header, "displayWindow")
    known = {str(name): value for name, value in header.items()}
    known.pop("channels", None)  # without pixels the library can't say what they hold
    return {**known, "width": x1 - x0, "height": y1 - y0}


def exr_bits(source: Path | bytes) -> int:
    """16 where every channel is half float, else 32. Raises ImageUnreadable."""
    file = _opened(source, _path_of(source), header_only=False)
    return 16 if all(c.pixels.dtype == np.float16 for c in file.channels().values()) else 32


def encode_exr(
    layers: Mapping[str, npt.NDArray[np.floating[Any]]],
    *,
    half: bool = True,
    metadata: Mapping[str, str] | None = None,
    pixel_aspect: float = 1.0,
    frames_per_second: Fraction | None = None,
    timecode: str = "",
    chromaticities: tuple[float, ...] | None = None,
) -> bytes:
    """An EXR of layers by name, "" for the unnamed one, ZIP-compressed; of half floats, or (not `half`) full.

    A layer is (height, width, 3) RGB, (height, width, 4) RGBA premultiplied, or (height, width), which becomes
    channel A: `mask.A`. Values beyond the largest half are cut to it. `metadata` are words in the head;
    `timecode` is the clock beside this frame, "01:00:00:00", and nothing is stored where it is none,
    `chromaticities` x and y of red, green, blue and white.
    """
    channels: dict[str, npt.NDArray[Any]] = {}
    for layer, picture in layers.items():
        names = _ALPHA if picture.ndim == 2 else (_RGB + _ALPHA)[: picture.shape[2]]
        for index, name in enumerate(names):
            plane = picture if picture.ndim == 2 else picture[..., index]
            channels[f"{layer}.{name}" if layer else name] = _stored(plane, half)
    header: dict[str, Any] = {
        "compression": OpenEXR.ZIP_COMPRESSION,
        "type": OpenEXR.scanlineimage,
        "pixelAspectRatio": float(pixel_aspect),
        **(metadata or {}),
    }
    if chromaticities is not None:
        header["chromaticities"] = chromaticities
    if frames_per_second is not None:
        header["framesPerSecond"] = frames_per_second
    match = CLOCK.fullmatch(timecode)
    if match is not None:
        header["timeCode"] = _time_code(match, frames_per_second)
    out = io.BytesIO()
    OpenEXR.File(header, channels).write(out)
    return out.getvalue()


def exr_timecode(header: Mapping[str, Any]) -> str:
    """The clock in a head that `exr_header` gave: "01:00:00:00", with ";" where it drops frames, or empty."""
    code: Any = header.get("timeCode")
    if code is None or not isinstance(code, OpenEXR.TimeCode):
        return ""
    frame = 2 * code.frame + code.fieldPhase if _counts_pairs(exr_rate(header)) else code.frame
    dot = ";" if code.dropFrame else ":"
    return f"{code.hours:02d}:{code.minutes:02d}:{code.seconds:02d}{dot}{frame:02d}"


def exr_rate(header: Mapping[str, Any]) -> Fraction | None:
    """Frames per second as a head tells them, or None."""
    said = header.get("framesPerSecond")
    return said if isinstance(said, Fraction) and 0 < said <= _MOST_FRAMES_PER_SECOND else None


def _counts_pairs(rate: Fraction | None) -> bool:
    """SMPTE ST 12-1: above 30 frames a second a clock counts pairs, and the field mark says which of two."""
    return rate is not None and round(rate) > 30


def _time_code(clock: re.Match[str], rate: Fraction | None) -> Any:
    code, frame = OpenEXR.TimeCode(), int(clock[5])
    code.hours, code.minutes, code.seconds = (int(clock[k]) for k in (1, 2, 3))
    code.frame, code.fieldPhase = divmod(frame, 2) if _counts_pairs(rate) else (frame, 0)
    code.dropFrame = clock[4] != ":"
    return code


def _stored(plane: npt.NDArray[Any], half: bool) -> npt.NDArray[Any]:
    if not half:
        return np.ascontiguousarray(plane, np.float32)
    return np.ascontiguousarray(np.clip(plane, -_LARGEST_HALF, _LARGEST_HALF), np.float16)


def _opened(source: Path | bytes | BinaryIO, path: Path | None, *, header_only: bool) -> Any:
    from understudy.media.images import MAX_PIXELS

    try:
        if isinstance(source, Path):
            source = source.read_bytes() if not header_only else source.open("rb")
        stream: BinaryIO = io.BytesIO(source) if isinstance(source, bytes) else source
        head = OpenEXR.File(stream, header_only=True)
        x0, y0, x1, y1 = _window(head.header(), "displayWindow")
        a0, b0, a1, b1 = _window(head.header(), "dataWindow")
        if max((x1 - x0) * (y1 - y0), (a1 - a0) * (b1 - b0)) > MAX_PIXELS:
            raise ImageUnreadable(f"An image of {x1 - x0} x {y1 - y0} is too large to open.", path)
        if header_only:
            return head
        stream.seek(0)
        file = OpenEXR.File(stream, separate_channels=True)
        file.channels()
    except ImageUnreadable:
        raise
    except _BROKEN as error:
        raise _unreadable(path) from error
    return file


def _window(header: Mapping[str, Any], name: str) -> tuple[int, int, int, int]:
    """Left, top, right, bottom; right and bottom are just outside."""
    low, high = header[name]
    return int(low[0]), int(low[1]), int(high[0]) + 1, int(high[1]) + 1


def _stacked(parts: Mapping[str, Float32]) -> Float32:
    order = [name for name in (*_RGB, _ALPHA) if name in parts] if set(_RGB) <= set(parts) else []
    return np.stack([parts[name] for name in order or sorted(parts, key=_luma_first)], axis=2)


def _luma_first(name: str) -> tuple[bool, str]:
    return name != _LUMA, name


def _placed(picture: Float32, data: tuple[int, ...], window: tuple[int, ...]) -> Float32:
    """The display window's part of a picture that fills the data window."""
    if data == window:
        return picture
    out = np.zeros((window[3] - window[1], window[2] - window[0], picture.shape[2]), np.float32)
    x0, y0 = max(data[0], window[0]), max(data[1], window[1])
    x1, y1 = min(data[2], window[2]), min(data[3], window[3])
    if x0 < x1 and y0 < y1:
        part = picture[y0 - data[1] : y1 - data[1], x0 - data[0] : x1 - data[0]]
        out[y0 - window[1] : y1 - window[1], x0 - window[0] : x1 - window[0]] = part
    return out


def _path_of(source: Path | bytes | BinaryIO) -> Path | None:
    return source if isinstance(source, Path) else None


def _unreadable(path: Path | None) -> ImageUnreadable:
    return ImageUnreadable(
        "This EXR can't be read: it is damaged, cut off, or a deep image. Remove it or save it again.", path
    )
