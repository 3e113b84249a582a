"""Runs of consecutive frames, for networks that see a face before and after as well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields

import torch
from torch import Generator, Tensor

from understudy.training.feeding.augment import Faces, Lesson
from understudy.training.feeding.cache import Moment


def runs_of(moments: Sequence[Moment], count: int, *, mirrored: bool = False) -> Tensor:
    """For every face the numbers of those around it in time, (n, count), itself in the middle.

    Where a frame has no face, or the clip ends, the nearest one towards the middle stands in for it. With
    `mirrored` the faces are counted twice, mirrored ones behind the others.
    """
    place = {moment: number for number, moment in enumerate(moments)}
    reach = count // 2
    rows = torch.empty(len(moments), count, dtype=torch.long)
    for number, (clip, track, frame) in enumerate(moments):
        rows[number, reach] = number
        for way in (-1, 1):
            last = number
            for step in range(1, reach + 1):
                last = place.get((clip, track, frame + way * step), last)
                rows[number, reach + way * step] = last
    return torch.cat([rows, rows + len(moments)]) if mirrored else rows


def lesson_of_runs(
    moments_of_faces: Sequence[Faces], make: Callable[[Faces], Lesson], generator: Generator
) -> Lesson:
    """One lesson whose faces are runs, one run after the other, varied alike within each.

    Takes the first frames of all runs, then all second ones, and so on.
    """
    state, lessons = generator.get_state(), []
    for faces in moments_of_faces:
        generator.set_state(state)  # so that the same is drawn for every frame of a run
        lessons.append(make(faces))
    parts = {
        field.name: torch.stack([getattr(one, field.name) for one in lessons], 1).flatten(0, 1)
        for field in fields(Lesson)
        if getattr(lessons[0], field.name) is not None
    }
    return Lesson(**parts)
