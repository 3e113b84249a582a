"""How a process that works for another begins: a thread a library, deaf to stop signals, gone when that one is.

It imports neither numpy nor OpenCV at its top, because the number of BLAS threads is read once, at import.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading

_THREAD_COUNTS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def begin() -> None:
    """Run once at the start of every process of a pool; changes only that process."""
    for name in _THREAD_COUNTS:
        os.environ[name] = "1"
    # The parent hears these as well, where a whole group is told, and shuts the pool down in its own order.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # Windows has no SIGHUP
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    threading.Thread(target=_leave_with_the_parent, daemon=True).start()
    import cv2

    cv2.setNumThreads(1)


def _leave_with_the_parent() -> None:
    """A pool's process waits for work for ever when its parent is killed: it has to look by itself."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
