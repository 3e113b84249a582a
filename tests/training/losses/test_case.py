"""What the losses look at follows the options: the area that counts, the goal with or without surroundings."""

from __future__ import annotations

import pytest
import torch

from tests.training.losses.drawn import EXACT, lessons, objective, painted, pictures, reconstructed
from understudy.training.losses.case import Case, Scene, held, towards
from understudy.training.losses.masks import blurred_around, softened, widened
from understudy.training.losses.options import LossOptions


def case(**options: object) -> Case:
    return Case("src", painted(0), lessons()[0], LossOptions.model_validate(options))


@pytest.mark.parametrize("name, area", [("wide", widened), ("soft", softened)])
def test_the_area_is_the_chosen_one(name: str, area) -> None:
    made = case(mask_area=name)
    assert torch.equal(made.area, area(made.lesson.mask_B1HW))
    assert torch.equal(made.inside, made.faces * made.area)
    assert torch.equal(made.goal_inside, made.lesson.goal_BCHW * made.area)


def test_without_masked_training_every_pixel_counts() -> None:
    made = case(masked_training=False)
    assert torch.equal(made.inside, made.faces) and torch.equal(made.goal_inside, made.goal)


def test_surroundings_of_the_goal_are_blurred_on_request() -> None:
    lesson = lessons()[0]
    assert torch.equal(case().goal, lesson.goal_BCHW)
    assert torch.equal(case(blur_out_mask=True).goal, blurred_around(lesson.goal_BCHW, lesson.mask_B1HW))


def test_the_swap_is_dst_painted_as_src_from_a_code_that_no_slope_reaches() -> None:
    asker, (src, dst) = objective(), lessons()
    made = reconstructed(asker, src, dst)
    sides = (Case("src", made.src, src, LossOptions()), Case("dst", made.dst, dst, LossOptions()))
    scene = Scene(asker.model, made, *sides, asker.judges, EXACT)
    torch.testing.assert_close(scene.swap.faces_BCHW, asker.model.swap(dst.seen_BCHW).faces_BCHW)
    assert scene.case("src") is sides[0] and scene.case("dst") is sides[1]
    (scene.swap.faces_BCHW - pictures(9)).square().sum().backward()
    encoder = asker.model.parts()["encoder"].parameters()
    assert all(p.grad is None for p in encoder)
    assert any(p.grad is not None for p in asker.model.parameters())


def test_a_cost_of_what_is_painted_can_ask_the_code_alone_as_much_as_ever() -> None:
    codes = (torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([3.0], requires_grad=True))
    brush = torch.tensor(5.0, requires_grad=True)
    parts: list[tuple[torch.Tensor, torch.Tensor]] = []
    first, unused = held(codes, parts)  # type: ignore[misc]
    assert torch.equal(unused, codes[1])
    plain = (brush * codes[0] ** 2).sum()
    asked = towards(parts, (brush * first**2).sum())
    assert float(asked.detach()) == float(plain.detach()) == 25.0
    plain.backward()
    slopes = codes[0].grad
    codes[0].grad = brush.grad = None
    asked.backward()
    assert torch.equal(codes[0].grad, slopes) and brush.grad is None and codes[1].grad is None
