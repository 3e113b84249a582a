"""The next batch, made by a thread while the present one is learnt from.

A batch follows from its order alone, so it makes no difference whether it was made ahead: a stopped run
makes the same ones when it goes on. Not here: what is in a batch (`feed.py`).
"""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields

import torch
from torch import Generator, Tensor

from understudy.training.feeding.augment import Lesson
from understudy.training.feeding.feed import Feed
from understudy.training.feeding.options import FeedOptions

_SAME_STRENGTH = 0.02  # a plan of minutes can't foretell exactly how strongly faces will be bent
_Pair = tuple[Lesson, Lesson]


@dataclass(frozen=True, eq=False)
class Order:
    """Which batch is wanted. `draws` is a fresh generator; so many faces of each performer were `shown`
    before it, by all processes. It is gone through in `parts`. `foretold` is true where nothing of the options
    depends on the clock, so that what was made ahead must fit exactly."""

    iteration: int
    draws: Generator
    options: FeedOptions
    foretold: bool = True
    shown: int = 0
    openings: bool = False  # whether a loss asks how far eyes and mouth are open
    parts: int = 1

    def is_met_by(self, other: Order) -> bool:
        """Whether the batch that `other` asked for will do."""
        names = FeedOptions.model_fields
        return (
            (self.iteration, self.shown) == (other.iteration, other.shown)
            and self.draws.initial_seed() == other.draws.initial_seed()
            and (self.openings, self.parts) == (other.openings, other.parts)
            and all(self._same(getattr(self.options, name), getattr(other.options, name)) for name in names)
        )

    def _same(self, one: object, other: object) -> bool:
        if self.foretold or not (isinstance(one, float) and isinstance(other, float)):
            return one == other
        return abs(one - other) <= _SAME_STRENGTH


class Ahead:
    """Hands out batches of a feed and keeps one in hand. `waited_s` is how long the learner stood idle.

    Use it as a context manager or call `close`, so that its thread ends.
    """

    def __init__(self, feed: Feed) -> None:
        self.feed, self.waited_s = feed, 0.0
        self._in_hand: tuple[Order, Future[_Pair]] | None = None
        # On an accelerator the batch is made on a stream of its own, beside the step.
        self._stream = torch.cuda.Stream(feed.device) if feed.device.type == "cuda" else None
        if self._stream is not None:  # faces that lie on the device were brought there by the other stream
            self._stream.wait_stream(torch.cuda.current_stream(feed.device))
        threads = torch.get_num_threads()
        self._thread = ThreadPoolExecutor(1, "feed", initializer=torch.set_num_threads, initargs=(1,))
        self._thread.submit(torch.get_num_threads).result()
        # The thread's own setting became that of threads to come as well.
        torch.set_num_threads(threads)

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End the thread; a batch in the making is thrown away."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def lessons(self, order: Order, *, then: Order | None = None) -> _Pair:
        """The batch of `order`, (src, dst); the one of `then` is begun. Raises what making a batch raises."""
        began = time.perf_counter()
        in_hand, self._in_hand = self._in_hand, None
        if in_hand is not None and order.is_met_by(in_hand[0]):
            made = in_hand[1]
        else:
            made = self._thread.submit(self._make, order)
        pair = made.result()
        self._take_over(pair)
        self.waited_s += time.perf_counter() - began
        if then is not None:
            self._in_hand = then, self._thread.submit(self._make, then)
        return pair

    def _make(self, order: Order) -> _Pair:
        # An order may be filled twice, e.g. after the run has gone back.
        draws = Generator().manual_seed(order.draws.initial_seed())
        with torch.no_grad(), torch.cuda.stream(self._stream):  # no stream changes nothing
            return self.feed.lessons(
                draws,
                options=order.options,
                shown=order.shown,
                openings=order.openings,
                parts=order.parts,
            )

    def _take_over(self, pair: _Pair) -> None:
        """Let the learner's stream wait for the batch, and keep its memory from being used anew meanwhile."""
        if self._stream is None:
            return
        learners = torch.cuda.current_stream(self.feed.device)
        learners.wait_stream(self._stream)
        for lesson in pair:
            for field in fields(lesson):
                part = getattr(lesson, field.name)
                if isinstance(part, Tensor):
                    part.record_stream(learners)
