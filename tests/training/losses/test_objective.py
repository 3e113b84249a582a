"""What is asked in all: the defaults as ever, the reference's formula, float32 always, critics that learn."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as nnf

from tests.training.conftest import TINY_NETWORK, tiny_options
from tests.training.losses.drawn import (
    EXACT,
    asked,
    lesson_with,
    lessons,
    objective,
    painted,
    pictures,
    reconstructed,
)
from tests.training.losses.test_masks import slow_blur
from tests.training.losses.test_structure import slow_dssim
from understudy.networks.face_model import Painted
from understudy.training.feeding.augment import Lesson
from understudy.training.learner import Learner
from understudy.training.losses.masks import widened
from understudy.training.losses.objective import Objective
from understudy.training.losses.options import LossOptions
from understudy.training.options import TrainOptions

CRITICS = LossOptions(gan_power=0.1, gan_dims=4, gan_patch_size=7, true_face_power=0.1, critic_rate=1e-3)


def total(src: Painted, lesson: Lesson, options: LossOptions | None = None) -> Tensor:
    return asked(src, lesson, options or LossOptions()).totals()[0]


def first_formula(painted: Painted, lesson: Lesson) -> Tensor:
    """What the first models of this program were trained with, as it was written then."""
    goal, mask = lesson.goal_BCHW, lesson.mask_B1HW
    faces, area = painted.faces_BCHW, widened(mask)
    features = torch.maximum(lesson.eyes_B1HW, lesson.mouth_B1HW)
    loss = 5.0 * ((faces - goal).abs() * (area + 0.02 + 5.0 * features)).mean()
    faces, goal = faces * area, goal * area
    for scale in range(2):
        if scale:
            faces, goal = nnf.avg_pool2d(faces, 2), nnf.avg_pool2d(goal, 2)
        loss = loss + 5.0 * slow_dssim(faces, goal, 5, 0.9)
    return loss + nnf.mse_loss(painted.masks_B1HW, mask)


def reference_formula(painted: Painted, lesson: Lesson, *, priority: bool) -> Tensor:
    """DeepFaceLab's SAEHD: 10 DSSIM (5 + 5 from 256 px), 10 MSE, 300 L1 on eyes and mouth, 10 mask."""
    size, mask = lesson.mask_B1HW.shape[-1], lesson.mask_B1HW
    area = 2 * slow_blur(mask, max(1, size // 32)).clamp(0, 0.5)
    faces, goal = painted.faces_BCHW * area, lesson.goal_BCHW * area
    windows = [int(size / 11.6)] if size < 256 else [int(size / 11.6), int(size / 23.2)]
    loss = sum(10 / len(windows) * slow_dssim(faces, goal, window, 1.5) for window in windows)
    loss = loss + 10 * (faces - goal).square().mean() + 10 * (painted.masks_B1HW - mask).square().mean()
    if priority:
        both = lesson.eyes_B1HW + lesson.mouth_B1HW
        loss = loss + 300 * ((painted.faces_BCHW - lesson.goal_BCHW).abs() * both).mean()
    return loss


def large(size: int) -> tuple[Painted, Lesson]:
    """A lesson of that size and something painted."""
    small = lesson_with(pictures(1))
    masks = [nnf.interpolate(m, size=size) for m in (small.mask_B1HW, small.eyes_B1HW, small.mouth_B1HW)]
    goal = nnf.interpolate(pictures(2), size=size, mode="bilinear")
    faces = (goal + 0.3 * (pictures(3, size=size) - 0.5)).clamp(0, 1)
    return Painted(faces, masks[0] * 0.7 + 0.1), Lesson(goal, goal, *masks)


def test_the_defaults_ask_what_the_first_models_were_asked() -> None:
    lesson = lesson_with(pictures(3))
    torch.testing.assert_close(
        total(painted(4), lesson), first_formula(painted(4), lesson), atol=1e-4, rtol=1e-4
    )


@pytest.mark.parametrize("size", [64, 128, 256])
@pytest.mark.parametrize("priority", [False, True])
def test_dfl_asks_what_the_reference_asks(size: int, priority: bool) -> None:
    made, lesson = large(size)
    weight = 300 if priority else 0
    options = LossOptions(losses="dfl", eyes_weight=weight, mouth_weight=weight)
    wanted = reference_formula(made, lesson, priority=priority)
    torch.testing.assert_close(total(made, lesson, options), wanted, atol=1e-3, rtol=1e-3)


def test_the_right_face_and_mask_cost_nothing() -> None:
    lesson = lesson_with(pictures(0))
    assert total(painted(0, like=lesson), lesson) < 1e-5


def test_an_error_outside_the_face_counts_far_less_than_one_inside() -> None:
    lesson = lesson_with(torch.full((1, 3, 32, 32), 0.5))
    inside, outside = lesson.goal_BCHW.clone(), lesson.goal_BCHW.clone()
    inside[..., 14:18, 14:18] += 0.3
    outside[..., 0:4, 0:4] += 0.3
    costs = [total(Painted(wrong, lesson.mask_B1HW), lesson) for wrong in (outside, inside)]
    assert 0 < 20 * costs[0] < costs[1]


@pytest.mark.parametrize("part, place", [("eyes", (13, 13)), ("mouth", (17, 14))])
def test_an_error_on_eyes_or_mouth_counts_by_the_weight_of_each(part: str, place: tuple[int, int]) -> None:
    lesson = lesson_with(torch.full((1, 3, 32, 32), 0.5))
    wrong = lesson.goal_BCHW.clone()
    wrong[..., place[0] : place[0] + 2, place[1] : place[1] + 2] += 0.2
    made = Painted(wrong, lesson.mask_B1HW)
    none = {"eyes_weight": 0.0, "mouth_weight": 0.0}
    base = total(made, lesson, LossOptions(**none))  # type: ignore[arg-type]
    more = total(made, lesson, LossOptions(**none | {f"{part}_weight": 15.0})) - base  # type: ignore[arg-type]
    torch.testing.assert_close(more, 15 * (wrong - lesson.goal_BCHW).abs().mean(), atol=1e-5, rtol=0.01)
    other = "mouth" if part == "eyes" else "eyes"
    torch.testing.assert_close(total(made, lesson, LossOptions(**none | {f"{other}_weight": 15.0})), base)  # type: ignore[arg-type]


def test_losses_are_float32_under_autocast_and_from_bfloat16_faces() -> None:
    made, lesson = large(64)
    options = LossOptions(
        losses="dfl", gradient_weight=1, frequency_weight=1, feature_weight=1, blur_out_mask=True
    )
    plain = asked(made, lesson, options).src
    with torch.autocast("cpu", torch.bfloat16):
        inside = asked(made, lesson, options).src
    for name, value in plain.items():
        assert inside[name].dtype == torch.float32
        assert torch.equal(inside[name], value), name
    rounded = Painted(made.faces_BCHW.bfloat16(), made.masks_B1HW.bfloat16())
    exact = Painted(rounded.faces_BCHW.float(), rounded.masks_B1HW.float())
    torch.testing.assert_close(total(rounded, lesson, options), total(exact, lesson, options))


def passed(asker: Objective, options: LossOptions, *, times: int = 1) -> Tensor:
    """Ask and let the critics learn; returns the last totals."""
    src, dst = lessons()
    for _ in range(times):
        made = reconstructed(asker, src, dst)
        totals = asker.ask(made, src, dst, options, iteration=0).totals()
        asker.learn(made, src, dst, options)
    return totals.detach()


def test_without_critics_there_is_nothing_to_keep() -> None:
    asker = objective()
    passed(asker, LossOptions())
    assert asker.tensors() == {} and asker.take_notices() == []


def test_critics_learn_and_leave_no_slope_on_the_model() -> None:
    asker = objective()
    passed(asker, CRITICS)
    before = {name: value.clone() for name, value in asker.tensors().items()}
    assert {name.split("/")[0] for name in before} == {"gan", "true_face"}
    passed(asker, CRITICS, times=3)
    for critic in ("gan", "true_face"):
        mine = [name for name in before if name.startswith(critic) and name.endswith("weight")]
        assert any(not torch.equal(before[name], asker.tensors()[name]) for name in mine)
    assert all(parameter.grad is None for parameter in asker.model.parameters())


def test_a_critics_rate_is_how_fast_it_learns_and_smoothing_what() -> None:
    def learned(*, without: str = "true_face_power", **changes: object) -> Tensor:
        asker = objective()
        passed(asker, CRITICS.changed(**{without: 0, **changes}))
        return torch.cat([v.flatten() for n, v in asker.tensors().items() if n.endswith("weight")])

    for without in ("true_face_power", "gan_power"):
        start, slow, fast = (learned(without=without, critic_rate=rate) for rate in (1e-7, 1e-6, 1e-3))
        assert (fast - start).norm() > 100 * (slow - start).norm() > 0
    assert not torch.equal(learned(gan_smoothing=0.4), learned())
    assert not torch.equal(learned(gan_sides="both"), learned())


def test_critics_can_come_and_go_and_know_what_they_knew() -> None:
    asker = objective()
    passed(asker, CRITICS, times=2)
    known = {name: value.clone() for name, value in asker.tensors().items()}
    passed(asker, LossOptions(), times=2)
    assert all(torch.equal(known[name], value) for name, value in asker.tensors().items())
    passed(asker, CRITICS)
    assert asker.take_notices() == []


def test_another_patch_size_is_told_once() -> None:
    asker = objective()
    passed(asker, CRITICS)
    passed(asker, CRITICS.changed(gan_patch_size=15))
    (notice,) = asker.take_notices()
    assert "GAN" in notice and asker.take_notices() == []


def learner(options: TrainOptions, seed: int = 0) -> Learner:
    return Learner("quick", TINY_NETWORK, options=options, seed=seed, compute=EXACT)


def test_a_run_with_critics_resumes_exactly() -> None:
    options = tiny_options(optimizer="adamw", **CRITICS.model_dump(exclude_unset=True))

    def steps(of: Learner, numbers: range) -> list[float]:
        return [of.step(*lessons(n), options, speed=1.0).totals().sum().item() for n in numbers]

    whole = steps(learner(options), range(6))
    first = learner(options)
    before = steps(first, range(3))
    second = learner(options, seed=7)
    second.load(
        iteration=first.iteration,
        model={name: value.clone() for name, value in first.model.state_dict().items()},
        ema={name: value.clone() for name, value in first.average.state_dict().items()},
        optimizer={name: value.clone() for name, value in first.optimizer_tensors().items()},
        critics={name: value.clone() for name, value in first.objective.tensors().items()},
    )
    assert before + steps(second, range(3, 6)) == whole
