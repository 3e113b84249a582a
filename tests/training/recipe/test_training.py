"""A real training goes through its recipe, can be asked to finish, and goes on exactly in any stage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from torch import Generator, Tensor

from tests.training.conftest import TINY, tiny_options
from tests.training.test_train import breaking
from understudy.errors import OptionInvalid, RecipeInvalid
from understudy.events import Event, Notice, Progress, StageFinished
from understudy.facesets.store import Faceset
from understudy.files import read_json
from understudy.training import duties
from understudy.training.feeding.augment import Lesson
from understudy.training.feeding.feed import Draw, Feed
from understudy.training.keeping.checkpoint import FOLDER_NAME, amend_state
from understudy.training.keeping.metrics import METRICS_NAME, read_metrics
from understudy.training.keeping.milestones import losses_since
from understudy.training.keeping.requests import ask
from understudy.training.learner import Learner
from understudy.training.options import TrainOptions
from understudy.training.train import train

Pair = tuple[Faceset, Faceset]

RECIPE = """
[[stage]]
name = "one"
iterations = 4
[[stage]]
name = "two"
plateau = true
set.batch_size = 3
set.eyes_weight = 9.0
[[stage]]
name = "three"
iterations = 4
set.swap_sides = true
[[stage]]
name = "four"
share = 0.3
scale.learning_rate = [1.0, 0.1]
scale.random_warp = [1.0, 0.0]
"""


@pytest.fixture(autouse=True)
def measured_and_heard_at_every_iteration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duties, "_METRICS_EVERY", 1)
    monkeypatch.setattr(duties, "_PROGRESS_EVERY_S", 0.0)
    monkeypatch.setattr(duties, "_LISTENS_EVERY_S", 0.0)


@pytest.fixture
def recipe(tmp_path: Path) -> str:
    (tmp_path / "mine.toml").write_text(RECIPE)
    return str(tmp_path / "mine.toml")


def options_with(recipe: str, **changes: object) -> TrainOptions:
    # The loss of so short a training hops: any window that is full counts as flat.
    return tiny_options(recipe=recipe, plateau_iterations=32, plateau_fall=1.0, **changes)


def trained(
    folder: Path, facesets: Pair, options: TrainOptions, *, until: int | None = None, **how: bool
) -> list[Event]:
    """Events of a training, closed at an iteration where one is named."""
    src, dst = facesets
    told: list[Event] = []
    events = train(folder, src=[src], dst=[dst], options=options, preset=TINY, device="cpu", **how)
    for event in events:
        told.append(event)
        if until is not None and isinstance(event, Progress) and event.stage == "train" and event.done >= until:
            events.close()  # type: ignore[attr-defined]
            break
    return told


def stages(events: list[Event]) -> dict[str, int]:
    """How many iterations said that they were in which stage."""
    names = [e.note.split(",")[0] for e in events if isinstance(e, Progress) and e.stage == "train"]
    return {name: names.count(name) for name in dict.fromkeys(names)}


def course_of(folder: Path) -> list[tuple[int, float, float, float]]:
    lines = read_metrics(folder / METRICS_NAME)
    return [(m["iteration"], m["loss_src"], m["loss_dst"], m["learning_rate"]) for m in lines]


def test_a_training_interrupted_in_every_stage_ends_as_one_that_was_not(
    tmp_path: Path, facesets: Pair, recipe: str
) -> None:
    options = options_with(recipe, iterations=60)
    events = trained(tmp_path / "whole", facesets, options)
    assert list(stages(events)) == ["one", "two", "three", "four"]
    for until in (2, 4, 20, 38, 42, 55):
        trained(tmp_path / "parts", facesets, options, until=until)
    trained(tmp_path / "parts", facesets, options)
    assert course_of(tmp_path / "parts") == course_of(tmp_path / "whole")
    states = [read_json(tmp_path / n / FOLDER_NAME / "000000060" / "state.json") for n in ("whole", "parts")]
    assert states[0]["sha256"] == states[1]["sha256"]
    assert states[0]["state"]["course"] == states[1]["state"]["course"]


def test_what_a_stage_changes_reaches_the_faces_and_the_steps(
    tmp_path: Path, facesets: Pair, recipe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    real = Learner.step

    def step(self: Learner, src: Lesson, *arguments: Any, **named: Any):
        sizes.append(len(src.goal_BCHW))
        return real(self, src, *arguments, **named)

    monkeypatch.setattr(Learner, "step", step)
    trained(tmp_path / "m", facesets, options_with(recipe, iterations=60, schedule="constant", warm_up=0))
    rates = [rate for *_, rate in course_of(tmp_path / "m")]
    assert sizes[:4] == [4] * 4 and sizes[4:8] == [3] * 4 and sizes[-4:] == [4] * 4
    assert rates[:20] == [1e-3] * 20
    assert rates[-1] < 0.2e-3 and rates[-8:] == sorted(rates[-8:], reverse=True)


GROWING = """
[[stage]]
name = "small"
iterations = 2
set.batch_size = 2
[[stage]]
name = "large"
set.batch_size = 4
"""


@pytest.mark.parametrize("ends", [(), (1, 2, 3, 4)], ids=["in one go", "interrupted"])
def test_an_epoch_shows_every_face_once_also_where_the_batch_grows(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch, ends: tuple[int, ...]
) -> None:
    (tmp_path / "own.toml").write_text(GROWING)
    drawn: dict[int, list[int]] = {}
    real = Feed.draw

    def draw(self: Feed, generator: Generator, *arguments: Any, **named: Any) -> Draw:
        found = real(self, generator, *arguments, **named)
        drawn[generator.initial_seed()] = found.dst.tolist()  # an iteration's own, however often it is drawn
        return found

    monkeypatch.setattr(Feed, "draw", draw)
    options = tiny_options(
        iterations=8, recipe=str(tmp_path / "own.toml"), sampling="epoch", pose_pairing=0.0, dst_flip=False
    )
    for until in (*ends, None):
        trained(tmp_path / "m", facesets, options, until=until)
    seen = [number for numbers in drawn.values() for number in numbers]
    assert [len(numbers) for numbers in drawn.values()] == [2, 2, 4, 4, 4, 4, 4, 4]
    count = len(set(seen))
    assert count == 12 and all(sorted(seen[at : at + count]) == sorted(set(seen)) for at in (0, count))


def test_a_training_that_begins_anew_begins_its_recipe_anew(
    tmp_path: Path, facesets: Pair, recipe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking(monkeypatch, float("nan"), when=lambda learner: learner.iteration == 3 and not learner.attempt)
    events = trained(tmp_path / "m", facesets, options_with(recipe, iterations=8))
    told = [event.text for event in events if isinstance(event, Notice)]
    assert "went back to iteration 0" in told[0]
    assert told[1].startswith("At iteration 4 begins the stage two")


def test_a_step_of_several_batches_is_given_so_many_faces(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    real = Learner.step

    def step(self: Learner, src: Lesson, *arguments: Any, **named: Any):
        sizes.append(len(src.goal_BCHW))
        return real(self, src, *arguments, **named)

    monkeypatch.setattr(Learner, "step", step)
    trained(tmp_path / "m", facesets, tiny_options(iterations=2, batch_size=3, accumulation=2))
    assert sizes == [6, 6]


def test_swapped_sides_show_each_performer_to_the_others_path(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[tuple[Tensor, Tensor]] = []
    real = Learner.step

    def step(self: Learner, src: Lesson, dst: Lesson, *arguments: Any, **named: Any):
        shown.append((src.seen_BCHW, dst.seen_BCHW))
        return real(self, src, dst, *arguments, **named)

    monkeypatch.setattr(Learner, "step", step)
    text = '[[stage]]\nname = "{}"\niterations = 9\nset.swap_sides = {}\n[[stage]]\nname = "end"'
    ends = []
    for swap in ("false", "true"):
        (tmp_path / f"{swap}.toml").write_text(text.format("shake", swap))
        options = tiny_options(iterations=1, recipe=str(tmp_path / f"{swap}.toml"))
        ends.append(trained(tmp_path / swap, facesets, options))
    (src, dst), (other_src, other_dst) = shown
    assert src.equal(other_dst) and dst.equal(other_src) and not src.equal(dst)
    told = ["".join(e.text for e in events if isinstance(e, Notice) and "swapped" in e.text) for events in ends]
    assert not told[0] and "'shake', which exchanges the sides" in told[1]


def test_sides_that_no_stage_swaps_back_are_refused_before_a_model_is_made(
    tmp_path: Path, facesets: Pair
) -> None:
    with pytest.raises(RecipeInvalid, match="wrong performer"):
        trained(tmp_path / "m", facesets, tiny_options(iterations=1, swap_sides=True))
    assert not (tmp_path / "m").exists()


def test_a_training_settles_in_the_last_stage_of_its_recipe_whose_file_is_gone(
    tmp_path: Path, facesets: Pair, recipe: str
) -> None:
    model = tmp_path / "m"
    trained(model, facesets, options_with(recipe, iterations=None), until=3)
    Path(recipe).unlink()
    ask(model, "finish", iterations=6)
    events = trained(model, facesets, options_with("plain", iterations=None), keep_recipe=True)
    assert stages(events)["four"] >= 6
    assert read_json(model / "training.json")["said"]["recipe"] == "mine.toml"


def test_an_endless_training_settles_and_ends_when_asked_to_finish(tmp_path: Path, facesets: Pair) -> None:
    model, options = tmp_path / "m", tiny_options(iterations=None, warm_up=0)
    trained(model, facesets, options, until=6)
    ask(model, "finish", iterations=10)
    events = trained(model, facesets, options)
    assert [e for e in events if isinstance(e, Notice) and "settles until iteration 17" in e.text]
    rates = [rate for *_, rate in course_of(model)]
    assert len(rates) == 17 and rates[6] == 1e-3
    assert rates[7:] == sorted(rates[7:], reverse=True) and rates[-1] < 0.1e-3
    assert stages(events)["finish"] >= 10
    (last,) = [e for e in events if isinstance(e, StageFinished) and e.stage == "train"]
    assert last.summary["iterations_in_all"] == 17


def test_a_stage_says_how_long_a_training_settles_that_is_asked_to_finish(
    tmp_path: Path, facesets: Pair
) -> None:
    (tmp_path / "own.toml").write_text('[[stage]]\nname = "only"\nset.finish_iterations = 6')
    ask(tmp_path / "m", "finish")
    trained(tmp_path / "m", facesets, tiny_options(iterations=None, recipe=str(tmp_path / "own.toml")))
    assert len(course_of(tmp_path / "m")) == 7


def test_a_checkpoint_whose_recipe_names_an_option_that_is_gone_is_gone_on_with(
    tmp_path: Path, facesets: Pair, recipe: str
) -> None:
    model, options = tmp_path / "m", options_with(recipe, iterations=8)
    trained(model, facesets, options, until=5)
    (folder,) = (model / FOLDER_NAME).iterdir()
    course = read_json(folder / "state.json")["state"]["course"]
    course["recipe"]["stages"][0]["set"] = {"gone_option": 1.0}
    amend_state(model, int(folder.name), course=course)
    events = trained(model, facesets, options)
    told = [e.text for e in events if isinstance(e, Notice)]
    assert "'gone_option'" in told[0] and "begin anew with 'one'" in told[0]
    assert len(course_of(model)) == 8


def test_an_interrupted_settling_is_finished_exactly(tmp_path: Path, facesets: Pair) -> None:
    options = tiny_options(iterations=None)
    for name, until in (("whole", None), ("parts", 9)):
        ask(tmp_path / name, "finish", iterations=12)
        trained(tmp_path / name, facesets, options, until=until)
    trained(tmp_path / "parts", facesets, options)
    assert course_of(tmp_path / "parts") == course_of(tmp_path / "whole")
    assert len(course_of(tmp_path / "whole")) == 13


def test_a_training_stops_saves_and_shows_when_asked(tmp_path: Path, facesets: Pair) -> None:
    src, dst = facesets
    model, options = tmp_path / "m", tiny_options(iterations=None)
    events = train(model, src=[src], dst=[dst], options=options, preset=TINY, device="cpu")
    made: list[Path] = []
    for event in events:
        if isinstance(event, Progress) and event.stage == "train":
            assert event.done <= 20, "it didn't stop"
            match event.done:
                case 3:
                    ask(model, "save")
                case 5:
                    ask(model, "preview")
                case 6:
                    ask(model, "backup")
                case 8:
                    ask(model, "stop")
        made += [event.path] if hasattr(event, "path") else []
    saved = sorted(int(p.name) for p in (model / FOLDER_NAME).iterdir())
    assert saved == [4, 7, 9]
    assert [p.name for p in made] == ["000000006.png", "000000007"]


LOSSES = """
[[stage]]
name = "ours"
iterations = 4
[[stage]]
name = "theirs"
set.losses = "dfl"
set.mask_weight = 3.0
"""


def test_a_stage_changes_to_another_set_of_losses_and_goes_on_exactly(tmp_path: Path, facesets: Pair) -> None:
    (tmp_path / "own.toml").write_text(LOSSES)
    options = tiny_options(iterations=12, recipe=str(tmp_path / "own.toml"))
    trained(tmp_path / "whole", facesets, options)
    for until in (3, 7):
        trained(tmp_path / "parts", facesets, options, until=until)
    trained(tmp_path / "parts", facesets, options)
    lines = list(read_metrics(tmp_path / "whole" / METRICS_NAME))
    asked = [("src_eyes" in line, "src_structure" in line) for line in lines]
    assert asked == [(True, True)] * 4 + [(False, True)] * 8  # dfl asks for no eyes
    assert losses_since(tmp_path / "whole") == losses_since(tmp_path / "parts") == 4
    assert course_of(tmp_path / "parts") == course_of(tmp_path / "whole")
    states = [read_json(tmp_path / n / FOLDER_NAME / "000000012" / "state.json") for n in ("whole", "parts")]
    assert states[0]["sha256"] == states[1]["sha256"]


def test_a_short_plateau_ends_its_stage_and_is_measured_no_oftener_than_it_needs(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duties, "_METRICS_EVERY", 20)  # as it is when nobody tests
    text = '[[stage]]\nname = "one"\nplateau = true\n[[stage]]\nname = "two"\niterations = 40'
    (tmp_path / "own.toml").write_text(text)
    flat = {"plateau_iterations": 100, "plateau_fall": 1.0}  # a window that is full is flat
    events = trained(
        tmp_path / "m", facesets, tiny_options(recipe=str(tmp_path / "own.toml"), iterations=None, **flat)
    )
    (told,) = [e.text for e in events if isinstance(e, Notice) and "begins the stage two" in e.text]
    assert told.startswith("At iteration 105 ")
    measured = [iteration for iteration, *_ in course_of(tmp_path / "m") if iteration > 10]
    assert measured == [*range(12, 106, 3), 120, 140]


def test_the_schedule_plateau_drops_its_rate_after_a_short_plateau_too(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duties, "_METRICS_EVERY", 20)
    flat = {"plateau_iterations": 32, "plateau_fall": 1.0, "schedule": "plateau", "warm_up": 0}
    trained(tmp_path / "m", facesets, tiny_options(recipe="plain", iterations=50, **flat))
    rates = [rate for *_, rate in course_of(tmp_path / "m")]
    assert rates == [1e-3] * 33 + [5e-4] * 17


def test_a_recipe_that_ends_by_itself_ends_an_endless_training(tmp_path: Path, facesets: Pair) -> None:
    (tmp_path / "short.toml").write_text('[[stage]]\nname = "only"\niterations = 5')
    options = tiny_options(iterations=None, recipe=str(tmp_path / "short.toml"))
    for total in (5, 10):  # the same again is a new training, as with any plan
        trained(tmp_path / "m", facesets, options)
        assert len(course_of(tmp_path / "m")) == total


def test_a_stage_that_cant_work_is_refused_before_the_first_iteration(tmp_path: Path, facesets: Pair) -> None:
    (tmp_path / "bad.toml").write_text(RECIPE.replace("set.batch_size = 3", "set.identity_weight = 0.5"))
    with pytest.raises(RecipeInvalid, match=r"stage 2 \(two\).*identity_embedder"):
        trained(tmp_path / "m", facesets, options_with(str(tmp_path / "bad.toml"), iterations=8))
    assert not (tmp_path / "m").exists(), "no model was made"


def test_a_later_stage_that_takes_an_option_out_of_its_range_is_refused_before_a_model_is_made(
    tmp_path: Path, facesets: Pair
) -> None:
    (tmp_path / "bad.toml").write_text(RECIPE.replace("set.batch_size = 3", "scale.ema_length = 2"))
    options = options_with(str(tmp_path / "bad.toml"), iterations=8, ema_length=0.2)
    with pytest.raises(RecipeInvalid, match=r"stage 2 \(two\).*ema_length"):
        trained(tmp_path / "m", facesets, options)
    assert not (tmp_path / "m").exists()


def test_a_recipe_that_cant_be_read_is_refused_before_a_model_is_made(tmp_path: Path, facesets: Pair) -> None:
    (tmp_path / "torn.toml").write_text("[[stage")
    for name in ("gone.toml", str(tmp_path / "torn.toml")):
        with pytest.raises(RecipeInvalid):
            trained(tmp_path / "m", facesets, options_with(name, iterations=8))
    assert not (tmp_path / "m").exists()


def test_what_goes_wrong_in_the_middle_loses_no_iteration(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Learner.step

    def step(self: Learner, *arguments: Any, **named: Any):
        if self.iteration == 5:
            raise OptionInvalid("A loss can't be asked.")
        return real(self, *arguments, **named)

    monkeypatch.setattr(Learner, "step", step)
    with pytest.raises(OptionInvalid, match="can't be asked"):
        trained(tmp_path / "m", facesets, tiny_options(iterations=8))
    assert [p.name for p in (tmp_path / "m" / FOLDER_NAME).iterdir()] == ["000000005"]
