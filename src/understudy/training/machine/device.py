"""Where the arithmetic happens: which devices there are, which is taken, and in which number format.

Not here: moving a model or its data there.
"""

from __future__ import annotations

import contextlib
import functools
import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from understudy.counts import counted
from understudy.errors import DeviceUnavailable
from understudy.workers.memory import free_memory

_SIDE, _TRIES = 256, 15  # of products that tell how fast this processor is
_WORTH_GAIN = 1.25  # times: below, bfloat16 pays for no lost digits


@dataclass(frozen=True)
class Compute:
    """A device and how to calculate on it. Weights stay in float32; `autocast` picks what runs in bfloat16."""

    device: torch.device
    uses_bfloat16: bool

    def autocast(self) -> contextlib.AbstractContextManager[object]:
        """The context in which networks run."""
        if self.device.type == "meta":  # shapes alone have no number format
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.uses_bfloat16)

    def exactly(self) -> contextlib.AbstractContextManager[object]:
        """The context in which sums that must not be rounded are made, also within `autocast`."""
        if self.device.type == "meta":
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, enabled=False)


@contextlib.contextmanager
def exactly_repeated() -> Iterator[None]:
    """Let cuDNN take none but algorithms that repeat to the last bit: without them a run that goes on is not
    the one that was stopped. Free where the device is the limit; small batches may pay (docs/log.md)."""
    backend = torch.backends.cudnn
    before, backend.deterministic = backend.deterministic, True
    try:
        yield
    finally:
        backend.deterministic = before


def choose_device(name: str = "auto") -> Compute:
    """The device called `name`: auto, cpu, cuda, cuda:1, mps, xpu.

    "auto" takes the accelerator with most free memory, and the CPU where there is none. AMD's cards are called
    cuda too. Raises DeviceUnavailable.
    """
    device = _freest() if name == "auto" else _named(name)
    return Compute(device, has_bfloat16(device))


def choose_devices(names: str = "auto") -> list[str]:
    """The devices called `names`, for work that several can share: one as for `choose_device`, several with
    commas between them, or a kind of accelerator ("cuda") for all of that kind. Raises DeviceUnavailable."""
    chosen: list[str] = []
    for name in names.split(","):
        device = choose_device(name.strip()).device
        all_of_kind = device.type != "cpu" and device.index is None and name.strip() == device.type
        count = torch.accelerator.device_count() if all_of_kind else 1
        chosen += [f"{device.type}:{index}" for index in range(count)] if count > 1 else [str(device)]
    return list(dict.fromkeys(chosen))


def free_memory_bytes(device: torch.device) -> int:
    """Memory that is free on a device now; for the CPU that of the computer, or of its container."""
    if device.type == "cpu":
        return free_memory()
    look = getattr(torch.get_device_module(device.type), "mem_get_info", None)
    try:
        if look is not None:
            return look(device)[0]
    except (RuntimeError, NotImplementedError):  # some XPUs don't tell
        pass
    return free_memory()  # Apple's devices share the computer's


def _freest() -> torch.device:
    found = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if found is None:
        return torch.device("cpu")
    if (count := torch.accelerator.device_count()) < 2:
        return found
    return max((torch.device(found.type, number) for number in range(count)), key=free_memory_bytes)


def _named(name: str) -> torch.device:
    if "," in name:
        raise DeviceUnavailable(f"This computes on one device, and {name!r} names several. Name one of them.")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise DeviceUnavailable(
            f"There is no kind of device called {name!r}. Take auto, cpu, cuda, cuda:1, mps or xpu."
        ) from None
    if device.type == "cpu":
        return torch.device("cpu")
    here = [known for known, _ in describe_devices()]
    found = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    count = torch.accelerator.device_count() if found is not None else 0
    if found is None or found.type != device.type or (device.index or 0) >= count:
        raise DeviceUnavailable(
            f"Device {name!r} doesn't exist here, or this build of PyTorch can't use it. "
            f"Here: {', '.join(here)}. Take one of these or leave it to auto."
        )
    return device


def describe_devices() -> Iterator[tuple[str, str]]:
    """Every device here as (name, what it is), the CPU last."""
    found = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if found is not None:
        for index in range(torch.accelerator.device_count()):
            name = f"{found.type}:{index}" if found.type != "mps" else "mps"
            yield name, f"{_title(found.type, index)}, {_format_words(torch.device(found.type, index))}"
    threads = counted(torch.get_num_threads(), "thread")
    yield "cpu", f"{_processor()}, {threads}, {_format_words(torch.device('cpu'))}"


def _processor(facts: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name where the system tells it, else its kind: Python knows but that on Linux."""
    lines = facts.read_text(encoding="utf-8", errors="replace").splitlines() if facts.is_file() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(filter(None, named), "") or platform.processor() or platform.machine()


def _title(kind: str, index: int) -> str:
    module = torch.get_device_module(kind)
    get_name = getattr(module, "get_device_name", None)
    return str(get_name(index)) if get_name else kind


def _format_words(device: torch.device) -> str:
    return "bfloat16" if has_bfloat16(device) else "float32"


def has_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is faster here than float32, not merely there or emulated."""
    if device.type == "cpu":
        return bfloat16_gain() > _WORTH_GAIN
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "mps":
        with contextlib.suppress(RuntimeError, TypeError):  # older chips refuse, and nothing tells before
            ones = torch.ones(4, 4, dtype=torch.bfloat16, device=device)
            return (ones @ ones).sum().item() == 64
    return device.type == "xpu"


def bfloat16_gain() -> float:
    """How many times as fast as in float32 this processor multiplies in bfloat16; 0 where it emulates that.

    Measured once, in about 15 ms, since instructions don't tell: with them AMD's cores multiply twice as fast,
    Intel's half as fast unless they have tiles (AMX) too. The answers lie so far apart that no noise changes
    which format is taken, so that a training which goes on calculates as it did.
    """
    # They are not in torch's public interface, so a torch without them means float32.
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return _measured_gain() if any(getattr(torch.cpu, check, bool)() for check in checks) else 0.0


@functools.cache
def _measured_gain() -> float:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # one thread is seldom held up by other programs all the time
    try:
        squares = {kind: torch.ones(_SIDE, _SIDE, dtype=kind) for kind in (torch.float32, torch.bfloat16)}
        times = {kind: [_seconds(square) for _ in range(_TRIES)] for kind, square in squares.items()}
    finally:
        torch.set_num_threads(threads)
    return min(times[torch.float32]) / min(times[torch.bfloat16])


def _seconds(square: torch.Tensor) -> float:
    began = time.perf_counter()
    _ = square @ square
    return time.perf_counter() - began
