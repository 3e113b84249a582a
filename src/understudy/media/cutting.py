"""Cut a piece out of a video by copying its packets, without encoding anything again.

Only whole groups of pictures can be copied: a piece begins at a key frame and ends where no later picture was
needed to decode it. `copied_piece` says what a wish comes to; nothing is decoded here. Cutting anywhere, by
encoding, is done with `movie.py`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from understudy.files import written_aside
from understudy.media.codecs import CONTAINERS
from understudy.media.containers import holds_first_packet, open_container, packets, video_stream_of
from understudy.media.matroska import say_pixel_aspect, without_pixel_aspect
from understudy.media.sound import CopiedSound, SoundPart
from understudy.media.timing import FrameTable, frame_table


@dataclass(frozen=True)
class Piece:
    """Frames `first` up to but without `stop`, in order of showing."""

    first: int
    stop: int


def copied_piece(path: Path, wish: Piece) -> Piece | None:
    """The smallest piece around a wish that can be copied; None where the file's time stamps don't allow any.

    It equals the wish where that begins at a key frame and nothing it needs is shown after its end. Raises
    ClipMissing or ClipUnreadable.
    """
    with open_container(path) as container:
        stream = video_stream_of(container, path)
        table = frame_table(container, stream)
        if not table.stamped or not table.keys:
            return None
        keys = [table.index_of[key] for key in table.keys]
        first = max((key for key in keys if key <= wish.first), default=None)
        if first is None:
            return None
        container.seek(table.stored[first], stream=stream, backward=True)
        order = [
            table.index_of[pts]
            for pts, _ in _from(container, stream, table.stored[first])
            if pts in table.index_of
        ]
    return Piece(first, _closed_end(order, first, wish.stop))


def _closed_end(order: list[int], first: int, stop: int) -> int:
    """The first place from `stop` on where the file holds nothing later among what comes before.

    `order` are the frames by their place in the file.
    """
    latest = first
    missing = stop - first
    for index in order:
        if index >= first:
            latest = max(latest, index)
            missing -= index < stop
            if missing <= 0:
                if latest < stop:
                    return stop
                # Later pictures stand between those that are wanted; they are shown as well.
                return _closed_end(order, first, latest + 1)
    return latest + 1


def can_copy_to(path: Path, out: Path) -> bool:
    """Whether the container that `out`'s ending names can hold the pictures of `path` as they are."""
    name = CONTAINERS.get(out.suffix.lower())
    if name is None:
        return False
    with open_container(path) as container:
        stream = video_stream_of(container, path)
        return holds_first_packet(name, container, stream, lambda trial: _added(trial, stream))


def copy_piece(
    path: Path, out: Path, piece: Piece, *, sound: SoundPart | None, timecode: str = ""
) -> Iterator[int | str]:
    """Copy what `copied_piece` gave to `out`; yields how many frames are written, at last notices.

    `sound` is without its times, which follow from the piece; None leaves it away. `timecode` is the clock
    beside the first frame. Raises like `copied_piece`, OptionInvalid for a track that isn't there,
    FolderUnwritable and DiskFull.
    """
    notices: list[str] = []
    with contextlib.ExitStack() as stack:
        aside = stack.enter_context(written_aside(out))
        source = stack.enter_context(open_container(path))
        stream = video_stream_of(source, path)
        table = frame_table(source, stream)
        goal = stack.enter_context(_opened(aside, stream, notices))
        if timecode:
            goal.metadata["timecode"] = timecode
        video = _added(goal, stream)
        if stream.average_rate:  # or Matroska names the unit of time as the rate
            video.codec_context.framerate = stream.average_rate
        sounds = _sound_of(path, goal, stream, table, piece, sound)
        if sounds is not None:
            stack.enter_context(sounds)
        begin, done = table.stored[piece.first], 0
        source.seek(begin, stream=stream, backward=True)
        for pts, packet in _from(source, stream, begin):
            index = table.index_of.get(pts)
            if index is None or index < piece.first:
                continue
            if index >= piece.stop:
                break
            packet.pts = pts - begin
            packet.dts = None if packet.dts is None else packet.dts - begin
            at_s = (pts - begin) * packet.time_base
            packet.stream = video
            goal.mux(packet)
            done += 1
            if sounds is not None:
                for heard in sounds.packets_until(at_s):
                    goal.mux(heard)
            yield done
        if sounds is not None:
            for heard in sounds.packets_until(None):
                goal.mux(heard)
            notices += sounds.notices
    yield from notices


def _sound_of(
    path: Path,
    goal: OutputContainer,
    stream: VideoStream,
    table: FrameTable,
    piece: Piece,
    sound: SoundPart | None,
) -> CopiedSound | None:
    if sound is None:
        return None
    base = stream.time_base or Fraction(1, 90000)
    until = table.shown[piece.stop] * base if piece.stop < len(table.shown) else None
    part = SoundPart(track=sound.track, from_s=table.shown[piece.first] * base, until_s=until)
    return CopiedSound(path, goal, part)


def _from(container: InputContainer, stream: VideoStream, begin: int) -> Iterator[tuple[int, Packet]]:
    """(pts, packet) from the one shown at `begin` on; seeking may land before it."""
    begun = False
    for packet in packets(container, stream):
        begun = begun or packet.pts == begin
        if begun and packet.pts is not None and not packet.is_discard:
            yield packet.pts, packet


def _added(goal: OutputContainer, stream: VideoStream) -> VideoStream:
    """A stream of the goal that holds the same pictures."""
    known = stream.codec_context.codec
    # PyAV looks for an encoder of the decoder's name, and some, as dav1d, only decode.
    video = goal.add_stream_from_template(stream, opaque=known.name != known.canonical_name)
    # What only the container says is not among what the template copies.
    video.codec_context.sample_aspect_ratio = _pixel_aspect(stream)
    return video


def _pixel_aspect(stream: VideoStream) -> Fraction:
    said = stream.sample_aspect_ratio
    return said if said is not None and said > 0 else Fraction(1)


@contextlib.contextmanager
def _opened(aside: Path, stream: VideoStream, notices: list[str]) -> Iterator[OutputContainer]:
    ending, options = aside.suffix.lower(), {}
    if ending != ".mkv":
        unit = (stream.time_base or Fraction(1, 90000)).denominator
        options["movie_timescale"] = str(unit * -(-1000 // unit))
    if ending in (".mp4", ".m4v"):
        options["movflags"] = "+faststart"
    container = av.open(str(aside), "w", CONTAINERS[ending], container_options=options)
    try:
        yield container
        container.close()
        aspect = _pixel_aspect(stream)
        if ending == ".mkv" and aspect != 1 and not say_pixel_aspect(aside, aspect):
            notices.append(without_pixel_aspect(aspect))
    finally:
        with contextlib.suppress(av.error.FFmpegError, OSError, ValueError):
            container.close()
