"""A video file as a clip: exact times, exact seeking, upright RGB, and an early end instead of an error.

Every reading opens the file anew, so that several can go on at once and nothing is shared between them.
Colour arithmetic is in `planes.py`, the table of time stamps in `timing.py`.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Self

import av.error
import cv2
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from understudy.errors import ClipUnreadable
from understudy.media import planes
from understudy.media.clip import ClipInfo, Frame
from understudy.media.containers import open_container, packets, video_stream_of
from understudy.media.deinterlacing import FieldOrder, whole_frames
from understudy.media.images import MAX_PIXELS, eight_bit, sixteen_bit
from understudy.media.timing import (
    average_rate,
    counted_table,
    damage_sentence,
    frame_table,
    has_variable_rate,
)

# A first picture that has not come after this many packets will not come.
_PATIENCE_PACKETS = 500
_TIMECODE = re.compile(r"\d{2}:\d{2}:\d{2}[:;.]\d{2,3}")


class VideoClip:
    """A video file open for reading. Implements `Clip`. Raises ClipMissing or ClipUnreadable when made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        first = self._first_frame()
        with open_container(path) as container:
            stream = video_stream_of(container, path)
            table = frame_table(container, stream)
            # Only inside the block: a stream outlives its container as a dangling pointer.
            usable = first.pts is not None or not table.stamped
            self._table = table if usable else counted_table(len(table.stored), stream)
            self.time_base: Fraction = stream.time_base or Fraction(1, 90000)
        self._steps = planes.upright_steps(first)
        self._undecodable: set[int] = set()
        self.info: ClipInfo = self._described(first)

    def _first_frame(self) -> VideoFrame:
        with open_container(self._path) as container:
            stream = video_stream_of(container, self._path)
            for number, packet in enumerate(chain(packets(container, stream), [None])):
                for frame in _decoded(stream, packet):
                    return _checked(frame, self._path)
                if number > _PATIENCE_PACKETS:
                    break
        raise ClipUnreadable("Nothing in this video can be decoded. Export or copy it again.", self._path)

    def _described(self, first: VideoFrame) -> ClipInfo:
        with open_container(self._path) as container:
            stream = video_stream_of(container, self._path)
            swap = self._steps[0]
            table, shown = self._table, self._table.shown
            aspect = stream.sample_aspect_ratio or Fraction(1)
            length = (shown[-1] - shown[0] + table.last_duration) * self.time_base if shown else Fraction(0)
            return ClipInfo(
                path=self._path,
                kind="video",
                width=first.height if swap else first.width,
                height=first.width if swap else first.height,
                frame_count=len(shown),
                duration_s=float(length),
                rate=average_rate(shown, self.time_base, stream.average_rate),
                variable_rate=has_variable_rate(shown),
                rotation_deg=planes.rotation_deg(self._steps),
                codec=stream.codec_context.name,
                pixel_format=first.format.name,
                bit_depth=planes.bit_depth_of(first.format),
                color=planes.tags_of(first),
                has_audio=bool(container.streams.audio),
                pixel_aspect=(1 / aspect if swap else aspect) if aspect > 0 else Fraction(1),
                timecode=_timecode(container, stream),
                interlaced=bool(first.interlaced_frame),
                audio_tracks=len(container.streams.audio),
                damage=_joined(damage_sentence(len(shown), table.promised), table.notice),
            )

    def timestamps(self) -> Sequence[int]:
        """The pts of every frame in order of showing, in `time_base`, starting near zero."""
        return self._table.shown

    def frames(
        self, start: int = 0, stop: int | None = None, *, step: int = 1, deep: bool = False
    ) -> Iterator[Frame]:
        """Stream frames; see `Clip.frames`. What can't be decoded is left out and told in `info.damage`."""
        count = len(self._table.shown)
        wanted = range(max(0, start), count if stop is None else min(stop, count), step)
        if not wanted:
            return
        missing = set(wanted)
        for index, frame in self._indexed(wanted[0]):
            if index in wanted:
                yield self._upright(index, frame, deep=deep)
                missing.remove(index)
            if index >= wanted[-1]:
                break
        if missing:
            self._undecodable |= missing
            have, total = count - len(self._undecodable), max(count, self._table.promised or 0)
            damage = f"Only {have} of {total} frames could be read: the rest is damaged."
            self.info = replace(self.info, damage=_joined(damage, self._table.notice))

    def key_frames(self, most: int) -> Iterator[Frame]:
        """Up to `most` frames that stand for themselves in the file, from all over it; none where it says none.

        Each is found by seeking, so a long film takes no longer than a short one.
        """
        if not self._table.stamped or not self._table.shown:
            return
        count, seen = len(self._table.shown), -1
        for number in range(most):
            key = self._table.key_before(number * count // most)
            found = next(self._decoded_from(key), None)
            if found is not None and found[0] > seen:
                seen = found[0]
                yield self._upright(*found, deep=False)

    def whole_frames(self, *, order: FieldOrder, each_field: bool) -> Iterator[Frame]:
        """All frames deinterlaced, in the clip's own depth; with `each_field` two of every frame.

        Then they are counted anew, and their `pts` are in halves of `time_base`. See `deinterlacing`.
        """
        stamps, halves = self._table.shown, 2 if each_field else 1
        made = whole_frames(self._indexed(0), order=order, each_field=each_field)
        for number, (index, field, frame) in enumerate(made):
            whole = self._upright(index, frame, deep=True)
            end = stamps[index + 1] if index + 1 < len(stamps) else stamps[index] + self._table.last_duration
            pts = halves * stamps[index] + field * (end - stamps[index])
            time_s = float(pts * self.time_base / halves)
            yield replace(whole, index=number if each_field else index, pts=pts, time_s=time_s)

    def _upright(self, index: int, frame: VideoFrame, *, deep: bool) -> Frame:
        if frame.interlaced_frame and not self.info.interlaced:  # broadcasts change on the way
            self.info = replace(self.info, interlaced=True)
        rgb = planes.turned_upright(planes.rgb_from_frame(frame, deep=deep), self._steps)
        if rgb.shape[:2] != (self.info.height, self.info.width):
            # Streams may change size on the way (screen recordings, broadcasts); a clip does not.
            size = (self.info.width, self.info.height)
            rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), rgb.dtype)
        rgb = sixteen_bit(rgb) if deep and self.info.bit_depth > 8 else eight_bit(rgb)
        pts = self._table.shown[index]
        return Frame(index, pts, float(pts * self.time_base), rgb)

    def _indexed(self, start: int) -> Iterator[tuple[int, VideoFrame]]:
        """Decoded frames with their numbers, rising, from `start` on or the first one that decodes after it."""
        for steps_back in (0, 1, None):
            key = None
            if self._table.stamped and steps_back is not None:
                key = self._table.key_before(start, steps_back=steps_back)
            frames = self._decoded_from(key)
            first = next(((i, f) for i, f in frames if i >= start), None)
            # Demuxers seek by decoding order and some only roughly: a later landing shows here.
            if key is None or (first is not None and first[0] == start):
                break
            frames.close()
        if first is None:
            return
        last = first[0]
        yield first
        for index, frame in frames:
            if index > last:
                last = index
                yield index, frame

    def _decoded_from(self, key: int | None) -> Generator[tuple[int, VideoFrame]]:
        with open_container(self._path) as container:
            stream = video_stream_of(container, self._path)
            # Slices, never frames: frame threads wait for each other for ever on some damaged HEVC files.
            stream.thread_type = "SLICE"
            if key is not None:
                try:
                    container.seek(key, stream=stream, backward=True)
                except (av.error.FFmpegError, OSError):
                    return
            counter = 0
            for packet in chain(packets(container, stream), [None]):
                for frame in _decoded(stream, packet):
                    if frame.width * frame.height > MAX_PIXELS:
                        return
                    index = counter
                    if self._table.stamped:
                        index = self._table.index_of.get(frame.pts) if frame.pts is not None else None
                    counter += 1
                    if index is not None and index < len(self._table.shown):
                        yield index, frame

    def close(self) -> None:
        """Nothing stays open between readings."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _decoded(stream: VideoStream, packet: Packet | None) -> list[VideoFrame]:
    """What one packet gives; a packet that can't be decoded gives nothing. None empties the decoder."""
    try:
        return stream.codec_context.decode(packet)
    except (av.error.FFmpegError, OSError, ValueError):
        return []


def _timecode(container: InputContainer, stream: VideoStream) -> str:
    for said in (stream.metadata, container.metadata):
        for name, value in said.items():
            if name.lower() == "timecode" and _TIMECODE.fullmatch(value.strip()):
                return value.strip()
    return ""


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def _checked(frame: VideoFrame, path: Path) -> VideoFrame:
    if frame.width * frame.height > MAX_PIXELS:
        raise ClipUnreadable(f"A picture of {frame.width} x {frame.height} is too large to open.", path)
    try:
        planes.rgb_from_frame(frame)
    except (av.error.FFmpegError, ValueError) as error:
        name = frame.format.name
        raise ClipUnreadable(f"Pictures of the kind {name!r} can't be turned into RGB here.", path) from error
    return frame
