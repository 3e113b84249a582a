"""Where a segmenter looks: where it is told to, or on the accelerator."""

from __future__ import annotations

import pytest
import torch

from understudy.masks.placing import device_named


def test_a_device_that_is_named_is_taken_and_else_the_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    assert device_named("cuda:1") == torch.device("cuda:1")
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device("mps"))
    assert device_named("auto") == torch.device("mps") and device_named("cpu") == torch.device("cpu")


def test_without_an_accelerator_or_with_a_broken_driver_it_is_the_processor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    assert device_named("auto") == torch.device("cpu")

    def broken() -> bool:
        raise RuntimeError("driver too old")

    monkeypatch.setattr(torch.accelerator, "is_available", broken)
    assert device_named("auto") == torch.device("cpu")
