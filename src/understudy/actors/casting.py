"""Many people who do not exist, each in many states: what a model is pretrained on.

Not here: what becomes of the pictures (`jobs.models.pretrain`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np

from understudy.actors.identity import Identity, identity
from understudy.actors.performance import Background, Light, State
from understudy.actors.render import Rendered, render
from understudy.errors import WorkerDied
from understudy.workers.begin import begin

_FIRST_SEED = 1000  # away from the seeds of demos and benchmarks, whose people nobody should know beforehand


@dataclass(frozen=True)
class Part:
    """One person and the states to show them in."""

    number: int
    who: Identity
    states: tuple[State, ...]


def cast(number: int, pictures: int, *, seed: int = 0) -> Part:
    """The person of that number in `pictures` states; the same numbers give the same."""
    rng = np.random.default_rng([seed, number])
    who = identity(_FIRST_SEED + 100_000 * seed + number)
    return Part(number, who, tuple(random_state(rng) for _ in range(pictures)))


def random_state(rng: np.random.Generator) -> State:
    """Any pose, expression and light that a film could show."""

    def some(high: float, chance: float = 0.5) -> float:
        return float(rng.uniform(0, high)) if rng.random() < chance else 0.0

    blink = some(1.0, 0.25)
    return State(
        yaw_deg=float(np.clip(rng.normal(0, 24), -60, 60)),
        pitch_deg=float(np.clip(rng.normal(0, 10), -25, 25)),
        roll_deg=float(np.clip(rng.normal(0, 6), -20, 20)),
        position=(0.0, -0.04),
        scale=float(rng.uniform(1.05, 1.25)),
        jaw=some(0.8),
        smile=some(1.0, 0.4),
        pucker=some(0.7, 0.25),
        brow=float(np.clip(rng.normal(0, 0.4), -1, 1)),
        frown=some(0.8, 0.25),
        squint=some(0.5, 0.3),
        blink_left=blink,
        blink_right=blink,
        gaze_deg=(float(np.clip(rng.normal(0, 7), -16, 16)), float(np.clip(rng.normal(0, 3), -8, 8))),
        light=_random_light(rng),
        background=Background(
            above=_color(rng, 0.1, 0.6), below=_color(rng, 0.05, 0.4), seed=int(rng.integers(1 << 30))
        ),
    )


def _random_light(rng: np.random.Generator) -> Light:
    return Light(
        key_direction=(
            float(rng.uniform(-0.9, 0.9)),
            float(rng.uniform(-0.8, 0.1)),
            float(rng.uniform(0.3, 0.9)),
        ),
        key_color=_color(rng, 0.75, 1.05),
        key_strength=float(rng.uniform(0.6, 1.3)),
        fill_color=_color(rng, 0.75, 1.05),
        fill_strength=float(rng.uniform(0.3, 0.8)),
        rim_strength=float(rng.uniform(0.0, 0.5)),
        exposure=float(rng.uniform(0.75, 1.25)),
    )


def _color(rng: np.random.Generator, low: float, high: float) -> tuple[float, float, float]:
    r, g, b = (float(value) for value in rng.uniform(low, high, 3))
    return r, g, b


def render_cast(
    parts: Sequence[Part], *, size_px: int, processes: int
) -> Iterator[tuple[Part, list[Rendered]]]:
    """Every person with their pictures, in order, over `processes` processes (1 renders in this one).

    Building a person takes longer than a picture of them, so a person's pictures are made by one process.
    Closing the iterator stops the processes. Raises WorkerDied.
    """
    if processes <= 1:
        for part in parts:
            yield part, _pictures(part, size_px)
        return
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=begin)
    waiting: deque[tuple[Part, Future[list[Rendered]]]] = deque()
    try:
        for part in parts:
            waiting.append((part, pool.submit(_pictures, part, size_px)))
            if len(waiting) >= 2 * processes:
                first, pictures = waiting.popleft()
                yield first, pictures.result()
        for first, pictures in waiting:
            yield first, pictures.result()
    except BrokenProcessPool as error:
        raise WorkerDied(
            "A process that renders people died, usually because the memory ran out. What was rendered is "
            "kept: close other programs and run the same command again."
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _pictures(part: Part, size_px: int) -> list[Rendered]:
    return [render(part.who, state, size_px=size_px) for state in part.states]
