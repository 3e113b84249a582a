"""How much memory this process and those it started have needed at most."""

from __future__ import annotations

import sys

import psutil


def peak_memory_bytes() -> int:
    """The largest resident size of this process so far."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    return _bytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def peak_memory_of_children_bytes() -> int:
    """The largest resident size of any one process that this one started and that has ended.

    Their own children count too. Linux lets a process begin with the size of the one that started it, so there
    this is at least what that had then. 0 when there was none, and on Windows, which keeps no count.
    """
    if sys.platform == "win32":
        return 0
    import resource

    return _bytes(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


def _bytes(peak: int) -> int:
    return int(peak) if sys.platform == "darwin" else int(peak) * 1024  # Linux counts kilobytes
