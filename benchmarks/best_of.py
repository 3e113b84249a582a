"""How long work takes at best: what other programs take meanwhile is no part of it."""

from __future__ import annotations

import time
from collections.abc import Callable


def best_ms(work: Callable[[], object], *, runs: int = 4) -> float:
    """The least processor time of several runs."""
    times = []
    for _ in range(runs):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return 1000 * min(times)
