"""How fast each preset trains here, and the share of this machine's own measured peak that it reaches.

Run: python benchmarks/throughput.py [PRESET[:KEY=VALUE,…] ...] [--batch N] [--device cpu] [--steps N]
     [--limit-s SECONDS] [--out throughput.json] [--again]

Every preset runs in a process of its own. Operations are counted by torch's FlopCounterMode, forward and
backward of the network and the losses. The peak is the best of a few large products in the format that networks
run in, measured before and after every step in the same process with the same threads. On a CPU all times are
the processor's own, so that other programs on a shared machine don't count; wall-clock is given beside them.
The table is kept in --out and goes on where it stopped; what is too large or too slow is skipped, and why.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch

from understudy.files import write_json
from understudy.training.feeding.augment import Lesson
from understudy.training.learner import Learner
from understudy.training.machine.device import Compute, choose_device, free_memory_bytes
from understudy.training.machine.memory import peak_memory_bytes
from understudy.training.machine.need import empty_lesson, needed
from understudy.training.machine.peak import peak_flops, waited
from understudy.training.options import TrainOptions
from understudy.training.presets import PRESETS, preset_named


def main() -> None:
    """Print the table, row by row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("presets", nargs="*", default=list(PRESETS))
    parser.add_argument("--batch", type=int)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--limit-s", type=float, default=300.0)
    parser.add_argument("--out", type=Path, default=Path("throughput.json"))
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.one:
        print(json.dumps(measured(said.one, said.batch, choose_device(said.device), said.steps)))
        return
    rows: dict[str, Any] = json.loads(said.out.read_text()) if said.out.exists() else {}
    print("preset | batch | million parameters | s a step | s wall | faces/s | Tflop/s | share of peak | MB")
    for name in said.presets:
        key = f"{name} batch {said.batch or 'own'} {said.device} {torch.get_num_threads()} threads"
        if said.again or key not in rows:
            rows[key] = in_own_process(name, said)
            write_json(said.out, rows)
        print(row_words(name, rows[key]), flush=True)


def in_own_process(name: str, said: argparse.Namespace) -> dict[str, Any]:
    """One row; with `skipped` and why where there is none."""
    command = [sys.executable, __file__, "--one", name, "--device", said.device, "--steps", str(said.steps)]
    command += ["--batch", str(said.batch)] if said.batch else []
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=said.limit_s)
    except subprocess.TimeoutExpired:
        return {"skipped": f"takes longer than {said.limit_s:.0f} s"}
    lines = ended.stdout.strip().splitlines()
    if ended.returncode or not lines:
        return {"skipped": (ended.stderr.strip().splitlines() or ["it was ended"])[-1]}
    return json.loads(lines[-1])


def measured(spec: str, batch: int | None, compute: Compute, steps: int) -> dict[str, Any]:
    """Train `steps` steps on noise and time them."""
    name, _, words = spec.partition(":")
    preset = preset_named(name)
    said = {key: json.loads(value) for key, _, value in (w.partition("=") for w in words.split(",") if w)}
    network = {**preset.network, **said}
    options = TrainOptions.model_validate({**preset.train, **({"batch_size": batch} if batch else {})})
    need = needed(preset.architecture, network, options, bfloat16=compute.uses_bfloat16)
    free = free_memory_bytes(compute.device)
    if need.device_bytes > 0.9 * free:
        return {"skipped": f"needs about {need.device_bytes / 1e9:.1f} GB and {free / 1e9:.1f} GB are free"}
    learner = Learner(preset.architecture, network, options=options, seed=0, compute=compute)
    lessons = [noise(learner, options.batch_size) for _ in range(2)]
    learner.step(*lessons, options, speed=1.0)
    clock = time.process_time if compute.device.type == "cpu" else time.perf_counter
    peaks, times, walls = [peak_flops(compute, clock=clock)], [], []
    for _ in range(steps):
        waited(compute)
        began, wall = clock(), time.perf_counter()
        learner.step(*lessons, options, speed=1.0)
        waited(compute)
        times.append(clock() - began)
        walls.append(time.perf_counter() - wall)
        peaks.append(peak_flops(compute, clock=clock))
    seconds, peak = statistics.median(times), statistics.median(peaks)
    return {
        "batch": options.batch_size,
        "parameters": need.parameters,
        "flop_per_step": need.flops,
        "seconds_per_step": seconds,
        "seconds_wall": statistics.median(walls),
        "peak_flops": peak,
        "share_of_peak": need.flops / seconds / peak,
        "memory_planned": need.device_bytes,
        "memory_peak": peak_memory_bytes(compute.device),
        "device": str(compute.device),
        "threads": torch.get_num_threads(),
        "bfloat16": compute.uses_bfloat16,
    }


def noise(learner: Learner, count: int) -> Lesson:
    """A batch of random faces."""
    lesson = empty_lesson(learner.model, count, learner.compute.device)
    for tensor in (getattr(lesson, field.name) for field in fields(lesson)):
        if tensor is not None:
            tensor.uniform_()
    seen = lesson.seen_BCHW.contiguous(memory_format=torch.channels_last)
    return Lesson(**{**vars(lesson), "seen_BCHW": seen})


def row_words(name: str, row: dict[str, Any]) -> str:
    """One line of the table."""
    if "skipped" in row:
        return f"{name} | skipped: {row['skipped']}"
    rate = row["flop_per_step"] / row["seconds_per_step"] / 1e12
    return (
        f"{name} | {row['batch']} | {row['parameters'] / 1e6:.2f} | {row['seconds_per_step']:.3g} | "
        f"{row['seconds_wall']:.3g} | {row['batch'] / row['seconds_per_step']:.3g} | {rate:.3g} | "
        f"{row['share_of_peak']:.0%} | {row['memory_peak'] / 1e6:,.0f}"
    )


if __name__ == "__main__":
    main()
