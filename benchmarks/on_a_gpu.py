"""What one accelerator does: its peak, how fast and in how much memory presets train, and whether a run keeps
its promises there.

Run: python benchmarks/on_a_gpu.py FOLDER [--seconds 150] [--device cuda] [--only NAME ...]

FOLDER/results.json is written anew after every entry, so a run that is cut off keeps what it found. Entries for
which the time left is too short are skipped and named. Compiled and replayed steps are measured in processes of
their own, which may be ended. `--only` takes names or their beginnings. Of the packages that understudy needs,
those for video, marks and the command line may be missing (av, c2pa, cryptography, cyclopts, mtcnn, faiss);
needed are, beside torch, numpy, opencv, safetensors and psutil, also pydantic (with pydantic-core,
annotated-types and typing-inspection), tomlkit, platformdirs, lz4, isal and openexr.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from feeding import feeding_and_learning
from gpu_promises import every_option, every_preset, promises, runs_on_drawn_faces
from throughput import noise

from understudy.files import write_json
from understudy.training.learner import Learner
from understudy.training.machine.device import Compute, choose_device, describe_devices, free_memory_bytes
from understudy.training.machine.memory import peak_memory_bytes
from understudy.training.machine.need import Need, needed
from understudy.training.machine.peak import peak_flops, waited
from understudy.training.options import TrainOptions
from understudy.training.presets import preset_named
from understudy.training.timing import compiled_ratio, played

Result = dict[str, Any]
_MEASURED_S = 1.2
_STEPS_COMPARED = 20
_LONGEST_S = 120.0  # of an entry in a process of its own; compiling takes half a minute and more


@dataclass(frozen=True)
class Entry:
    """Something to measure; `seconds` is what it takes at most, roughly."""

    name: str
    measure: Callable[[Compute], Result]
    seconds: float
    apart: bool = False  # in a process of its own


def entries(folder: Path) -> list[Entry]:
    """All of them, the most telling first."""
    shown = (
        ("df", None, {}),
        ("saehd", None, {}),
        ("saehd", 32, {}),
        ("df", 64, {}),
        ("saehd", None, {"size_px": 256}),
        ("saehd", None, {"size_px": 384}),
        ("quick", None, {}),
        ("h128", None, {}),
        ("amp", None, {}),
        ("saehd", 32, {"size_px": 256}),
    )
    recorded = (
        ("df", 64, {}),
        ("saehd", 32, {"size_px": 256}),
        ("saehd", None, {}),
        ("saehd", 32, {}),
        ("df", None, {}),
    )
    return [
        Entry("device", about_device, 5),
        Entry("train", partial(promises, folder), 20),
        Entry("doctor", doctor, 110, apart=True),
        *(Entry(_title("replayed", *row), partial(replayed, *row), 15, apart=True) for row in recorded),
        Entry("sae 128 in 2 GB", sae_in_2_gb, 8),
        Entry("every option", every_option, 15),
        Entry("waiting df", partial(waiting, "df"), 6),
        *(Entry(_title("speed", *row), partial(speed, *row), 8) for row in shown),
        *(Entry(_title("compiled", *row), partial(compiled, *row), 60, apart=True) for row in recorded[:2]),
        *(Entry(_title("both", *row), partial(both, *row), 60, apart=True) for row in recorded[:2]),
        Entry("on drawn faces", partial(runs_on_drawn_faces, folder), 15),
        *(Entry(f"waiting {name}", partial(waiting, name), 6) for name in ("quick", "saehd")),
        Entry("every preset", every_preset, 45),
    ]


def main() -> None:
    """Measure what the time suffices for."""
    began = time.perf_counter()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=150.0)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    said = parser.parse_args()
    said.folder.mkdir(parents=True, exist_ok=True)
    compute = choose_device(said.device)
    results: dict[str, Result] = {}
    for entry in entries(said.folder):
        if said.only and not any(entry.name.startswith(name) for name in said.only):
            continue
        left = said.seconds - (time.perf_counter() - began)
        results[entry.name] = result = _result(entry, compute, said, left)
        print(f"[{time.perf_counter() - began:5.1f} s] {entry.name}: {json.dumps(result)}", flush=True)
        if not said.here:
            write_json(said.folder / "results.json", results)


def _result(entry: Entry, compute: Compute, said: argparse.Namespace, left: float) -> Result:
    """What an entry measured, or why it did not."""
    if left < entry.seconds:
        return {"skipped": f"{left:.0f} s were left"}
    began = time.perf_counter()
    try:
        found = _apart(entry, said, left) if entry.apart and not said.here else entry.measure(compute)
    except Exception as error:  # noqa: BLE001 - one that fails must not take the others with it
        found = {"failed": str(error), "where": traceback.format_exc().splitlines()[-12:]}
    gc.collect()
    if compute.device.type == "cuda":
        torch.cuda.empty_cache()
    return {**found, "took_s": round(time.perf_counter() - began, 1)}


def _apart(entry: Entry, said: argparse.Namespace, left: float) -> Result:
    command = [sys.executable, __file__, str(said.folder), "--device", said.device, "--here"]
    try:
        ended = subprocess.run(
            [*command, "--only", entry.name], capture_output=True, text=True, timeout=min(left, _LONGEST_S)
        )
    except subprocess.TimeoutExpired:
        return {"failed": "it took too long"}
    lines = [line for line in ended.stdout.splitlines() if f"] {entry.name}: " in line]
    if not lines:
        return {"failed": (ended.stderr.strip().splitlines() or ["it was ended"])[-1]}
    return json.loads(lines[-1].partition(f"] {entry.name}: ")[2])


def about_device(compute: Compute) -> Result:
    """What it is called, what it has, what it can do at most."""
    return {
        "device": dict(describe_devices()),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "free_gb": round(free_memory_bytes(compute.device) / 1e9, 2),
        "bfloat16": compute.uses_bfloat16,
        "peak_tflops": round(_peak(compute) / 1e12, 1),
        "peak_float32_tflops": round(peak_flops(Compute(compute.device, False)) / 1e12, 1),
    }


@cache
def _peak(compute: Compute) -> float:
    return peak_flops(compute)


def _title(what: str, preset: str, batch: int | None, network: dict[str, Any]) -> str:
    return f"{what} {preset} {network.get('size_px', 'own')} px, batch {batch or 'own'}"


def prepared(
    preset_name: str, batch: int | None, network: dict[str, Any], compute: Compute, **more: Any
) -> tuple[Learner, TrainOptions, Need]:
    """A learner of that preset with plain steps if nothing else is said, its options and its needs on paper."""
    preset = preset_named(preset_name)
    network = {**preset.network, **network}
    sized = {"batch_size": batch} if batch else {}
    plain = {"compile": "off", "replay": "off"}  # whatever won on this machine
    options = TrainOptions.model_validate({**preset.train, **plain, **sized, **more})
    need = needed(preset.architecture, network, options, bfloat16=compute.uses_bfloat16)
    return Learner(preset.architecture, network, options=options, seed=0, compute=compute), options, need


def speed(preset: str, batch: int | None, network: dict[str, Any], compute: Compute) -> Result:
    """Steps a second, the share of the peak, and memory; also with algorithms tried out first."""
    on_cuda = compute.device.type == "cuda"
    before = _begin_counting(compute)
    learner, options, need = prepared(preset, batch, network, compute)
    lessons = [noise(learner, options.batch_size) for _ in range(2)]

    def step() -> None:
        learner.step(*lessons, options, speed=0.01)

    seconds = _each(step, compute)
    found = {
        "batch": options.batch_size,
        "steps_per_s": round(1 / seconds, 2),
        "share_of_peak": round(need.flops / seconds / _peak(compute), 4),
        "tflop_per_step": round(need.flops / 1e12, 3),
        "parameters_m": round(need.parameters / 1e6, 2),
        "memory_mb": round(peak_memory_bytes(compute.device) / 1e6),
        "memory_before_mb": before,
        "memory_planned_mb": round(need.device_bytes / 1e6),
    }
    if on_cuda:
        found["kernels_ms"], found["slowest"] = _kernels(step)
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=True):
            found["steps_per_s_exact"] = round(1 / _each(step, compute), 2)
    return found


def _begin_counting(compute: Compute) -> int:
    """Count the most memory from now on; returns the MB that earlier work in this process still holds."""
    gc.collect()  # learners hold what holds them
    if compute.device.type != "cuda":
        return 0
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    return round(torch.cuda.memory_allocated() / 1e6)


def _each(step: Callable[[], object], compute: Compute) -> float:
    """Seconds of one, some at a time, after some that are not counted."""
    for _ in range(3):
        step()
    waited(compute)
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < _MEASURED_S:
        for _ in range(5 if compute.device.type == "cuda" else 1):
            step()
            count += 1
        waited(compute)
    return (time.perf_counter() - began) / count


def _kernels(step: Callable[[], object], steps: int = 3) -> tuple[float, list[str]]:
    """Milliseconds that the device is busy in a step, and what it is busiest with."""
    activities = [torch.profiler.ProfilerActivity.CUDA, torch.profiler.ProfilerActivity.CPU]
    with torch.profiler.profile(activities=activities) as profile:
        for _ in range(steps):
            step()
        torch.cuda.synchronize()
    kernels = [e for e in profile.key_averages() if e.device_type == torch.autograd.DeviceType.CUDA]
    total = sum(e.self_device_time_total for e in kernels)
    kernels.sort(key=lambda e: -e.self_device_time_total)
    slowest = [f"{e.key[:70]} {e.self_device_time_total / max(total, 1):.0%}" for e in kernels[:8]]
    return round(total / steps / 1e3, 3), slowest


def sae_in_2_gb(compute: Compute) -> Result:
    """`sae` at 128 px, batch 4, with what the optimiser remembers off the device."""
    before = _begin_counting(compute)
    learner, options, need = prepared("sae", 4, {}, compute, offload=True)
    lessons = [noise(learner, 4) for _ in range(2)]
    seconds = _each(lambda: learner.step(*lessons, options, speed=0.01), compute)
    return {
        "steps_per_s": round(1 / seconds, 2),
        "memory_mb": round(peak_memory_bytes(compute.device) / 1e6),
        "memory_before_mb": before,
        "memory_planned_mb": round(need.device_bytes / 1e6),
        "within_2_gb": peak_memory_bytes(compute.device) < 2e9,
    }


def waiting(preset: str, compute: Compute) -> Result:
    """How long a step waits for the real feeding."""
    times = feeding_and_learning(preset, compute, iterations=40, faces=400, changes={})
    return {name: round(value, 5) for name, value in times.items()}


def _compared(
    preset: str, batch: int | None, network: dict[str, Any], compute: Compute, change: dict[str, str]
) -> Result:
    """A plain step beside another way to make it: how fast, and how far apart losses are after some steps."""
    losses, seconds, memory_mb, said, flops = {}, {}, {}, [], 0.0
    for name in ("plain", "plain again", "other"):
        before = _begin_counting(compute)
        changed = change if name == "other" else {}
        learner, options, need = prepared(preset, batch, network, compute, **changed)
        flops = need.flops
        torch.manual_seed(1)
        lessons = [noise(learner, options.batch_size) for _ in range(2)]
        step = partial(learner.step, *lessons, options, speed=1.0)
        for _ in range(_STEPS_COMPARED):
            losses[name] = float(step().totals().sum())
        seconds[name] = 0.0 if name == "plain again" else _each(step, compute)
        memory_mb[name] = round(peak_memory_bytes(compute.device) / 1e6) - before
        said = learner.objective.take_notices()
        del learner, step
    loss = losses["plain"]
    return {
        "plain_steps_per_s": round(1 / seconds["plain"], 2),
        "steps_per_s": round(1 / seconds["other"], 2),
        "times_as_fast": round(seconds["plain"] / seconds["other"], 2),
        "plain_share_of_peak": round(flops / seconds["plain"] / _peak(compute), 4),
        "share_of_peak": round(flops / seconds["other"] / _peak(compute), 4),
        f"loss_after_{_STEPS_COMPARED}": loss,
        "apart_share": abs(losses["other"] - loss) / abs(loss),
        "said": said,
        "plain_twice_apart_share": abs(losses["plain again"] - loss) / abs(loss),
        "plain_memory_mb": memory_mb["plain"],
        "memory_mb": memory_mb["other"],
    }


def compiled(preset: str, batch: int | None, network: dict[str, Any], compute: Compute) -> Result:
    """Passes through torch.compile beside plain ones."""
    return _compared(preset, batch, network, compute, {"compile": "on"})


def replayed(preset: str, batch: int | None, network: dict[str, Any], compute: Compute) -> Result:
    """Steps that are recorded once and played back, beside plain ones."""
    return _compared(preset, batch, network, compute, {"replay": "on"})


def both(preset: str, batch: int | None, network: dict[str, Any], compute: Compute) -> Result:
    """Steps whose passes are compiled and then recorded, beside plain ones."""
    return _compared(preset, batch, network, compute, {"compile": "on", "replay": "on"})


def doctor(compute: Compute) -> Result:
    """What `understudy doctor --training` finds."""
    both = played(compute, size="large", way="compiled and played back")
    return {
        "played_back": asdict(played(compute)),
        "compiled_times_as_fast": compiled_ratio(compute),
        "large_played_back": asdict(played(compute, size="large")),
        "large_compiled_times_as_fast": compiled_ratio(compute, "large"),
        "large_compiled_and_played_back": asdict(both),
    }


if __name__ == "__main__":
    main()
