"""A learner's state moves between learners; its average lags behind its weights."""

from __future__ import annotations

import pytest
import torch
from torch import Generator
from torch.autograd.graph import saved_tensors_hooks

from tests.training.conftest import TINY_NETWORK, tiny_options
from understudy.training.feeding.augment import Lesson
from understudy.training.learner import Learner
from understudy.training.machine import offload
from understudy.training.machine.device import Compute
from understudy.training.steering.optimizers import OPTIMIZERS

EXACT = Compute(torch.device("cpu"), uses_bfloat16=False)


def lessons(seed: int) -> tuple[Lesson, Lesson]:
    generator = Generator().manual_seed(seed)

    def one() -> Lesson:
        face, mask = torch.rand(2, 3, 32, 32, generator=generator), torch.ones(2, 1, 32, 32)
        openings = torch.rand(2, 2, generator=generator)
        return Lesson(face, face, mask, mask, mask, openings_B2=openings)

    return one(), one()


def tensors_of(lesson: Lesson) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in vars(lesson).items() if tensor is not None}


def joined(lessons: list[Lesson]) -> Lesson:
    names = tensors_of(lessons[0])
    return Lesson(**{name: torch.cat([tensors_of(lesson)[name] for lesson in lessons]) for name in names})


def new(optimizer: str, *, seed: int) -> Learner:
    options = tiny_options(optimizer=optimizer)
    return Learner("quick", TINY_NETWORK, options=options, seed=seed, compute=EXACT)


def learner(optimizer: str, steps: int, seed: int = 0) -> Learner:
    made = new(optimizer, seed=seed)
    for number in range(steps):
        made.step(*lessons(number), tiny_options(), speed=1.0)
    return made


def loaded(goal: Learner, start: Learner, *, with_optimizer: bool = True) -> Learner:
    moments = {name: value.clone() for name, value in start.optimizer_tensors().items()}
    goal.load(
        iteration=start.iteration,
        model=start.model.state_dict(),
        ema=start.average.state_dict(),
        optimizer=moments if with_optimizer else {},
    )
    return goal


def weights(of: Learner) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in of.model.parameters()])


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_loaded_learner_steps_exactly_as_the_one_that_was_saved(optimizer: str) -> None:
    first = learner(optimizer, 3)
    second = loaded(new(optimizer, seed=0), first)
    for one in (first, second):
        one.step(*lessons(7), tiny_options(lr_dropout=True), speed=1.0)
    assert torch.equal(weights(first), weights(second))


@pytest.mark.parametrize("before, after", [("adamw", "muon"), ("muon", "adamw")])
def test_another_optimiser_can_take_over(before: str, after: str) -> None:
    second = loaded(new(after, seed=9), learner(before, 2))
    losses = second.step(*lessons(7), tiny_options(), speed=1.0)
    assert second.iteration == 3 and torch.isfinite(losses.totals()).all()


def test_without_an_optimisers_state_learning_goes_on_from_the_weights() -> None:
    first = learner("muon", 2)
    second = loaded(new("muon", seed=0), first, with_optimizer=False)
    assert torch.equal(weights(first), weights(second))
    second.step(*lessons(7), tiny_options(), speed=1.0)


def test_weights_of_another_network_are_refused() -> None:
    with pytest.raises(ValueError, match="another network"):
        learner("adamw", 0).load(iteration=1, model={"w": torch.zeros(1)}, ema={}, optimizer={})


def test_the_average_lies_between_the_first_weights_and_the_newest() -> None:
    made = learner("adamw", 0)
    start = weights(made)
    for number in range(12):
        made.step(*lessons(number), tiny_options(), speed=1.0)
    average = torch.cat([p.flatten() for p in made.average.parameters()])
    moved = (weights(made) - start).norm()
    assert 0.1 * moved < (average - start).norm() < moved


def test_a_learner_sent_back_to_the_beginning_learns_what_a_new_one_learns() -> None:
    again, fresh = learner("muon", 3), learner("muon", 0)
    again.begin()
    assert again.iteration == 0
    for one in (again, fresh):
        one.step(*lessons(7), tiny_options(), speed=1.0)
    assert torch.equal(weights(again), weights(fresh))


def test_what_an_iteration_draws_depends_on_seed_iteration_and_attempt_alone() -> None:
    made = learner("adamw", 2)
    first = torch.rand(3, generator=made.draws())
    assert torch.equal(first, torch.rand(3, generator=learner("adamw", 0).draws(2)))
    made.attempt = 1
    assert not torch.equal(first, torch.rand(3, generator=made.draws()))
    assert not torch.equal(first, torch.rand(3, generator=learner("adamw", 0, seed=1).draws(2)))
    assert not torch.equal(first, torch.rand(3, generator=learner("adamw", 0).draws(3)))


def test_no_speed_moves_no_weight() -> None:
    made = learner("muon", 0)
    start = weights(made)
    made.step(*lessons(0), tiny_options(), speed=0.0)
    assert torch.equal(start, weights(made))


NORMED = {
    "size_px": 32,
    "enc_scaling": 3.2,
    "fs_original_depth": 3,
    "fs_original_min_filters": 16,
    "fs_original_max_filters": 16,
    "bottleneck_size": 16,
    "fc_max_filters": 16,
    "enable_gblock": False,
    "dec_norm": "batch",
    "dec_max_filters": 16,
    "dec_min_filters": 8,
}


def test_what_batch_norms_have_counted_is_painted_with() -> None:
    one = Learner("custom", NORMED, options=tiny_options(), seed=0, compute=EXACT)
    fresh = [buffer.clone() for buffer in one.average.buffers()]
    one.step(*lessons(0), tiny_options(), speed=1.0)
    pairs = list(zip(one.average.buffers(), one.model.buffers(), strict=True))
    assert all(torch.equal(held, counted) for held, counted in pairs)
    assert any(not torch.equal(held, before) for (held, _), before in zip(pairs, fresh, strict=True))


def test_a_rehearsal_asks_also_what_is_asked_of_older_models_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    one, asked = new("adamw", seed=0), []
    real = one.objective.ask
    monkeypatch.setattr(one.objective, "ask", lambda *a, **k: asked.append(real(*a, **k)) or asked[-1])
    options = tiny_options(follow_weight=1, follow_after=301, feature_weight=1, feature_every=4)
    one.rehearse(*lessons(1), options)
    assert {"following", "features"} <= set(asked[0].src)


def test_a_rehearsal_changes_nothing_that_batch_norms_have_counted_even_where_it_fails() -> None:
    one = Learner("custom", NORMED, options=tiny_options(), seed=0, compute=EXACT)
    one.step(*lessons(0), tiny_options(), speed=1.0)
    counted = {name: value.clone() for name, value in one.model.state_dict().items()}
    one.rehearse(*lessons(1), tiny_options())
    one.objective.ask = None  # type: ignore[assignment]
    with pytest.raises(TypeError):
        one.rehearse(*lessons(2), tiny_options())
    assert all(torch.equal(value, counted[name]) for name, value in one.model.state_dict().items())


def test_gradients_of_several_batches_add_up_to_those_of_one_big_batch() -> None:
    faces = [lessons(number) for number in range(3)]
    big = [joined([pair[side] for pair in faces]) for side in (0, 1)]
    whole, parts = new("adamw", seed=0), new("adamw", seed=0)
    options = tiny_options(clip="off", random_warp=0.0, expression_weight=1.0)
    cost = whole.step(*big, options, speed=1.0).totals()
    at_once, ask = [], parts.objective.ask
    parts.objective.ask = lambda made, src, *more, **said: (  # type: ignore[method-assign]
        at_once.append(len(src.seen_BCHW)) or ask(made, src, *more, **said)
    )
    cost_of_parts = parts.step(*big, options.changed(accumulation=3), speed=1.0).totals()
    gradients = [
        torch.cat([p.grad.flatten() for p in of.model.parameters() if p.grad is not None])
        for of in (whole, parts)
    ]
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-3, atol=1e-6)
    torch.testing.assert_close(cost_of_parts, cost, rtol=1e-4, atol=1e-5)
    assert parts.iteration == 1
    assert at_once == [len(pair[0].seen_BCHW) for pair in faces], "which is what saves memory"


def test_the_length_of_the_average_is_an_option() -> None:
    made = [new("adamw", seed=0) for _ in range(2)]
    for number in range(4):
        for of, options in zip(made, (tiny_options(), tiny_options(ema_length=0.2)), strict=True):
            of.step(*lessons(number), options, speed=1.0)
    short, long = (torch.cat([p.flatten() for p in of.average.parameters()]) for of in made)
    assert torch.equal(weights(made[0]), weights(made[1])) and not torch.equal(short, long)


def stepped(steps: int, **options: object) -> tuple[Learner, list[torch.Tensor], int]:
    """A learner after so many steps, what each cost, and the bytes that the first kept for its gradients."""
    chosen, kept = tiny_options(optimizer="adamw", **options), []
    made = Learner("quick", TINY_NETWORK, options=chosen, seed=0, compute=EXACT)
    with saved_tensors_hooks(lambda tensor: (kept.append(tensor.nbytes), tensor)[1], lambda tensor: tensor):
        costs = [made.step(*lessons(0), chosen, speed=1.0).totals()]
    costs += [made.step(*lessons(number), chosen, speed=1.0).totals() for number in range(1, steps)]
    return made, costs, sum(kept)


@pytest.mark.parametrize("option", ["recompute", "offload"])
def test_what_saves_memory_changes_nothing_of_what_is_learnt(option: str) -> None:
    (plain, costs, _), (saving, costs_saving, _) = stepped(4), stepped(4, **{option: True})
    torch.testing.assert_close(costs_saving, costs, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(weights(saving), weights(plain), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(saving.average.state_dict(), plain.average.state_dict(), rtol=1e-4, atol=1e-5)


def test_a_learner_that_calculates_again_keeps_less_for_its_gradients() -> None:
    (_, _, plain), (_, _, again) = stepped(1), stepped(1, recompute=True)
    assert 0 < again < 0.6 * plain


def test_a_learner_that_offloads_has_its_optimisers_memory_off_the_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(offload, "HOME", torch.device("meta"))  # since the tests' device is the usual home
    for away, place in ((False, "cpu"), (True, "meta")):
        made, _, _ = stepped(1, offload=away)
        moments = [value for name, value in made.optimizer_tensors().items() if not name.endswith(":step")]
        assert moments and {value.device.type for value in moments} == {place}


def test_a_learner_that_offloads_has_its_average_off_the_device() -> None:
    elsewhere = Compute(torch.device("meta"), uses_bfloat16=False)
    for away, place in ((False, "meta"), (True, offload.HOME.type)):
        options = tiny_options(offload=away)
        made = Learner("quick", TINY_NETWORK, options=options, seed=0, compute=elsewhere)
        assert {p.device.type for p in made.model.parameters()} == {"meta"}
        assert {p.device.type for p in made.average.parameters()} == {place}
        assert made.average_compute.device.type == place
