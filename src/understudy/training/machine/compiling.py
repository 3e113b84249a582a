"""How a network's passes are made: plainly, compiled before they run, recorded once and played back, or both.
Each is worth it on some machines, a loss on others.

`understudy doctor --training` measures them and keeps for each device how much faster they were;
`compile = "auto"` and `replay = "auto"` go by that. Not here: the options (`options.py`), recording
(`replay.py`), the step (`training/learner.py`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import platformdirs
import torch

from understudy.files import read_json, write_json
from understudy.networks.face_model import FaceModel, parameter_count
from understudy.training.machine.device import Compute
from understudy.training.machine.options import MachineOptions
from understudy.training.machine.peak import waited

Way = Literal["plain", "compiled", "played back", "compiled and played back"]
COMPILED: frozenset[Way] = frozenset({"compiled", "compiled and played back"})
PLAYED_BACK: frozenset[Way] = frozenset({"played back", "compiled and played back"})
Size = Literal["small", "large"]
_LARGE_FROM = 20_000_000  # weights: `quick` has 8 million, `df` 138
_WORTH = 1.05  # a step must be so much faster than a plain one to be taken


def choices_file() -> Path:
    """Where this machine keeps what won."""
    return platformdirs.user_cache_path("understudy") / "faster-steps.json"


def size_of(model: FaceModel) -> Size:
    """Which networks a measurement counts for: small ones wait for the processor, large ones for the device."""
    return "large" if parameter_count(model) >= _LARGE_FROM else "small"


def key_of(compute: Compute, way: Way, size: Size = "small") -> str:
    """What a measurement belongs to: another torch or another device is another matter."""
    device = compute.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return f"{way}, {name}, torch {torch.__version__}" + (", large networks" if size == "large" else "")


def times_as_fast(way: Way, compute: Compute, size: Size = "small", file: Path | None = None) -> float | None:
    """How many times as fast as a plain step one of such a network was on this device; None where nobody
    measured it, or where the record is broken."""
    file = file or choices_file()
    try:
        ratio = read_json(file)[key_of(compute, way, size)]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    # JSON's true would be 1, and Python reads NaN and Infinity as well.
    return ratio if type(ratio) in (int, float) and -math.inf < ratio < math.inf else None


def keep(way: Way, compute: Compute, ratio: float, size: Size = "small", file: Path | None = None) -> None:
    """Remember that such a step is `ratio` times as fast as a plain one; 0 where it can't be taken at all."""
    file = file or choices_file()
    try:
        known = dict(read_json(file))
    except (OSError, ValueError, TypeError):
        known = {}
    write_json(file, {**known, key_of(compute, way, size): round(ratio, 3)})


def way_of_steps(options: MachineOptions, compute: Compute, *, can_record: bool, size: Size = "small") -> Way:
    """What the options come to for such a network on this device: what was asked for, of what is "auto" the
    fastest that was measured to win here, and plain steps where nothing was.

    Where steps can't be recorded with the options as they stand (`can_record`), that does not keep them from
    being compiled.
    """

    def measured(way: Way) -> float:
        return times_as_fast(way, compute, size) or 0.0

    if options.compile == "on":
        return "compiled and played back" if _recorded_too(options, compute, size) else "compiled"
    won: dict[Way, float] = {"plain": _WORTH}
    if options.compile == "auto":
        won["compiled"] = measured("compiled")
    if options.replay == "auto":
        won["played back"] = measured("played back")
    elif options.replay == "on":
        won["played back"] = math.inf
    if options.compile == options.replay == "auto" and can_record:  # else compiling alone would be taken
        won["compiled and played back"] = measured("compiled and played back")
    if not can_record and won.get("compiled", 0.0) >= _WORTH:
        return "compiled"
    return max(reversed(won), key=won.__getitem__)  # the last of equals


def _recorded_too(options: MachineOptions, compute: Compute, size: Size) -> bool:
    """Whether what is compiled on request is to be played back too, once it can be recorded."""
    if options.replay != "auto":
        return options.replay == "on"
    both = times_as_fast("compiled and played back", compute, size)
    if both is None:  # of small networks it is not measured
        return (times_as_fast("played back", compute, size) or 0.0) >= _WORTH
    return both > (times_as_fast("compiled", compute, size) or 0.0)


def seconds_a_call(call: Callable[[], object], compute: Compute, *, calls: int = 5) -> float:
    """The quickest of some calls, after one that is not counted: it compiles."""
    call()
    times = []
    for _ in range(calls):
        waited(compute)
        began = time.perf_counter()
        call()
        waited(compute)
        times.append(time.perf_counter() - began)
    return min(times)
