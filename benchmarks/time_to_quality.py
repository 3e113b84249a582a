"""How long until a swap is as good as a bar: recipes against each other on one fixed pair of rendered actors.

Run: python benchmarks/time_to_quality.py FOLDER [RECIPE ...] [--seeds 1 2 3] [--seconds N] [--bar 0.80]
     python benchmarks/time_to_quality.py FOLDER --trunk SECONDS
     python benchmarks/time_to_quality.py FOLDER [RECIPE ...] --sheet FILE.png --at SECONDS
     python benchmarks/time_to_quality.py FOLDER --table [--bar 0.80]

Quality is the SSIM inside the face between what the model paints from held-out dst frames and the true swap:
src filmed with dst's pose, expression and light. Time is what training alone costs this process on one thread,
in processor seconds; evaluation is not counted. A bar counts as passed where the next evaluations pass it too.
Every finished run is one line of FOLDER/runs.jsonl; runs that are there are not made again.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from filmed_pair import PAIR, Footage, crowd, face_masks, filmed, straight
from from_a_trunk import Much, begin_from_trunk
from on_one_thread import training
from safetensors.torch import save_file

from understudy.measure.colour_match import best_tint
from understudy.measure.pictures import ssim
from understudy.measure.sheet import sheet
from understudy.media.images import encode_png
from understudy.networks.face_model import FaceModel
from understudy.training.feeding.feed import Feed
from understudy.training.learner import Learner
from understudy.training.machine.device import Compute, has_bfloat16
from understudy.training.options import TrainOptions
from understudy.training.presets import preset_named

SIZE_PX, WIDTH = 64, 32
_EVERY_S = 5.0  # processor seconds between evaluations
_SHEET_ROWS = 4
_HELD_FOR = 2  # evaluations after the first


@dataclass(frozen=True)
class Recipe:
    """A way to train. `train` is what differs from the defaults, `delivers` which weights it hands over."""

    help: str
    train: Mapping[str, Any] = field(default_factory=dict)
    bfloat16: bool = True  # where it is faster
    delivers: str = "ema"
    trunk: Much | None = None
    seconds: float = 80.0


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
    "losses": "dfl",
    "dst_flip": True,
}
PLAIN_FEED: Mapping[str, Any] = dict.fromkeys(
    ("relight", "pose_pairing", "random_stretch", "color_jitter"), 0.0
)
_SHOWN: Mapping[str, Any] = {"relight": 0.85, "color_jitter": 1.0, "dst_flip": False}
_BARE: dict[str, Any] = {"bfloat16": False, "delivers": "raw"}

NO_EXPRESSIONS: Mapping[str, Any] = dict.fromkeys(
    ("random_blink", "rare_expressions", "expression_weight"), 0.0
)
# The preset's own recipe, at the batch that all of these share.
OURS: Mapping[str, Any] = preset_named("quick").train


def _adam(rate: float, seconds: float) -> Recipe:
    return Recipe(
        f"2019 at the constant rate {rate:g}", {**PLAIN_2019, "learning_rate": rate}, seconds=seconds, **_BARE
    )


def _but(what: str, **train: Any) -> Recipe:
    return Recipe(f"ours {what}", {**OURS, **train})


RECIPES: dict[str, Recipe] = {
    "2019": Recipe("Adam 5e-5, float32, last weights, warp and flips", PLAIN_2019, seconds=480, **_BARE),
    "adam 2e-4": _adam(2e-4, 200),
    "adam 5e-4": _adam(5e-4, 140),
    "adam 1e-3": _adam(1e-3, 140),
    "adam 5e-4, our faces": Recipe(
        "Adam's best rate, float32, last weights, but shown dst's light and tints as ours is",
        {**PLAIN_2019, **_SHOWN, "learning_rate": 5e-4},
        **_BARE,
    ),
    "ours": _but("without a planned end"),
    "ours, trunk": Recipe("ours from a trunk that learned a crowd", OURS, trunk="but who it is"),
    "ours, trunk, whole": Recipe("the same with all that the trunk knows", OURS, trunk="whole"),
    "ours, last weights": Recipe("ours without the average", OURS, delivers="raw"),
    "ours, float32": Recipe("ours without bfloat16", OURS, bfloat16=False),
    "ours, adamw": _but("with AdamW instead of Muon, at its rate 1e-3", optimizer="adamw", learning_rate=1e-3),
    "ours, rate 1e-3": _but("at a third of the rate", learning_rate=1e-3),
    "ours, planned": _but("with an end planned after a minute, so that the rate falls", minutes=1.0),
    "ours, no relight": _but("in src's own light alone", relight=0.0),
    "ours, no jitter": _but("without changes of colour", color_jitter=0.0),
    "ours, pairing": _but("with half of src drawn by pose", pose_pairing=0.5),
    "ours, wide shifts": _but("with faces moved as other presets move them", random_shift=1.0),
    "ours, no expressions": _but("without blinks and what the code is asked of them", **NO_EXPRESSIONS),
    "ours, no stretch": _but("without other proportions in what is seen", random_stretch=0.0),
    "ours, stretch": _but("with twice as much of other proportions", random_stretch=1.0),
    "ours, no warp": _but("without bent faces", random_warp=0.0),
    "ours, full warp": _but("with faces bent as other presets bend them", random_warp=1.0),
    "ours, full warp, trunk": Recipe(
        "the same from a trunk", {**OURS, "random_warp": 1.0}, trunk="but who it is"
    ),
    "ours, dfl losses": _but("with DeepFaceLab's losses", losses="dfl"),
    "ours, batch 4": _but("four at a time", batch_size=4),
    "ours, batch 16": _but("sixteen at a time", batch_size=16),
    "ours, batch 32": _but("thirty-two at a time", batch_size=32),
}


@dataclass(frozen=True)
class Point:
    """One evaluation: what training had cost so far, and the SSIM of both kinds of weights."""

    processor_s: float
    wall_s: float
    iteration: int
    ema: float
    raw: float


@dataclass(frozen=True, eq=False)
class Look:
    """An evaluation and what was seen at it: swaps of every held-out frame, (n, size_px, size_px, 3), 0..1."""

    point: Point
    ema_NHWC: np.ndarray
    raw_NHWC: np.ndarray


class Judge:
    """Scores a model's swaps of the held-out frames against the true swap."""

    def __init__(self, footage: Footage, compute: Compute) -> None:
        self.compute = compute
        self.dst_NHWC = straight(footage.held_out)
        self.truth, self.masks = straight(footage.truth), face_masks(footage.truth)

    def painted(self, model: FaceModel) -> np.ndarray:
        """The swaps of the held-out frames, (n, size_px, size_px, 3), 0..1."""
        return self.painted_of(model, self.dst_NHWC)

    def painted_of(self, model: FaceModel, dst_NHWC: np.ndarray) -> np.ndarray:
        """The swaps of any crops of dst, 8-bit RGB."""
        faces = torch.from_numpy(dst_NHWC).permute(0, 3, 1, 2).float() / 255
        with torch.inference_mode(), self.compute.autocast():
            faces = faces.contiguous(memory_format=torch.channels_last)
            return model.swap(faces).faces_BCHW.permute(0, 2, 3, 1).float().numpy()

    def score(self, made_NHWC: np.ndarray) -> float:
        """Mean SSIM inside the face."""
        pairs = zip(made_NHWC, self.truth, self.masks, strict=True)
        return round(float(np.mean([ssim(made, true, mask) for made, true, mask in pairs])), 5)


def untouched(footage: Footage) -> float:
    """What dst's own faces score, with the best tint they can be given: no swap at all."""
    judge = Judge(footage, Compute(torch.device("cpu"), False))
    faces = zip(straight(footage.held_out), judge.truth, judge.masks, strict=True)
    return judge.score(np.stack([best_tint(*each) for each in faces]))


def begun(recipe: Recipe, seed: int, footage: Footage, trunk: Path) -> tuple[Learner, Feed, TrainOptions]:
    """What a run of `recipe` starts with."""
    options = TrainOptions.model_validate(recipe.train)
    cpu = torch.device("cpu")
    compute = Compute(cpu, recipe.bfloat16 and has_bfloat16(cpu))
    network = {"size_px": SIZE_PX, "width": WIDTH}
    learner = Learner("quick", network, options=options, seed=seed, compute=compute)
    if recipe.trunk:
        begin_from_trunk(learner, trunk, recipe.trunk)
    return learner, Feed(footage.src, footage.dst, options, cpu), options


def trained(recipe: Recipe, seed: int, footage: Footage, trunk: Path) -> Iterator[Look]:
    """Train for the recipe's processor seconds or to its planned end; yields at every evaluation."""
    learner, feed, options = begun(recipe, seed, footage, trunk)
    judge, next_look = Judge(footage, learner.compute), 0.0
    for spent in training(learner, feed, options):
        if spent.processor_s >= next_look or spent.ended:
            next_look += _EVERY_S
            ema, raw = judge.painted(learner.average), judge.painted(learner.model)
            times = round(spent.processor_s, 2), round(spent.wall_s, 2)
            yield Look(Point(*times, learner.iteration, judge.score(ema), judge.score(raw)), ema, raw)
        if spent.processor_s >= recipe.seconds:
            return


def make_trunk(folder: Path, seconds: float) -> None:
    """Let the network learn a crowd in both places, to its planned end, and keep the averaged weights."""
    faces = crowd(folder / "footage", size_px=SIZE_PX)
    options = TrainOptions.model_validate({"batch_size": 8, "minutes": seconds / 60, **PLAIN_FEED})
    recipe = Recipe("trunk", options.model_dump(exclude_unset=True))
    learner, feed, options = begun(recipe, 0, Footage(faces, faces, faces, faces, ()), folder)
    for _ in training(learner, feed, options):
        pass
    weights = {name: value.contiguous() for name, value in learner.average.state_dict().items()}
    save_file(weights, folder / "trunk.safetensors")
    print(f"trunk: {learner.iteration} iterations in {seconds:.0f} processor seconds, {len(faces)} faces")


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
    seen: list[np.ndarray] = []
    for look in trained(recipe, seed, footage, folder / "trunk.safetensors"):
        curve.append(vars(look.point))
        painted = look.ema_NHWC if recipe.delivers == "ema" else look.raw_NHWC
        seen.append(np.rint(np.clip(painted[_shown(footage)], 0, 1) * 255).astype(np.uint8))
        print(f"{name} seed {seed}: {vars(look.point)}", flush=True)
    np.savez_compressed(folder / f"seen-{name}-{seed}.npz", np.stack(seen))
    line = {"recipe": name, "seed": seed, "delivers": recipe.delivers, "train": dict(recipe.train)}
    line["curve"] = curve
    with (folder / "runs.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")


def _shown(footage: Footage) -> list[int]:
    """The held-out frames on sheets."""
    return np.linspace(0, len(footage.states) - 1, _SHEET_ROWS + 2).round().astype(int)[1:-1].tolist()


def draw_sheet(folder: Path, goal: Path, names: Sequence[str], *, seed: int, at_s: float) -> None:
    """dst, the true swap and what each recipe painted when training had cost `at_s`."""
    footage = filmed(folder / "footage", PAIR, size_px=SIZE_PX)
    columns = [straight(cache)[_shown(footage)] for cache in (footage.held_out, footage.truth)]
    for name in names:
        curve = next(r["curve"] for r in read_runs(folder) if (r["recipe"], r["seed"]) == (name, seed))
        last = max(k for k, point in enumerate(curve) if point["processor_s"] <= at_s + 1 or not k)
        with np.load(folder / f"seen-{name}-{seed}.npz") as kept:
            columns.append(kept["arr_0"][last])
    titles = ("dst", "true swap", *(f"{name}, {at_s:.0f} s" for name in names))
    goal.write_bytes(encode_png(sheet(list(zip(*columns, strict=True)), titles, cell_height_px=112)))


def main() -> None:
    """Make the runs that are missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("recipes", nargs="*", choices=[[], *RECIPES])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--seconds", type=float, help="processor seconds of a run, instead of the recipe's own")
    parser.add_argument("--bar", type=float, default=0.80)
    parser.add_argument("--trunk", type=float, metavar="SECONDS", help="make the trunk alone")
    parser.add_argument(
        "--sheet", type=Path, metavar="FILE.png", help="draw the recipes' pictures, make no runs"
    )
    parser.add_argument("--at", type=float, default=60.0, metavar="SECONDS", help="of the sheet")
    parser.add_argument("--table", action="store_true", help="make no runs")
    said = parser.parse_args()
    torch.set_num_threads(1)
    said.folder.mkdir(parents=True, exist_ok=True)
    if said.trunk:
        make_trunk(said.folder, said.trunk)
        return
    if said.sheet:
        draw_sheet(said.folder, said.sheet, said.recipes, seed=said.seeds[0], at_s=said.at)
        return
    if not said.table:
        footage = filmed(said.folder / "footage", PAIR, size_px=SIZE_PX)
        there = {(run["recipe"], run["seed"]) for run in read_runs(said.folder)}
        for name in said.recipes or list(RECIPES):
            for seed in said.seeds:
                if (name, seed) not in there:
                    one_run(said.folder, name, seed, footage, said.seconds)
        print(f"untouched dst: {untouched(footage):.3f}; a bar has to be above it")
    print(table(read_runs(said.folder), said.bar))


if __name__ == "__main__":
    main()
