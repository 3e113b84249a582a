"""Read the watermark of a film, an image or a folder of images, without the original.

A few seconds are enough: frames that stand for themselves in the file first, because codecs spare them most,
then stretches of all frames. Their evidence is averaged. Not here: how it is found in it (`search`).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from understudy.media.clip import Clip, Frame
from understudy.media.opening import open_clip
from understudy.media.video import VideoClip
from understudy.provenance.watermark.keys import OPEN, SpreadKey
from understudy.provenance.watermark.pattern import Floats, pattern_for
from understudy.provenance.watermark.search import Found, evidence_of, look, look_elsewhere
from understudy.steps import answer_of, within

_MOST_KEY_FRAMES = 16
_STRETCHES, _OF_A_STRETCH = 3, 24  # without gaps: every second frame may be one that codecs spare least
_MOST_FRAMES = _MOST_KEY_FRAMES + _STRETCHES * _OF_A_STRETCH
_SHARE_OF_FRAMES = 0.2  # of the time that a search everywhere takes


@dataclass(frozen=True)
class Reading:
    """A mark that was read, from how many frames, and by the name of the key that spread it."""

    found: Found
    frames: int
    key: str


class _Average:
    """The mean evidence of frames."""

    def __init__(self) -> None:
        self.frames = 0
        self._sum: Floats | None = None

    def take(self, frame: Frame) -> None:
        evidence = evidence_of(frame.rgb_8bit)
        self._sum = evidence if self._sum is None else self._sum + evidence
        self.frames += 1

    @property
    def evidence(self) -> Floats:
        assert self._sum is not None
        return self._sum / np.float32(self.frames)


def read_watermark(
    path: Path, *, keys: Sequence[SpreadKey] = (OPEN,), everywhere: bool = True
) -> Reading | None:
    """The mark in a film, an image or a folder of images; None where there is none that one of `keys` can read.

    Without `everywhere` only whole frames of usual sizes are tried, which takes a tenth of the time. Raises
    what opening a clip raises.
    """
    return answer_of(watermark_by_steps(path, keys=keys, everywhere=everywhere))


def watermark_by_steps(
    path: Path, *, keys: Sequence[SpreadKey] = (OPEN,), everywhere: bool = True
) -> Generator[float, None, Reading | None]:
    """The same, in steps: yields about how much of the work, 0..1, is done, once for every frame that it has
    read and, with `everywhere`, for every size that it has tried."""
    averages, begun = list[tuple[Floats, int]](), 0.0
    with open_clip(path) as clip:
        average = _Average()
        for frames in (_standing_for_themselves(clip), _of_all_kinds(clip)):
            before = average.frames
            for frame in frames:
                average.take(frame)
                begun = _SHARE_OF_FRAMES * average.frames / _MOST_FRAMES
                yield begun
            if average.frames == before:
                continue
            averages.append((average.evidence, average.frames))
            for key in keys:
                found = look(average.evidence, pattern_for(key.secret), everywhere=False)
                if found is not None:
                    return Reading(found, average.frames, key.name)
    looks = [(*each, key) for each in reversed(averages) for key in keys] if everywhere else []
    ends = np.linspace(begun, 1, len(looks) + 1)
    for (evidence, count, key), start, end in zip(looks, ends[:-1], ends[1:], strict=True):
        found = yield from within(start, end, look_elsewhere(evidence, pattern_for(key.secret)))
        if found is not None:
            return Reading(found, count, key.name)
    return None


def _standing_for_themselves(clip: Clip) -> Iterator[Frame]:
    if isinstance(clip, VideoClip):
        yield from clip.key_frames(_MOST_KEY_FRAMES)


def _of_all_kinds(clip: Clip) -> Iterator[Frame]:
    """Stretches from all over the clip, or images one by one."""
    count = clip.info.frame_count
    if clip.info.kind == "images":
        most = _STRETCHES * _OF_A_STRETCH
        for index in sorted({number * count // most for number in range(most)}):
            yield from clip.frames(index, index + 1)
        return
    if count <= _STRETCHES * _OF_A_STRETCH:
        yield from clip.frames()
        return
    for number in range(_STRETCHES):
        start = number * (count - _OF_A_STRETCH) // (_STRETCHES - 1)
        yield from clip.frames(start, start + _OF_A_STRETCH)
