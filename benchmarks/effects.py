"""What every effect of a merge costs: processor milliseconds for one 1080p frame with one face, on one thread.

The crop's effects work on what a 256 px model paints; the face is shown 256 and 512 px large in a plate with
some noise. Each line is the time of its own step, the best of several runs.
Run: python benchmarks/effects.py [--shown 256 512]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import cv2
import numpy as np
import torch
from best_of import best_ms

from understudy.merging.blending.blend import seamless
from understudy.merging.effects.degrade import fewer_colors, plain_plate
from understudy.merging.effects.grain import grained
from understudy.merging.effects.motion_blur import motion_blurred
from understudy.merging.effects.options import EffectOptions
from understudy.merging.effects.sharpen import sharpened
from understudy.merging.effects.super_resolution import super_resolved

PAINTED = 256
OPTIONS = EffectOptions()


def smooth(height: int, width: int, *, seed: int) -> np.ndarray:
    """A smooth picture with some noise, 0..1."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0.2, 0.8, (height // 60 + 2, width // 60 + 2, 3)).astype(np.float32)
    picture = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return (picture + 0.02 * rng.standard_normal(picture.shape, dtype=np.float32)).clip(0, 1)


def steps(shown: int) -> dict[str, Callable[[], object]]:
    """Every effect by its name, for a face that is shown this large."""
    crop, small = smooth(PAINTED, PAINTED, seed=0), smooth(PAINTED // 2, PAINTED // 2, seed=1)
    frame = (smooth(1080, 1920, seed=2) * 255).astype(np.uint8)
    y, x = np.mgrid[0:shown, 0:shown] - shown / 2
    mask = np.clip((0.4 - np.hypot(x, 0.9 * y) / shown) * 10, 0, 1).astype(np.float32)
    box, around = smooth(shown, shown, seed=3), smooth(2 * shown, 2 * shown, seed=4)
    way = np.array([14.0, 5.0])
    return {
        "sharpen gaussian": lambda: sharpened(crop, OPTIONS.changed(sharpen="gaussian"), face_px=160),
        "sharpen unsharp": lambda: sharpened(crop, OPTIONS.changed(sharpen="unsharp"), face_px=160),
        "motion blur of 15 px": lambda: motion_blurred(crop, way, shutter=1.0),
        "super resolution of 128 px": lambda: super_resolved(small, name="lanczos", power=1.0, shown_px=shown),
        "seamless": lambda: seamless(box, 0.9 * box, mask),
        "grain": lambda: grained(box, mask, around, amount=1.0, seed=(1,)),
        "plate denoise, 1 pass, 8 bits": lambda: plain_plate(frame, OPTIONS.changed(plate_denoise=1.0)),
        "plate bicubic, 8 bits": lambda: plain_plate(frame, OPTIONS.changed(plate_bicubic=0.5)),
        "colour degrade, 8 bits": lambda: fewer_colors(frame, OPTIONS.changed(color_degrade=1.0)),
    }


def main() -> None:
    """Print one line for every effect, a column for every size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shown", type=int, nargs="+", default=[256, 512])
    sizes = parser.parse_args().shown
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    columns = [steps(shown) for shown in sizes]
    print("ms".ljust(32) + "".join(f"{f'{shown} px':>10}" for shown in sizes))
    for name in columns[0]:
        print(name.ljust(32) + "".join(f"{best_ms(column[name]):10.1f}" for column in columns))


if __name__ == "__main__":
    main()
