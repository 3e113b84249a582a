"""A decoded frame's planes to RGB, RGB to a frame for the encoder, turning pictures upright.

We convert ourselves because FFmpeg's scaler darkens 8-bit 4:2:0 by more than one level, loses white above
8 bits and takes untagged HD for BT.601. Chroma is spread by repeating and gathered by averaging the same
pixels, so that a picture nobody touched comes back with the very same chroma. No containers here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from av.sidedata.sidedata import SideData
from av.sidedata.sidedata import Type as SideDataType
from av.video.format import VideoFormat
from av.video.frame import VideoFrame

from understudy.media.clip import ColorTags, UInt8, UInt16
from understudy.media.matrices import FULL, gray_scale, resolved_tags, rgb_from_ycc, ycc_from_rgb

WHITE_16 = 65535
_BAND_PIXELS = 1 << 16
Picture = UInt8 | UInt16
Pixels = npt.NDArray[Any]
_FLOAT = re.compile(r"f(16|32)")


def tags_of(frame: VideoFrame) -> ColorTags:
    """What the frame says about its colours."""
    return ColorTags(
        matrix=int(frame.colorspace),
        range=FULL if frame.format.name.startswith("yuvj") else int(frame.color_range),
        primaries=int(frame.color_primaries),
        transfer=int(frame.color_trc),
    )


def bit_depth_of(pixel_format: VideoFormat) -> int:
    """Bits of the deepest channel."""
    return max(component.bits for component in pixel_format.components)


def rgb_from_frame(frame: VideoFrame, *, deep: bool = False) -> Picture:
    """(height, width, 3) RGB of a decoded frame as it is stored, not turned. Alpha is ignored.

    uint8, or with `deep` uint16 0..65535 when the frame has more than 8 bits. Untagged frames follow
    `resolved_tags`. White and black are exact.
    """
    frame = _as_planar(frame)
    bits = bit_depth_of(frame.format)
    white = WHITE_16 if deep and bits > 8 else 255
    planes = [_plane(frame, index) for index in range(min(3, len(frame.planes)))]
    if frame.format.is_rgb:
        green, blue, red = planes
        scale = np.diag([white / (2.0**bits - 1)] * 3)
        return _transformed(cv2.merge([red, green, blue]), np.column_stack([scale, np.zeros(3)]), white)
    if len(frame.format.components) < 3:
        factor, offset = gray_scale(full=frame.color_range != 1, bits=bits, white=white)
        matrix = np.array([[factor, 0, 0, offset]] * 3)
        return _transformed(cv2.merge([planes[0]] * 3), matrix, white)
    tags = resolved_tags(tags_of(frame), lines=frame.height)
    return _rgb_of_planes(planes, rgb_from_ycc(tags, bits=bits, white=white), white)


def frame_from_rgb(
    rgb: Picture, *, pixel_format: str, tags: ColorTags, alpha: npt.NDArray[Any] | None = None
) -> VideoFrame:
    """A frame for the encoder from (height, width, 3) RGB, uint8 or uint16 0..65535.

    `pixel_format` is planar 4:2:0, 4:2:2 or 4:4:4 Y'CbCr or planar RGB ("gbrp…"), little-endian above 8 bits,
    each also with alpha, "nv12", "p010le", or one of `PACKED`. `tags` must be resolved and are set on it.
    `alpha` (height, width) is straight, uint8, uint16 or float 0..1; without it formats with alpha are opaque.
    """
    height, width = rgb.shape[:2]
    frame = VideoFrame(width, height, pixel_format)
    bits = bit_depth_of(frame.format)
    white = 255.0 if rgb.dtype == np.uint8 else float(WHITE_16)
    if pixel_format in PACKED:
        _fill_packed(frame, rgb, alpha, white)
    elif frame.format.is_rgb:
        top = 2**bits - 1
        scaled = _transformed(_widened(rgb, bits), np.eye(3, 4) * (top / _widened_white(white, bits)), top)
        for index, channel in enumerate((1, 2, 0)):
            _fill(frame, index, scaled[..., channel])
    else:
        _fill_ycc(frame, rgb, tags, bits)
    if pixel_format not in PACKED and len(frame.format.components) == 4:
        _fill(frame, 3, _alpha_of(alpha, (height, width), 2**bits - 1))
    if not frame.format.is_rgb:
        frame.colorspace = tags.matrix
    frame.color_range = FULL if frame.format.is_rgb else tags.range
    # Set afterwards on purpose: handing these to the scaler would convert pixels, and take seconds.
    frame.color_primaries = tags.primaries
    frame.color_trc = tags.transfer
    return frame


# Formats with all channels in one plane: their order ("0" is nothing), and how one number is stored.
PACKED: dict[str, tuple[str, str]] = {
    "rgb24": ("RGB", "u1"),
    "bgr0": ("BGR0", "u1"),
    "rgba": ("RGBA", "u1"),
    "bgra": ("BGRA", "u1"),
    "argb": ("ARGB", "u1"),
    "rgb48be": ("RGB", ">u2"),
    "rgba64be": ("RGBA", ">u2"),
}


def _fill_packed(frame: VideoFrame, rgb: Picture, alpha: npt.NDArray[Any] | None, white: float) -> None:
    order, kind = PACKED[frame.format.name]
    top = 255 if kind == "u1" else WHITE_16
    scaled = _transformed(rgb, np.eye(3, 4) * (top / white), top)
    channels = dict(zip("RGB", cv2.split(scaled), strict=True))
    if "A" in order:
        channels["A"] = _alpha_of(alpha, scaled.shape[:2], top)
    empty = np.zeros(scaled.shape[:2], scaled.dtype)
    packed = cv2.merge([channels.get(name, empty) for name in order])
    _fill(frame, 0, packed.reshape(len(packed), -1).astype(np.dtype(kind), copy=False))


def _alpha_of(alpha: npt.NDArray[Any] | None, shape: tuple[int, ...], top: int) -> Pixels:
    """Alpha in 0..top; opaque where there is none."""
    kind = np.uint8 if top <= 255 else np.uint16
    if alpha is None:
        return np.full(shape, top, kind)
    most = 1.0 if alpha.dtype.kind == "f" else float(np.iinfo(alpha.dtype).max)
    return np.rint(np.clip(alpha / most, 0, 1) * top).astype(kind)


def _fill_ycc(frame: VideoFrame, rgb: Picture, tags: ColorTags, bits: int) -> None:
    wide = _widened(rgb, 16)
    matrix = ycc_from_rgb(
        tags, bits=bits, white=_widened_white(255.0 if rgb.dtype == np.uint8 else WHITE_16, 16)
    )
    top = 2**bits - 1
    _fill(frame, 0, _in_high_bits(frame, _transformed(wide, matrix[:1], top)))
    across, down = (_ratio(frame.width, frame.planes[1].width), _ratio(frame.height, frame.planes[1].height))
    if across > 1 or down > 1:
        odd = (-frame.height % down, -frame.width % across)
        wide = cv2.copyMakeBorder(wide, 0, odd[0], 0, odd[1], cv2.BORDER_REPLICATE)
        wide = cv2.resize(wide, (frame.planes[1].width, frame.planes[1].height), interpolation=cv2.INTER_AREA)
    chroma = _transformed(wide, matrix[1:], top)
    if len(frame.planes) == 2:  # nv12 and p010le: both colours side by side
        _fill(frame, 1, _in_high_bits(frame, chroma.reshape(len(chroma), -1)))
    else:
        _fill(frame, 1, chroma[..., 0])
        _fill(frame, 2, chroma[..., 1])


def _in_high_bits(frame: VideoFrame, values: Pixels) -> Pixels:
    return values << np.uint16(6) if frame.format.name == "p010le" else values


def alpha_from_frame(frame: VideoFrame) -> UInt16 | None:
    """(height, width) uint16 0..65535 straight alpha of a decoded frame as stored; None where it has none."""
    known = frame.format
    if len(known.components) != 4:
        return None
    if not known.is_rgb:
        bits = bit_depth_of(known)
        values = _plane(frame, 3).astype(np.uint32)
        return np.asarray((values * WHITE_16 + (2**bits - 1) // 2) // (2**bits - 1), np.uint16)
    # The scaler makes 16 bits of 8 by a shift, which leaves opaque below white; so each depth stays its own.
    name, kind = ("rgba", np.uint8) if bit_depth_of(known) <= 8 else ("rgba64le", np.dtype("<u2"))
    same = frame.reformat(format=name, threads=1)
    rows = np.frombuffer(memoryview(same.planes[0]), kind).reshape(frame.height, -1)
    alpha = rows[:, : 4 * frame.width].reshape(frame.height, frame.width, 4)[..., 3]
    return alpha.astype(np.uint16) * np.uint16(257 if kind == np.uint8 else 1)


def _widened(rgb: Pixels, bits: int) -> Pixels:
    # Averages of 8-bit chroma would lose half a level to rounding; eight bits below the point keep it exact.
    return rgb.astype(np.uint16) * np.uint16(256) if rgb.dtype == np.uint8 and bits > 8 else rgb


def _widened_white(white: float, bits: int) -> float:
    return 255.0 * 256 if white == 255.0 and bits > 8 else white


def _rgb_of_planes(planes: list[Pixels], matrix: npt.ArrayLike, top: int) -> Pixels:
    """Y'CbCr planes, chroma as small as it is stored, to RGB."""
    luma, blue, red = planes
    (height, width), down = luma.shape, _ratio(len(luma), len(blue))
    out = np.empty((height, width, 3), np.uint8 if top <= 255 else np.uint16)
    for rows in _bands(height, width, whole=down):
        shape = (rows.stop - rows.start, width)
        part = slice(rows.start // down, _ratio(rows.stop, down))
        chroma = (_spread(plane[part], shape, down=down) for plane in (blue, red))
        out[rows] = _transformed_band(cv2.merge([luma[rows], *chroma]), matrix, top)
    return out


def _transformed(picture: Pixels, matrix: npt.ArrayLike, top: int) -> Pixels:
    """Apply a channels x 4 matrix, round, and clip to 0..top; uint8 when `top` fits."""
    (height, width), channels = picture.shape[:2], len(np.asarray(matrix))
    shape = (height, width, channels) if channels > 1 else (height, width)
    out = np.empty(shape, np.uint8 if top <= 255 else np.uint16)
    for rows in _bands(height, width):
        out[rows] = _transformed_band(picture[rows], matrix, top)
    return out


def _bands(height: int, width: int, *, whole: int = 1) -> Iterator[slice]:
    """Rows that are worked on together, `whole` or a multiple at once.

    What lies between is then small enough to stay near the core and to be used again for the next band; fresh
    memory for whole pictures cost more than the arithmetic.
    """
    step = max(1, _BAND_PIXELS // max(1, width * whole)) * whole
    return (slice(first, min(first + step, height)) for first in range(0, height, step))


def _transformed_band(picture: Pixels, matrix: npt.ArrayLike, top: int) -> Pixels:
    """OpenCV computes 16-bit input in float32 and rounds and saturates at both ends; its 8-bit path does not
    keep half levels, so 8-bit pictures go through 16 bits."""
    out: Pixels = cv2.transform(picture.astype(np.uint16, copy=False), np.asarray(matrix, np.float32))
    if top <= 255:
        return cv2.convertScaleAbs(out) if top == 255 else np.minimum(out, top).astype(np.uint8)
    return np.minimum(out, top) if top < WHITE_16 else out


def _as_planar(frame: VideoFrame) -> VideoFrame:
    """The same frame with every channel in a plane of its own; only packed formats are rearranged."""
    known = frame.format
    bits = bit_depth_of(known)
    little = known.name.endswith("le") or bits <= 8
    planar = len(frame.planes) == len(known.components) and not known.has_palette
    if planar and little and not _FLOAT.search(known.name):
        return frame
    if known.is_rgb or known.has_palette:
        goal = "gbrp" if bits <= 8 else "gbrp16le"
    elif len(known.components) < 3:
        goal = "gray" if bits <= 8 else "gray16le"
    else:
        goal = _planar_ycc(frame, bits)
    return frame.reformat(format=goal, threads=1)


def _planar_ycc(frame: VideoFrame, bits: int) -> str:
    chroma = frame.format.components[1]
    halved = (chroma.width < frame.width, chroma.height < frame.height)
    layout = {(True, True): "yuv420p", (True, False): "yuv422p"}.get(halved, "yuv444p")
    return layout if bits <= 8 else f"{layout}{bits if bits in (10, 12, 16) else 16}le"


def _plane(frame: VideoFrame, index: int) -> Pixels:
    plane = frame.planes[index]
    kind = np.uint8 if bit_depth_of(frame.format) <= 8 else np.dtype("<u2")
    rows = np.frombuffer(memoryview(plane), kind).reshape(plane.height, -1)
    return rows[:, : plane.width]


def _fill(frame: VideoFrame, index: int, values: Pixels) -> None:
    plane = frame.planes[index]
    rows = np.zeros((plane.height, plane.line_size // values.itemsize), values.dtype)
    rows[:, : values.shape[1]] = values
    plane.update(rows.tobytes())


def _ratio(whole: int, part: int) -> int:
    return -(-whole // part)


def _spread(chroma: Pixels, shape: tuple[int, int], *, down: int) -> Pixels:
    height, width = shape
    across = _ratio(width, chroma.shape[1])
    if across == 1 and down == 1:
        return chroma
    # Odd sizes: spread to whole pairs, then cut, so that pairs stay together.
    size = (chroma.shape[1] * across, chroma.shape[0] * down)
    return cv2.resize(chroma, size, interpolation=cv2.INTER_NEAREST)[:height, :width]


def upright_steps(frame: VideoFrame) -> tuple[bool, bool, bool]:
    """How the stored picture becomes upright: swap its axes, then mirror left-right, then top-bottom.

    From the display matrix (x', y') = (a x + c y, b x + d y) of ISO/IEC 14496-12, rounded to quarter turns.
    """
    found = [
        data
        for data in frame.side_data
        if isinstance(data, SideData) and data.type == SideDataType.DISPLAYMATRIX
    ]
    if not found:
        return False, False, False
    a, b, _, c, d = np.frombuffer(bytes(found[0]), np.int32)[:5].tolist()
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return False, a < 0, d < 0
    return True, c < 0, b < 0


def turned_upright(picture: Picture, steps: tuple[bool, bool, bool]) -> Picture:
    """The picture after `upright_steps`, contiguous."""
    swap, mirror, flip = steps
    turned: Pixels = picture.swapaxes(0, 1) if swap else picture
    turned = turned[:, ::-1] if mirror else turned
    turned = turned[::-1] if flip else turned
    return np.ascontiguousarray(turned)


def rotation_deg(steps: tuple[bool, bool, bool]) -> int:
    """Clockwise turn of `upright_steps`: 0, 90, 180 or 270; mirrored pictures count the turn after it."""
    turns = {(False, True, True): 180, (True, True, False): 90, (True, True, True): 90}
    turns |= {(True, False, True): 270, (True, False, False): 270, (False, False, True): 180}
    return turns.get(steps, 0)
