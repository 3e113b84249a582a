"""A step is made again when anything that decides it is another, and not before."""

from __future__ import annotations

import numpy as np

from understudy.merging.keeping import KeptSteps, anew


def counted() -> tuple[list[int], object]:
    made: list[int] = []
    return made, lambda: made.append(1) or np.full(1000, len(made), np.uint8)


def test_the_same_step_of_the_same_things_is_made_once() -> None:
    kept, (made, make) = KeptSteps(), counted()
    first = kept.of("crop", (np.arange(4), 0.5, {"a": 1}), make)
    assert kept.of("crop", (np.arange(4), 0.5, {"a": 1}), make) is first and len(made) == 1


def test_other_content_shape_kind_value_or_step_is_another_step() -> None:
    kept, (made, make) = KeptSteps(), counted()
    base = np.arange(4, dtype=np.float32)
    others = [base + 1, base.reshape(2, 2), base.view(np.int32), base[::-1]]
    for step, of in [
        ("crop", (base, 1)),
        *(("crop", (other, 1)) for other in others),
        ("crop", (base, 2)),
        ("crop", (base, "1")),
        ("crop", (base,)),
        ("tone", (base, 1)),
    ]:
        kept.of(step, of, make)
    assert len(made) == 9


def test_the_oldest_goes_where_memory_ends() -> None:
    kept, (made, make) = KeptSteps(limit_bytes=2500), counted()
    for number in (1, 2, 1, 3, 1):
        kept.of("crop", (number,), make)
    assert len(made) == 3, "1 was asked for lately, so 2 went"
    kept.of("crop", (2,), make)
    assert len(made) == 4


def test_a_merge_keeps_nothing() -> None:
    made, make = counted()
    anew("crop", (1,), make)
    anew("crop", (1,), make)
    assert len(made) == 2
