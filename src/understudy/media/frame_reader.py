"""Any frame of a clip at any time, for whoever looks here and there: players, windows, hands.

Streams stay open where somebody looks forward, a step back decodes some frames at once, the next frames are
decoded ahead, and what is kept in memory is bounded. Not here: reading a clip from end to end (`Clip.frames`).
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

from understudy.errors import ImageUnreadable, OptionInvalid
from understudy.media.clip import LONGEST_SKIP, Clip, Frame

_BACK_FRAMES = 12  # decoded at once when somebody steps back


@dataclass(eq=False)
class _Stream:
    """A reading that is open, and the index of the next frame it gives."""

    frames: Iterator[Frame]
    next: int
    used: float


class FrameReader:
    """Frames of one clip by number, 8-bit, exactly the ones asked for. Any thread may ask.

    Parameters
    ----------
    most_bytes:
        How much of decoded frames is kept, those asked for last.
    streams:
        How many readings stay open; as many windows may look forward at once.
    ahead:
        Frames decoded before they are asked for, behind the last one that was.
    """

    def __init__(self, clip: Clip, *, most_bytes: int = 256 << 20, streams: int = 3, ahead: int = 4) -> None:
        self.clip, self.info = clip, clip.info
        self.decoded = 0  # frames so far, for whoever wonders what a look cost
        frame_bytes = max(1, clip.info.width * clip.info.height * 3)
        self._most = max(2, most_bytes // frame_bytes)
        self._most_streams, self._ahead = streams, min(ahead, self._most // 2)
        self._kept: OrderedDict[int, Frame] = OrderedDict()
        self._streams: list[_Stream] = []
        self._lock = threading.Lock()
        self._wanted = self._last = -1
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="frames-ahead")
        self._is_closed = False

    def frame(self, index: int) -> Frame:
        """The frame `index`. OptionInvalid where there is none, ImageUnreadable where it is damaged."""
        self.require(index)
        self._wanted = index  # reading ahead for another frame makes way
        with self._lock:
            frame = self._kept.get(index) or self._decoded_to(index)
            self._kept.move_to_end(index)
            self._last = index
        if self._ahead and not self._is_closed:
            with contextlib.suppress(RuntimeError):  # closed meanwhile
                self._thread.submit(self._read_ahead, index)
        return frame

    def require(self, index: int) -> None:
        """Raise OptionInvalid where the clip has no frame `index`."""
        if not 0 <= index < self.info.frame_count:
            raise OptionInvalid(f"There is no frame {index}; the clip has {self.info.frame_count}.")

    @property
    def room(self) -> int:
        """How many decoded frames stay in memory at most; the larger a frame, the fewer."""
        return self._most

    @property
    def is_closed(self) -> bool:
        """Whether the clip was let go of."""
        return self._is_closed

    @property
    def kept(self) -> int:
        """How many decoded frames are in memory."""
        return len(self._kept)

    @property
    def open_streams(self) -> int:
        """How many readings are open."""
        return len(self._streams)

    def close(self) -> None:
        """Let go of everything."""
        self._is_closed = True
        self._thread.shutdown(wait=True, cancel_futures=True)
        with self._lock:
            for stream in self._streams:
                _close(stream)
            self._streams, self._kept = [], OrderedDict()
            self.clip.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _decoded_to(self, index: int) -> Frame:
        stream = self._stream_to(index)
        while stream.next <= index:
            self._advance(stream)
        frame = self._kept.get(index)
        if frame is None:
            raise ImageUnreadable(f"Frame {index} is damaged and can't be decoded.", self.info.path)
        return frame

    def _stream_to(self, index: int) -> _Stream:
        """An open reading a little before `index`, or a new one."""
        near = [stream for stream in self._streams if 0 <= index - stream.next <= LONGEST_SKIP]
        if near:
            stream = max(near, key=lambda stream: stream.next)
            stream.used = time.monotonic()
            return stream
        is_step_back = 0 < self._last - index <= LONGEST_SKIP
        start = max(0, index - min(_BACK_FRAMES, self._most // 2)) if is_step_back else index
        if len(self._streams) >= self._most_streams:
            oldest = min(self._streams, key=lambda stream: stream.used)
            self._streams.remove(oldest)
            _close(oldest)
        stream = _Stream(iter(self.clip.frames(start)), start, time.monotonic())
        self._streams.append(stream)
        return stream

    def _advance(self, stream: _Stream) -> None:
        """Keep the next frame of a reading; one that ended gives none any more."""
        frame = next(stream.frames, None)
        if frame is None:
            stream.next = self.info.frame_count
            self._streams.remove(stream)
            return
        self.decoded += 1
        stream.next = frame.index + 1
        self._kept[frame.index] = frame
        self._kept.move_to_end(frame.index)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def _read_ahead(self, index: int) -> None:
        for wanted in range(index + 1, min(index + 1 + self._ahead, self.info.frame_count)):
            if self._wanted != index or self._is_closed:
                return
            with self._lock:
                stream = next((s for s in self._streams if s.next == wanted), None)
                if wanted not in self._kept and stream is not None:
                    self._advance(stream)


def _close(stream: _Stream) -> None:
    if isinstance(stream.frames, Generator):
        stream.frames.close()
