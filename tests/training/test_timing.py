"""The doctor's trials run real steps: plain, compiled, played back."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch

from tests.training.conftest import TINY_NETWORK
from tests.training.machine.test_replay import ALIKE_FOR, played  # noqa: F401 - a fixture
from understudy.networks.catalog import build
from understudy.training import timing
from understudy.training.machine import compiling, replay
from understudy.training.machine.device import Compute

EXACT = Compute(torch.device("cpu"), uses_bfloat16=False)


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many that the last are played back, and no more to time than that."""
    monkeypatch.setattr(timing, "_STEPS_COMPARED", ALIKE_FOR + 3)
    monkeypatch.setattr(timing, "seconds_a_call", partial(compiling.seconds_a_call, calls=1))


def test_the_ratio_is_that_of_a_plain_step_to_a_compiled_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def seconds(way: str, compute: Compute, *, size: str) -> float:
        asked.append(f"{way}, {size}")
        return {"plain": 3.0, "compiled": 2.0}[way]

    monkeypatch.setattr(timing, "step_seconds", seconds)
    assert timing.compiled_ratio(EXACT) == timing.compiled_ratio(EXACT, "large") == 1.5
    assert asked == ["plain, small", "compiled, small", "plain, large", "compiled, large"]


@pytest.mark.parametrize("size", ["small", "large"])
def test_what_is_measured_for_networks_of_a_size_is_of_that_size(size: compiling.Size) -> None:
    assert compiling.size_of(build(timing._YARDSTICKS[size], device=torch.device("meta"))) == size


def test_a_trial_learns_from_random_faces_with_the_real_step() -> None:
    assert timing.step_seconds("plain", EXACT, TINY_NETWORK) > 0


@pytest.mark.usefixtures("played")
def test_what_is_played_back_is_held_against_what_plain_steps_learn() -> None:
    found = timing.played(EXACT, TINY_NETWORK)
    assert found.ratio > 0 and found.apart == 0 and not found.refused
    assert found.ratio_to_keep == found.ratio


@pytest.mark.parametrize("another", [1.0, 1.01])
def test_what_is_compiled_and_played_back_is_held_against_what_compiled_steps_learn(
    played: list[str],  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
    another: float,
) -> None:
    compiled: list[float] = []

    def compiles(passes: Any, **_: object) -> Any:
        """As a compiler rounds otherwise than a library; `another` time, if so, another way again."""
        compiled.append(0.9 * another ** len(compiled))
        share = compiled[-1]
        return lambda src, dst, generator: passes(src * share, dst * share, generator)

    monkeypatch.setattr(torch, "compile", compiles)
    found = timing.played(EXACT, TINY_NETWORK, way="compiled and played back")
    assert len(compiled) == 2 and "played" in played and not found.refused
    assert (found.apart == 0) is (another == 1.0)


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
