"""The peak is that of products in the format networks run in."""

from __future__ import annotations

import pytest
import torch

from understudy.training.machine import peak
from understudy.training.machine.device import Compute


def test_the_peak_counts_the_operations_of_a_product_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peak, "_SIDES", {"cpu": (64,)})
    ticks = iter(range(1000))
    compute = Compute(torch.device("cpu"), uses_bfloat16=False)
    found = peak.peak_flops(compute, clock=lambda: next(ticks), seconds=2)
    # The clock ticks once a look: two looks before and one after two products.
    assert 2 * 64**3 / 3 <= found <= 2 * 64**3
