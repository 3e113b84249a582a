"""What the start of a swap is worth: the same clips by five points and by our own face network, side by side.

Run: python benchmarks/swap_by_landmarks.py SRC DST TRUTH --landmarks FILE.npz [--key truth] [--minutes 20]
         [--starts five-point dense] [--out FOLDER]

TRUTH shows src with dst's motion and light; its true landmarks say where the face is. Each start is one `swap`
by the command line: dense also gives the masks to learn from. Told: PSNR and SSIM inside the face against the
truth as it is, as it is laid where dst's landmarks say and moved to fit (`understudy.measure.placed`), and as
it fits when it may only be moved and turned, which counts dst's proportions against a swap; jitter, edge noise
and colour drift against dst, all measured alike for every start (places of faces are looked for in dst anew).
Delete a start's movie to make it anew. Writes swap-by-landmarks.json and .md.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from understudy.files import read_json, write_json, write_text
from understudy.jobs.measure import measure
from understudy.masks.hull import hull_mask
from understudy.measure.pictures import psnr, ssim
from understudy.measure.placed import laid_on, moved_to_fit, without_rim
from understudy.measure.shots import compare_all, in_step, masks_of_landmarks

STARTS: dict[str, tuple[str, ...]] = {
    "five-point": ("--extract.landmarker", "five-point", "--mask-from", "hull"),
    "dense": ("--extract.landmarker", "dense", "--mask-from", "dense"),
}
_STEADINESS = ("jitter", "edge_noise", "colour_drift", "sharpness")


def swapped(start: str, said: argparse.Namespace) -> Path:
    """The finished shot of one start, made if it is not there."""
    out = said.out / f"{start}.mp4"
    if out.exists():
        return out
    words = ["swap", said.src, said.dst, "-o", out, "--project", said.out / start, "--consent", "fictional"]
    words += ["--minutes", said.minutes, *STARTS[start]]
    began = time.perf_counter()
    run = subprocess.run([sys.executable, "-m", "understudy", *map(str, words)], check=False)
    if run.returncode != 0:
        raise SystemExit(f"the swap by {start} failed")
    print(f"{start}: {time.perf_counter() - began:.0f} s")
    return out


def figures_of(result: Path, said: argparse.Namespace) -> dict[str, Any]:
    """Likeness to the truth and steadiness against dst of one finished shot."""
    with np.load(said.landmarks, allow_pickle=False) as stored:
        masks = masks_of_landmarks(stored[said.key])
    scores = compare_all({"result": result, "dst": said.dst}, said.truth, masks=masks, tinted="dst")
    *_, finished = measure(result, None, plate=said.dst, device="auto")
    steady = finished.summary["all"]
    return {
        "psnr_db": scores["result"].psnr_db,
        "gain_db": scores["result"].psnr_db - scores["dst"].psnr_db,
        "ssim": scores["result"].ssim,
        **placed(result, said),
        **{name: steady[name] for name in _STEADINESS},
    }


def placed(result: Path, said: argparse.Namespace) -> dict[str, float]:
    """Likeness to the truth where a swap can be painted: sharper is nearer there."""
    with np.load(said.landmarks, allow_pickle=False) as stored:
        true, dst = stored[said.key], stored[said.dst_key]
    figures = []
    for index, truth, (made,) in in_step(said.truth, [result]):
        mask = without_rim(hull_mask(dst[index], *truth.shape[1::-1]))
        laid = laid_on(truth, true[index], dst[index])
        fits = [moved_to_fit(laid, made, mask, stretched=stretched) for stretched in (True, False)]
        figures.append([figure(made, fit, mask) for fit in fits for figure in (psnr, ssim)])
    names = ("placed_psnr_db", "placed_ssim", "turned_psnr_db", "turned_ssim")
    return dict(zip(names, np.mean(figures, axis=0).tolist(), strict=True))


def as_markdown(figures: dict[str, dict[str, Any]], minutes: float) -> str:
    """The starts side by side."""
    names = list(figures)
    lines = [f"# A swap by its start, {minutes:g} minutes of training", ""]
    lines += [f"| | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    for key in next(iter(figures.values())):
        values = [figures[name][key] for name in names]
        cells = ["none" if value is None else f"{value:.3f}" for value in values]
        lines.append(f"| {key.replace('_', ' ')} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Swap by every start, measure, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("src", type=Path)
    parser.add_argument("dst", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--landmarks", type=Path, required=True)
    parser.add_argument("--key", default="truth", help="of the true swap's points in that file")
    parser.add_argument("--dst-key", default="dst", help="of dst's")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--starts", nargs="+", choices=list(STARTS), default=list(STARTS))
    parser.add_argument("--out", type=Path, default=Path("build/swap-by-landmarks"))
    said = parser.parse_args()
    with np.load(said.landmarks, allow_pickle=False) as stored:
        if missing := {said.key, said.dst_key} - set(stored):
            parser.error(f"{said.landmarks} lacks {', '.join(sorted(missing))}")
    path = said.out / "swap-by-landmarks.json"
    figures = read_json(path) if path.exists() else {}
    for start in said.starts:
        figures[start] = figures_of(swapped(start, said), said)
        write_json(path, figures)
    page = as_markdown(figures, said.minutes)
    write_text(said.out / "swap-by-landmarks.md", page)
    print(page)


if __name__ == "__main__":
    main()
