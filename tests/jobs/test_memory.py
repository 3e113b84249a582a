"""Peak memory is counted in bytes."""

from __future__ import annotations

import numpy as np

from understudy.jobs.memory import peak_memory_bytes


def test_the_peak_counts_what_was_needed_and_never_falls() -> None:
    before = peak_memory_bytes()
    large = np.ones(before + 50_000_000, np.uint8)
    peak = peak_memory_bytes()
    assert peak >= before + 40_000_000
    del large
    assert peak_memory_bytes() >= peak
