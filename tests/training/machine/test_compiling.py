"""Compiling and playing back are taken where they were measured to win, and change nothing but the time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.networks.small import SMALL
from tests.training.conftest import TINY_NETWORK, tiny_options
from tests.training.test_learner import lessons
from understudy.networks.catalog import build
from understudy.networks.face_model import Reconstruction
from understudy.training.learner import Learner
from understudy.training.machine import compiling
from understudy.training.machine.device import Compute
from understudy.training.machine.options import MachineOptions

EXACT = Compute(torch.device("cpu"), uses_bfloat16=False)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "faster-steps.json"
    monkeypatch.setattr(compiling, "choices_file", lambda: path)
    return path


def way(
    compile: str = "auto", replay: str = "auto", *, can_record: bool = True, size: compiling.Size = "small"
) -> str:
    options = MachineOptions.model_validate({"compile": compile, "replay": replay})
    return compiling.way_of_steps(options, EXACT, can_record=can_record, size=size)


@pytest.mark.parametrize("ratio, taken", [(1.4, True), (1.0, False), (0.6, False), (0.0, False)])
@pytest.mark.parametrize("kind", ["compiled", "played back"])
def test_by_itself_training_takes_what_was_measured_faster(
    file: Path, kind: compiling.Way, ratio: float, taken: bool
) -> None:
    compiling.keep(kind, EXACT, ratio)
    assert way() == (kind if taken else "plain")
    assert way("on", "off") == "compiled"
    assert way("off", "on") == "played back"
    assert way("off", "off") == "plain"


def test_what_nobody_measured_is_not_taken(file: Path) -> None:
    assert compiling.times_as_fast("compiled", EXACT) is None
    assert compiling.times_as_fast("played back", EXACT) is None
    assert way() == "plain"


@pytest.mark.parametrize("broken", ["", "[]", "{", '"fast"', "true", "NaN", "Infinity", "-Infinity", "null"])
def test_a_broken_record_counts_as_none(file: Path, broken: str) -> None:
    key = compiling.key_of(EXACT, "compiled")
    stored = broken if broken in ("", "[]", "{") else f"{{{json.dumps(key)}: {broken}}}"
    file.write_text(stored, encoding="utf-8")
    assert compiling.times_as_fast("compiled", EXACT) is None
    assert way() == "plain"
    compiling.keep("compiled", EXACT, 2.0)
    assert way() == "compiled"


def test_devices_keep_answers_of_their_own(file: Path) -> None:
    compiling.keep("compiled", EXACT, 2.0)
    meta = Compute(torch.device("meta"), uses_bfloat16=False)
    assert compiling.times_as_fast("compiled", meta) is None


@pytest.mark.parametrize("compiled, played, faster", [(1.5, 2.7, "played back"), (2.7, 1.5, "compiled")])
def test_of_two_that_won_the_faster_is_taken(file: Path, compiled: float, played: float, faster: str) -> None:
    compiling.keep("compiled", EXACT, compiled)
    compiling.keep("played back", EXACT, played)
    assert way() == faster
    assert way(replay="off") == "compiled"
    assert way(compile="off") == "played back"


def test_what_was_asked_for_is_taken_over_what_was_measured(file: Path) -> None:
    compiling.keep("compiled", EXACT, 1.5)
    compiling.keep("played back", EXACT, 2.7)
    assert way(compile="on", replay="off") == "compiled"
    compiling.keep("compiled", EXACT, 9.0)
    assert way(replay="on") == "played back"


def test_what_won_for_networks_of_a_size_is_taken_for_those(file: Path) -> None:
    compiling.keep("played back", EXACT, 2.7)
    compiling.keep("compiled", EXACT, 1.3, "large")
    assert (way(), way(size="large")) == ("played back", "compiled")
    compiling.keep("compiled and played back", EXACT, 1.7, "large")
    assert (way(), way(size="large")) == ("played back", "compiled and played back")
    assert way(size="large", can_record=False) == "compiled"
    assert way(size="large", replay="off") == "compiled"
    assert way(size="large", compile="off") == "plain"


def test_what_is_compiled_on_request_is_played_back_too_where_that_was_asked_for_or_won(file: Path) -> None:
    assert way(compile="on") == "compiled"
    assert way(compile="on", replay="on") == "compiled and played back"
    assert way(compile="on", replay="on", can_record=False) == "compiled and played back"  # once it can be
    compiling.keep("played back", EXACT, 1.0)
    assert way(compile="on") == "compiled"
    compiling.keep("played back", EXACT, 2.7)
    assert way(compile="on") == "compiled and played back"
    compiling.keep("compiled and played back", EXACT, 0.0)  # it learnt something else
    assert way(compile="on") == "compiled"
    compiling.keep("compiled and played back", EXACT, 1.2)
    compiling.keep("compiled", EXACT, 1.1)
    assert way(compile="on") == "compiled and played back"


def test_what_only_wins_where_it_is_recorded_is_not_compiled_where_it_cannot_be(file: Path) -> None:
    compiling.keep("compiled", EXACT, 0.98)
    compiling.keep("compiled and played back", EXACT, 1.17)
    assert way() == "compiled and played back"
    assert way(can_record=False) == "plain"


def test_steps_that_cannot_be_recorded_are_still_compiled_where_that_won(file: Path) -> None:
    compiling.keep("played back", EXACT, 2.7)
    assert way(can_record=False) == "played back"  # once they can be
    compiling.keep("compiled", EXACT, 1.5)
    assert way(can_record=False) == way(replay="on", can_record=False) == "compiled"


def test_the_first_call_which_compiles_is_not_counted() -> None:
    calls: list[int] = []
    assert compiling.seconds_a_call(lambda: calls.append(1), EXACT, calls=3) >= 0
    assert len(calls) == 4


def learner(choice: str) -> Learner:
    options = tiny_options(compile=choice, replay="off")
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


@pytest.mark.filterwarnings("ignore")  # torch's compiler looks at what torch warns of
@pytest.mark.parametrize("architecture", ["df", "saehd", "sae", "liaef128", "amp"])
def test_the_passes_of_networks_can_be_traced_and_lose_the_same(architecture: str) -> None:
    model = build(architecture, SMALL[architecture])
    faces = torch.rand(2, 3, model.seen_px, model.seen_px)

    def asked(passes: Callable[..., Reconstruction]) -> tuple[torch.Tensor, torch.Tensor]:
        model.zero_grad()
        made = passes(faces, faces.flip(0), torch.Generator().manual_seed(3))
        painted = (made.src.faces_BCHW, made.src.masks_B1HW, made.dst.faces_BCHW, made.dst.masks_B1HW)
        loss = torch.stack([values.square().mean() for values in painted]).sum()
        loss.backward()
        slopes = [weights.grad.flatten() for weights in model.parameters() if weights.grad is not None]
        return loss.detach(), torch.cat(slopes)

    # Without the last step, code for the processor, which takes minutes and changes no value.
    traced = torch.compile(model.reconstruct, dynamic=False, backend="aot_eager")
    for mine, expected in zip(asked(traced), asked(model.reconstruct), strict=True):
        torch.testing.assert_close(mine, expected)
