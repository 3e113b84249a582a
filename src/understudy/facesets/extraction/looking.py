"""Look at some frames of a clip in one process: decoding beside finding, in batches, from any frame on."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from itertools import islice, pairwise

from understudy.facesets.extraction.finder import Finder
from understudy.facesets.extraction.found import FoundFrame
from understudy.media.clip import Clip, Frame
from understudy.media.cuts import SceneNote, SceneWatch
from understudy.workers.ahead import read_ahead

_STEP_OVER_FRAMES = 150  # across a longer gap of a video seeking is cheaper than decoding


def looked_at(clip: Clip, finder: Finder, indices: Sequence[int]) -> Generator[list[FoundFrame]]:
    """The finds of the frames `indices`, which ascend, in batches; the next frames are decoded meanwhile."""
    options = finder.options
    scenes = SceneNotes(clip, frame_step=options.frame_step)
    with read_ahead(batched_frames(frames_at(clip, indices), options.batch_frames)) as coming:
        for batch in coming:
            found = zip(finder.look(batch), batch, strict=True)
            yield [replace(seen, scene=scenes.note(frame)) for seen, frame in found]


class SceneNotes:
    """How much every frame changed from the one `frame_step` before it, wherever the looking begins."""

    def __init__(self, clip: Clip, *, frame_step: int) -> None:
        self._clip, self._step = clip, frame_step
        self._watch, self._last = SceneWatch(), -1

    def note(self, frame: Frame) -> SceneNote:
        """The note on `frame`, in rising order. The frame before is decoded when it did not come."""
        before = frame.index - self._step
        if before >= 0 and before != self._last:
            for missed in self._clip.frames(before, before + 1):
                self._watch = SceneWatch()
                self._watch.look(missed.rgb_8bit)
        self._last = frame.index
        return self._watch.look(frame.rgb_8bit)


def batched_frames(frames: Iterator[Frame], size: int) -> Generator[list[Frame]]:
    """Lists of up to `size` frames."""
    while batch := list(islice(frames, size)):
        yield batch


def frames_at(clip: Clip, indices: Sequence[int]) -> Generator[Frame]:
    """The frames of these ascending indices, seeking across long gaps. What can't be decoded is left out."""
    reach = _STEP_OVER_FRAMES if clip.info.kind == "video" else 1
    start = 0
    for place in range(1, len(indices) + 1):
        if place < len(indices) and indices[place] - indices[place - 1] <= reach:
            continue
        stretch = indices[start:place]
        members = set(stretch)
        step = math.gcd(*(later - sooner for sooner, later in pairwise(stretch))) or 1
        for frame in clip.frames(stretch[0], stretch[-1] + 1, step=step):
            if frame.index in members:
                yield frame
        start = place
