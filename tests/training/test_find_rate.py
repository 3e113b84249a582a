"""The search for a rate leaves the model as it was, to the bit, and writes what it found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.training.conftest import TINY, tiny_options
from tests.training.losses.drawn import NOTHING
from tests.training.steering.test_rate_search import loss_at, of_a_trained_model
from tests.training.test_learner import lessons, new
from understudy.errors import MemoryTooSmall, TrainingDiverged
from understudy.events import Notice, StageFinished
from understudy.facesets.store import Faceset
from understudy.files import read_json, sha256_of
from understudy.training.find_rate import ADVICE_NAME, PLOT_NAME, STAGE, as_it_was, find_rate
from understudy.training.keeping.checkpoint import FOLDER_NAME
from understudy.training.keeping.metrics import METRICS_NAME, read_metrics
from understudy.training.keeping.requests import Request, ask, take_requests
from understudy.training.learner import Learner
from understudy.training.options import TrainOptions
from understudy.training.steering.options import RateSearchOptions
from understudy.training.steering.rate_search import RateSearch
from understudy.training.train import train

Pair = tuple[Faceset, Faceset]


def found(
    folder: Path,
    facesets: Pair,
    *,
    said: list[str] | None = None,
    now: float = 0.0012,
    options: TrainOptions | None = None,
    **search: object,
) -> dict:
    src, dst = facesets
    events = list(
        find_rate(
            folder,
            src=[src],
            dst=[dst],
            options=options or tiny_options(optimizer="adamw", learning_rate=now),
            search=RateSearchOptions.model_validate({"rate_iterations": 24} | search),
            preset=TINY,
            device="cpu",
        )
    )
    if said is not None:
        said += [e.text for e in events if isinstance(e, Notice)]
    (last,) = [e for e in events if isinstance(e, StageFinished) and e.stage == STAGE]
    return last.summary


def trained(folder: Path, facesets: Pair) -> list[tuple[float, float]]:
    src, dst = facesets
    options = tiny_options(optimizer="adamw", iterations=6)
    list(train(folder, src=[src], dst=[dst], options=options, preset=TINY, device="cpu"))
    return [(m["loss_src"], m["loss_dst"]) for m in read_metrics(folder / METRICS_NAME)]


def test_a_search_asks_for_openings_where_the_training_does(tmp_path: Path, facesets: Pair) -> None:
    asked = tiny_options(**NOTHING.model_dump(), optimizer="adamw", learning_rate=1e-4).changed(
        expression_weight=1.0
    )
    assert found(tmp_path / "m", facesets, options=asked)


def test_a_training_goes_on_after_a_search_as_if_there_had_been_none(tmp_path: Path, facesets: Pair) -> None:
    for name in ("searched", "not"):
        trained(tmp_path / name, facesets)
    before = sha256_of(tmp_path / "searched" / FOLDER_NAME)
    found(tmp_path / "searched", facesets)
    assert sha256_of(tmp_path / "searched" / FOLDER_NAME) == before
    assert trained(tmp_path / "searched", facesets) == trained(tmp_path / "not", facesets)


def test_what_is_asked_of_a_search_is_asked_of_no_training_after_it(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Learner.__init__

    def asked_meanwhile(self: Learner, *words: object, **named: object) -> None:
        real(self, *words, **named)  # type: ignore[arg-type]
        ask(tmp_path / "m", "finish")

    with monkeypatch.context() as asking:
        asking.setattr(Learner, "__init__", asked_meanwhile)
        found(tmp_path / "m", facesets)
    assert take_requests(tmp_path / "m") == []


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_a_learner_is_put_back_to_the_bit_with_all_it_remembers(optimizer: str) -> None:
    first, second = new(optimizer, seed=0), new(optimizer, seed=0)
    for of in (first, second):
        of.step(*lessons(0), tiny_options(), speed=1.0)
    with as_it_was(first):
        first.step(*lessons(1), tiny_options(learning_rate=0.1), speed=1.0)
    for of in (first, second):
        of.step(*lessons(2), tiny_options(), speed=1.0)
    for kept, expected in ((first.model, second.model), (first.average, second.average)):
        for one, other in zip(kept.state_dict().values(), expected.state_dict().values(), strict=True):
            assert torch.equal(one, other)
    assert first.iteration == second.iteration == 2


def test_the_advice_is_written_down_with_its_curve(tmp_path: Path, facesets: Pair) -> None:
    summary = found(tmp_path / "m", facesets)
    told = read_json(tmp_path / "m" / ADVICE_NAME)
    assert told["learning_rate"] == summary["learning_rate"] == pytest.approx(summary["best"] / 10, rel=0.1)
    assert 1e-5 < summary["best"] <= 0.1 and len(told["rates"]) == len(told["losses"])
    assert (tmp_path / "m" / PLOT_NAME).read_bytes().startswith(b"\x89PNG")
    bold = found(tmp_path / "m", facesets, rate_strength="extreme")
    assert bold["best"] == summary["best"] and bold["learning_rate"] > 3 * summary["learning_rate"]


def test_the_options_of_a_search_say_what_is_tried(tmp_path: Path, facesets: Pair) -> None:
    found(tmp_path / "m", facesets, rate_from=1e-5, rate_to=1e-3, rate_iterations=30)
    rates = read_json(tmp_path / "m" / ADVICE_NAME)["rates"]
    assert rates[0] == pytest.approx(1e-5) and rates[-1] == pytest.approx(1e-3) and len(rates) == 30


def test_a_search_that_begins_too_boldly_says_so_and_leaves_what_a_killed_training_is_asked_still(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(tmp_path / "m", "finish")
    monkeypatch.setattr(RateSearch, "add", lambda *_: False)
    with pytest.raises(TrainingDiverged, match="rate-from"):
        found(tmp_path / "m", facesets, rate_from=0.01, rate_to=1.0, rate_iterations=21)
    assert take_requests(tmp_path / "m") == [Request("finish")]


@pytest.mark.parametrize(
    ("curve", "words", "flat"),
    [
        (of_a_trained_model, "as is usual where a model has learned", True),
        (loss_at, "The loss was lowest at a rate of", False),
        (lambda _: 2.0, "search on with a larger --rate-to", True),
    ],
)
def test_the_advice_says_what_it_is_worth(
    tmp_path: Path,
    facesets: Pair,
    monkeypatch: pytest.MonkeyPatch,
    curve: Callable[[float], float],
    words: str,
    flat: bool,
) -> None:
    real = RateSearch.add
    monkeypatch.setattr(RateSearch, "add", lambda self, rate, _: real(self, rate, 2 * curve(rate)))
    said: list[str] = []
    summary = found(tmp_path / "m", facesets, said=said)
    assert any(words in text for text in said) and summary["flat"] == flat
    assert read_json(tmp_path / "m" / ADVICE_NAME)["flat"] == flat
    assert any("it trains with 0.0012 now" in text for text in said) == flat


def test_a_rate_that_a_trained_model_bears_is_kept_and_a_larger_one_is_not(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = RateSearch.add
    monkeypatch.setattr(RateSearch, "add", lambda self, rate, _: real(self, rate, of_a_trained_model(rate)))
    said: list[str] = []
    kept = found(tmp_path / "m", facesets, said=said, now=0.0042)
    assert kept["learning_rate"] == 0.0042 and "within that: keep it" in said[-1]
    less = found(tmp_path / "m", facesets, said=said, now=0.09)
    assert less["learning_rate"] == pytest.approx(less["best"], rel=0.05) and "is advised" in said[-1]


def test_memory_that_does_not_suffice_for_a_search_is_said_and_the_model_is_as_it_was(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Learner.step

    def step(self: Learner, *lessons: object, **settings: object) -> object:
        if self.iteration == 8:
            raise torch.OutOfMemoryError("full")
        return real(self, *lessons, **settings)  # type: ignore[arg-type]

    trained(tmp_path, facesets)
    before = sha256_of(tmp_path / FOLDER_NAME)
    monkeypatch.setattr(Learner, "step", step)
    with pytest.raises(MemoryTooSmall, match="at batch size 4; the model is as it was"):
        found(tmp_path, facesets)
    assert sha256_of(tmp_path / FOLDER_NAME) == before
