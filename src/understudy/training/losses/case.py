"""What the losses look at: one side's painted faces beside their goals, and the pass that both came from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from understudy.networks.face_model import FaceModel, Painted, Reconstruction
from understudy.networks.swap import Side
from understudy.training.feeding.augment import Lesson
from understudy.training.losses.judges import Judges
from understudy.training.losses.masks import blurred_around, softened, widened
from understudy.training.losses.options import LossOptions
from understudy.training.machine.device import Compute

_AREAS = {"wide": widened, "soft": softened}


@dataclass(frozen=True, eq=False)
class Case:
    """One side: painted faces, goals and masks in float32, (B, 3 or 1, size, size), 0..1."""

    side: Side
    painted: Painted
    lesson: Lesson
    options: LossOptions

    @cached_property
    def faces(self) -> Tensor:
        """What was painted."""
        return self.painted.faces_BCHW.float()

    @cached_property
    def goal(self) -> Tensor:
        """What should have been painted."""
        if not self.options.blur_out_mask:
            return self.lesson.goal_BCHW
        return blurred_around(self.lesson.goal_BCHW, self.lesson.mask_B1HW)

    @cached_property
    def area(self) -> Tensor:
        """Where the face has to be right."""
        mask = self.lesson.mask_B1HW
        return _AREAS[self.options.mask_area](mask) if self.options.masked_training else torch.ones_like(mask)

    @cached_property
    def distance(self) -> Tensor:
        """Absolute difference to the goal, the mean over colours, (B, 1, size, size)."""
        return (self.faces - self.goal).abs().mean(1, keepdim=True)

    @cached_property
    def inside(self) -> Tensor:
        """What was painted, black outside the area."""
        return self.faces * self.area

    @cached_property
    def goal_inside(self) -> Tensor:
        """The goal, black outside the area."""
        return self.goal * self.area


@dataclass(frozen=True, eq=False)
class Scene:
    """One pass of training, both sides of it, and those who judge it."""

    model: FaceModel
    made: Reconstruction
    src: Case
    dst: Case
    judges: Judges
    compute: Compute
    iteration: int = 0

    def case(self, side: Side) -> Case:
        """That side's case."""
        return self.src if side == "src" else self.dst

    @cached_property
    def swap(self) -> Painted:
        """The dst faces painted as src, from a code that no gradient reaches."""
        with self.compute.autocast():
            # Networks without an inter hand their features through, so these are stopped too.
            code = self.model.swap_code(stopped(self.made.features_dst))  # type: ignore[arg-type]
            return self.model.decode(stopped(code), "src")  # type: ignore[arg-type]


def mapped(code: object, change: Callable[[Tensor], Tensor]) -> object:
    """The same code, one map or several, with every map changed."""
    if isinstance(code, Tensor):
        return change(code)
    return tuple(mapped(part, change) for part in code) if isinstance(code, tuple) else code


def stopped(code: object) -> object:
    """The same code, one map or several, without its history."""
    return mapped(code, Tensor.detach)


def first_of(code: object, count: int) -> object:
    """The code of the first faces of a batch, one map or several."""
    return mapped(code, lambda part: part[:count])


def held(code: object, parts: list[tuple[Tensor, Tensor]]) -> object:
    """The same code without its history, of which gradients can be asked; `parts` is given its maps beside
    the code's own."""

    def leaf(part: Tensor) -> Tensor:
        parts.append((part, part.detach().requires_grad_()))
        return parts[-1][1]

    return mapped(code, leaf)


def towards(parts: Sequence[tuple[Tensor, Tensor]], cost: Tensor) -> Tensor:
    """A cost of what was made of a code that is `held`, with a gradient towards that code alone: weights on the
    way from there to the cost get none."""
    cost.backward(inputs=[leaf for _, leaf in parts])
    asked = cost.detach()
    for part, leaf in parts:
        if leaf.grad is not None:
            asked = asked + ((part - leaf.detach()) * leaf.grad).sum()  # is 0, and goes that way
    return asked
