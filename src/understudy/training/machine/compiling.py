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
from understudy.training.machine.device import Compute
from understudy.training.machine.options import MachineOptions
from understudy.training.machine.peak import waited

Way = Literal["plain", "compiled", "played back", "compiled and played back"]
COMPILED: frozenset[Way] = frozenset({"compiled", "compiled and played back"})
PLAYED_BACK: frozenset[Way] = frozenset({"played back", "compiled and played back"})
_WORTH = 1.05  # a step must be so much faster than a plain one to be taken


def choices_file() -> Path:
    """Where this machine keeps what won."""
    return platformdirs.user_cache_path("understudy") / "faster-steps.json"


def key_of(compute: Compute, way: Way) -> str:
    """What a measurement belongs to: another torch or another device is another matter."""
    device = compute.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return f"{way}, {name}, torch {torch.__version__}"


def times_as_fast(way: Way, compute: Compute, file: Path | None = None) -> float | None:
    """How many times as fast as a plain step one was on this device; None where nobody measured it, or where
    the record is broken."""
    file = file or choices_file()
    try:
        ratio = read_json(file)[key_of(compute, way)]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    # JSON's true would be 1, and Python reads NaN and Infinity as well.
    return ratio if type(ratio) in (int, float) and -math.inf < ratio < math.inf else None


def keep(way: Way, compute: Compute, ratio: float, file: Path | None = None) -> None:
    """Remember that such a step is `ratio` times as fast as a plain one; 0 where it can't be taken at all."""
    file = file or choices_file()
    try:
        known = dict(read_json(file))
    except (OSError, ValueError, TypeError):
        known = {}
    write_json(file, {**known, key_of(compute, way): round(ratio, 3)})


def way_of_steps(options: MachineOptions, compute: Compute, *, can_record: bool) -> Way:
    """What the options come to on this device: what was asked for, of what is "auto" the fastest that was
    measured to win here, and plain steps where nothing was.

    Both at once only where compiling was asked for: of what nobody asked for, one is taken. Where steps can't
    be recorded with the options as they stand (`can_record`), that does not keep them from being compiled.
    """
    if options.compile == "on":
        recorded = options.replay == "on" or (
            options.replay == "auto" and (times_as_fast("played back", compute) or 0.0) >= _WORTH
        )
        return "compiled and played back" if recorded and can_record else "compiled"
    won: dict[Way, float] = {"plain": _WORTH}
    if options.compile == "auto":
        won["compiled"] = times_as_fast("compiled", compute) or 0.0
    if options.replay == "auto":
        won["played back"] = times_as_fast("played back", compute) or 0.0
    elif options.replay == "on":
        won["played back"] = math.inf
    if not can_record and won.get("compiled", 0.0) >= _WORTH:
        return "compiled"
    return max(reversed(won), key=won.__getitem__)  # the last of equals


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
