"""What a clip is: frames with exact times, from a video or from a folder of images.

Only the shape is here; `video.py` and `sequence.py` implement it, `open_clip` in `opening.py` chooses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal, Protocol, Self

import numpy as np
import numpy.typing as npt

UInt8 = npt.NDArray[np.uint8]
UInt16 = npt.NDArray[np.uint16]
Float32 = npt.NDArray[np.float32]
Picture = UInt8 | UInt16 | Float32

LONGEST_SKIP = 48  # frames decoded in vain before a seek is cheaper


@dataclass(frozen=True)
class ColorTags:
    """How a video's numbers become colours, as the code points of ITU-T H.273. 2 means "not said"."""

    matrix: int = 2
    range: int = 0  # 0 not said, 1 limited (16-235), 2 full
    primaries: int = 2
    transfer: int = 2


@dataclass(frozen=True, kw_only=True)
class ClipInfo:
    """What is known about a clip without decoding all of it. Sizes are those of the upright picture."""

    path: Path
    kind: Literal["video", "images"]
    width: int
    height: int
    frame_count: int
    duration_s: float
    rate: Fraction | None  # average frames per second; None of images that say none, and none was said
    variable_rate: bool
    rotation_deg: int  # by how much the stored picture was turned to stand upright: 0, 90, 180, 270
    codec: str
    pixel_format: str
    bit_depth: int  # 16 and 32 with `scene_linear` are half and full floats
    color: ColorTags
    has_audio: bool
    pixel_aspect: Fraction = Fraction(1)  # width of a pixel over its height, upright
    scene_linear: bool = False  # EXR: floats proportional to light, which may exceed 1
    timecode: str = (
        ""  # the clock beside the first frame: "01:00:00:00", ";" before the frame where it drops some
    )
    interlaced: bool = False  # two half pictures of different moments in one frame
    audio_tracks: int = 0
    chromaticities: tuple[float, ...] | None = None  # EXR: x and y of red, green, blue and white, where said
    assumed_rate: bool = False  # of images that say none
    skipped: str = ""  # one sentence where the numbers of images have gaps
    unread: str = ""  # one sentence where files hold more than the picture that is read
    color_space: str = ""  # of the file's numbers where its frames are shown as light; see `color_spaces.py`
    damage: str = ""  # one sentence when only part of the file can be used
    file_names: tuple[str, ...] = field(default=(), repr=False)  # of an image folder's frames

    @property
    def is_deep(self) -> bool:
        """Whether deep frames are more than the 8-bit ones."""
        return self.bit_depth > 8 or bool(self.color_space)


class OwnNumbers(Protocol):
    """A frame as its file has it, where `rgb` is the light it stands for."""

    @property
    def picture(self) -> Picture:
        """The file's numbers."""
        ...

    def of_light(self, light: Float32, *, seen: Float32 | None = None) -> Picture:
        """Light in the file's numbers; pixels that are as in `seen`, the frame's own light, stay exactly."""
        ...

    def of_shares(self, shares: Float32) -> Picture:
        """Numbers 0..1 that are no colours, in the file's depth."""
        ...


@dataclass(frozen=True)
class Frame:
    """One upright frame. `index` counts from 0 in order of showing; `pts` is in the clip's time base."""

    index: int
    pts: int
    time_s: float
    # (height, width, 3); uint16 spans 0..65535 for clips of more than 8 bits, float32 is scene-linear
    rgb: Picture
    name: str = ""  # of the frame's file, where the clip is a folder of images
    own: OwnNumbers | None = None  # of a deep frame that is shown as light instead of its numbers

    @property
    def rgb_8bit(self) -> UInt8:
        """The picture in 8 bits, rounded, for programs that look at it; white stays white.

        Of a scene-linear picture the sRGB view, clipped.
        """
        from understudy.media.images import eight_bit

        return eight_bit(self.rgb)


def loose_frame(rgb: Picture, *, index: int = 0, name: str = "") -> Frame:
    """A frame for a picture that belongs to no clip, e.g. an aligned crop."""
    return Frame(index, index, 0.0, rgb, name)


class Clip(Protocol):
    """A clip that is open for reading. Use it as a context manager."""

    info: ClipInfo
    time_base: Fraction

    def timestamps(self) -> Sequence[int]:
        """The pts of every frame in order of showing."""
        ...

    def frames(
        self, start: int = 0, stop: int | None = None, *, step: int = 1, deep: bool = False
    ) -> Iterator[Frame]:
        """Frames start, start + step, … before `stop`, streamed: never more than a few are in memory.

        8-bit RGB unless `deep`, which gives uint16 for clips of more than 8 bits, and float32 where the clip is
        scene-linear. Starting in the middle seeks;
        the frame that comes is exactly the one asked for. A damaged clip ends early instead of raising.
        """
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...
