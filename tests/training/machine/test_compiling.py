"""Compiling is taken where it was measured to win, and changes nothing but the time."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.training.conftest import TINY_NETWORK, tiny_options
from tests.training.test_learner import lessons
from understudy.training.learner import Learner
from understudy.training.machine import compiling
from understudy.training.machine.device import Compute

EXACT = Compute(torch.device("cpu"), uses_bfloat16=False)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "compiling.json"
    monkeypatch.setattr(compiling, "choices_file", lambda: path)
    return path


@pytest.mark.parametrize("ratio, taken", [(1.4, True), (1.0, False), (0.6, False)])
def test_by_itself_training_compiles_where_that_was_faster(file: Path, ratio: float, taken: bool) -> None:
    compiling.keep(EXACT, ratio)
    assert compiling.is_compiled("auto", EXACT) is taken
    assert compiling.is_compiled("on", EXACT)
    assert not compiling.is_compiled("off", EXACT)


def test_what_nobody_measured_is_not_compiled(file: Path) -> None:
    assert compiling.wins(EXACT) is None
    assert not compiling.is_compiled("auto", EXACT)


@pytest.mark.parametrize("broken", ["", "[]", '{"cpu": "fast"}', "{"])
def test_a_broken_record_counts_as_none(file: Path, broken: str) -> None:
    file.write_text(broken, encoding="utf-8")
    assert not compiling.is_compiled("auto", EXACT)
    compiling.keep(EXACT, 2.0)
    assert compiling.is_compiled("auto", EXACT)


def test_devices_keep_answers_of_their_own(file: Path) -> None:
    compiling.keep(EXACT, 2.0)
    assert compiling.wins(Compute(torch.device("meta"), uses_bfloat16=False)) is None


def test_the_first_call_which_compiles_is_not_counted() -> None:
    calls: list[int] = []
    assert compiling.seconds_a_call(lambda: calls.append(1), EXACT, calls=3) >= 0
    assert len(calls) == 4


def learner(choice: str) -> Learner:
    options = tiny_options(compile=choice)
    return Learner("quick", TINY_NETWORK, options=options, seed=0, compute=EXACT)


def losses(made: Learner, steps: int) -> torch.Tensor:
    return torch.stack(
        [made.step(*lessons(number), tiny_options(), speed=1.0).totals() for number in range(steps)]
    )


def test_the_option_decides_whether_the_networks_passes_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[object] = []

    def heard(passes: object, **_: object) -> object:
        compiled.append(passes)
        return passes

    monkeypatch.setattr(torch, "compile", heard)
    learner("off")
    assert not compiled
    made = learner("on")
    assert compiled == [made.model.reconstruct]


@pytest.mark.journey
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's compiler uses what torch gives up
def test_twenty_compiled_steps_lose_as_much_as_plain_ones() -> None:
    plain, compiled = losses(learner("off"), 20), losses(learner("on"), 20)
    torch.testing.assert_close(compiled, plain, atol=1e-3, rtol=0)
