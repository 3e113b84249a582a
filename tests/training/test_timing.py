"""The doctor's trial runs real steps, plain and compiled."""

from __future__ import annotations

import pytest
import torch

from tests.training.conftest import TINY_NETWORK
from understudy.training import timing
from understudy.training.machine.device import Compute


def test_the_ratio_is_that_of_a_plain_step_to_a_compiled_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def seconds(choice: str, compute: Compute) -> float:
        asked.append(choice)
        return {"off": 3.0, "on": 2.0}[choice]

    monkeypatch.setattr(timing, "step_seconds", seconds)
    assert timing.compiled_ratio(Compute(torch.device("cpu"), uses_bfloat16=False)) == 1.5
    assert asked == ["off", "on"]


def test_a_trial_learns_from_random_faces_with_the_real_step() -> None:
    assert timing.step_seconds("off", Compute(torch.device("cpu"), uses_bfloat16=False), TINY_NETWORK) > 0
