"""How much memory this process has needed at most."""

from __future__ import annotations

import sys

import psutil


def peak_memory_bytes() -> int:
    """The largest resident size of this process so far."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak) if sys.platform == "darwin" else int(peak) * 1024  # Linux counts kilobytes
