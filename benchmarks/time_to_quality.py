"""How long until a swap is as good as a bar: recipes against each other on one fixed pair of rendered actors.

Run: python benchmarks/time_to_quality.py FOLDER [RECIPE ...] [--seeds 1 2 3] [--seconds N] [--bar 0.8]
     python benchmarks/time_to_quality.py FOLDER --table [--bar 0.8]

Quality is the SSIM inside the face between what the model paints from held-out dst frames and the true swap:
src filmed with dst's pose, expression and light. Time is what training alone costs this process on one thread,
in processor seconds; evaluation is not counted. A bar counts as passed where the next evaluations pass it too.
Every finished run is one line of FOLDER/runs.jsonl; runs that are there are not made again.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from filmed_pair import PAIR, Footage, face_masks, filmed, straight
from safetensors.torch import load_file

from understudy.measure.pictures import ssim
from understudy.networks.face_model import FaceModel
from understudy.training.feeding.feed import Feed
from understudy.training.learner import Learner
from understudy.training.machine.device import Compute
from understudy.training.options import TrainOptions
from understudy.training.steering.plan import Plan, planned

SIZE_PX, WIDTH = 64, 32
_EVERY_S = 5.0  # processor seconds between evaluations
_HELD_FOR = 2  # evaluations after the first


@dataclass(frozen=True)
class Recipe:
    """A way to train. `train` is what differs from the defaults, `delivers` which weights it hands over."""

    help: str
    train: Mapping[str, Any] = field(default_factory=dict)
    bfloat16: bool = True
    delivers: str = "ema"
    trunk: bool = False
    seconds: float = 200.0


PLAIN_2019: Mapping[str, Any] = {
    "batch_size": 8,
    "optimizer": "adam",
    "beta1": 0.5,
    "beta2": 0.999,
    "clip": "off",
    "learning_rate": 5e-5,
    "relight": 0.0,
    "pose_pairing": 0.0,
    "random_stretch": 0.0,
    "color_jitter": 0.0,
    "eyes_mouth": 0.0,
    "dst_flip": True,
}
_BARE: dict[str, Any] = {"bfloat16": False, "delivers": "raw"}

RECIPES: dict[str, Recipe] = {
    "2019": Recipe("Adam 5e-5, float32, last weights, warp and flip alone", PLAIN_2019, seconds=480, **_BARE),
    **{
        f"adam-{rate:g}": Recipe(
            f"2019 with the constant rate {rate:g}", {**PLAIN_2019, "learning_rate": rate}, **_BARE
        )
        for rate in (2e-4, 5e-4, 1e-3, 2e-3)
    },
    "ours": Recipe("the defaults, batch 8, without a planned end", {"batch_size": 8}),
}


@dataclass(frozen=True)
class Point:
    """One evaluation: what training had cost so far, and the SSIM of both kinds of weights."""

    processor_s: float
    wall_s: float
    iteration: int
    ema: float
    raw: float


class Judge:
    """Scores a model's swaps of the held-out frames against the true swap."""

    def __init__(self, footage: Footage, compute: Compute) -> None:
        self.compute = compute
        self.dst_BCHW = torch.from_numpy(straight(footage.held_out)).permute(0, 3, 1, 2).float() / 255
        self.truth, self.masks = straight(footage.truth), face_masks(footage.truth)

    def painted(self, model: FaceModel) -> np.ndarray:
        """(n, size_px, size_px, 3), 0..1."""
        with torch.inference_mode(), self.compute.autocast():
            faces = self.dst_BCHW.contiguous(memory_format=torch.channels_last)
            return model.swap(faces).faces_BCHW.permute(0, 2, 3, 1).float().numpy()

    def score(self, model: FaceModel) -> float:
        """Mean SSIM inside the face."""
        pairs = zip(self.painted(model), self.truth, self.masks, strict=True)
        return float(np.mean([ssim(made, true, mask) for made, true, mask in pairs]))


def begun(recipe: Recipe, seed: int, footage: Footage, trunk: Path) -> tuple[Learner, Feed, Plan]:
    """What a run of `recipe` starts with."""
    options = TrainOptions.model_validate(recipe.train)
    compute = Compute(torch.device("cpu"), recipe.bfloat16)
    network = {"size_px": SIZE_PX, "width": WIDTH}
    learner = Learner("quick", network, options=options, seed=seed, compute=compute)
    if recipe.trunk:
        weights = load_file(trunk)
        learner.load(iteration=0, model=weights, ema=weights, optimizer={})
    return learner, Feed(footage.src, footage.dst, options, compute.device), planned(options, None)


def trained(recipe: Recipe, seed: int, footage: Footage, trunk: Path) -> Iterator[tuple[Point, Learner]]:
    """Train for the recipe's processor seconds or to its planned end; yields at every evaluation."""
    learner, feed, start = begun(recipe, seed, footage, trunk)
    judge, plan = Judge(footage, learner.compute), start
    spent = wall = next_look = 0.0
    while spent < recipe.seconds and not plan.finished:
        began, wall_began = time.process_time(), time.perf_counter()
        src, dst = feed.lessons(learner.generator, warp=plan.warp)
        learner.step(src, dst, feed.options, speed=plan.speed)
        spent += time.process_time() - began
        wall += time.perf_counter() - wall_began
        plan = start.after(seconds=spent, iterations=learner.iteration)
        if spent >= next_look or plan.finished:
            next_look += _EVERY_S
            ema, raw = judge.score(learner.average), judge.score(learner.model)
            point = Point(round(spent, 2), round(wall, 2), learner.iteration, round(ema, 5), round(raw, 5))
            yield point, learner


def passed(curve: Sequence[Mapping[str, float]], kind: str, bar: float) -> Mapping[str, float] | None:
    """The first evaluation from which on the bar is held."""
    for k, point in enumerate(curve[:-_HELD_FOR]):
        if all(later[kind] >= bar for later in curve[k : k + 1 + _HELD_FOR]):
            return point
    return None


def table(runs: Sequence[Mapping[str, Any]], bar: float) -> str:
    """Markdown: every recipe's time to the bar, its spread, and the ratio to 2019."""
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for run in runs:
        rows.setdefault(run["recipe"], []).append(run)
    times = {name: [_time(run, bar) for run in found] for name, found in rows.items()}
    base = _middle(times.get("2019", []))
    lines = [
        f"| recipe, bar {bar:g} | seeds | s to the bar | iterations | best SSIM | in s | 2019 ÷ this |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, found in rows.items():
        middle, kind = _middle(times[name]), found[0]["delivers"]
        reached = [passed(run["curve"], kind, bar) for run in found]
        cells = [
            name,
            ", ".join(str(run["seed"]) for run in found),
            ", ".join(f"{p['processor_s']:.0f}" if p else "-" for p in reached),
            ", ".join(str(p["iteration"]) if p else "-" for p in reached),
            ", ".join(f"{max(p[kind] for p in run['curve']):.4f}" for run in found),
            ", ".join(f"{run['curve'][-1]['processor_s']:.0f}" for run in found),
            f"{base / middle:.2f}" if base and middle else "-",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _time(run: Mapping[str, Any], bar: float) -> float | None:
    point = passed(run["curve"], run["delivers"], bar)
    return point["processor_s"] if point else None


def _middle(times: Sequence[float | None]) -> float | None:
    """The median; None where half of the runs did not get there."""
    ordered = sorted(float("inf") if t is None else t for t in times)
    middle = median(ordered) if ordered else float("inf")
    return None if middle == float("inf") else middle


def read_runs(folder: Path) -> list[dict[str, Any]]:
    """All finished runs."""
    path = folder / "runs.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def one_run(folder: Path, name: str, seed: int, footage: Footage, seconds: float | None) -> None:
    """Train once and write the run's line."""
    recipe = RECIPES[name]
    if seconds:
        recipe = Recipe(**{**vars(recipe), "seconds": seconds})
    curve: list[dict[str, float]] = []
    for point, _ in trained(recipe, seed, footage, folder / "trunk.safetensors"):
        curve.append(vars(point))
        print(f"{name} seed {seed}: {vars(point)}", flush=True)
    line = {"recipe": name, "seed": seed, "delivers": recipe.delivers, "train": dict(recipe.train)}
    line["curve"] = curve
    with (folder / "runs.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")


def main() -> None:
    """Make the runs that are missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("recipes", nargs="*", choices=[[], *RECIPES])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--seconds", type=float, help="processor seconds of a run, instead of the recipe's own")
    parser.add_argument("--bar", type=float, default=0.80)
    parser.add_argument("--table", action="store_true", help="make no runs")
    said = parser.parse_args()
    torch.set_num_threads(1)
    said.folder.mkdir(parents=True, exist_ok=True)
    if not said.table:
        footage = filmed(said.folder / "footage", PAIR, size_px=SIZE_PX)
        there = {(run["recipe"], run["seed"]) for run in read_runs(said.folder)}
        for name in said.recipes or list(RECIPES):
            for seed in said.seeds:
                if (name, seed) not in there:
                    one_run(said.folder, name, seed, footage, said.seconds)
    print(table(read_runs(said.folder), said.bar))


if __name__ == "__main__":
    main()
