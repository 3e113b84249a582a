"""The largest batch that fits is found, on paper and by trial."""

from __future__ import annotations

import pytest
import torch

from tests.training.conftest import TINY_NETWORK, tiny_options
from understudy.errors import MemoryTooSmall
from understudy.training.learner import Learner
from understudy.training.machine import batch
from understudy.training.machine.batch import largest, largest_batch, most_that_fits, require_growth_fits
from understudy.training.machine.device import Compute
from understudy.training.machine.need import needed
from understudy.training.machine.processes import Group

EXACT = Compute(torch.device("cpu"), uses_bfloat16=False)


@pytest.mark.parametrize("limit, found", [(0, 0), (1, 1), (2, 2), (7, 7), (13, 13), (40, (35, 40)), (999, 64)])
def test_the_largest_is_found_to_an_eighth_and_never_too_large(limit: int, found: int | tuple) -> None:
    got = largest(lambda count: count <= limit, most=64)
    low, high = found if isinstance(found, tuple) else (found, found)
    assert low <= got <= high


def test_the_batch_on_paper_fits_into_the_room_and_the_next_would_not() -> None:
    options = tiny_options()
    for count in (1, 5):
        sized = options.changed(batch_size=count)
        free = (needed("quick", TINY_NETWORK, sized, bfloat16=False).device_bytes + 1) / 0.85
        assert most_that_fits("quick", TINY_NETWORK, options, EXACT, free_bytes=free) == count


def test_a_trial_that_runs_out_of_memory_makes_the_batch_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    learner = Learner("quick", TINY_NETWORK, options=tiny_options(), seed=0, compute=EXACT)

    def rehearse(self: Learner, src: object, dst: object, options: object) -> None:
        if options.batch_size > 3:  # type: ignore[attr-defined]
            raise torch.OutOfMemoryError("full")

    monkeypatch.setattr(Learner, "rehearse", rehearse)
    assert not batch._rehearsed(learner, tiny_options(batch_size=4))
    assert batch._rehearsed(learner, tiny_options(batch_size=3))


def test_no_room_for_one_face_is_said_with_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    learner = Learner("quick", TINY_NETWORK, options=tiny_options(), seed=0, compute=EXACT)
    monkeypatch.setattr(batch, "free_memory_bytes", lambda _: 1000)
    with pytest.raises(MemoryTooSmall, match="GB are needed"):
        largest_batch(learner, tiny_options())


def test_a_batch_may_grow_by_what_is_free_and_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    learner = Learner("quick", TINY_NETWORK, options=tiny_options(), seed=0, compute=EXACT)
    small, large = (tiny_options(batch_size=count) for count in (4, 64))
    one, other = (needed("quick", TINY_NETWORK, sized, bfloat16=False) for sized in (small, large))
    more = other.device_bytes - one.device_bytes
    monkeypatch.setattr(batch, "free_memory_bytes", lambda _: more)
    require_growth_fits(learner, small, large)
    monkeypatch.setattr(batch, "free_memory_bytes", lambda _: more - 1)
    with pytest.raises(MemoryTooSmall, match=r"Batch size 64 would need about .* GB more than 4"):
        require_growth_fits(learner, small, large)
    require_growth_fits(learner, large, small)
    monkeypatch.setattr(batch, "free_memory_bytes", lambda _: 0)
    with pytest.raises(MemoryTooSmall, match=r"Batch size 4 with accumulation 9 would need .* than 4 with"):
        require_growth_fits(learner, small, small.changed(accumulation=9))


def test_of_several_processes_each_needs_room_for_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    learner = Learner("quick", TINY_NETWORK, options=tiny_options(), seed=0, compute=EXACT)
    shares = [needed("quick", TINY_NETWORK, tiny_options(batch_size=n), bfloat16=False) for n in (2, 32)]
    monkeypatch.setattr(batch, "free_memory_bytes", lambda _: shares[1].device_bytes - shares[0].device_bytes)
    learner.group = Group(0, 2)
    require_growth_fits(learner, tiny_options(batch_size=4), tiny_options(batch_size=64))


def test_several_processes_need_no_room_for_a_recording_which_they_never_make(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    learner = Learner("quick", TINY_NETWORK, options=tiny_options(), seed=0, compute=EXACT)
    learner.compute = Compute(torch.device("cuda"), uses_bfloat16=False)
    asked = tiny_options(replay="on", compile="off")
    plain = needed("quick", TINY_NETWORK, asked.changed(batch_size=8), bfloat16=False).device_bytes
    held = needed("quick", TINY_NETWORK, asked.changed(batch_size=1), bfloat16=False)
    room = (plain + 1) / 0.85 - held.weights - held.average
    monkeypatch.setattr(batch, "free_memory_bytes", lambda _: room)
    monkeypatch.setattr(batch, "_rehearsed", lambda *_: True)
    assert 0 < largest_batch(learner, asked) < 8
    small, large = (asked.changed(batch_size=count) for count in (2, 8))
    monkeypatch.setattr(learner, "group", Group(rank=0, size=2))
    assert largest_batch(learner, asked) == 8
    one, other = (tiny_options(batch_size=count) for count in (1, 4))
    more = [needed("quick", TINY_NETWORK, sized, bfloat16=False).device_bytes for sized in (one, other)]
    monkeypatch.setattr(batch, "free_memory_bytes", lambda _: more[1] - more[0])
    require_growth_fits(learner, small, large)
