"""What several processes, or several machines, are given: a job, its frames, and the words to speak of it.

A job is plain data, so that it can be sent; each process opens it once (networks, clips) and then works on
stretches of frames. Not here: how stretches travel (`crew` on one machine, `cluster` on many).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from understudy.errors import WorkerDied
from understudy.events import Notice
from understudy.workers.cores import cores
from understudy.workers.memory import free_memory

Work = Callable[[Any], Iterator[tuple[int, Any]]]
Stretch = Sequence[int]  # frames, ascending

_DEATHS_ALLOWED = 1


class Job(Protocol):
    """Plain data that can be pickled, and what is done with it."""

    def opened(self) -> AbstractContextManager[Work]:
        """Load what the work needs.

        The work takes what `Order.parcel` made of a stretch, and gives answers in the order of frames: (the
        last frame that is done now, what is said of those since the answer before).
        """
        ...


@dataclass(frozen=True)
class Words:
    """How people are told of processes: "A process that {does} died; frames 3 to 9 {again}."."""

    does: str
    again: str
    kept: str
    advice: str


@dataclass(frozen=True)
class Order:
    """How a job's frames are handed out.

    `parcel` makes of a stretch what is sent; with `in_order` answers come in the order of frames, otherwise as
    soon as they are there.
    """

    words: Words
    parcel: Callable[[Stretch], Any] = list
    in_order: bool = True


def told_of_death(words: Words, left: Stretch, *, deaths: int, cause: str) -> Notice:
    """What to say when a process died with these frames left. Raises WorkerDied the second time."""
    first, last = left[0], left[-1]
    if deaths > _DEATHS_ALLOWED:
        raise WorkerDied(
            f"A process that {words.does} died twice at frames {first} to {last} ({cause}). {words.kept} Run "
            f"the same command again with {words.advice}."
        )
    return Notice(
        f"A process that {words.does} died ({cause}); frames {first} to {last} {words.again}.", level="warning"
    )


def stretches(indices: Sequence[int], *, step: int, most: int, workers: int, each: int) -> list[Stretch]:
    """`indices` in equal runs of whole steps: at least `each` a worker where there are so many, and none
    longer than `most` steps."""
    steps = -(-len(indices) // (step * workers * each))
    size = step * min(most, max(1, steps))
    return [indices[at : at + size] for at in range(0, len(indices), size)]


def worth_starting(devices: Sequence[str], frames: int, *, worth_frames: int, memory_bytes: int) -> int:
    """How many processes pay for themselves: one on every accelerator or every core of the CPU, as far as there
    are `worth_frames` for each and the memory lasts."""
    on_cpu = list(devices) == ["cpu"]
    places = len(devices) if not on_cpu else min(cores(), free_memory() // memory_bytes)
    return max(1, min(places, frames // worth_frames))
