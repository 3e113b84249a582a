"""When every frame of a video is shown: the table of time stamps, without decoding.

Read by walking through the packets, or from the container's own index where all frames are key frames.
Numbers frames in order of showing; stamps that are missing or given twice are worked out from the others.
Decoding is `video.py`'s.
"""

from __future__ import annotations

import bisect
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate, pairwise, zip_longest

from av.container import InputContainer
from av.video.stream import VideoStream

from understudy.media.containers import packets, start_offset_s

_FALLBACK_RATE = Fraction(25)
_EVEN_STEPS_SHARE = Fraction(1, 50)
# A file may be a little longer than its last frame without anything missing.
_SLACK_FRAMES = 2
# With fewer usable stamps than this, what lies between them would be guessed rather than worked out.
_USABLE_SHARE = Fraction(1, 4)
# Codecs reorder frames by less than this, so a frame's neighbours in time are this near in the file.
_REORDERED_FRAMES = 16


@dataclass(frozen=True)
class FrameTable:
    """The frames of a stream in order of showing.

    `stored` are the time stamps as they stand in the file (what the decoder gives back), `shown` the ones we
    tell: shifted to start near zero, strictly increasing. `keys` are those in `stored` where decoding can
    begin. Without `stamped` some stamps of the file can't be used: frames are counted from the start, no
    seeking. `notice` is one sentence on that, or empty.
    """

    stored: tuple[int, ...]
    shown: tuple[int, ...]
    keys: tuple[int, ...]
    stamped: bool
    promised: int | None  # frames the container says it has
    last_duration: int = 0
    notice: str = ""
    index_of: dict[int, int] = field(default_factory=dict, repr=False)

    def key_before(self, index: int, *, steps_back: int = 0) -> int | None:
        """Stored time of the key frame at or before a frame, or an earlier one; None: from the start."""
        place = bisect.bisect_right(self.keys, self.stored[index]) - 1 - steps_back
        return self.keys[place] if place > 0 else None


def frame_table(container: InputContainer, stream: VideoStream) -> FrameTable:
    """Make the table of a stream. Moves the container's reading position."""
    entries = _from_index(container, stream) or _from_packets(container, stream)
    stamps, keys, durations, promised = entries
    offset = round(start_offset_s(container) / _time_base(stream))
    known = [s for s in stamps if s is not None]
    usable = len(set(known))
    if usable < max(2, len(stamps) * _USABLE_SHARE) and usable < len(stamps):
        return _counted(len(stamps), stream, promised)
    if usable < len(stamps):
        shown = tuple(s - offset for s in repaired(stamps))
        notice = _repair_sentence(len(stamps) - usable, len(stamps))
        return FrameTable(shown, shown, (), False, promised, durations[-1] or shown[-1] - shown[-2], notice)
    order = sorted(range(len(known)), key=lambda i: known[i])
    stored = tuple(known[i] for i in order)
    return FrameTable(
        stored=stored,
        shown=tuple(s - offset for s in stored),
        keys=tuple(sorted(known[i] for i in keys)),
        stamped=True,
        promised=promised,
        last_duration=durations[order[-1]] if order else 0,
        index_of={s: i for i, s in enumerate(stored)},
    )


def counted_table(count: int, stream: VideoStream) -> FrameTable:
    """A table of `count` evenly spaced frames, for files whose own time stamps can't be used."""
    return _counted(count, stream, None)


def _counted(count: int, stream: VideoStream, promised: int | None) -> FrameTable:
    step = 1 / ((stream.average_rate or _FALLBACK_RATE) * _time_base(stream))
    shown = tuple(round(i * step) for i in range(count))
    if len(set(shown)) < count:
        shown, step = tuple(range(count)), Fraction(1)
    rate = float(1 / (step * _time_base(stream)))
    notice = f"The file does not tell when its frames are shown; {rate:.5g} even frames per second are assumed."
    return FrameTable(shown, shown, (), False, promised, max(1, round(step)), notice)


def repaired(stamps: Sequence[int | None]) -> list[int]:
    """Strictly rising times in order of showing, from stamps in order of the file of which some are unusable.

    At least two different stamps are needed. A frame without a stamp, or with one that another has already, is
    spread between its good neighbours, at least one tick from each; where they leave no room, later frames
    move on. Good stamps stay as they are otherwise.
    """
    counts = Counter(s for s in stamps if s is not None)
    good = sorted(counts)
    step = statistics.median_low(b - a for a, b in pairwise(good))
    after = {stamp: count - 1 for stamp, count in counts.items()}
    before_all, latest = 0, None
    for place, stamp in enumerate(stamps):
        if stamp is not None:
            latest = stamp
            continue
        neighbour = _shown_before(place, stamps, after, latest)
        if neighbour is None:
            before_all += 1
        else:
            after[neighbour] += 1
    times = [good[0] - step * k for k in range(before_all, 0, -1)]
    if good[0] >= 0:
        times = [max(0, time) for time in times]
    for stamp, following in zip_longest(good, good[1:]):
        room = step * (after[stamp] + 1) if following is None else following - stamp
        times += [stamp + room * k // (after[stamp] + 1) for k in range(after[stamp] + 1)]
    return [time + index for index, time in enumerate(accumulate((t - i for i, t in enumerate(times)), max))]


def _shown_before(
    place: int, stamps: Sequence[int | None], after: dict[int, int], latest: int | None
) -> int | None:
    """The good stamp after which the frame at `place` of the file is shown; None: before all.

    `latest` is the last stamp before it in the file, `after` how many frames follow each good one already.
    """
    near = [s for s in stamps[max(0, place - _REORDERED_FRAMES) : place + _REORDERED_FRAMES] if s is not None]
    if all(a <= b for a, b in pairwise(near)):
        return latest
    # Frames are stored in another order than shown, so the one that is missing belongs where a hole is.
    return max(pairwise(sorted(set(near))), key=lambda pair: Fraction(pair[1] - pair[0], after[pair[0]] + 1))[0]


def _repair_sentence(bad: int, total: int) -> str:
    return f"{bad} of {total} frames had no usable time in the file; theirs were worked out."


def _time_base(stream: VideoStream) -> Fraction:
    return stream.time_base or Fraction(1, 90000)


_Entries = tuple[list[int | None], list[int], list[int], int | None]


def _from_packets(container: InputContainer, stream: VideoStream) -> _Entries:
    stamps: list[int | None] = []
    keys: list[int] = []
    durations: list[int] = []
    broken, file_end_s = 0, Fraction(0)
    # Matroska tells the length of the whole file only, so all of it has to be looked at.
    streams = container.streams.get() if "matroska" in container.format.name else [stream]
    for packet in packets(container, *streams):
        if packet.pts is not None:
            file_end_s = max(file_end_s, (packet.pts + (packet.duration or 0)) * packet.time_base)
        if packet.is_discard or packet.stream.index != stream.index:
            continue
        broken = broken + 1 if packet.is_corrupt else 0
        if packet.is_keyframe:
            keys.append(len(stamps))
        stamps.append(packet.pts)
        durations.append(packet.duration or 0)
    whole = len(stamps) - broken
    stamps, keys = stamps[:whole], [k for k in keys if k < whole]
    return stamps, keys, durations, _promised(container, stream, have=whole, file_end_s=file_end_s)


def _from_index(container: InputContainer, stream: VideoStream) -> _Entries | None:
    """The same from the sample table of QuickTime files whose frames all stand alone (ProRes, DNxHD …).

    Their packets would be the whole file, many gigabytes; where frames are not reordered the index's decoding
    times are the showing times.
    """
    if "mov" not in container.format.name or not stream.codec_context.codec.intra_only:
        return None
    index, size_bytes = list(stream.index_entries), container.size
    if not index or any(e.is_discard or not e.is_keyframe for e in index):
        return None
    whole = [e for e in index if e.pos + e.size <= size_bytes]
    stamps = [e.timestamp for e in whole]
    gaps = [b - a for a, b in pairwise(stamps)]
    return list(stamps), list(range(len(stamps))), [*gaps, gaps[-1] if gaps else 0], len(index)


def _promised(container: InputContainer, stream: VideoStream, *, have: int, file_end_s: Fraction) -> int | None:
    if "mov" in container.format.name:
        return sum(1 for e in stream.index_entries if not e.is_discard) or None
    if "matroska" in container.format.name and container.duration and stream.average_rate:
        length_s = Fraction(container.duration, 1_000_000)
        missing = int((length_s - file_end_s) * stream.average_rate)
        return have + missing if missing > _SLACK_FRAMES else None
    return None


def damage_sentence(have: int, promised: int | None) -> str:
    """One sentence when frames are missing at the end of a file, or an empty text."""
    if not promised or have >= promised:
        return ""
    return f"Only {have} of {promised} frames could be read: the file ends early."


def has_variable_rate(shown: tuple[int, ...]) -> bool:
    """Whether steps between frames differ by more than the rounding of a time base."""
    steps = [b - a for a, b in pairwise(shown)]
    if not steps:
        return False
    return max(steps) - min(steps) > max(1, Fraction(sum(steps), len(steps)) * _EVEN_STEPS_SHARE)


def average_rate(shown: tuple[int, ...], time_base: Fraction, said: Fraction | None) -> Fraction | None:
    """Frames per second over the table; what the file says where that agrees to half a hundredth."""
    if len(shown) < 2 or shown[-1] <= shown[0]:
        return said
    measured = (len(shown) - 1) / ((shown[-1] - shown[0]) * time_base)
    if said and abs(measured / said - 1) < Fraction(1, 200):
        return said
    return measured.limit_denominator(1001)
