"""Whether a network's passes are compiled before they run: worth it on some machines, a loss on others.

`understudy doctor --training` measures both ways and keeps what won for each device; `compile = "auto"` goes by
that. Not here: the option (`options.py`), the step (`training/learner.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import platformdirs
import torch

from understudy.files import read_json, write_json
from understudy.training.machine.device import Compute
from understudy.training.machine.peak import waited

Choice = Literal["auto", "on", "off"]
_WORTH = 1.05  # a compiled step must be so much faster to be taken


def choices_file() -> Path:
    """Where this machine keeps what won."""
    return platformdirs.user_cache_path("understudy") / "compiling.json"


def key_of(compute: Compute) -> str:
    """What a measurement belongs to: another torch or another device is another matter."""
    device = compute.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return f"{name}, torch {torch.__version__}"


def wins(compute: Compute, file: Path | None = None) -> bool | None:
    """Whether compiling won on this device; None where nobody measured it, or where the record is broken."""
    file = file or choices_file()
    try:
        ratio = read_json(file)[key_of(compute)]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return isinstance(ratio, int | float) and ratio >= _WORTH


def keep(compute: Compute, ratio: float, file: Path | None = None) -> None:
    """Remember that a compiled step is `ratio` times as fast as a plain one."""
    file = file or choices_file()
    try:
        known = dict(read_json(file))
    except (OSError, ValueError, TypeError):
        known = {}
    write_json(file, {**known, key_of(compute): round(ratio, 3)})


def is_compiled(choice: Choice, compute: Compute) -> bool:
    """What "auto" comes to: what was measured here, and a plain step where nothing was."""
    return choice == "on" or (choice == "auto" and bool(wins(compute)))


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
