"""A face's crops before and after it in time, for models that see several frames together.

Where a neighbouring frame has no such face, or lies beyond a cut or the clip's end, the nearest one towards the
middle stands in for it, as in training. Not here: reading frames and cutting crops (`stream`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

import numpy.typing as npt

from understudy.facesets.record import FaceRecord
from understudy.merging.plan import MergePlan
from understudy.merging.window import with_neighbours
from understudy.networks.swap import Predictor


class CutFace(Protocol):
    """A face that is cut out for its model."""

    predictor: Predictor
    rgb: npt.NDArray[Any]
    run: Sequence[npt.NDArray[Any]]  # its crops in order of time, itself in the middle


class CutFrame(Protocol):
    """A frame with its faces cut out; `crops` go with `records`."""

    index: int
    records: Sequence[FaceRecord]

    @property
    def crops(self) -> Sequence[CutFace]: ...


T = TypeVar("T", bound=CutFrame)


def with_runs(frames: Iterable[T], plan: MergePlan) -> Iterator[T]:
    """The frames that are to be painted, in order, once the run of every crop is filled in.

    `frames` hold also those that are only looked at, to both sides of them.
    """
    for window, at in with_neighbours(frames, reach=plan.cast.reach):
        yield from _filled(window, at, plan)


def _filled(window: Sequence[T], at: int, plan: MergePlan) -> Iterator[T]:
    here = window[at]
    if here.index not in plan.needed:
        return
    near = {other.index: other for other in window if plan.same_shot(other.index, here.index)}
    for record, crop in zip(here.records, here.crops, strict=True):
        reach = crop.predictor.frames_together // 2
        before = _one_way(near, here, record, crop, -1, reach)
        after = _one_way(near, here, record, crop, 1, reach)
        crop.run = (*reversed(before), crop.rgb, *after)
    yield here


def _one_way(
    near: dict[int, T], here: T, record: FaceRecord, crop: CutFace, way: int, reach: int
) -> list[npt.NDArray[Any]]:
    found, last = [], crop.rgb
    for step in range(1, reach + 1):
        other = near.get(here.index + way * step)
        pairs = zip(other.records, other.crops, strict=True) if other is not None else ()
        alike = (its.rgb for one, its in pairs if _same(one, record) and its.predictor is crop.predictor)
        last = next(alike, last)
        found.append(last)
    return found


def _same(one: FaceRecord, other: FaceRecord) -> bool:
    return (one.track, one.person) == (other.track, other.person)
