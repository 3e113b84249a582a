"""How swaps follow dst's head, light, eyes and mouth: architectures and recipes on pairs whose lights differ.

Run: python benchmarks/following.py FOLDER [--rows df ours …] [--pairs walk …] [--seconds N] [--seed N]
     python benchmarks/following.py FOLDER --table
     python benchmarks/following.py FOLDER --validate

In each pair but the demo's dst walks through four lights while src keeps one. Every row trains for the same
processor seconds on one thread; then its swaps of held-out dst frames are compared with the true swap: degrees
between the heads, the colour difference of the slow light on the face, and which share of a blink and of an
opening mouth they make (`understudy.measure.following`). One line a run in FOLDER/following.jsonl, one sheet of
pictures a run beside it; runs that are there are not made again.
A row with a trunk takes FOLDER/trunk.safetensors, which `time_to_quality.py FOLDER --trunk SECONDS` makes.
`--validate` reads true swaps with known errors, so that the measure itself can be judged.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from filmed_pair import (
    LIT_PAIRS,
    PAIR,
    Casting,
    Footage,
    any_state,
    cached,
    face_masks,
    filmed,
    part_masks,
    straight,
)
from from_a_trunk import Much, begin_from_trunk
from on_one_thread import training
from time_to_quality import NO_EXPRESSIONS, OURS, PLAIN_2019, WIDTH, Judge

from understudy.actors.performance import State, src_track
from understudy.measure.following import PoseReader, light_following, part_following, pose_following
from understudy.measure.sheet import sheet
from understudy.media.images import encode_png
from understudy.networks.architectures.blocks import Decoder, Encoder, Inter
from understudy.networks.architectures.liae import Liae
from understudy.networks.architectures.two_decoders import TwoDecoders
from understudy.networks.catalog import ARCHITECTURES, Architecture
from understudy.networks.face_model import FaceModel
from understudy.networks.options import NetworkOptions
from understudy.training.feeding.feed import Feed
from understudy.training.learner import Learner
from understudy.training.machine.device import Compute, has_bfloat16
from understudy.training.options import TrainOptions

Told = dict[str, Any]
SIZE_PX = 64
_KNOWN_POSES = 240
# Held-out frames once more, with a part of the face as it is first and then as it is last; where it is seen.
_LIDS, _LIPS = ("blink_left", "blink_right"), ("jaw", "smile", "pucker")
_MOVES: Mapping[str, tuple[Mapping[str, float], Mapping[str, float]]] = {
    "eyes": (dict.fromkeys(_LIDS, 0.0), dict.fromkeys(_LIDS, 1.0)),
    "mouth": (dict.fromkeys(_LIPS, 0.0), {**dict.fromkeys(_LIPS, 0.0), "jaw": 0.7}),
}
_MOVED_FRAMES = 24
_ENCODER = (16, 32, 64, 128)


def _inter() -> Inter:
    return Inter(128 * 4**2, dense=128, side_px=4, width=128, width_up=64)


def small_df(_: NetworkOptions) -> TwoDecoders:
    """DF at half its side and an eighth of its widths, so that it learns here."""
    decoders: list[torch.nn.Module] = [
        Decoder(64, face_widths=(64, 32, 16), mask_widths=(16, 8, 8)) for _ in range(2)
    ]
    return TwoDecoders(SIZE_PX, encoder=Encoder(_ENCODER), inter=_inter(), decoders=decoders)


def small_liae(_: NetworkOptions) -> Liae:
    """LIAE at the same sizes."""
    return Liae(
        SIZE_PX,
        encoder=Encoder(_ENCODER),
        inter_b=_inter(),
        inter_ab=_inter(),
        decoder=Decoder(128, face_widths=(64, 32, 16), mask_widths=(16, 8, 8)),
    )


# For this benchmark alone: the catalog has the published sizes.
ARCHITECTURES["small df"] = Architecture(small_df, NetworkOptions, "DeepFaceLab, 2018")
ARCHITECTURES["small liae"] = Architecture(small_liae, NetworkOptions, "DeepFaceLab, 2018")


@dataclass(frozen=True)
class Row:
    """An architecture and how it is trained."""

    architecture: str
    train: Mapping[str, Any] = field(default_factory=dict)
    network: Mapping[str, Any] = field(default_factory=dict)
    bfloat16: bool = True
    averaged: bool = True
    trunk: Much | None = None


# Adam at the rate that learns fastest here: at 5e-5 df would stay blurred, and mostly that would show.
_DF_WAY = {**PLAIN_2019, "learning_rate": 5e-4}
_QUICK = {"size_px": SIZE_PX, "width": WIDTH}
_NO_CARE = {"relight": 0.0, "color_jitter": 0.0}

CASTINGS = (PAIR, *LIT_PAIRS)
ROWS: dict[str, Row] = {
    "df": Row("small df", _DF_WAY, bfloat16=False, averaged=False),
    "df, our recipe": Row("small df", OURS),
    "liae, our recipe": Row("small liae", OURS),
    "quick": Row("quick", OURS, _QUICK),
    "quick, no relight": Row("quick", {**OURS, **_NO_CARE}, _QUICK),
    "quick, trunk": Row("quick", OURS, _QUICK, trunk="but who it is"),
    "quick, trunk, whole": Row("quick", OURS, _QUICK, trunk="whole"),
    "quick, trunk, little warp": Row("quick", {**OURS, "random_warp": 0.3}, _QUICK, trunk="but who it is"),
    "quick, trunk, full warp": Row("quick", {**OURS, "random_warp": 1.0}, _QUICK, trunk="but who it is"),
    "quick, full warp": Row("quick", {**OURS, "random_warp": 1.0}, _QUICK),
    "quick, pairing": Row("quick", {**OURS, "pose_pairing": 0.5}, _QUICK),
    "quick, no stretch": Row("quick", {**OURS, "random_stretch": 0.0}, _QUICK),
    "quick, wide shifts": Row("quick", {**OURS, "random_shift": 1.0}, _QUICK),
    "quick, no expressions": Row("quick", {**OURS, **NO_EXPRESSIONS}, _QUICK),
    "quick, no rare": Row("quick", {**OURS, "rare_expressions": 0.0}, _QUICK),
    "quick, before": Row("quick", {**OURS, **NO_EXPRESSIONS, "random_shift": 1.0}, _QUICK),
    "quick, not asked to follow": Row("quick", {**OURS, "follow_weight": 0.0}, _QUICK),
    "quick, all asked to follow": Row("quick", {**OURS, "follow_faces": 8}, _QUICK),
    "quick, even yaw": Row("quick", {**OURS, "sampling": "uniform-yaw"}, _QUICK),
}


def trained(row: Row, footage: Footage, *, seed: int, seconds: float, trunk: Path) -> tuple[Learner, float]:
    """A learner after so many processor seconds of training, and the seconds it really took."""
    planned_end = {"minutes": seconds / 60} if row.averaged else {}
    options = TrainOptions.model_validate({**row.train, **planned_end})
    cpu = torch.device("cpu")
    compute = Compute(cpu, row.bfloat16 and has_bfloat16(cpu))
    learner = Learner(row.architecture, row.network, options=options, seed=seed, compute=compute)
    if row.trunk:
        begin_from_trunk(learner, trunk, row.trunk)
    feed = Feed(footage.src, footage.dst, options, compute.device)
    for spent in training(learner, feed, options):
        if spent.processor_s >= seconds:
            return learner, spent.processor_s
    return learner, seconds


def reader_of(folder: Path, casting: Casting) -> PoseReader:
    """A reader that has seen src at known poses, with every expression, in any light."""
    rng = np.random.default_rng(5)
    track = [any_state(rng) for _ in range(_KNOWN_POSES)]
    seen = cached(folder / casting.name, "known", [(casting.src, track)], size_px=SIZE_PX)
    return PoseReader(straight(seen), _poses(track), rng)


def _poses(track: Sequence[State]) -> np.ndarray:
    return np.array([[state.yaw_deg, state.pitch_deg] for state in track])


def moved(place: Path, casting: Casting, states: Sequence[State], judge: Judge, model: FaceModel) -> Told:
    """What swaps make of dst's blinks and of its opening mouth: the share, the worst, dB of what moved."""
    found: Told = {}
    for number, (part, ends) in enumerate(_MOVES.items(), start=1):
        tracks = [[replace(state, **end) for state in states[:_MOVED_FRAMES]] for end in ends]
        dst, true = (
            [cached(place, f"{name} {part}", [(who, track)], size_px=SIZE_PX) for track in tracks]
            for name, who in (("dst", casting.dst), ("true", casting.src))
        )
        made = [np.clip(judge.painted_of(model, straight(each)), 0, 1) for each in dst]
        area = np.maximum(*(part_masks(each, number) for each in true))
        share, near_db = part_following(made, [straight(each) for each in true], area)
        found[part] = {**share.as_json(), "moved_db": round(near_db, 2)}
    return found


def one_run(folder: Path, name: str, casting: Casting, said: argparse.Namespace) -> None:
    """Train, measure, write the line and the sheet."""
    row, footage = ROWS[name], filmed(folder / "footage", casting, size_px=SIZE_PX)
    trunk = folder / "trunk.safetensors"
    learner, spent = trained(row, footage, seed=said.seed, seconds=said.seconds, trunk=trunk)
    judge = Judge(footage, learner.compute)
    model = learner.average if row.averaged else learner.model
    made = np.clip(judge.painted(model), 0, 1)
    reader = reader_of(folder / "footage", casting)
    line = {
        "row": name,
        "pair": casting.name,
        "seed": said.seed,
        "processor_s": round(spent, 1),
        "iterations": learner.iteration,
        "pose_deg": pose_following(reader, made, judge.truth).as_json(),
        "light_delta_e": light_following(made, judge.truth, judge.masks).as_json(),
        **moved(folder / "footage" / casting.name, casting, footage.states, judge, model),
        "ssim": round(judge.score(made), 4),
    }
    print(json.dumps(line), flush=True)
    with (folder / "following.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")
    shown = np.linspace(0, len(made) - 1, 6).round().astype(int)
    columns = (straight(footage.held_out), judge.truth, np.rint(made * 255).astype(np.uint8))
    pictures = [[column[k] for column in columns] for k in shown]
    goal = folder / f"{casting.name}, {name}, {said.seed}.png"
    goal.write_bytes(encode_png(sheet(pictures, ("dst", "true swap", name), cell_height_px=160)))


def validate(folder: Path) -> None:
    """True swaps with known errors, read like swaps."""
    for casting in LIT_PAIRS:
        footage = filmed(folder / "footage", casting, size_px=SIZE_PX)
        reader, place = reader_of(folder / "footage", casting), folder / "footage" / casting.name
        truth, masks = straight(footage.truth), face_masks(footage.truth)
        known = _poses(footage.states)
        off = reader.read(truth) - known
        print(f"{casting.name}: read minus true pose {off.mean(0).round(2)} +- {off.std(0).round(2)} degrees")
        for blur_px in (1.0, 2.0):
            soft = np.stack([cv2.GaussianBlur(picture, (0, 0), blur_px) for picture in truth])
            print(f"  blurred by {blur_px} px: pose {pose_following(reader, soft, truth).as_json()}, "
                  f"light {light_following(soft, truth, masks).as_json()}")  # fmt: skip
        for yaw, pitch in ((2, 0), (5, 0), (-10, 0), (0, 3), (0, -5)):
            track = [replace(s, yaw_deg=s.yaw_deg + yaw, pitch_deg=s.pitch_deg + pitch) for s in footage.states]
            turned = straight(cached(place, f"turned {yaw} {pitch}", [(casting.src, track)], size_px=SIZE_PX))
            print(f"  turned by {yaw}, {pitch}: pose {pose_following(reader, turned, truth).as_json()}")
        own = src_track(1, 0)[0].light
        track = [replace(state, light=own) for state in footage.states]
        unlit = straight(cached(place, "own light", [(casting.src, track)], size_px=SIZE_PX))
        print(f"  in src's own light: pose {pose_following(reader, unlit, truth).as_json()}, "
              f"light {light_following(unlit, truth, masks).as_json()}")  # fmt: skip


def table(runs: Sequence[Mapping[str, Any]]) -> str:
    """Markdown."""
    lines = [
        "| pair | row | seed | processor s | iterations | pose, worst 5 % | light, worst 5 % "
        "| eyes | mouth | SSIM |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for run in runs:
        pose, light = run["pose_deg"], run["light_delta_e"]
        cells = [
            *(run[name] for name in ("pair", "row", "seed", "processor_s", "iterations")),
            *(f"{spread['mean']:.2f}, {spread['worst']:.2f}" for spread in (pose, light)),
            *(
                f"{run[part]['mean']:.2f}, {run[part]['moved_db']:.1f} dB" if part in run else "-"
                for part in _MOVES
            ),
            f"{run['ssim']:.3f}",
        ]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def main() -> None:
    """Make the runs that are missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument(
        "--pairs", nargs="+", default=[c.name for c in LIT_PAIRS], choices=[c.name for c in CASTINGS]
    )
    parser.add_argument("--seconds", type=float, default=120.0, help="processor seconds of training a run")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--table", action="store_true", help="make no runs")
    parser.add_argument("--validate", action="store_true")
    said = parser.parse_args()
    torch.set_num_threads(1)
    said.folder.mkdir(parents=True, exist_ok=True)
    if said.validate:
        validate(said.folder)
        return
    path = said.folder / "following.jsonl"
    runs = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    there = {(run["row"], run["pair"], run["seed"]) for run in runs}
    for casting in () if said.table else [c for c in CASTINGS if c.name in said.pairs]:
        for name in said.rows:
            if (name, casting.name, said.seed) not in there:
                one_run(said.folder, name, casting, said)
    print(table([json.loads(line) for line in path.read_text().splitlines()]))


if __name__ == "__main__":
    main()
