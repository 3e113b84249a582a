"""OpenEXR in and out: scene-linear float pictures with named layers, and what their head says.

The one door to the OpenEXR library. Values are proportional to light and may exceed 1; turning them into a view
for eyes and detectors is `images.eight_bit`. Files are read and written through memory.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
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
_MOST_VALUES = 400_000_000  # decoded at once: a 12K frame of four channels, or 4K of 45
_BROKEN = (RuntimeError, ValueError, TypeError, KeyError, IndexError, MemoryError, OSError)


def is_exr(head: bytes) -> bool:
    """Whether a file that begins with these bytes is an OpenEXR file."""
    return head.startswith(_MAGIC)


def read_exr(source: Path | bytes, *, path: Path | None = None) -> Float32:
    """(height, width, 3) float32 RGB of the display window, as stored: not clipped, alpha left out.

    The unnamed layer, else the first that has colours; grey is repeated. What is no number becomes 0 and what
    is infinite the largest half, because one such pixel would spoil every average. Other channels are not
    decoded. Raises ImageUnreadable.
    """
    named = path or _path_of(source)
    (picture,) = _layers_of(source, named, only_colors=True).values()
    rgb = np.repeat(picture[..., :1], 3, axis=2) if picture.shape[2] < 3 else picture[..., :3]
    return np.nan_to_num(rgb, nan=0.0, posinf=_LARGEST_HALF, neginf=-_LARGEST_HALF)


def read_exr_layers(source: Path | bytes, *, path: Path | None = None) -> dict[str, Float32]:
    """Every layer by its name, "" for the unnamed one: (height, width, channels) float32 of the display window.

    Channels come as R, G, B, A where a layer has them; others by name. What lies outside the data window is 0.
    Raises ImageUnreadable.
    """
    return _layers_of(source, path or _path_of(source), only_colors=False)


def _layers_of(source: Path | bytes, path: Path | None, *, only_colors: bool) -> dict[str, Float32]:
    """Layers, or of the one that is looked at what makes its colours, from those channels alone."""
    header = _opened(source, path).header()
    window, data = _window(header, "displayWindow"), _window(header, "dataWindow")
    layers: dict[str, list[str]] = {}
    for channel in sorted(header["channels"], key=lambda each: each.name):
        layer, _, name = channel.name.rpartition(".")
        layers.setdefault(layer, []).append(name)
    if not layers:
        raise _unreadable(path)
    if only_colors:
        layer = min(layers)  # "" comes first
        layers = {layer: [*_RGB] if set(_RGB) <= set(layers[layer]) else _in_order(layers[layer])[:3]}
    wanted = [f"{layer}.{name}" if layer else name for layer, names in layers.items() for name in names]
    sampled = {each.name: (each.xSampling, each.ySampling) for each in header["channels"]}
    if any(sampled[name] != (1, 1) for name in wanted):
        raise ImageUnreadable("This EXR stores colours at half size. Save it as RGB.", path)
    width, height = data[2] - data[0], data[3] - data[1]
    if width * height * len(wanted) > _MOST_VALUES:
        raise ImageUnreadable(f"An image of {width} x {height} with {len(wanted)} channels is too large.", path)
    planes = dict(zip(wanted, _decoded(source, wanted, (height, width), path), strict=True))
    stacked = {
        layer: np.stack([planes[f"{layer}.{n}" if layer else n] for n in _in_order(names)], axis=2)
        for layer, names in layers.items()
    }
    return {layer: _placed(picture, data, window) for layer, picture in stacked.items()}


def _decoded(
    source: Path | bytes, names: list[str], shape: tuple[int, int], path: Path | None
) -> list[Float32]:
    """The data window of some channels. OpenEXR's older door is the one that decodes no others."""
    data = source.read_bytes() if isinstance(source, Path) else source
    try:
        file = OpenEXR.InputFile(io.BytesIO(data))
        kinds = _kinds(file)
        return [
            np.frombuffer(file.channel(name), kinds[name]).reshape(shape).astype(np.float32) for name in names
        ]
    except _BROKEN as error:
        raise _unreadable(path) from error


def _kinds(file: Any) -> dict[str, type[np.generic]]:
    """What each channel's values are stored as."""
    kinds = {"HALF": np.float16, "FLOAT": np.float32, "UINT": np.uint32}
    return {str(name): kinds[str(channel.type)] for name, channel in file.header()["channels"].items()}


def exr_header(source: Path | bytes | BinaryIO, *, path: Path | None = None) -> dict[str, Any]:
    """What the head says, plain values by name, without decoding pixels. Raises ImageUnreadable.

    Adds `width` and `height` of the display window; of `channels` there are the names.
    """
    named = path or _path_of(source)
    header = _opened(source, named).header()
    x0, y0, x1, y1 = _window(header, "displayWindow")
    known = {str(name): value for name, value in header.items()}
    known["channels"] = tuple(str(channel.name) for channel in header["channels"])
    return {**known, "width": x1 - x0, "height": y1 - y0}


def exr_bits(source: Path | bytes) -> int:
    """16 where every channel is half float, else 32, by the head. Raises ImageUnreadable."""
    data = source.read_bytes() if isinstance(source, Path) else source
    _opened(data, _path_of(source))
    try:
        kinds = _kinds(OpenEXR.InputFile(io.BytesIO(data)))
    except _BROKEN as error:
        raise _unreadable(_path_of(source)) from error
    return 16 if set(kinds.values()) == {np.float16} else 32


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


def exr_chromaticities(header: Mapping[str, Any]) -> tuple[float, ...] | None:
    """x and y of red, green, blue and white as a head tells them, or None."""
    said = header.get("chromaticities")
    if said is None:
        return None
    numbers = tuple(float(number) for number in np.ravel(said))
    return numbers if len(numbers) == 8 and np.isfinite(numbers).all() else None


def exr_unread(header: Mapping[str, Any]) -> str:
    """One sentence on what a file holds besides its picture and alpha, or empty."""
    layers = {name.rpartition(".")[0] for name in header["channels"]}
    prefix = f"{layer}." if (layer := min(layers, default="")) else ""
    read = {prefix + name for name in (*_RGB, _ALPHA, _LUMA)}
    more = [name for name in header["channels"] if name not in read]
    told = []
    if more:
        told.append(f"{len(more)} more channels ({', '.join(more[:3])}{', …' if len(more) > 3 else ''})")
    window, data = _window(header, "displayWindow"), _window(header, "dataWindow")
    if data[0] < window[0] or data[1] < window[1] or data[2] > window[2] or data[3] > window[3]:
        told.append("pixels beyond the frame (a data window larger than the display window)")
    return f"The EXR files hold {' and '.join(told)}, which are not kept." if told else ""


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


def _opened(source: Path | bytes | BinaryIO, path: Path | None) -> Any:
    """The library's file of a head alone, of a size that can be opened."""
    from understudy.media.images import MAX_PIXELS

    try:
        if isinstance(source, Path):
            source = source.open("rb")
        stream: BinaryIO = io.BytesIO(source) if isinstance(source, bytes) else source
        head = OpenEXR.File(stream, header_only=True)
        x0, y0, x1, y1 = _window(head.header(), "displayWindow")
        a0, b0, a1, b1 = _window(head.header(), "dataWindow")
        _ = [channel.name for channel in head.header()["channels"]]  # read when asked for, and may be no text
        if max((x1 - x0) * (y1 - y0), (a1 - a0) * (b1 - b0)) > MAX_PIXELS:
            raise ImageUnreadable(f"An image of {x1 - x0} x {y1 - y0} is too large to open.", path)
    except ImageUnreadable:
        raise
    except _BROKEN as error:
        raise _unreadable(path) from error
    return head


def _window(header: Mapping[str, Any], name: str) -> tuple[int, int, int, int]:
    """Left, top, right, bottom; right and bottom are just outside."""
    low, high = header[name]
    return int(low[0]), int(low[1]), int(high[0]) + 1, int(high[1]) + 1


def _in_order(names: Sequence[str]) -> list[str]:
    order = [name for name in (*_RGB, _ALPHA) if name in names] if set(_RGB) <= set(names) else []
    return order or sorted(names, key=_luma_first)


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
