"""Write a finished shot: exact frame times, honest colour tags, untouched sound, swapped in only when whole.

Colour arithmetic is in `planes.py`, sound in `sound.py`. Marks and signatures are put on afterwards by
`provenance`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import av
import av.error
import numpy as np
import numpy.typing as npt
from av.container import OutputContainer
from av.video.stream import VideoStream

from understudy.errors import OptionInvalid
from understudy.files import written_aside
from understudy.media.clip import ColorTags, Picture
from understudy.media.images import eight_bit, sixteen_bit
from understudy.media.matrices import FULL, LIMITED, resolved_tags
from understudy.media.planes import frame_from_rgb
from understudy.media.sound import WHOLE, CopiedSound, HeardPart, JoinedSound, MadeSound, SoundPart

CodecName = Literal["h264", "hevc", "prores", "ffv1"]


@dataclass(frozen=True, kw_only=True)
class CodecChoice:
    """One way to encode pictures. Pixel formats are for up to 8 bits and for more, even and odd sizes."""

    encoder: str
    suffixes: tuple[str, ...]  # containers that can hold it
    even: tuple[str, str]
    odd: tuple[str, str]
    options: tuple[tuple[str, str], ...] = ()
    crf: int | None = None  # the default where the encoder has one
    preset: str | None = None
    limited_only: bool = False
    tag: str | None = None
    help: str = ""


# libx265 leaves the decoding times of shorter movies unset: whatever lay in memory. They need no reordering.
_FRAMES_TO_REORDER = 3

CODECS: dict[str, CodecChoice] = {
    "h264": CodecChoice(
        encoder="libx264",
        suffixes=(".mp4", ".mov", ".m4v", ".mkv"),
        even=("yuv420p", "yuv420p10le"),
        odd=("yuv444p", "yuv444p10le"),
        crf=16,
        preset="medium",
        help="plays everywhere",
    ),
    "hevc": CodecChoice(
        encoder="libx265",
        suffixes=(".mp4", ".mov", ".m4v", ".mkv"),
        even=("yuv420p", "yuv420p10le"),
        odd=("yuv444p", "yuv444p10le"),
        options=(("x265-params", "log-level=error"),),
        crf=18,
        preset="medium",
        tag="hvc1",
        help="smaller, 10 bits, plays on recent devices",
    ),
    "prores": CodecChoice(
        encoder="prores_ks",
        suffixes=(".mov",),
        even=("yuv422p10le", "yuv422p10le"),
        odd=("yuv444p10le", "yuv444p10le"),
        options=(("vendor", "apl0"),),
        limited_only=True,
        help="for editors, 10 bits",
    ),
    "ffv1": CodecChoice(
        encoder="ffv1",
        suffixes=(".mkv",),
        even=("bgr0", "gbrp16le"),
        odd=("bgr0", "gbrp16le"),
        options=(("level", "3"), ("slicecrc", "1"), ("g", "1")),
        help="lossless archive",
    ),
}
_PRORES_PROFILES = {"yuv422p10le": "3", "yuv444p10le": "4"}  # HQ, 4444
_FAST_START = (".mp4", ".m4v")
# Written out because FFmpeg takes .m4v for an iPod's.
CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}


class MovieWriter:
    """Writes a movie file; use it as a context manager.

    The file appears under `path` when the block ends well and not at all otherwise. The container follows
    from the path's ending. `time_base` is the unit of `pts`; `rate` is frames per second for players and rate
    control, the average where it varies. Untagged colours get the tags of `resolved_tags`, and the pixels
    follow them. `notices` are sentences for the user about choices that were made for them; read them after
    the block.

    Parameters
    ----------
    audio_from:
        A file whose sound streams are copied packet by packet; sound the container can't hold becomes AAC.
    audio_part:
        Which of its tracks, and from when until when. Without it: all.
    mbit_per_s:
        Megabits of picture a second, on average, instead of the quality `crf`. OptionInvalid where the codec
        has neither.
    audio_of:
        Instead of it, several files whose sound is heard one after the other, as one stream of AAC.
    sound:
        Instead of both, float32 samples -1..1, (n,) or (n, channels), and their rate in Hz; stored as AAC.
    pixel_aspect:
        Width of a pixel over its height.

    Raises OptionInvalid for a codec or a container that don't exist or don't go together, FolderUnwritable,
    DiskFull, and for `audio_from` ClipMissing or ClipUnreadable.
    """

    def __init__(
        self,
        path: Path,
        *,
        width: int,
        height: int,
        time_base: Fraction,
        rate: Fraction | None,
        color: ColorTags,
        bit_depth: int = 8,
        codec: str = "h264",
        crf: int | None = None,
        preset: str | None = None,
        audio_from: Path | None = None,
        audio_part: SoundPart = WHOLE,
        mbit_per_s: float | None = None,
        audio_of: Sequence[HeardPart] = (),
        sound: tuple[npt.NDArray[np.float32], int] | None = None,
        pixel_aspect: Fraction = Fraction(1),
    ) -> None:
        self._path, self._time_base = path, time_base
        self._choice = codec_for(path, codec)
        self._shape = (height, width, 3)
        self._bits = bit_depth
        self._color = resolved_tags(color, lines=height)
        self._rate = Fraction(rate or 25)
        self._crf, self._preset, self._pixel_aspect = crf, preset, pixel_aspect
        self._audio_from, self._audio_part, self._made_sound = audio_from, audio_part, sound
        self._mbit_per_s, self._audio_of = mbit_per_s, audio_of
        if mbit_per_s is not None and self._choice.crf is None:
            raise OptionInvalid(
                f"{codec} has no bitrate to choose: its pictures are as large as they are.", path
            )
        self._last_pts: int | None = None
        self._frame_count = 0
        self._rounded_times = False
        self._sounds: list[CopiedSound | JoinedSound | MadeSound] = []
        self.notices: list[str] = []

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            aside = stack.enter_context(written_aside(self._path))
            self._container = stack.enter_context(self._opened(aside))
            self._video = self._video_stream()
            if self._audio_from is not None:
                self._sounds.append(
                    stack.enter_context(CopiedSound(self._audio_from, self._container, self._audio_part))
                )
            if self._audio_of:
                self._sounds.append(JoinedSound(self._audio_of, self._container))
            if self._made_sound is not None:
                self._sounds.append(MadeSound(*self._made_sound, self._container))
            self._stack = stack.pop_all()
        return self

    def write(self, rgb: Picture, pts: int) -> None:
        """Add one frame: (height, width, 3) RGB, uint8 or uint16 0..65535, shown at `pts` * `time_base`.

        Of a scene-linear float picture the sRGB view is written, because movies hold none.

        Frames come in order of showing; a `pts` that doesn't rise is a ValueError.
        """
        if rgb.shape != self._shape:
            raise ValueError(f"frame of shape {rgb.shape} in a movie of {self._shape}")
        if self._last_pts is not None and pts <= self._last_pts:
            raise ValueError(f"pts {pts} after {self._last_pts}: times must rise")
        self._last_pts = pts
        self._frame_count += 1
        self._rounded_times |= (pts * self._time_base * 1000).denominator != 1
        shown = eight_bit(rgb) if rgb.dtype == np.uint8 else sixteen_bit(rgb)
        frame = frame_from_rgb(shown, pixel_format=self._pixel_format, tags=self._color)
        frame.pts, frame.time_base = pts, self._time_base
        frame.duration = max(1, round(1 / (self._rate * self._time_base)))
        for packet in self._video.encode(frame):
            self._container.mux(packet)
        self._mux_sound_until(pts * self._time_base)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._stack.__exit__(kind, error, trace)
            return
        with self._stack:
            self._finish()

    def _finish(self) -> None:
        if self._last_pts is None:
            raise ValueError("no frame was written")
        for packet in self._video.encode(None):
            if self._frame_count < _FRAMES_TO_REORDER:
                packet.dts = packet.pts
            self._container.mux(packet)
        self._mux_sound_until(None)
        for sound in self._sounds:
            self.notices += sound.notices
        if self._path.suffix.lower() == ".mkv" and self._rounded_times:
            self.notices.append(
                "Matroska keeps times to the millisecond, so frame times were rounded. "
                "Choose .mov or .mp4 where they must be exact."
            )

    def _mux_sound_until(self, time_s: Fraction | None) -> None:
        for sound in self._sounds:
            for packet in sound.packets_until(time_s):
                self._container.mux(packet)

    def _video_stream(self) -> VideoStream:
        height, width, _ = self._shape
        choice, deep = self._choice, self._bits > 8
        is_odd = bool(height % 2 or width % 2)
        self._pixel_format = (choice.odd if is_odd else choice.even)[deep]
        if is_odd and choice.crf is not None:
            self.notices.append(
                f"{width} x {height} is an odd size, which 4:2:0 can't hold; the movie is 4:4:4 instead, "
                "which some players don't show."
            )
        if choice.limited_only:
            self._color = replace(self._color, range=LIMITED)
        stream = self._container.add_stream(
            choice.encoder, rate=self._rate.limit_denominator(100_000), options=self._encoder_options()
        )
        assert isinstance(stream, VideoStream)
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = width, height, self._pixel_format
        # Both, or times are rounded to the frame rate.
        stream.time_base = context.time_base = self._time_base
        if self._pixel_aspect != 1:
            context.sample_aspect_ratio = self._pixel_aspect
        is_rgb = context.format is not None and context.format.is_rgb
        context.colorspace = 0 if is_rgb else self._color.matrix
        context.color_range = FULL if is_rgb else self._color.range
        context.color_primaries, context.color_trc = self._color.primaries, self._color.transfer
        if self._mbit_per_s is not None:
            context.bit_rate = round(self._mbit_per_s * 1e6)
        context.thread_type = "AUTO"
        if choice.tag and self._path.suffix.lower() != ".mkv":
            context.codec_tag = choice.tag
        return stream

    def _encoder_options(self) -> dict[str, str]:
        options = dict(self._choice.options)
        if self._choice.crf is not None:
            if self._mbit_per_s is None:
                options["crf"] = str(self._choice.crf if self._crf is None else self._crf)
            options["preset"] = self._preset or self._choice.preset or "medium"
        if self._choice.encoder == "prores_ks":
            options["profile"] = _PRORES_PROFILES[self._pixel_format]
        return options

    @contextlib.contextmanager
    def _opened(self, aside: Path) -> Iterator[OutputContainer]:
        ending, flags = aside.suffix.lower(), {}
        if ending != ".mkv":
            # A first frame after zero is told in this unit; the usual milliseconds would round it.
            unit = self._time_base.denominator
            flags["movie_timescale"] = str(unit * -(-1000 // unit))
        if ending in _FAST_START:
            flags["movflags"] = "+faststart"
        container = av.open(str(aside), "w", CONTAINERS[ending], container_options=flags)
        try:
            yield container
            container.close()
        finally:
            # After a failure the file is thrown away; that it can't be closed well is no news.
            with contextlib.suppress(av.error.FFmpegError, OSError, ValueError):
                container.close()


def codec_for(path: Path, codec: str) -> CodecChoice:
    """The choice named `codec`, if it exists and fits the ending of `path`. Raises OptionInvalid."""
    choice = CODECS.get(codec)
    if choice is None:
        raise OptionInvalid(f"There is no codec {codec!r}. Known are {', '.join(CODECS)}.")
    if path.suffix.lower() not in choice.suffixes:
        raise OptionInvalid(
            f"{codec} can't be written to a {path.suffix or 'file without ending'}. "
            f"Give the file one of these endings: {', '.join(choice.suffixes)}.",
            path,
        )
    return choice
