"""Peak memory is counted in bytes."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from understudy.jobs.memory import peak_memory_bytes, peak_memory_of_children_bytes


def test_the_peak_counts_what_was_needed_and_never_falls() -> None:
    before = peak_memory_bytes()
    large = np.ones(before + 50_000_000, np.uint8)
    peak = peak_memory_bytes()
    assert peak >= before + 40_000_000
    del large
    assert peak_memory_bytes() >= peak


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no count of it")
def test_what_a_child_needed_is_counted_apart() -> None:
    needed = max(peak_memory_bytes(), peak_memory_of_children_bytes()) + 50_000_000
    subprocess.run([sys.executable, "-c", f"b'x' * {needed}"], check=True)
    assert peak_memory_of_children_bytes() >= needed > peak_memory_bytes()
