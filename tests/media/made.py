"""Small clips for the tests of this folder, each frame carrying its own number in black and white."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from understudy.media.clip import ColorTags
from understudy.media.movie import MovieWriter

WIDTH, HEIGHT = 64, 48
MILLI = Fraction(1, 1000)


def numbered(number: int, *, width: int = WIDTH, height: int = HEIGHT) -> npt.NDArray[np.uint8]:
    """A picture whose upper half spells `number` in eight bars and whose lower half is a coloured ramp."""
    picture = np.zeros((height, width, 3), np.uint8)
    for bit in range(8):
        bar = slice(bit * width // 8, (bit + 1) * width // 8)
        picture[: height // 2, bar] = 235 if number >> bit & 1 else 20
    picture[height // 2 :, :, 0] = np.linspace(30, 220, width)
    picture[height // 2 :, :, 1] = 90
    picture[height // 2 :, :, 2] = np.linspace(200, 40, width)
    return picture


def number_of(picture: npt.NDArray[Any]) -> int:
    """The number that `numbered` drew."""
    height, width = picture.shape[:2]
    bars = [picture[height // 8 : 3 * height // 8, (2 * b + 1) * width // 16].mean() for b in range(8)]
    half = 127 if picture.dtype == np.uint8 else 127 * 257
    return sum(1 << bit for bit, level in enumerate(bars) if level > half)


def sine(seconds: float, rate_hz: int = 48000) -> tuple[npt.NDArray[np.float32], int]:
    """A tone and its rate."""
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    return (0.3 * np.sin(2 * np.pi * 440 * t)).astype(np.float32), rate_hz


def make_movie(path: Path, count: int = 10, *, pts: list[int] | None = None, **options: Any) -> list[str]:
    """Write `numbered` frames at 25 per second, or at `pts` milliseconds; return the notices."""
    size = {"width": options.pop("width", WIDTH), "height": options.pop("height", HEIGHT)}
    settings = {
        "time_base": Fraction(1, 25) if pts is None else MILLI,
        "rate": Fraction(25),
        "color": ColorTags(),
        "preset": "ultrafast",
        **options,
    }
    writer = MovieWriter(path, **size, **settings)
    with writer:
        for number, time in enumerate(range(count) if pts is None else pts):
            writer.write(numbered(number, **size), time)
    return writer.notices


def turn(path: Path, matrix: tuple[int, ...]) -> None:
    """Patch the matrix (a, b, c, d) into a film's tkhd box, which phones say by how they were held.

    ISO/IEC 14496-12, 8.3.2.
    """
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4 + 40
    one = 1 << 16
    a, b, c, d = matrix
    struct.pack_into(">9i", data, place, a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def encode_planes(path: Path, planes: list[npt.NDArray[Any]], pixel_format: str, **context: Any) -> None:
    """One still second of given planes, as plainly as another program would write it: lossless x264 or FFV1."""
    height, width = planes[0].shape
    encoder, options = (
        ("ffv1", {}) if path.suffix == ".mkv" else ("libx264", {"qp": "0", "preset": "ultrafast"})
    )
    with av.open(str(path), "w") as container:
        stream = container.add_stream(encoder, rate=5, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        for name, value in context.items():
            setattr(stream.codec_context, name, value)
        for number in range(5):
            frame = av.VideoFrame(width, height, pixel_format)
            for plane, values in zip(frame.planes, planes, strict=True):
                rows = np.zeros((plane.height, plane.line_size // values.itemsize), values.dtype)
                rows[:, : values.shape[1]] = values
                plane.update(rows.tobytes())
            frame.pts = number
            if "color_range" in context:
                frame.color_range = context["color_range"]
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def flat_420(
    y: int, u: int, v: int, *, width: int, height: int, kind: Any = np.uint8
) -> list[npt.NDArray[Any]]:
    """Planes of one colour in 4:2:0."""
    half = (height // 2, width // 2)
    return [np.full((height, width), y, kind), np.full(half, u, kind), np.full(half, v, kind)]
