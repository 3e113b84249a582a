"""How fast our own face network reads faces here, one pass and two, and how large it is.

Run: python benchmarks/dense_face.py [--device cpu] [--threads N] [--batch N] [--seconds S] [--weights FILE]

Faces a second of the clock and of the processor's own time: on a shared machine the second says more. A second
pass cuts each crop again by the points of the first.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from understudy.faces.dense.reader import FaceReader
from understudy.faces.dense.reading_crop import cut_crops, frame_from_crop_of_boxes, frame_from_crop_of_points
from understudy.networks.dense_face import WEIGHTS_PATH, DenseFaceNet, load_dense_face


def rates(work: Callable[[], object], faces: int, *, seconds: float) -> tuple[float, float]:
    """Faces a second of the clock, and of the processor's time on each thread."""
    work()
    began, processor_began, rounds = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - began < seconds:
        work()
        rounds += 1
    clock, processor = time.perf_counter() - began, time.process_time() - processor_began
    return faces * rounds / clock, faces * rounds / processor


def main() -> None:
    """Print a line for each number format and number of passes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--weights", type=Path, default=WEIGHTS_PATH)
    said = parser.parse_args()
    torch.set_num_threads(said.threads)
    trained = said.weights.is_file()
    size = said.weights.stat().st_size / 1e6 if trained else 0.0
    print(f"{said.device}, {said.threads} threads, batch {said.batch}, weights {size:.2f} MB on disk")
    network = load_dense_face(said.weights) if trained else DenseFaceNet()
    reader = FaceReader(network, device=said.device)
    frame = np.random.default_rng(0).integers(0, 256, (540, 960, 3), np.uint8)
    squares = frame_from_crop_of_boxes(np.tile([400.0, 200, 520, 360], (said.batch, 1)))
    which = np.zeros(said.batch, np.intp)
    crops = cut_crops([frame], which, squares)

    def twice() -> None:
        points, _ = reader.read(crops).in_frame(squares)
        reader.read(cut_crops([frame], which, frame_from_crop_of_points(points)))

    for in_bfloat16 in (False, True):
        reader.uses_bfloat16 = in_bfloat16
        for name, work in (("one pass", lambda: reader.read(crops)), ("two passes", twice)):
            clock, processor = rates(work, said.batch, seconds=said.seconds)
            kind = "bfloat16" if in_bfloat16 else "float32"
            print(
                f"{kind:<9}{name:<11}{clock:8.1f} faces/s of the clock{processor:8.1f} of a thread's own time"
            )


if __name__ == "__main__":
    main()
