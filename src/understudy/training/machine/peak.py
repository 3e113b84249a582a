"""The arithmetic a device can do at most: products of large matrices, measured."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from understudy.training.machine.device import Compute

_SIDES = {"cpu": (1024, 2048), "cuda": (4096, 8192)}
_OTHER_SIDES = (2048, 4096)
Clock = Callable[[], float]


def peak_flops(compute: Compute, *, clock: Clock = time.perf_counter, seconds: float = 0.3) -> float:
    """Floating point operations per second of the best of a few products, in the format that networks run in.

    `clock` is the processor's own time where the machine is shared, `seconds` the time for each product.
    """
    kind = torch.bfloat16 if compute.uses_bfloat16 else torch.float32
    best = 0.0
    for side in _SIDES.get(compute.device.type, _OTHER_SIDES):
        # By chance: a chip that multiplies the same number again and again draws less power and runs faster.
        a, b = (torch.rand(side, side, device=compute.device).to(kind) for _ in range(2))
        for right in (b, b.T):
            best = max(best, 2 * side**3 / _seconds_each(lambda r=right, a=a: a @ r, compute, clock, seconds))
    return best


def _seconds_each(work: Callable[[], object], compute: Compute, clock: Clock, seconds: float) -> float:
    work()
    waited(compute)
    began, count = clock(), 0
    while (spent := clock() - began) < seconds or not count:
        work()
        count += 1
        if compute.device.type != "cpu" and count % 8 == 0:
            waited(compute)
    waited(compute)
    return max(spent, clock() - began) / count


def waited(compute: Compute) -> None:
    """Wait until the device has done what it was told."""
    if compute.device.type != "cpu":
        torch.accelerator.synchronize(compute.device)
