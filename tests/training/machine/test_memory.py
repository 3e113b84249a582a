"""The memory that was needed is counted."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from understudy.training.machine.memory import is_out_of_memory

# In a process of its own: tests before may have held gigabytes here, and the peak never sinks.
PEAK = """
import torch
from understudy.training.machine.memory import peak_memory_bytes
before = peak_memory_bytes(torch.device("cpu"))
torch.ones(before // 4 + 8_000_000)  # at least as much again, and gone
print(before, peak_memory_bytes(torch.device("cpu")))
"""


def test_the_peak_on_the_cpu_counts_what_the_process_once_held() -> None:
    run = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True, check=True, timeout=300)
    before, after = map(int, run.stdout.split())
    assert after > before + 16_000_000


def test_a_failed_allocation_is_told_from_other_errors() -> None:
    with pytest.raises(RuntimeError) as full:
        torch.empty(10**15)
    with pytest.raises(RuntimeError) as wrong:
        torch.ones(2, 3) @ torch.ones(2, 3)
    assert is_out_of_memory(full.value) and is_out_of_memory(torch.OutOfMemoryError("x"))
    assert not is_out_of_memory(wrong.value) and not is_out_of_memory(ValueError("not enough memory"))
