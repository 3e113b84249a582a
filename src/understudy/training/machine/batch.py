"""The largest batch that fits into a device's memory: by what is needed on paper, then by trial."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from understudy.errors import MemoryTooSmall
from understudy.training.machine.device import Compute, free_memory_bytes
from understudy.training.machine.memory import is_out_of_memory
from understudy.training.machine.need import empty_lesson, needed_on

if TYPE_CHECKING:
    from understudy.training.feeding.augment import Lesson
    from understudy.training.learner import Learner
    from understudy.training.options import TrainOptions

_SHARE = 0.85  # of what is free: scratch space and other programs want some
_MOST = 64
_MOST_ON_CPU = 16  # more faces at once are not painted faster there


def largest(fits: Callable[[int], bool], *, most: int) -> int:
    """The largest number up to `most` that fits, to an eighth; 0 where 1 does not."""
    good, bad = 0, most + 1
    step = 1
    while step < bad and fits(step):
        good, step = step, 2 * step
    bad = min(bad, step)
    while bad - good > max(1, good // 8):
        middle = (good + bad) // 2
        good, bad = (middle, bad) if fits(middle) else (good, middle)
    return good


def most_that_fits(
    architecture: str,
    network: Mapping[str, Any] | None,
    options: TrainOptions,
    compute: Compute,
    *,
    free_bytes: float,
    tried: Callable[[TrainOptions], bool] = lambda _: True,
) -> int:
    """The largest batch size that fits on paper and, where asked, by trial; 0 where one face is too many."""
    on_cpu = compute.device.type == "cpu"

    def fits(count: int) -> bool:
        sized = options.changed(batch_size=count)
        need = needed_on(compute, architecture, network, sized)
        return need.device_bytes + on_cpu * need.host_bytes <= _SHARE * free_bytes and tried(sized)

    return largest(fits, most=_MOST_ON_CPU if on_cpu else _MOST)


def largest_batch(learner: Learner, options: TrainOptions) -> int:
    """The batch size to train with on the learner's device. Raises MemoryTooSmall where one face won't fit."""
    compute, (architecture, network) = learner.compute, learner.drawn_from
    options = _as_stepped(learner, options)
    one = options.changed(batch_size=1)
    base = needed_on(compute, architecture, network, one)
    held = base.weights + (0 if options.offload else base.average)  # by the learner already
    # A processor's memory is not tried out: the system would end some program for it.
    # Nor where other processes would have to take part.
    on_paper = compute.device.type == "cpu" or learner.group.size > 1
    tried = (lambda _: True) if on_paper else (lambda sized: _rehearsed(learner, sized))
    free = free_memory_bytes(compute.device) + held
    found = most_that_fits(architecture, network, options, compute, free_bytes=free, tried=tried)
    if not found:
        raise MemoryTooSmall(
            f"Not even one face at a time fits into the memory of {compute.device}: about "
            f"{base.device_bytes / 1e9:.1f} GB are needed. Train with --offload and --recompute, or a smaller "
            "preset."
        )
    return found


def require_growth_fits(learner: Learner, before: TrainOptions, after: TrainOptions) -> None:
    """Raise MemoryTooSmall where on paper a larger batch than now, or more of them to a step, needs more than
    is free besides; asked of a training that runs, before it loses its way or the system ends it."""
    if after.batch_size <= before.batch_size and after.accumulation <= before.accumulation:
        return
    more = _bytes_of_a_step(learner, after) - _bytes_of_a_step(learner, before)
    free = free_memory_bytes(learner.compute.device)
    if more > free:
        asked, now = (str(one.batch_size) for one in (after, before))
        if after.accumulation != before.accumulation:
            asked, now = (f"{one.batch_size} with accumulation {one.accumulation}" for one in (after, before))
        raise MemoryTooSmall(
            f"Batch size {asked} would need about {more / 1e9:.2g} GB more than {now}, and "
            f"{free / 1e9:.2g} GB are free on {learner.compute.device}."
        )


def _bytes_of_a_step(learner: Learner, options: TrainOptions) -> int:
    """Of this process's share, on paper."""
    (architecture, network), compute = learner.drawn_from, learner.compute
    share = learner.group.share_of(options.batch_size)
    sized = _as_stepped(learner, options).changed(batch_size=share)
    need = needed_on(compute, architecture, network, sized)
    return need.device_bytes + (compute.device.type == "cpu") * need.host_bytes


def _as_stepped(learner: Learner, options: TrainOptions) -> TrainOptions:
    """What the steps are made with: several processes never record theirs."""
    return options.changed(replay="off") if learner.group.size > 1 else options


def fits_everywhere(
    learner: Learner, lessons: Callable[[], tuple[Lesson, Lesson]], options: TrainOptions
) -> bool:
    """Whether a step goes through in all processes of a training, taken by each for itself; all are told the
    same. What it changed is the caller's to undo."""
    full, device = 0.0, learner.compute.device
    learner.group.means({"full": full}, device)  # so that its buffers are in the memory that is tried
    try:
        with learner.group.apart():
            learner.step(*lessons(), options, speed=1.0)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        full = 1.0
    learner.let_go()
    return not learner.group.means({"full": full}, device)["full"]


def _rehearsed(learner: Learner, options: TrainOptions) -> bool:
    """Whether a step of that size goes through."""
    device = learner.compute.device
    try:
        lesson = empty_lesson(learner.model, options.batch_size, device)
        learner.rehearse(lesson, lesson, options)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        learner.let_go()
        return False
    return True
