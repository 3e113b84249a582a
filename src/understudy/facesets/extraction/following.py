"""Look at frames of a clip where the last frame's landmarks lead: the same finds from whatever frame on.

A clip is cut into chains of frames. Each has a follower of its own that begins a little before it and knows
nothing of what lies before that, so a run that goes on, other processes and other ranges of frames say the same
of a frame. Not here: how faces are followed (`faces.dense.following`), looking at single frames (`looking`).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from understudy.facesets.extraction.finder import Finder
from understudy.facesets.extraction.found import FoundFrame
from understudy.facesets.extraction.looking import SceneNotes, batched_frames, frames_at, looked_at
from understudy.media.clip import Clip, Frame
from understudy.workers.ahead import read_ahead
from understudy.workers.job import Stretch

if TYPE_CHECKING:
    from understudy.faces.dense.following import Follower, Moment

_CHAIN_FRAMES, _BEFORE_FRAMES = 240, 24


class Chains:
    """Where the chains of a clip lie, whose detector is asked on every n-th frame."""

    def __init__(self, every: int) -> None:
        self.every = every
        self.length = every * -(-_CHAIN_FRAMES // every)
        self.before = every * -(-_BEFORE_FRAMES // every)

    def of(self, index: int) -> int:
        """The chain that a frame belongs to."""
        return index // self.length

    def looked_at(self, indices: Sequence[int]) -> dict[int, range]:
        """The frames that each chain looks at for the frames `indices` of it, which ascend."""
        last: dict[int, int] = {self.of(index): index for index in indices}
        begins = {chain: max(0, chain * self.length - self.before) for chain in last}
        # The detector looks at the frame where a chain ends, for what it finds new is led back.
        return {chain: range(begins[chain], self._next_asked(last[chain]) + 1) for chain in last}

    def _next_asked(self, index: int) -> int:
        return self.every * -(-index // self.every) if index % self.every else index


def found_in(clip: Clip, finder: Finder, indices: Sequence[int]) -> Generator[list[FoundFrame]]:
    """The finds of the frames `indices`, which ascend, a few frames at a time."""
    return followed(clip, finder, indices) if finder.leads else looked_at(clip, finder, indices)


def stretches_by_chain(indices: Sequence[int], every: int) -> list[Stretch]:
    """The frames `indices` by chain, so that no two processes look at one."""
    return [list(frames) for _, frames in groupby(indices, Chains(every).of)]


def followed(clip: Clip, finder: Finder, indices: Sequence[int]) -> Generator[list[FoundFrame]]:
    """`found_in` where the last frame's landmarks lead."""
    chains, wanted = Chains(finder.options.detect_every), set(indices)
    reach = chains.looked_at(indices)
    frames = sorted({index for chain in reach.values() for index in chain})
    with read_ahead(batched_frames(frames_at(clip, frames), finder.options.batch_frames)) as coming:
        for chain, moments in _settled(coming, reach, finder, SceneNotes(clip, frame_step=1)):
            mine = [m for m in moments if chains.of(m.frame.index) == chain and m.frame.index in wanted]
            if mine:
                yield [replace(finder.seen(moment), scene=moment.scene) for moment in mine]


def _settled(
    batches: Iterator[list[Frame]], reach: dict[int, range], finder: Finder, scenes: SceneNotes
) -> Iterator[tuple[int, list[Moment]]]:
    """Moments as they are settled, with the chain whose follower says so; where two meet, the earlier first."""
    followers: dict[int, Follower] = {}
    for frame in (frame for batch in batches for frame in batch):
        scene = scenes.note(frame)
        for chain in [chain for chain in followers if frame.index not in reach[chain]]:
            yield chain, followers.pop(chain).finish()
        for chain, frames in reach.items():
            if frame.index in frames:
                if chain not in followers:
                    followers[chain] = finder.follower()
                yield chain, followers[chain].take(frame, scene)
    for chain, follower in followers.items():
        yield chain, follower.finish()
