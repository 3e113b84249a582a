"""Open a media file we were given, safely and with one clear sentence when it can't be used.

A file chooses nothing: only the formats listed here, only from the file itself (no playlists that name other
files or addresses). What is inside the file is `video.py`'s and `sound.py`'s business.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from understudy.errors import ClipMissing, ClipUnreadable
from understudy.media.images import MAX_PIXELS

# Demuxers by FFmpeg's names. Left out: everything that refers to other files (hls, dash, concat, image2 …).
_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpegtsraw,mpeg,mpegvideo,h264,hevc,av1,obu,ivf,flv,live_flv,"
    "mxf,mxf_opatom,asf,ogg,wav,w64,mp3,aac,flac,gif,apng,yuv4mpegpipe,nut,dv,rm,gxf,m4v,ac3,eac3,aiff,caf,amr,"
    "wv,dts,truehd,vc1,webp_anim"
)
# Streams that start later than this were cut from something longer (or are MPEG-TS, whose clock starts
# anywhere); their own first moment becomes zero, for picture and sound alike.
_LATE_START_S = Fraction(1, 2)


def open_container(path: Path) -> InputContainer:
    """Open `path` for demuxing. Raises ClipMissing or ClipUnreadable."""
    if not path.exists():
        raise ClipMissing("There is no such file. Check the name and the folder.", path)
    if not path.is_file():
        raise ClipUnreadable("This is not a file. Name a video file or a folder of images.", path)
    if path.stat().st_size == 0:
        raise ClipUnreadable("This file is empty, so there is nothing to read. Copy it again.", path)
    try:
        return av.open(
            str(path.absolute()),
            metadata_errors="replace",
            container_options={"protocol_whitelist": "file", "format_whitelist": _FORMATS},
        )
    except PermissionError as error:
        raise ClipUnreadable("This file may not be read. Change its permissions.", path) from error
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise ClipUnreadable(
            "This file can't be read as a video: it is of another kind, or its index is missing because it was "
            "not written to the end. Export or copy it again.",
            path,
        ) from error


def video_stream_of(container: InputContainer, path: Path) -> VideoStream:
    """The moving picture of a file; cover pictures of songs don't count. Raises ClipUnreadable."""
    moving = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not moving:
        raise ClipUnreadable("This file holds no video, only sound or data. Name another file.", path)
    # PyAV gives streams of codecs it doesn't know no context, against its types.
    known = [s for s in moving if s.codec_context is not None]  # pyright: ignore[reportUnnecessaryComparison]
    if not known:
        raise ClipUnreadable("The codec of this video is not known here. Export it as H.264 or ProRes.", path)
    stream = max(known, key=lambda s: (bool(s.disposition & Disposition.default), s.width * s.height, -s.index))
    if stream.width * stream.height > MAX_PIXELS:
        raise ClipUnreadable(f"A picture of {stream.width} x {stream.height} is too large to open.", path)
    return stream


def packets(container: InputContainer, *streams: Stream) -> Iterator[Packet]:
    """The packets of some streams as far as the file can be read; a broken end just ends."""
    try:
        for packet in container.demux(*streams):
            if packet.size:
                yield packet
    except (av.error.FFmpegError, OSError):
        return


def holds_first_packet(
    format_name: str, container: InputContainer, stream: Stream, added: Callable[[OutputContainer], Stream]
) -> bool:
    """Whether a container of that format, to which `added` gives its stream, can hold a stream as it is.

    The first packet is tried, because what FFmpeg says of itself is not always so, and it refuses some sound
    only once a packet comes.
    """
    try:
        with av.open(io.BytesIO(), "w", format_name) as trial:
            goal = added(trial)
            for packet in packets(container, stream):
                packet.stream = goal
                trial.mux(packet)
                break
    except (av.error.FFmpegError, OSError, ValueError):
        return False
    return True


def start_offset_s(container: InputContainer) -> Fraction:
    """Seconds to take from every time stamp of this file, so that its first moment lies near zero."""
    start = Fraction(container.start_time or 0, av.time_base)
    return start if abs(start) > _LATE_START_S else Fraction(0)
