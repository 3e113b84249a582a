"""Peak memory is counted in bytes."""

from __future__ import annotations

import sys

import pytest

from tests.fresh import said_by

OF_ONE = """
from understudy.jobs.memory import peak_memory_bytes
before = peak_memory_bytes()
large = b"x" * (before + 50_000_000)
peak = peak_memory_bytes()
del large
print(before, peak, peak_memory_bytes())
"""
OF_A_CHILD = """
import subprocess, sys
from understudy.jobs.memory import peak_memory_bytes, peak_memory_of_children_bytes
needed = peak_memory_bytes() + 50_000_000
subprocess.run([sys.executable, "-c", f"b'x' * {needed}"], check=True)
print(needed, peak_memory_of_children_bytes(), peak_memory_bytes())
"""


def test_the_peak_counts_what_was_needed_and_never_falls() -> None:
    before, peak, after = map(int, said_by(OF_ONE).split())
    assert peak >= before + 40_000_000 and after >= peak


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no count of it")
def test_what_a_child_needed_is_counted_apart() -> None:
    needed, of_children, own = map(int, said_by(OF_A_CHILD).split())
    assert of_children >= needed > own
