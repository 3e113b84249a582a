"""The one place that turns image files into pixels and back.

RGB always, upright (EXIF), without alpha. Bytes go through memory, so any path works on any system. Float
pictures come from EXR files (`exr.py`), scene-linear. Metadata inside face images is `facesets`' business.
"""

from __future__ import annotations

import io
import struct
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from understudy.color import as_share, linear_from_srgb, srgb_from_linear
from understudy.errors import ImageUnreadable
from understudy.media.clip import Float32, UInt8, UInt16
from understudy.media.exr import EXR_SUFFIX, exr_header, is_exr, read_exr
from understudy.media.png import png_of

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", EXR_SUFFIX})
_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "MPO")
# Where Pillow begins to warn of decompression bombs; a 12K film frame has 80 million.
MAX_PIXELS = 89_478_485
# Everything Pillow's readers were seen to raise on broken files.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    struct.error,
    OverflowError,
    RuntimeError,
    Warning,  # where warnings are errors
    Image.DecompressionBombError,
)
_MOST_DEFLATED = 1040  # bytes from one, at best: RFC 1951
_ORIENTATION, _BITS_PER_SAMPLE = 0x0112, 258
# Broken files are told in our own words; OpenCV would print lines of its own as well.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def read_image(path: Path) -> UInt8:
    """(height, width, 3) uint8 RGB. Raises ImageUnreadable."""
    return decode_image(_bytes_of(path), path=path)


def read_image_deep(path: Path) -> UInt8 | UInt16 | Float32:
    """Like `read_image`, but uint16 0..65535 where the file has 16 bits a channel, and float32 of an EXR."""
    return decode_image_deep(_bytes_of(path), path=path)


def decode_image(data: bytes, *, path: Path | None = None) -> UInt8:
    """(height, width, 3) uint8 RGB from the bytes of an image file. Raises ImageUnreadable."""
    return eight_bit(decode_image_deep(data, path=path))


def decode_image_deep(data: bytes, *, path: Path | None = None) -> UInt8 | UInt16 | Float32:
    """Like `decode_image`, but uint16 0..65535 where there are 16 bits a channel, and scene-linear float32,
    which may exceed 1, of an EXR."""
    if is_exr(data):
        return read_exr(data, path=path)
    try:
        with _opened(io.BytesIO(data), path) as image:
            _refuse_hollow(image, len(data), path)
            orientation = _orientation(image)
            if image.mode in ("I", "F"):
                raise ImageUnreadable("This image has 32 bits a channel. Save it with 8 or 16.", path)
            rgb = _sixteen_bit_rgb(data, path) if _is_deep(image) else np.array(image.convert("RGB"))
    except _BROKEN as error:
        raise _unreadable(path) from error
    return _upright(rgb, orientation)


def image_size(path: Path) -> tuple[int, int]:
    """(width, height) of the upright image from the file's head alone. Raises ImageUnreadable."""
    try:
        with path.open("rb") as file:
            if is_exr(file.read(4)):
                head = exr_header(path)
                return head["width"], head["height"]
        with path.open("rb") as file, _opened(file, path) as image:
            width, height = image.size
            return (height, width) if _orientation(image) >= 5 else (width, height)
    except _BROKEN as error:
        raise _unreadable(path) from error


def has_alpha(path: Path) -> bool:
    """Whether an image has transparency, from the file's head alone. Raises ImageUnreadable."""
    try:
        with path.open("rb") as file:
            if is_exr(file.read(4)):
                names = exr_header(path)["channels"]
                layer = min((name.rpartition(".")[0] for name in names), default="")
                return (f"{layer}.A" if layer else "A") in names
        with path.open("rb") as file, _opened(file, path) as image:
            return image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info
    except _BROKEN as error:
        raise _unreadable(path) from error


def eight_bit(rgb: npt.NDArray[Any]) -> UInt8:
    """uint8 of a uint8 or uint16 picture, rounded; white stays white.

    A float picture is scene-linear: its sRGB view is given, clipped at white, for whoever looks at it. It may
    differ by one level from `srgb_from_linear`, because it is looked up by half floats.
    """
    if rgb.dtype == np.uint8:
        return rgb.astype(np.uint8, copy=False)
    if rgb.dtype.kind == "f":
        halves = np.abs(np.clip(rgb, 0, 1)).astype(np.float16)  # minus zero has bits of its own
        return _views_of_halves()[halves.view(np.uint16)]
    return np.asarray(cv2.convertScaleAbs(rgb, alpha=1 / 257), np.uint8).reshape(rgb.shape)


@cache
def _views_of_halves() -> UInt8:
    """The sRGB level of every half float from 0 to 1, by its bits."""
    bits = np.arange(int(np.float16(1).view(np.uint16)) + 1, dtype=np.uint16)
    return np.rint(srgb_from_linear(bits.view(np.float16)) * 255).astype(np.uint8)


def sixteen_bit(rgb: npt.NDArray[Any]) -> UInt16:
    """uint16 0..65535 of a uint8 or uint16 picture, exact both ways; of a float one its clipped sRGB view."""
    if rgb.dtype.kind == "f":
        return np.rint(srgb_from_linear(np.clip(rgb, 0, 1)) * 65535).astype(np.uint16)
    return (
        rgb.astype(np.uint16) * np.uint16(257) if rgb.dtype == np.uint8 else rgb.astype(np.uint16, copy=False)
    )


def scene_linear(rgb: npt.NDArray[Any]) -> Float32:
    """float32 of any picture, proportional to light: integers are taken for sRGB, floats are so already."""
    if rgb.dtype.kind == "f":
        return rgb.astype(np.float32, copy=False)
    return linear_from_srgb(as_share(rgb))


def encode_jpeg(rgb: UInt8, quality: int = 95) -> bytes:
    """JPEG with full chroma (4:4:4) of (height, width, 3) uint8 RGB."""
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(rgb)).save(out, "JPEG", quality=quality, subsampling=0)
    return out.getvalue()


def encode_png(picture: npt.NDArray[Any]) -> bytes:
    """PNG of RGB (height, width, 3) or grey (height, width), uint8 or uint16."""
    return png_of(picture)


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ImageUnreadable("There is no such image. Check the name and the folder.", path) from error
    except OSError as error:
        raise ImageUnreadable(
            "This image can't be opened. Check that it is a file you may read.", path
        ) from error


def _opened(file: Any, path: Path | None) -> Image.Image:
    try:
        image = Image.open(file, formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(path) from error
    if image.width * image.height > MAX_PIXELS:
        raise _too_large(path)
    return image


def _refuse_hollow(image: Image.Image, size_bytes: int, path: Path | None) -> None:
    # A PNG's head can promise more than its bytes could ever hold; memory is not taken on its word.
    bits = {"RGB": 24, "RGBA": 32, "I;16": 16}.get(image.mode, 1)
    if image.format == "PNG" and image.width * image.height * bits > 8 * _MOST_DEFLATED * size_bytes:
        raise _unreadable(path)


def _too_large(path: Path | None) -> ImageUnreadable:
    most = f"{MAX_PIXELS // 1_000_000} million pixels"
    return ImageUnreadable(f"This image has more than {most}. Save it smaller.", path)


def _unreadable(path: Path | None) -> ImageUnreadable:
    return ImageUnreadable(
        "This image can't be read: it is damaged, cut off or not a PNG, JPEG, TIFF, WebP, BMP or EXR. "
        "Remove it or save it again.",
        path,
    )


def _orientation(image: Image.Image) -> int:
    exif = Image.Exif()
    if image.format != "PNG":
        exif = image.getexif()
    elif "exif" in image.info:
        exif.load(image.info["exif"])  # Pillow's own getexif would decode the whole PNG first
    value = exif.get(_ORIENTATION, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _is_deep(image: Image.Image) -> bool:
    """More than 8 bits a channel; Pillow itself reads 16-bit RGB as 8."""
    if image.mode.startswith("I;16"):
        return True
    if image.format == "PNG":
        return any("16" in str(tile[3]) for tile in getattr(image, "tile", ()))
    bits = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE, (8,))
    return max(bits) > 8


def _sixteen_bit_rgb(data: bytes, path: Path | None) -> UInt16:
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
    if data.startswith(b"\x89PNG"):
        with _opened(io.BytesIO(data), path) as image:
            image.verify()  # libpng would tell the terminal of damage, and give half a picture
    try:
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        bgr = None
    if bgr is None:
        raise _unreadable(path)
    if bgr.dtype != np.uint16:
        raise ImageUnreadable("This image has neither 8 nor 16 bits a channel. Save it again.", path)
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint16)


def _upright(rgb: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """Undo the EXIF orientation 1..8 (Exif 2.32, tag 0x0112)."""
    if orientation >= 5:
        rgb = rgb.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        rgb = rgb[:, ::-1]
    if orientation in (3, 4, 7, 8):
        rgb = rgb[::-1]
    return np.ascontiguousarray(rgb)
