"""Which frames of a clip are looked at: from a place to a place, every n-th."""

from __future__ import annotations

from bisect import bisect_left

from understudy.errors import StretchEmpty
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.extraction.places import parse_place
from understudy.media.clip import Clip

_SAME_TIME_S = 1e-6  # a frame's time goes through a division and back


def wanted_frames(clip: Clip, options: ExtractOptions) -> range:
    """Indices of the frames to look at: from `start`, up to but without `stop`, every `frame_step`-th.

    Raises StretchEmpty when nothing of the clip lies between.
    """
    count = clip.info.frame_count
    first = _frame_at(clip, options.start) if options.start else 0
    end = min(count, _frame_at(clip, options.stop)) if options.stop else count
    if first >= end:
        raise StretchEmpty(
            f"No frame lies between {options.start or 'the beginning'} and {options.stop or 'the end'}: the "
            f"clip has {count} frames and lasts {clip.info.duration_s:.3f} s. Give start and stop inside it.",
            clip.info.path,
        )
    return range(first, end, options.frame_step)


def _frame_at(clip: Clip, text: str) -> int:
    """The index of the first frame shown at that place or after it."""
    place = parse_place(text)
    if isinstance(place, int):
        return place
    return bisect_left(clip.timestamps(), place - _SAME_TIME_S, key=lambda pts: float(pts * clip.time_base))
