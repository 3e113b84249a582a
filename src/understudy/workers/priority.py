"""Keeps libraries from raising the priority of this process.

Where root runs it, as in most containers, SVT-AV1 makes the thread that opens it and all its own real-time
(SCHED_FIFO 99), and threads that are started later inherit that. Those of other libraries spin while they
wait, and at that priority they keep the cores from the threads they wait for: a training that came after an
AV1 clip stood still for ever.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

_OWN_THREADS = Path("/proc/self/task")


@contextlib.contextmanager
def priority_kept() -> Iterator[None]:
    """The calling thread, and all threads that are started meanwhile, run on as the caller did before."""
    if not hasattr(os, "sched_getscheduler"):  # nothing is known of it elsewhere than on Linux
        yield
        return
    policy, param, there = os.sched_getscheduler(0), os.sched_getparam(0), _threads()
    try:
        yield
    finally:
        for thread in {threading.get_native_id(), *(_threads() - there)}:
            with contextlib.suppress(ProcessLookupError):  # it is over
                os.sched_setscheduler(thread, policy, param)


def _threads() -> set[int]:
    try:
        return {int(path.name) for path in _OWN_THREADS.iterdir()}
    except OSError:
        return set()
