"""Small faces to judge: a goal, something painted beside it, and a model that painted it."""

from __future__ import annotations

import torch
from torch import Tensor

from tests.training.conftest import TINY_NETWORK
from understudy.networks.catalog import build
from understudy.networks.face_model import FaceModel, Painted, Reconstruction
from understudy.training.feeding.augment import Lesson
from understudy.training.losses.objective import Objective
from understudy.training.losses.options import LossOptions
from understudy.training.losses.terms import Terms
from understudy.training.machine.device import Compute

SIZE = 32
EXACT = Compute(torch.device("cpu"), uses_bfloat16=False)
NOTHING = LossOptions(
    structure_weight=0, color_weight=0, eyes_weight=0, mouth_weight=0, mask_weight=0, smaller_weight=0
)


def pictures(seed: int, count: int = 2, size: int = SIZE) -> Tensor:
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(seed))


def lesson_with(goal: Tensor) -> Lesson:
    """A square face, eyes above its mouth."""
    mask = torch.zeros(len(goal), 1, SIZE, SIZE)
    mask[:, :, 10:22, 10:22] = 1
    eyes, mouth = torch.zeros_like(mask), torch.zeros_like(mask)
    eyes[:, :, 12:15, 12:20] = 1
    mouth[:, :, 17:19, 14:18] = 1
    return Lesson(goal, goal, mask, eyes, mouth, openings_B2=torch.full((len(goal), 2), 0.5))


def painted(seed: int, *, like: Lesson | None = None) -> Painted:
    """Something random, or exactly what the lesson asks for."""
    if like is not None:
        return Painted(like.goal_BCHW.clone(), like.mask_B1HW.clone())
    generator = torch.Generator().manual_seed(seed)
    faces, masks = torch.rand(2, 4, SIZE, SIZE, generator=generator).split([3, 1], dim=1)
    return Painted(faces.clone(), masks.clone())


def tiny_model(seed: int = 0) -> FaceModel:
    return build("quick", TINY_NETWORK, seed=seed)


def objective(seed: int = 0) -> Objective:
    return Objective(tiny_model(seed), seed=seed, compute=EXACT)


def lessons(seed: int = 5) -> tuple[Lesson, Lesson]:
    return lesson_with(pictures(seed)), lesson_with(pictures(seed + 1))


def reconstructed(asker: Objective, src: Lesson, dst: Lesson) -> Reconstruction:
    return asker.model.reconstruct(src.seen_BCHW, dst.seen_BCHW)


def asked(src: Painted, lesson: Lesson, options: LossOptions) -> Terms:
    """What is asked where both sides painted the same."""
    code = torch.zeros(len(lesson.goal_BCHW), 4)
    made = Reconstruction(src, src, code, code, code, code)
    return objective().ask(made, lesson, lesson, options, iteration=0)
