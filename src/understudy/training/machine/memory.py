"""Memory: how much was taken, and whether an error means that there is no more."""

from __future__ import annotations

import sys

import psutil
import torch

# The CPU's allocator, Apple's (twice), a driver's own allocations, and those of CUDA's libraries.
_SIGNS = ("can't allocate memory", "not enough memory", "out of memory", "Invalid buffer size", "ALLOC_FAILED")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a calculation failed for want of memory. Not every allocator has a class of its own for that."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in _SIGNS)


def peak_memory_bytes(device: torch.device) -> int:
    """Most memory used so far: the device's where it keeps count, else the process's."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    about = psutil.Process().memory_info()
    return int(getattr(about, "peak_wset", 0) or _peak_resident() or about.rss)


def _peak_resident() -> int:
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
