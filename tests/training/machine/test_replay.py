"""Steps that are played back learn what plain ones do. Recording needs a GPU; here the work is done again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.overrides import TorchFunctionMode

from tests.networks.small import SMALL
from tests.training.conftest import TINY_NETWORK, tiny_options
from tests.training.test_learner import lessons
from understudy.networks.catalog import build
from understudy.networks.face_model import of_side
from understudy.options import parse_options
from understudy.training import learner as learning
from understudy.training.feeding.augment import Lesson
from understudy.training.learner import Learner
from understudy.training.losses.differences import DIFFERENCES
from understudy.training.losses.objective import Objective
from understudy.training.losses.structure import STRUCTURES, _gaussian_band
from understudy.training.machine import compiling, replay
from understudy.training.machine.device import Compute
from understudy.training.machine.need import empty_lesson
from understudy.training.options import TrainOptions

EXACT = Compute(torch.device("cpu"), uses_bfloat16=False)
ALIKE_FOR, STEPS = 3, 9
Work = Callable[[], None]


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Says "recorded" and "played" as it happens, on a CPU that is asked again instead of playing back."""
    said: list[str] = []

    def recorded(work: Work, device: torch.device) -> Work:
        said.append("recorded")
        work()

        def play() -> None:
            said.append("played")
            work()

        return play

    monkeypatch.setattr(replay, "_ALIKE_FOR", ALIKE_FOR)  # fewer than it is when nobody tests
    monkeypatch.setattr(replay, "recorded", recorded)
    monkeypatch.setattr(learning, "can_replay", lambda model, options, compute: True)
    return said


def losses(made: Learner, options: Callable[[int], TrainOptions], steps: int = STEPS) -> torch.Tensor:
    costs = [made.step(*lessons(number), options(number), speed=1.0) for number in range(steps)]
    return torch.stack([terms.totals() for terms in costs])  # after the last: nothing was written over


def learner(replay: str = "on", architecture: str = "quick", network: dict[str, Any] = TINY_NETWORK) -> Learner:
    options = tiny_options(replay=replay, compile="off")
    return Learner(architecture, network, options=options, seed=0, compute=EXACT)


def at_side(lesson: Lesson, side_px: int) -> Lesson:
    pictures = {
        name: tensor for name, tensor in vars(lesson).items() if tensor is not None and tensor.ndim == 4
    }
    return replace(lesson, **{name: of_side(tensor, side_px) for name, tensor in pictures.items()})


def test_steps_that_are_played_back_learn_exactly_what_plain_ones_do(played: list[str]) -> None:
    plain, other = learner("off"), learner("on")
    expected = losses(plain, lambda _: tiny_options())
    assert not played
    assert losses(other, lambda _: tiny_options()).equal(expected)
    assert other.replay.is_recorded and not plain.replay.is_recorded
    assert played.count("recorded") == 1 and played.count("played") == STEPS - ALIKE_FOR
    for one, same in zip(plain.average.parameters(), other.average.parameters(), strict=True):
        assert one.equal(same)


def test_a_step_is_recorded_anew_where_its_losses_or_what_learns_change(played: list[str]) -> None:
    def changing(number: int) -> TrainOptions:
        said = {"random_warp": number / STEPS, "eyes_weight": 3.0 if number >= 5 else 1.0}
        return tiny_options(freeze="encoder" if number >= 10 else "", **said)

    made = learner()
    losses(made, changing, 15)
    assert played.count("recorded") == 3
    assert [p.grad is None for p in made.model.parts()["encoder"].parameters()].count(False) == 0


def test_a_model_that_goes_back_is_not_played_from_an_older_recording(played: list[str]) -> None:
    made = learner()
    losses(made, lambda _: tiny_options(), 5)
    made.begin()
    expected = losses(learner("off"), lambda _: tiny_options(), 3)
    assert losses(made, lambda _: tiny_options(), 3).equal(expected)
    assert played.count("recorded") == 1


def test_a_network_that_draws_at_random_is_never_played_back(played: list[str]) -> None:
    made = learner("on", "amp", SMALL["amp"])
    lesson = empty_lesson(made.model, 2, EXACT.device)
    for part in (lesson.seen_BCHW, lesson.goal_BCHW, lesson.mask_B1HW, lesson.eyes_B1HW, lesson.mouth_B1HW):
        part.fill_(0.5)
    for _ in range(7):
        made.step(lesson, lesson, tiny_options(), speed=1.0)
    assert not played


def test_where_a_device_refuses_to_record_steps_stay_plain_and_it_is_said_once(
    played: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(work: Work, device: torch.device) -> Work:
        work()
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    monkeypatch.setattr(replay, "recorded", refused)
    made = learner()
    expected = losses(learner("off"), lambda _: tiny_options())
    assert losses(made, lambda _: tiny_options()).equal(expected)
    (notice,) = made.objective.take_notices()
    assert "operation not permitted when stream is capturing)" in notice


def test_too_little_memory_to_record_is_too_little_memory(
    played: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(work: Work, device: torch.device) -> Work:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(replay, "recorded", full)
    with pytest.raises(torch.OutOfMemoryError):
        losses(learner(), lambda _: tiny_options(replay="on"))


def test_who_did_not_ask_for_a_recording_trains_on_where_there_is_no_room_for_one(
    played: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(work: Work, device: torch.device) -> Work:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(replay, "recorded", full)
    monkeypatch.setattr(learning, "way_of_steps", lambda *_, **__: "played back")
    made = learner("auto")
    losses(made, lambda _: tiny_options(replay="auto"))
    (notice,) = made.objective.take_notices()
    assert "CUDA out of memory), so steps stay plain" in notice


@pytest.mark.parametrize("architecture", ["quick", "liaef128", "ufm"])  # a code, one of two parts, several maps
def test_a_recording_asks_how_far_eyes_and_mouth_are_open_of_the_faces_that_it_is_played_for(
    played: list[str], architecture: str
) -> None:
    def costs(way: str) -> list[dict[str, torch.Tensor]]:
        made = learner(way, architecture, SMALL[architecture])
        side, asked = made.model.size_px, tiny_options(expression_weight=0.5)
        shown = [[at_side(one, side) for one in lessons(number)] for number in range(7)]
        return [{**made.step(*pair, asked, speed=1.0).src} for pair in shown]

    plain, other = costs("off"), costs("on")
    assert played.count("played") == 7 - ALIKE_FOR
    assert [float(step["expression"]) for step in other] == [float(step["expression"]) for step in plain]


def test_a_step_is_recorded_anew_where_openings_begin_to_be_asked(played: list[str]) -> None:
    def untold(number: int) -> tuple[Lesson, ...]:
        return tuple(replace(one, openings_B2=None) for one in lessons(number))

    made, options = learner(), tiny_options()
    for number in range(5):
        made.step(*untold(number), options, speed=1.0)
    for number in range(5):
        terms = made.step(*lessons(number), options.changed(expression_weight=1.0), speed=1.0)
    assert played.count("recorded") == 2 and played.count("played") == 4
    assert float(terms.src["expression"]) > 0 < float(terms.dst["expression"])


def test_a_step_is_recorded_anew_where_swaps_begin_to_be_asked_to_follow(played: list[str]) -> None:
    asked = tiny_options(follow_weight=1, follow_after=ALIKE_FOR + 2, batch_size=4)
    plain, other = learner("off"), learner("on")
    expected = losses(plain, lambda _: asked)
    assert losses(other, lambda _: asked).equal(expected)
    assert played == ["recorded", "played", "played", "recorded", "played"]


def test_what_is_compiled_is_recorded_as_it_was_compiled(
    played: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str] = []

    def heard(passes: Any, **_: object) -> Any:
        return lambda *given: compiled.append("passed") or passes(*given)

    monkeypatch.setattr(torch, "compile", heard)
    monkeypatch.setattr(learning, "way_of_steps", lambda *_, **__: "compiled and played back")
    losses(learner("auto"), lambda _: tiny_options(), 7)
    assert played.count("played") == 7 - ALIKE_FOR
    assert len(compiled) == ALIKE_FOR + len(played)


@pytest.mark.parametrize("ratio, is_played", [(2.7, True), (1.0, False), (None, False)])
def test_by_itself_training_plays_back_where_that_was_measured_faster(
    played: list[str], monkeypatch: pytest.MonkeyPatch, ratio: float | None, is_played: bool
) -> None:
    monkeypatch.setattr(compiling, "times_as_fast", lambda way, *_: ratio if way == "played back" else None)
    losses(learner("auto"), lambda _: tiny_options(), 7)
    assert ("played" in played) is is_played


@pytest.mark.parametrize("stored, meant", [(True, "on"), (False, "off"), ("auto", "auto"), ("off", "off")])
def test_a_project_that_said_yes_or_no_when_that_was_the_choice_still_reads(stored: object, meant: str) -> None:
    assert parse_options(TrainOptions, {"replay": stored}).replay == meant


@pytest.mark.parametrize(
    "change",
    [
        {"accumulation": 2},
        {"gan_power": 0.1},
        {"true_face_power": 0.1},
        {"feature_weight": 0.1, "feature_every": 2},
    ],
)
def test_only_steps_that_are_always_the_same_are_recorded_and_only_on_a_gpu(change: dict[str, Any]) -> None:
    model, gpu = build("quick", TINY_NETWORK), Compute(torch.device("cuda"), uses_bfloat16=True)
    options = tiny_options()
    assert replay.can_replay(model, options, gpu)
    assert not replay.can_replay(model, options, EXACT)
    assert not replay.can_replay(model, options.changed(**change), gpu)
    assert not replay.can_replay(build("avatar", SMALL["avatar"]), options, gpu)


def test_a_step_is_recorded_and_played_on_its_own_device_whichever_is_current(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    current, said = ["cuda:0"], []

    @contextmanager
    def on(device: torch.device) -> Iterator[None]:
        current.append(str(device))
        yield
        current.pop()

    class Stream:
        def __init__(self) -> None:
            self.device = current[-1]

        def wait_stream(self, other: Stream) -> None:
            assert self.device == other.device

    class Graph:
        def replay(self) -> None:
            said.append(f"played on {current[-1]}")

    def graph(_: Graph, *, stream: Stream, capture_error_mode: str) -> AbstractContextManager[None]:
        said.append(f"recorded on {stream.device}")
        return nullcontext()

    stand_ins = {"device": on, "Stream": Stream, "current_stream": Stream, "CUDAGraph": Graph, "graph": graph}
    for name, stand_in in {**stand_ins, "stream": lambda _: nullcontext()}.items():
        monkeypatch.setattr(torch.cuda, name, stand_in)
    play = replay.recorded(lambda: said.append(f"worked on {current[-1]}"), torch.device("cuda:1"))
    assert current == ["cuda:0"]
    play()
    assert said[-2:] == ["worked on cuda:1", "played on cuda:1"] and "recorded on cuda:1" in said
    assert all(word.endswith("cuda:1") for word in said)


def test_a_recording_is_made_on_the_device_where_the_faces_lie(
    played: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[torch.device] = []

    def heard(work: Work, device: torch.device) -> Work:
        asked.append(device)
        work()
        return work

    monkeypatch.setattr(replay, "recorded", heard)
    losses(learner(), lambda _: tiny_options(), 5)
    assert asked == [EXACT.device]


def test_what_losses_keep_for_a_size_stays_where_a_recording_reads_it() -> None:
    first = _gaussian_band(32, 5, 0.9, EXACT.device)
    for side in range(40, 90):
        _gaussian_band(side, 5, 0.9, EXACT.device)
    assert _gaussian_band(32, 5, 0.9, EXACT.device) is first


class _NothingNew(TorchFunctionMode):
    """Finds numbers that go from the processor to the device, for which a recording has no place."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **kwargs or {})
        there = args and isinstance(args[0], torch.Tensor) and args[0].is_meta
        if func in (torch.tensor, torch.as_tensor, torch.Tensor.to) and made.is_meta and not there:
            raise AssertionError("numbers go to the device")
        return made


@pytest.mark.parametrize("architecture", ["quick", "miaef128", "ufm"])
def test_a_step_like_the_one_before_sends_no_numbers_to_the_device(architecture: str) -> None:
    asked = {"face_style_power": 1.0, "bg_style_power": 1.0, "feature_weight": 1.0, "feature_every": 1}
    nowhere, options = Compute(torch.device("meta"), uses_bfloat16=False), tiny_options(**asked)
    model = build(architecture, SMALL[architecture], device="meta")
    objective, lesson = Objective(model, seed=0, compute=nowhere), empty_lesson(model, 2, nowhere.device)

    def ask() -> None:
        made = model.reconstruct(lesson.seen_BCHW, lesson.seen_BCHW)
        objective.ask(made, lesson, lesson, options, iteration=0).totals().sum().backward()

    ask()
    with _NothingNew():
        ask()


def test_no_way_of_comparing_pictures_sends_numbers_to_the_device_again_and_again() -> None:
    a, b = (torch.rand(2, 3, 32, 32, device="meta") for _ in range(2))
    for measure in STRUCTURES.values():
        measure(a, b)
        with _NothingNew():
            measure(a, b)
    with _NothingNew():
        for difference in DIFFERENCES.values():
            difference(a)
