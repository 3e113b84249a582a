"""Sound for a movie: copied packet by packet from another file, joined from several, or made from samples.

All hand out packets up to a time, so that picture and sound lie side by side in the file.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Self

import av
import av.error
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet

from understudy.errors import OptionInvalid
from understudy.media.containers import holds_first_packet, open_container, packets, start_offset_s
from understudy.media.sound_gaps import Gaps, plain_sample

_AAC_RATES = (48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)
_BLOCK_SAMPLES = 4096
_AAC_BITS_PER_CHANNEL = 128_000
_JOINED_RATE_HZ = 48_000
_NAMES = ("language", "title", "handler_name")
# FFmpeg's own guess by the number of channels, for files that don't say which loudspeaker each is for.
_USUAL_LAYOUTS = ("mono", "stereo", "2.1", "4.0", "5.0", "5.1", "6.1", "7.1")


@dataclass(frozen=True)
class SoundPart:
    """Which of a file's sound is wanted: a track by its number from 1 or all, and from when until when.

    Times are seconds from the clip's start; what is heard at `from_s` comes out at 0. Sound is cut between its
    packets, a few hundredths of a second apart.
    """

    track: int | None = None
    from_s: Fraction = Fraction(0)
    until_s: Fraction | None = None


WHOLE = SoundPart()


class CopiedSound:
    """Sound streams of a file, their packets unchanged where the container can hold them, else as AAC.

    `notices` says in sentences what could not be copied. Raises ClipMissing or ClipUnreadable, and
    OptionInvalid for a track that isn't there.
    """

    def __init__(self, path: Path, output: OutputContainer, part: SoundPart = WHOLE) -> None:
        self.notices: list[str] = []
        self._input = open_container(path)
        self._part = part
        self._offset_s = start_offset_s(self._input) + part.from_s
        self._ways: dict[int, _Copy | _Recode] = {}
        for number, stream in self._chosen(path):
            if stream.codec_context is None:  # pyright: ignore[reportUnnecessaryComparison]
                self.notices.append(f"Sound {number} is of a kind not known here; it was left out.")
                continue
            name = stream.codec_context.name
            if _can_hold(path, stream.index, output):
                way = _Copy(stream, output)
            elif _can_encode(stream, output):
                way = _Recode(stream, output)
            else:
                count = stream.codec_context.layout.nb_channels
                self.notices.append(
                    f"Sound {number} is {name} of {count} channels, which this container can't hold and no "
                    "encoder here takes; it was left out."
                )
                continue
            self._ways[stream.index] = way
            _name_like(stream, way.goal)
            if isinstance(way, _Recode):
                now = "uncompressed" if _is_avi(output) else "AAC"
                self.notices.append(
                    f"Sound {number} was {name}, which this container can't hold; it is {now} now."
                )
        streams = [s for s in self._input.streams.audio if s.index in self._ways]
        self._packets = packets(self._input, *streams) if streams else iter(())
        self._waiting: Packet | None = None

    def packets_until(self, time_s: Fraction | None) -> Iterator[Packet]:
        """Packets for the output up to a time, or all that are left."""
        while True:
            packet = self._waiting or next(self._packets, None)
            self._waiting = None
            if packet is None:
                break
            stamp = packet.dts if packet.dts is not None else packet.pts
            begins_s = None if stamp is None else stamp * packet.time_base - self._offset_s
            if begins_s is not None and not self._is_wanted(begins_s):
                continue
            if time_s is not None and begins_s is not None and begins_s > time_s:
                self._waiting = packet
                return
            self._shift(packet)
            yield from self._ways[packet.stream.index].take(packet)
        if time_s is None:
            for way in self._ways.values():
                yield from way.rest()

    def _chosen(self, path: Path) -> list[tuple[int, AudioStream]]:
        streams = list(enumerate(self._input.streams.audio, 1))
        if self._part.track is None:
            return streams
        chosen = [each for each in streams if each[0] == self._part.track]
        if not chosen:
            there = f"has the audio tracks 1 to {len(streams)}" if len(streams) > 1 else f"has {len(streams)}"
            self._input.close()
            raise OptionInvalid(f"There is no audio track {self._part.track}; this file {there}.", path)
        return chosen

    def _is_wanted(self, begins_s: Fraction) -> bool:
        """Whether a packet begins in the wanted time. One from before 0 would move the picture there."""
        until_s = self._part.until_s
        if self._part.from_s and begins_s < 0:
            return False
        return until_s is None or begins_s < until_s - self._part.from_s

    def _shift(self, packet: Packet) -> None:
        ticks = round(self._offset_s / packet.time_base)
        if ticks:
            packet.pts = None if packet.pts is None else packet.pts - ticks
            packet.dts = None if packet.dts is None else packet.dts - ticks

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._input.close()


class _Copy:
    def __init__(self, source: AudioStream, output: OutputContainer) -> None:
        self.goal = _copy_of(source, output)
        self._rate_hz, self._channels = source.rate, source.codec_context.layout.nb_channels
        # Matroska has a time for every packet; the others count plain samples.
        counted = output.format.name != "matroska"
        self._plain = plain_sample(source.codec_context.name) if counted else None
        self._gaps = Gaps(Fraction(0) if _is_avi(output) else None)

    def take(self, packet: Packet) -> Iterator[Packet]:
        if self._plain is not None and packet.pts is not None:
            samples = packet.size // (self._plain[0] * self._channels)
            begins_s = packet.pts * packet.time_base
            silence_s = self._gaps.before(begins_s, Fraction(samples, self._rate_hz))
            yield from self._silence(silence_s, begins_s - silence_s, packet.time_base)
        packet.stream = self.goal
        yield packet

    def _silence(self, length_s: Fraction, begins_s: Fraction, time_base: Fraction) -> Iterator[Packet]:
        assert self._plain is not None
        size, silent = self._plain
        count, place = round(length_s * self._rate_hz), 0
        while place < count:
            block = min(_BLOCK_SAMPLES, count - place)
            packet = Packet(silent * (block * size * self._channels))
            packet.time_base = time_base
            packet.pts = packet.dts = round((begins_s + Fraction(place, self._rate_hz)) / time_base)
            packet.stream = self.goal
            place += block
            yield packet

    def rest(self) -> Iterator[Packet]:
        yield from ()


class _Recode:
    def __init__(self, source: AudioStream, output: OutputContainer) -> None:
        self._source = source
        self._encoder = _AacStream(output, _aac_rate(source.rate), _layout_of(source))
        self.goal = self._encoder.stream
        self._gaps = Gaps(Fraction(0) if _is_avi(output) else None)

    def take(self, packet: Packet) -> Iterator[Packet]:
        try:
            frames = self._source.codec_context.decode(packet)
        except (av.error.FFmpegError, OSError, ValueError):
            return  # a broken packet is a short silence
        for frame in frames:
            begins_s, length_s = _time_of(frame)
            silence_s = self._gaps.before(begins_s, length_s)
            if begins_s is not None and silence_s:
                yield from self._encoder.silence(begins_s - silence_s, silence_s)
            yield from self._encoder.take(frame)

    def rest(self) -> Iterator[Packet]:
        yield from self._encoder.rest()


class _AacStream:
    """A stream of AAC, or in AVI of plain samples, that takes frames of any kind."""

    def __init__(self, output: OutputContainer, rate_hz: int, layout: str) -> None:
        plain = _is_avi(output)
        stream = output.add_stream("pcm_s16le" if plain else "aac", rate=rate_hz)
        assert isinstance(stream, AudioStream)
        stream.codec_context.layout = layout
        if not plain:
            stream.codec_context.bit_rate = _AAC_BITS_PER_CHANNEL * stream.codec_context.layout.nb_channels
        self.stream = stream
        self._kind, self._layout, self._rate_hz = "s16" if plain else "fltp", layout, rate_hz
        self._resampler = AudioResampler(format=self._kind, layout=layout, rate=rate_hz)

    def take(self, frame: AudioFrame | None) -> Iterator[Packet]:
        for piece in self._resampler.resample(frame):
            if piece.pts is not None and piece.time_base is not None:  # encoders ask for one unit throughout
                piece.pts = round(piece.pts * piece.time_base * self._rate_hz)
                piece.time_base = Fraction(1, self._rate_hz)
            yield from self.stream.encode(piece)

    def silence(self, begins_s: Fraction, length_s: Fraction) -> Iterator[Packet]:
        """Nothing to be heard for a while; it comes behind all that was taken."""
        count = round(length_s * self._rate_hz)
        for place in range(0, count, _BLOCK_SAMPLES):
            frame = AudioFrame(self._kind, self._layout, min(_BLOCK_SAMPLES, count - place))
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            frame.sample_rate, frame.time_base = self._rate_hz, Fraction(1, self._rate_hz)
            frame.pts = round(begins_s * self._rate_hz) + place
            yield from self.stream.encode(frame)

    def rest(self) -> Iterator[Packet]:
        yield from self.take(None)
        yield from self.stream.encode(None)


@dataclass(frozen=True)
class HeardPart:
    """One of several clips in a row: whose sound, None where it has none, and how long its pictures last.

    `from_s` is when the first picture is shown, from the clip's start; what is heard before it is left out.
    """

    path: Path | None
    length_s: Fraction
    from_s: Fraction = Fraction(0)


class JoinedSound:
    """The first sound of several files one after the other, each as long as its pictures, as one AAC stream.

    What is missing is silence and what is too long is cut. Raises ClipMissing or ClipUnreadable.
    """

    def __init__(self, parts: Sequence[HeardPart], output: OutputContainer) -> None:
        self.notices: list[str] = []
        self._encoder = _AacStream(output, _JOINED_RATE_HZ, "stereo")
        self._blocks = self._all_blocks(parts)
        self._place = 0

    def packets_until(self, time_s: Fraction | None) -> Iterator[Packet]:
        """Packets for the output up to a time, or all that are left."""
        while time_s is None or self._place < time_s * _JOINED_RATE_HZ:
            block = next(self._blocks, None)
            if block is None:
                break
            frame = AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = _JOINED_RATE_HZ, self._place
            frame.time_base = Fraction(1, _JOINED_RATE_HZ)
            self._place += block.shape[1]
            yield from self._encoder.take(frame)
        if time_s is None:
            yield from self._encoder.rest()

    def _all_blocks(self, parts: Sequence[HeardPart]) -> Iterator[npt.NDArray[np.float32]]:
        begin_s = Fraction(0)
        for part in parts:
            end_s = begin_s + part.length_s
            wanted = round(end_s * _JOINED_RATE_HZ) - round(begin_s * _JOINED_RATE_HZ)
            yield from _exactly(wanted, () if part.path is None else _decoded_sound(part.path, part.from_s))
            begin_s = end_s


def _exactly(
    wanted: int, blocks: Iterable[tuple[int, npt.NDArray[np.float32]]]
) -> Iterator[npt.NDArray[np.float32]]:
    """`wanted` samples of blocks (2, n) with their places: silence where there are none."""
    place = 0
    for begin, samples in blocks:
        fresh = samples[:, max(0, place - begin) :]
        gap = min(max(0, begin - place), wanted - place)
        yield from _silence(gap)
        place += gap
        fresh = fresh[:, : wanted - place]
        if fresh.shape[1]:
            yield fresh
            place += fresh.shape[1]
        if place >= wanted:
            return
    yield from _silence(wanted - place)


def _silence(count: int) -> Iterator[npt.NDArray[np.float32]]:
    for begin in range(0, count, _BLOCK_SAMPLES):
        yield np.zeros((2, min(_BLOCK_SAMPLES, count - begin)), np.float32)


def _decoded_sound(path: Path, from_s: Fraction) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
    """Places after `from_s` and samples (2, n) of a file's first sound at the joined rate, without what can't
    be decoded."""
    with open_container(path) as container:
        streams = [s for s in container.streams.audio if s.codec_context is not None]  # pyright: ignore[reportUnnecessaryComparison]
        if not streams:
            return
        stream, offset_s = streams[0], start_offset_s(container) + from_s
        resampler = AudioResampler(format="fltp", layout="stereo", rate=_JOINED_RATE_HZ)
        gaps, place = Gaps(), None
        for packet in chain(packets(container, stream), [None]):
            try:
                frames = stream.codec_context.decode(packet)
            except (av.error.FFmpegError, OSError, ValueError):
                continue
            for frame in frames:
                begins_s, length_s = _time_of(frame)
                if place is None:
                    place = 0 if begins_s is None else round((begins_s - offset_s) * _JOINED_RATE_HZ)
                place += round(gaps.before(begins_s, length_s) * _JOINED_RATE_HZ)
                for piece in resampler.resample(frame):
                    samples = piece.to_ndarray().astype(np.float32, copy=False)
                    yield place, samples
                    place += samples.shape[1]


def _time_of(frame: AudioFrame) -> tuple[Fraction | None, Fraction]:
    """When a frame begins by its time stamp, and how long it is, in seconds."""
    begins_s = None if frame.pts is None or frame.time_base is None else frame.pts * frame.time_base
    return begins_s, Fraction(frame.samples, frame.sample_rate)


class MadeSound:
    """Samples as AAC: float32 -1..1, (n,) or (n, channels), at `rate_hz`."""

    def __init__(self, samples: npt.NDArray[np.float32], rate_hz: int, output: OutputContainer) -> None:
        self._samples = np.asarray(samples, np.float32).reshape(len(samples), -1)
        channels = self._samples.shape[1]
        if channels > 2:
            raise ValueError(f"sound of {channels} channels; one or two can be written")
        self._layout = "mono" if channels == 1 else "stereo"
        self._rate_hz, self._place = rate_hz, 0
        self._encoder = _AacStream(output, _aac_rate(rate_hz), self._layout)
        self.notices: list[str] = []

    def packets_until(self, time_s: Fraction | None) -> Iterator[Packet]:
        """Packets for the output up to a time, or all that are left."""
        end = len(self._samples)
        goal = end if time_s is None else min(end, int(time_s * self._rate_hz))
        while self._place < goal:
            block = self._samples[self._place : self._place + _BLOCK_SAMPLES]
            frame = AudioFrame.from_ndarray(np.ascontiguousarray(block.T), format="fltp", layout=self._layout)
            frame.sample_rate, frame.pts = self._rate_hz, self._place
            frame.time_base = Fraction(1, self._rate_hz)
            self._place += len(block)
            yield from self._encoder.take(frame)
        if time_s is None:
            yield from self._encoder.rest()


def _name_like(source: AudioStream, goal: AudioStream) -> None:
    """Keep a track's language and title, and whether it is the one that is heard first, or a commentary."""
    names = {key: value for key, value in source.metadata.items() if key in _NAMES}
    if "title" in names:
        names["handler_name"] = names["title"]  # MP4 and MOV have no other place for it
    goal.metadata.update(names)
    goal.disposition = source.disposition


def _aac_rate(rate_hz: int) -> int:
    return rate_hz if rate_hz in _AAC_RATES else 48000


def _layout_of(stream: AudioStream) -> str:
    """Which loudspeakers a stream's channels are for: AVI and Matroska don't say it of plain samples."""
    layout = stream.codec_context.layout
    if layout.name != f"{layout.nb_channels} channels" or layout.nb_channels > len(_USUAL_LAYOUTS):
        return layout.name
    return _USUAL_LAYOUTS[layout.nb_channels - 1]


def _copy_of(source: AudioStream, output: OutputContainer) -> AudioStream:
    goal = output.add_stream_from_template(source)
    if goal.codec_context.layout.name != (layout := _layout_of(source)):
        goal.codec_context.layout = layout  # MP4 takes no plain samples without it
    return goal


def _can_hold(path: Path, index: int, output: OutputContainer) -> bool:
    """Whether a container can hold a stream of `path` as it is."""
    with open_container(path) as container:
        stream = container.streams[index]
        assert isinstance(stream, AudioStream)
        if _is_avi(output):  # packets of unlike lengths, as AAC's, shift the picture there
            return stream.codec_context.name.startswith(("pcm_s16le", "pcm_s24le", "pcm_u8"))
        return holds_first_packet(output.format.name, container, stream, lambda trial: _copy_of(stream, trial))


def _can_encode(stream: AudioStream, output: OutputContainer) -> bool:
    try:
        with av.open(io.BytesIO(), "w", output.format.name) as trial:
            _AacStream(trial, _aac_rate(stream.rate), _layout_of(stream)).stream.codec_context.open()
            trial.start_encoding()
    except (av.error.FFmpegError, OSError, ValueError):
        return False
    return True


def _is_avi(output: OutputContainer) -> bool:
    return output.format.name == "avi"
