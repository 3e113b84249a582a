"""The signals that ask a job to stop. Not here: what follows from them (`jobs/stopping.py`)."""

from __future__ import annotations

import signal

_HANG_UP = getattr(signal, "SIGHUP", None)  # a terminal was closed; Windows has no such signal


def stop_signals() -> list[signal.Signals]:
    """Ctrl-C, the wish to end, and a terminal that is closed; that one not under `nohup`, which ignores it."""
    asking = [signal.SIGINT, signal.SIGTERM]
    if _HANG_UP is not None and signal.getsignal(_HANG_UP) is not signal.SIG_IGN:
        asking.append(_HANG_UP)
    return asking
