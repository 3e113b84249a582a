"""Write a finished shot: exact frame times, honest colour tags, untouched sound, swapped in only when whole.

Colour arithmetic is in `planes.py`, sound in `sound.py`. Marks and signatures are put on afterwards by
`provenance`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import av.error
import numpy as np
import numpy.typing as npt
from av.container import OutputContainer
from av.video.format import VideoFormat
from av.video.stream import VideoStream

from understudy.errors import MovieUnwritable, OptionInvalid
from understudy.files import written_aside
from understudy.media.clip import ColorTags, Picture
from understudy.media.codecs import CONTAINERS, codec_for
from understudy.media.images import eight_bit, sixteen_bit
from understudy.media.matrices import FULL, LIMITED, resolved_tags
from understudy.media.matroska import say_pixel_aspect, without_pixel_aspect
from understudy.media.planes import bit_depth_of, frame_from_rgb
from understudy.media.sound import WHOLE, CopiedSound, HeardPart, JoinedSound, MadeSound, SoundPart
from understudy.workers.priority import priority_kept

# SVT-AV1 prints its settings past FFmpeg's log, unless told to print errors alone.
os.environ.setdefault("SVT_LOG", "1")
# libx265 leaves the decoding times of shorter movies unset: whatever lay in memory. They need no reordering.
_FRAMES_TO_REORDER = 3
_FAST_START = (".mp4", ".m4v")


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
    alpha:
        Frames come with their transparency. OptionInvalid where the codec can't hold it.
    timecode:
        The clock that stood beside the first frame, "01:00:00:00", or empty.

    Raises OptionInvalid for a codec or a container that don't exist or don't go together, FolderUnwritable,
    DiskFull, for `audio_from` ClipMissing or ClipUnreadable, and MovieUnwritable where FFmpeg refuses something
    that none of these foresaw.
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
        alpha: bool = False,
        timecode: str = "",
    ) -> None:
        self._path, self._time_base = path, time_base
        self._choice = codec_for(path, codec, alpha=alpha, crf=crf)
        self._codec, self._alpha, self._timecode = codec, alpha, timecode
        self._rate = Fraction(rate or 25)
        self._counts_frames = path.suffix.lower() == ".avi"  # which has no times, only a rate
        self._shape = (height, width, 3)
        self._bits = bit_depth
        self._color = resolved_tags(color, lines=height)
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

    def write(self, rgb: Picture, pts: int, *, alpha: npt.NDArray[Any] | None = None) -> None:
        """Add one frame: (height, width, 3) RGB, uint8 or uint16 0..65535, shown at `pts` * `time_base`.

        Of a scene-linear float picture the sRGB view is written, because movies hold none. `alpha` (height,
        width) is straight: 0..255, 0..65535 or float 0..1; without it a frame is opaque. Frames come in order
        of showing; a `pts` that doesn't rise is a ValueError.
        """
        if rgb.shape != self._shape:
            raise ValueError(f"frame of shape {rgb.shape} in a movie of {self._shape}")
        if self._last_pts is not None and pts <= self._last_pts:
            raise ValueError(f"pts {pts} after {self._last_pts}: times must rise")
        self._last_pts = pts
        self._frame_count += 1
        self._rounded_times |= (pts * self._time_base * 1000).denominator != 1
        shown = eight_bit(rgb) if rgb.dtype == np.uint8 else sixteen_bit(rgb)
        frame = frame_from_rgb(shown, pixel_format=self._pixel_format, tags=self._color, alpha=alpha)
        frame.pts, frame.time_base = pts, self._time_base
        if self._counts_frames:
            frame.pts, frame.time_base = round(pts * self._time_base * self._rate), 1 / self._rate
        frame.duration = max(1, round(1 / (self._rate * frame.time_base)))
        with _refusals_told(self._path):
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
        with _refusals_told(self._path):
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
        choice = self._choice
        self._pixel_format = self._chosen_format()
        if choice.limited_only:
            self._color = replace(self._color, range=LIMITED)
        if self._counts_frames:
            self._color = self._without_tags(self._color)
        rate = self._rate.limit_denominator(100_000)
        stream = self._container.add_stream(choice.encoder, rate=rate, options=self._encoder_options())
        assert isinstance(stream, VideoStream)
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = width, height, self._pixel_format
        # Both, or times are rounded to the frame rate.
        stream.time_base = context.time_base = 1 / rate if self._counts_frames else self._time_base
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
        self._open(stream)
        return stream

    def _without_tags(self, color: ColorTags) -> ColorTags:
        """What readers take for a file that keeps no tags, as AVI; the pixels follow it."""
        assumed = resolved_tags(ColorTags(), lines=self._shape[0])
        if replace(color, range=assumed.range) != assumed:
            self.notices.append(
                "AVI keeps no colour tags, so players take what is usual for this size. Matrix and range "
                "follow that; primaries and curve stay as they were, untold. Choose .mov or .mkv to tell them."
            )
        if self._pixel_aspect != 1 and self._choice.encoder != "mpeg4":  # which has its own place for it
            self.notices.append(
                f"{self._codec} in AVI can't hold the pixel aspect of {self._pixel_aspect}, so the picture is "
                "shown as if pixels were square. Choose .mov or .mkv to keep it."
            )
        return assumed

    def _chosen_format(self) -> str:
        height, width, _ = self._shape
        choice, deep = self._choice, self._bits > 8
        if self._alpha and choice.alpha is not None:
            chosen = choice.alpha[deep]
        else:
            is_odd = bool(height % 2 or width % 2)
            chosen = (choice.odd if is_odd else choice.even)[deep]
            if is_odd and chosen != choice.even[deep] and choice.crf is not None:
                self.notices.append(
                    f"{width} x {height} is an odd size, which 4:2:0 can't hold; the movie is 4:4:4 instead, "
                    "which some players don't show."
                )
        bits = bit_depth_of(VideoFormat(chosen))
        if bits < self._bits:
            self.notices.append(
                f"dst has {self._bits} bits and {self._codec} has {bits}, so finer steps are lost."
            )
        return chosen

    def _open(self, stream: VideoStream) -> None:
        """Open the encoder now, where it can still be said what it refuses."""
        height, width, _ = self._shape
        try:
            with priority_kept():
                stream.codec_context.open(strict=False)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            if self._choice.needs:
                raise OptionInvalid(
                    f"The encoder {self._codec} can't be opened here; it needs {self._choice.needs}. "
                    f"Choose {self._codec.partition('_')[0]}, which needs nothing.",
                    self._path,
                ) from error
            raise OptionInvalid(
                f"{self._codec} can't encode pictures of {width} x {height} ({self._choice.help}). Choose "
                "another codec.",
                self._path,
            ) from error

    def _encoder_options(self) -> dict[str, str]:
        choice = self._choice
        options = dict(choice.options)
        if choice.crf is not None and self._mbit_per_s is None:
            options[choice.quality] = str(choice.crf if self._crf is None else self._crf)
        if choice.has_preset:
            preset = self._preset or "medium"
            options["preset"] = choice.presets.get(preset, preset)
        if choice.encoder == "prores_ks" and self._pixel_format == "yuv444p10le":
            options["profile"] = "4"  # an odd size that 4:2:2 can't hold
        return options

    @contextlib.contextmanager
    def _opened(self, aside: Path) -> Iterator[OutputContainer]:
        ending, flags = aside.suffix.lower(), {}
        if ending not in (".mkv", ".avi"):
            # A first frame after zero is told in this unit; the usual milliseconds would round it.
            unit = self._time_base.denominator
            flags["movie_timescale"] = str(unit * -(-1000 // unit))
        if ending in _FAST_START:
            flags["movflags"] = "+faststart"
        container = av.open(str(aside), "w", CONTAINERS[ending], container_options=flags)
        if self._timecode:
            container.metadata["timecode"] = self._timecode
        try:
            yield container
            with _refusals_told(self._path):
                container.close()
            if ending == ".mkv" and self._pixel_aspect != 1 and not say_pixel_aspect(aside, self._pixel_aspect):
                self.notices.append(without_pixel_aspect(self._pixel_aspect))
        finally:
            # After a failure the file is thrown away; that it can't be closed well is no news.
            with contextlib.suppress(av.error.FFmpegError, OSError, ValueError):
                container.close()


@contextlib.contextmanager
def _refusals_told(path: Path) -> Iterator[None]:
    """Say for people what FFmpeg refuses; what the disk refuses is told by who makes the file."""
    try:
        yield
    except av.error.FFmpegError as error:
        if isinstance(error, OSError):
            raise
        raise MovieUnwritable(
            f"This movie can't be written; FFmpeg says: {error.strerror}. Choose another ending, as .mkv "
            "or .mov, or another codec, or leave the sound away.",
            path,
        ) from error
