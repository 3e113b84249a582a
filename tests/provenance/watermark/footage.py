"""Drawn footage with texture, a flat sky and grain, that pans; and what is done to footage on its way."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np

Frames = Sequence[np.ndarray]
WIDTH, HEIGHT = 640, 480


@cache
def plain_footage(frames: int = 8, *, seed: int = 0, width: int = WIDTH, height: int = HEIGHT) -> Frames:
    """uint8 RGB frames; nothing changes them."""
    rng = np.random.default_rng(seed)
    wide, high = width + 4 * frames, height
    picture = 150 + 20 * _cloud(high, wide, rng)
    picture[: high // 3] = np.linspace(205, 185, high // 3)[:, None]
    made = []
    for number in range(frames):
        view = picture[:, 4 * number : 4 * number + width] + rng.normal(0, 1.5, (height, width))
        grey = np.clip(np.rint(view), 0, 255).astype(np.uint8)
        made.append(np.dstack([grey, grey, np.maximum(grey, 20) - np.uint8(20)]))
        made[-1].flags.writeable = False
    return tuple(made)


def _cloud(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Noise whose waves are the stronger the longer they are, as in photographs (standard deviation 1)."""
    spectrum = np.fft.rfft2(rng.standard_normal((height, width)))
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    radius[0, 0] = 1
    drawn = np.fft.irfft2(spectrum / radius, s=(height, width))
    return drawn / drawn.std()


def coded(frames: Frames, *, codec: str = "libx264", crf: int = 28, rate: int = 25) -> list[np.ndarray]:
    """The frames as they come out of a codec."""
    file = io.BytesIO()
    _write(file, frames, codec=codec, crf=crf, rate=rate)
    file.seek(0)
    with av.open(file) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def write_film(path: Path, frames: Frames, *, codec: str = "libx264", crf: int = 28) -> Path:
    """The frames as a film."""
    _write(str(path), frames, codec=codec, crf=crf, rate=25)
    return path


def _write(file: object, frames: Frames, *, codec: str, crf: int, rate: int) -> None:
    options = {"crf": str(crf), "preset": "veryfast", "x265-params": "log-level=none"}
    if codec != "libx265":
        del options["x265-params"]
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream(codec, rate=rate, options=options)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            picture = np.ascontiguousarray(frame)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())


def scaled(frames: Frames, factor: float) -> list[np.ndarray]:
    """The frames in another size, even in pixels."""
    height, width = (round(side * factor / 2) * 2 for side in frames[0].shape[:2])
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return [cv2.resize(frame, (width, height), interpolation=how) for frame in frames]


def psnr_db(one: np.ndarray, other: np.ndarray) -> float:
    """Peak signal to noise ratio, of 8-bit steps."""
    return float(10 * np.log10(255**2 / np.mean((one.astype(float) - other) ** 2)))
