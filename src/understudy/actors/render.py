"""Frames of an actor with exact truth: picture, face mask, landmarks.

`render` is one frame, `render_frames` a whole track over several processes, in order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import cv2
import numpy as np
import numpy.typing as npt

from understudy.actors.actor import actor_for
from understudy.actors.film import shot
from understudy.actors.identity import Identity
from understudy.actors.performance import State
from understudy.workers.begin import begin

_SUPERSAMPLING = 2


@dataclass(frozen=True, eq=False)
class Rendered:
    """One frame and what is true about it. Positions are pixels from the picture's corner."""

    rgb: npt.NDArray[np.uint8]  # (size, size, 3)
    mask: npt.NDArray[np.float32]  # (size, size) 0..1: the visible face, without hair, ears and neck
    person: npt.NDArray[np.float32]  # (size, size) 0..1: the whole performer, the room left out
    landmarks_68: npt.NDArray[np.float64]  # (68, 2); points 0-16 are fixed to the skin, also where hidden
    identity: str  # the performer's name
    state: State


def render(identity: Identity, state: State, *, size_px: int) -> Rendered:
    """One frame of `size_px` x `size_px` pixels. The same arguments give the same pixels."""
    if size_px < 16:
        raise ValueError("a frame needs at least 16 pixels a side")
    frame = shot(actor_for(identity), state, size_px * _SUPERSAMPLING)
    rgb, mask, person = (
        cv2.resize(picture, (size_px, size_px), interpolation=cv2.INTER_AREA)
        for picture in (frame.rgb, frame.face, frame.person)
    )
    return Rendered(
        np.round(np.clip(rgb, 0, 1) * 255).astype(np.uint8),
        mask.astype(np.float32),
        person.astype(np.float32),
        frame.marks_px / _SUPERSAMPLING,
        identity.name,
        state,
    )


def render_frames(
    identity: Identity, track: Sequence[State], *, size_px: int, processes: int = 2
) -> Iterator[Rendered]:
    """Every frame of a track, in order, over `processes` processes (1 renders in this one).

    Never more than a few frames are in memory. Closing the iterator stops the processes.
    """
    if processes <= 1:
        for state in track:
            yield render(identity, state, size_px=size_px)
        return
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=begin)
    waiting: deque[Future[Rendered]] = deque()
    try:
        for state in track:
            waiting.append(pool.submit(_render_one, identity, state, size_px))
            if len(waiting) >= 4 * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _render_one(identity: Identity, state: State, size_px: int) -> Rendered:
    return render(identity, state, size_px=size_px)
