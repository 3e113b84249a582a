"""How the cost of finding faces grows with pixels and faces, and whether memory grows with frames.

All figures are ratios to the first line of their table, from one run. Run: python benchmarks/finding_growth.py
"""

from __future__ import annotations

import time

import cv2
import numpy as np
import psutil

from understudy.actors.identity import DEMO_SRC
from understudy.actors.performance import State
from understudy.actors.render import render
from understudy.faces.detect import DETECTORS
from understudy.faces.inputs import FinderInputs
from understudy.media.clip import loose_frame

BATCH = 8
ROUNDS = 3


def seconds_a_frame(frame: np.ndarray) -> float:
    """Best of a few rounds over one batch of equal frames."""
    detector = DETECTORS["mtcnn"](FinderInputs())
    detector.detect([loose_frame(frame)] * BATCH)
    best = np.inf
    for _ in range(ROUNDS):
        began = time.perf_counter()
        detector.detect([loose_frame(frame)] * BATCH)
        best = min(best, (time.perf_counter() - began) / BATCH)
    return float(best)


def table(title: str, costs: dict[str, float]) -> None:
    """Print costs and their ratios to the first."""
    first = next(iter(costs.values()))
    print(title)
    for name, cost in costs.items():
        print(f"  {name:<16} {1 / cost:7.1f} frames/s   {cost / first:5.2f} x the first")


def main() -> None:
    """Print the three tables."""
    face = render(DEMO_SRC, State(), size_px=240).rgb
    sizes = {"320 x 240": 1, "640 x 480": 2, "1280 x 960": 4, "2560 x 1920": 8}
    plate = cv2.copyMakeBorder(face, 0, 0, 40, 40, cv2.BORDER_REPLICATE)
    table(
        "pixels, one face that fills the frame",
        {name: seconds_a_frame(cv2.resize(plate, None, fx=k, fy=k)) for name, k in sizes.items()},
    )
    rows = {f"{count} faces": np.tile(face, (1, count, 1)) for count in (1, 2, 4)}
    wide = {
        name: cv2.copyMakeBorder(r, 0, 0, 0, 960 - r.shape[1], cv2.BORDER_REPLICATE) for name, r in rows.items()
    }
    table("faces, in frames of one size", {name: seconds_a_frame(frame) for name, frame in wide.items()})
    detector = DETECTORS["mtcnn"](FinderInputs())
    detector.detect([loose_frame(plate)] * BATCH)
    before = psutil.Process().memory_info().rss
    print("memory, against that after the first batch")
    for batches in (10, 20, 40):
        for _ in range(batches):
            detector.detect([loose_frame(plate)] * BATCH)
        print(f"  {batches * BATCH:>4} frames more   {psutil.Process().memory_info().rss / before:.3f} x")


if __name__ == "__main__":
    main()
