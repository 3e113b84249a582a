"""How much memory training takes: measured."""

from __future__ import annotations

import sys

import psutil
import torch


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
