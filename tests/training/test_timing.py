"""The doctor's trials run real steps: plain, compiled, played back."""

from __future__ import annotations

import pytest
import torch

from tests.training.conftest import TINY_NETWORK
from tests.training.machine.test_replay import played  # noqa: F401 - a fixture
from understudy.training import timing
from understudy.training.machine import replay
from understudy.training.machine.device import Compute

EXACT = Compute(torch.device("cpu"), uses_bfloat16=False)


def test_the_ratio_is_that_of_a_plain_step_to_a_compiled_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def seconds(way: str, compute: Compute) -> float:
        asked.append(way)
        return {"plain": 3.0, "compiled": 2.0}[way]

    monkeypatch.setattr(timing, "step_seconds", seconds)
    assert timing.compiled_ratio(EXACT) == 1.5
    assert asked == ["plain", "compiled"]


def test_a_trial_learns_from_random_faces_with_the_real_step() -> None:
    assert timing.step_seconds("plain", EXACT, TINY_NETWORK) > 0


@pytest.mark.usefixtures("played")
def test_what_is_played_back_is_held_against_what_plain_steps_learn() -> None:
    found = timing.played(EXACT, TINY_NETWORK)
    assert found.ratio > 0 and found.apart == 0 and not found.refused
    assert found.ratio_to_keep == found.ratio


def test_a_device_that_refuses_to_record_has_not_won(
    played: list[str],  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: object) -> object:
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(replay, "recorded", refused)
    found = timing.played(EXACT, TINY_NETWORK)
    assert found.refused == "operation not permitted when stream is capturing"
    assert found.ratio_to_keep == 0


@pytest.mark.parametrize("apart, kept", [(0.0, 2.7), (1e-7, 0.0), (2e-3, 0.0), (float("nan"), 0.0)])
def test_what_learns_something_else_has_not_won_however_fast(apart: float, kept: float) -> None:
    assert timing.Played(2.7, apart).ratio_to_keep == kept
