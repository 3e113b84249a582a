"""How seamless cloning grows with the pixels of a face, beside OpenCV's, in one run on one thread.

Boxes double in side; the mask is an oval with a soft edge, the face another smooth picture. Times are processor
milliseconds of the best of several runs; "away" is how far both results lie apart inside the mask, in steps of
a byte; "at once" is the time for each of eight faces solved together.
Run: python benchmarks/poisson.py [--sides 64 128 256 512 1024]
"""

from __future__ import annotations

import argparse

import cv2
import numpy as np
import torch
from best_of import best_ms

from understudy.merging.blending.blend import Cloning, seamless, seamless_all

TOGETHER = 8


def scene(side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A frame, a face somewhat like it, and a mask whose box is `side` pixels high."""
    rng = np.random.default_rng(side)
    whole = round(1.25 * side)

    def field(cells: int) -> np.ndarray:
        coarse = rng.uniform(0, 1, (cells, cells, 3)).astype(np.float32)
        return np.clip(cv2.resize(coarse, (whole, whole), interpolation=cv2.INTER_CUBIC), 0, 1)

    frame, other = (0.1 + 0.55 * field(4) + 0.25 * field(24) for _ in range(2))
    rows, columns = np.mgrid[0:whole, 0:whole] + 0.5 - whole / 2
    away = (1 - np.hypot(columns / (0.42 * side), rows / (0.5 * side))) * 0.46 * side
    mask = np.clip(away / (0.1 * side) + 0.1, 0, 1)
    return frame, 0.6 * frame + 0.4 * other, mask.astype(np.float32)


def by_opencv(frame: np.ndarray, painted: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """OpenCV's clone of the same face, through bytes."""
    binary = (mask > 0.1).astype(np.uint8) * 255
    x, y, width, height = cv2.boundingRect(binary)
    frame_8, painted_8 = (np.rint(picture * 255).astype(np.uint8) for picture in (frame, painted))
    centre = (x + width // 2, y + height // 2)
    cloned = cv2.seamlessClone(painted_8, frame_8, binary, centre, cv2.NORMAL_CLONE)
    return cloned.astype(np.float32) / 255


def line_for(side: int) -> str:
    """What is measured at one size."""
    given = scene(side)
    away = 255 * np.abs(seamless(*given) - by_opencv(*given))[given[2] > 0.1]
    theirs_ms, ours_ms = best_ms(lambda: by_opencv(*given)), best_ms(lambda: seamless(*given))
    together_ms = best_ms(lambda: seamless_all([Cloning(*given)] * TOGETHER)) / TOGETHER
    return (
        f"{side:7}{theirs_ms:12.1f}{ours_ms:10.1f}{together_ms:13.1f}{theirs_ms / ours_ms:15.1f}"
        f"{1e6 * ours_ms / side**2:17.0f}{away.mean():12.2f}{np.quantile(away, 0.99):6.2f}"
    )


def main() -> None:
    """Print one line for every size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sides", type=int, nargs="+", default=[64, 128, 256, 512, 1024])
    sides = parser.parse_args().sides
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    print("side px   OpenCV ms   ours ms   at once ms   times faster   us per 1000 px   away mean   p99")
    for side in sides:
        print(line_for(side))


if __name__ == "__main__":
    main()
