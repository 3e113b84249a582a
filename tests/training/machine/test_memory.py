"""The memory that was needed is counted."""

from __future__ import annotations

import torch

from understudy.training.machine.memory import peak_memory_bytes


def test_the_peak_on_the_cpu_counts_what_the_process_once_held() -> None:
    before = peak_memory_bytes(torch.device("cpu"))
    torch.ones(before // 4 + 8_000_000)  # at least as much again, and gone
    assert peak_memory_bytes(torch.device("cpu")) > before + 16_000_000
