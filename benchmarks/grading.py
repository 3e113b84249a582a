"""What each colour transfer reaches, costs and lets tremble, on rendered people who are nobody.

Run: python benchmarks/grading.py [--frames 40] [--size 256] [--steady 0 2 4] [--picture ROW.jpg]

The painted face is the true swap, filmed in src's light; dst's own face is the plate. Pumping is the root mean
square of the skin's Lab distance to the plate's, high-passed over a second, as `measure` has it. Costs are
processor time of one thread.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch

from understudy import color, geometry
from understudy.actors.identity import DEMO_DST, DEMO_SRC
from understudy.actors.performance import RATE_HZ, dst_track, src_track
from understudy.actors.render import Rendered, render
from understudy.faces.align import crop
from understudy.media.images import encode_jpeg
from understudy.merging.coloring import pixels, tone
from understudy.merging.coloring.color_transfer import COLOR_TRANSFERS
from understudy.merging.options import MergeOptions

Float32 = np.ndarray
LIGHT_SHARE = 0.3 * 0.6  # of the crop's side: the default of `light_size` on full faces
FLICKER, TREMBLE = 0.04, 0.012  # of the exposure; of the crop's side


@dataclass(frozen=True)
class Crops:
    """One face in one frame."""

    painted: Float32
    own: Float32
    area: Float32
    skin: np.ndarray


def filmed(frames: int, size_px: int) -> list[Crops]:
    """The true swap in src's light beside dst, cut to crops."""
    light = src_track(1, 7)[0].light
    made = []
    for state in dst_track(frames, 7):
        dst, src = (
            render(who, shown, size_px=size_px)
            for who, shown in ((DEMO_DST, state), (DEMO_SRC, replace(state, light=light)))
        )
        made.append(_cut(dst, src, size_px))
    return made


def _cut(dst: Rendered, src: Rendered, size_px: int) -> Crops:
    matrix = geometry.crop_from_frame(dst.landmarks_68, face_type="full", size_px=size_px)
    own, painted = (crop(one.rgb, matrix, size_px).astype(np.float32) / 255 for one in (dst, src))
    both = (np.minimum(dst.mask, src.mask) * 255).astype(np.uint8)
    mask = crop(both, matrix, size_px).astype(np.float32) / 255
    points = geometry.transform_points(matrix, dst.landmarks_68)
    area = pixels.area("skin", mask, points)
    return Crops(painted, own, area, cv2.erode(area, np.ones((5, 5))) > 0.5)


def flickering(shots: Sequence[Crops]) -> list[Crops]:
    """A model whose exposure jumps from frame to frame."""
    rng = np.random.default_rng(1)
    return [replace(c, painted=_exposed(c.painted, 1 + FLICKER * rng.normal())) for c in shots]


def trembling(shots: Sequence[Crops]) -> list[Crops]:
    """Masks that grow, shrink and lose a piece at random."""
    rng = np.random.default_rng(2)
    made = []
    for c in shots:
        size = len(c.area)
        shift = rng.normal(0, TREMBLE * size, 2)
        moved = cv2.warpAffine(c.area, np.float32([[1, 0, shift[0]], [0, 1, shift[1]]]), (size, size))
        x, y = rng.uniform(0.2, 0.8, 2) * size
        moved = cv2.circle(moved, (int(x), int(y)), int(0.06 * size), 0.0, -1)
        made.append(replace(c, area=moved))
    return made


def lamp(shots: Sequence[Crops]) -> list[Crops]:
    """A lamp is switched on halfway, which the model follows by half."""
    half = len(shots) // 2
    return [
        c if k < half else replace(c, own=_exposed(c.own, 1.7), painted=_exposed(c.painted, 1.3))
        for k, c in enumerate(shots)
    ]


SCENES: dict[str, Callable[[Sequence[Crops]], Sequence[Crops]]] = {
    "as filmed": lambda shots: shots,
    "model flickers": flickering,
    "masks tremble": trembling,
    "both": lambda shots: trembling(flickering(shots)),
    "lamp": lamp,
}


def _exposed(rgb: Float32, factor: float) -> Float32:
    return color.srgb_from_linear(color.linear_from_srgb(rgb) * np.float32(factor))


def graded(shots: Sequence[Crops], options: MergeOptions, *, histograms: bool) -> list[Float32]:
    """Every crop with its steadied tone."""
    size = len(shots[0].area)
    tones = [
        tone.measured_tone(c.painted, c.own, c.area, options, light_px=LIGHT_SHARE * size, histogram=histograms)
        for c in shots
    ]
    made = []
    for k, c in enumerate(shots):
        reach = options.steady_frames
        near = [(j - k, tones[j]) for j in range(max(0, k - reach), min(len(shots), k + reach + 1))]
        steady = tone.steadied_tone(tones[k], near, reach=reach)
        shown = tone.recolored(c.painted, steady, options)
        made.append(tone.with_histogram(shown, steady, options) if histograms else shown)
    return made


def apart(shots: Sequence[Crops], made: Sequence[Float32]) -> np.ndarray:
    """The skin's mean Lab less that of the plate, (frames, 3)."""
    means = [
        [color.lab_from_rgb(face[c.skin]).mean(0) for face in (c.own, m)]
        for c, m in zip(shots, made, strict=True)
    ]
    return np.diff(means, axis=1)[:, 0]


def pumping(values: np.ndarray) -> float:
    """Root mean square of what is left when the mean of the second around is taken off."""
    times = np.arange(len(values)) / RATE_HZ
    near = np.abs(times[:, None] - times) <= 0.5
    high = values - near @ values / near.sum(1, keepdims=True)
    return float(np.sqrt((high**2).sum(1).mean()))


def smeared(values: np.ndarray) -> int:
    """Frames about the middle that are more than 1.5 away from where their half of the shot is."""
    half = len(values) // 2
    settled = np.concatenate([np.tile(np.median(p, 0), (len(p), 1)) for p in (values[:half], values[half:])])
    return int((np.linalg.norm(values - settled, axis=1)[half - 8 : half + 8] > 1.5).sum())


def steadiness(shots: Sequence[Crops], names: Sequence[str], reaches: Sequence[int]) -> None:
    """Pumping of every transfer in every scene, for every number of frames."""
    print(f"{'pumping, ΔE':<12}" + "".join(f"{scene:>16}" for scene in SCENES) + "  (lamp: frames smeared)")
    for name in names:
        options = MergeOptions(color="none" if name == "hist" else name)
        for reach in reaches:
            row = ""
            for scene, change in SCENES.items():
                changed = change(shots)
                made = graded(changed, options.changed(steady_frames=reach), histograms=name == "hist")
                values = apart(changed, made)
                row += f"{smeared(values):>16}" if scene == "lamp" else f"{pumping(values):>16.3f}"
            print(f"{name:<8}{reach:>4}{row}", flush=True)


def reached(shots: Sequence[Crops]) -> None:
    """How near each transfer comes to dst's skin, and what it costs for one face."""
    print(f"{'transfer':<10}{'mean, ΔE':>10}{'spread':>8}{'identity':>10}{'measure ms':>12}{'apply ms':>10}")
    for name in (*COLOR_TRANSFERS, "hist"):
        options = MergeOptions(color="none" if name == "hist" else name)
        measure, shown = _passes(options, histograms=name == "hist")
        means, spreads, kept = [], [], []
        for c in shots:
            labs = [color.lab_from_rgb(face[c.area > 0.5]) for face in (shown(c, measure(c)), c.own)]
            means.append(np.linalg.norm(labs[0].mean(0) - labs[1].mean(0)))
            spreads.append((labs[0].std(0) / labs[1].std(0)).mean())
            same = replace(c, own=c.painted)
            kept.append(np.abs(shown(same, measure(same)) - c.painted)[c.area > 0.5].max())
        c = shots[0]
        measured = measure(c)
        costs = [fastest_ms(lambda c=c, m=measure: m(c)), fastest_ms(lambda c=c, m=measured, s=shown: s(c, m))]
        print(
            f"{name:<10}{np.mean(means):>10.2f}{np.mean(spreads):>8.2f}{np.max(kept):>10.4f}"
            f"{costs[0]:>12.1f}{costs[1]:>10.1f}",
            flush=True,
        )


def _passes(
    options: MergeOptions, *, histograms: bool
) -> tuple[Callable[[Crops], tone.Tone], Callable[[Crops, tone.Tone], Float32]]:
    def measure(c: Crops) -> tone.Tone:
        light_px = LIGHT_SHARE * len(c.area)
        return tone.measured_tone(c.painted, c.own, c.area, options, light_px=light_px, histogram=histograms)

    def shown(c: Crops, measured: tone.Tone) -> Float32:
        made = tone.recolored(c.painted, measured, options)
        return tone.with_histogram(made, measured, options) if histograms else made

    return measure, shown


def fastest_ms(call: Callable[[], object], times: int = 7) -> float:
    """Processor time of the fastest of some calls."""
    best = float("inf")
    for _ in range(times):
        before = time.thread_time()
        call()
        best = min(best, time.thread_time() - before)
    return best * 1000


def picture(shots: Sequence[Crops]) -> np.ndarray:
    """One face by every transfer, beside what was painted and dst's own, named, in two rows."""
    c = shots[len(shots) // 3]
    faces = {"dst": c.own, "painted": c.painted}
    for name in (*COLOR_TRANSFERS, "hist"):
        if name != "none":
            measure, shown = _passes(
                MergeOptions(color="none" if name == "hist" else name), histograms=name == "hist"
            )
            faces[name] = shown(c, measure(c))
    tiles = []
    for name, face in faces.items():
        tile = np.clip(np.rint(face * 255), 0, 255).astype(np.uint8)
        tile = np.pad(tile, ((0, 22), (0, 4), (0, 0)), constant_values=255)
        white, black, where = (255,) * 3, (0,) * 3, (4, len(tile) - 6)
        for ink, width in ((white, 3), (black, 1)):
            cv2.putText(tile, name, where, cv2.FONT_HERSHEY_SIMPLEX, 0.45, ink, width, cv2.LINE_AA)
        tiles.append(tile)
    half = -(-len(tiles) // 2)
    tiles += [np.full_like(tiles[0], 255)] * (2 * half - len(tiles))
    return np.vstack([np.hstack(tiles[:half]), np.hstack(tiles[half:])])


def main() -> None:
    """Print what is reached and what trembles; write the picture where it is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--steady", type=int, nargs="*", default=[0, 2, 4])
    parser.add_argument("--picture", type=Path)
    said = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    shots = filmed(said.frames, said.size)
    if said.picture:
        said.picture.write_bytes(encode_jpeg(picture(shots), quality=88))
    reached(shots[:: max(1, len(shots) // 4)])
    if said.steady:
        steadiness(shots, ["none", "light", "rct", "mkl", "sot", "hist"], said.steady)


if __name__ == "__main__":
    main()
