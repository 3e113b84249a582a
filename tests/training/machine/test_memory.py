"""The memory that was needed is counted."""

from __future__ import annotations

import pytest
import torch

from tests.fresh import said_by
from understudy.training.machine.memory import is_out_of_memory

PEAK = """
import torch
from understudy.training.machine.memory import peak_memory_bytes
before = peak_memory_bytes(torch.device("cpu"))
torch.ones(before // 4 + 8_000_000)  # at least as much again, and gone
print(before, peak_memory_bytes(torch.device("cpu")))
"""


def test_the_peak_on_the_cpu_counts_what_the_process_once_held() -> None:
    before, after = map(int, said_by(PEAK).split())
    assert after > before + 16_000_000


def test_a_failed_allocation_is_told_from_other_errors() -> None:
    with pytest.raises(RuntimeError) as full:
        torch.empty(10**15)
    with pytest.raises(RuntimeError) as wrong:
        torch.ones(2, 3) @ torch.ones(2, 3)
    assert is_out_of_memory(full.value) and is_out_of_memory(torch.OutOfMemoryError("x"))
    assert not is_out_of_memory(wrong.value) and not is_out_of_memory(ValueError("not enough memory"))


@pytest.mark.parametrize(
    "text",
    [
        "MPS backend out of memory (MPS allocated: 17.9 GiB, max: 18.1 GiB). Tried to allocate 1.0 GiB.",
        "Invalid buffer size: 33.92 GiB",
        "CUDA error: out of memory",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    ],
)
def test_want_of_memory_is_known_also_where_a_device_has_no_class_for_it(text: str) -> None:
    assert is_out_of_memory(RuntimeError(text)) and not is_out_of_memory(ValueError(text))
