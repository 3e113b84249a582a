"""How fast each preset trains here: iterations a second, on random pictures.

Run: python benchmarks/training_speed.py [PRESET ...] [--device cpu] [--iterations N] [--batch N]

The first iteration is not counted. Times are wall-clock; on a shared machine the processor's own seconds per
iteration, printed beside them, say more.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

from understudy.training.feeding.cache import FaceCache, margin_px
from understudy.training.feeding.feed import Feed
from understudy.training.learner import Learner
from understudy.training.machine.device import choose_device
from understudy.training.options import TrainOptions
from understudy.training.presets import PRESETS, preset_named


def noise_cache(size_px: int, *, faces: int = 32) -> FaceCache:
    """Random faces of a model's size."""
    random = np.random.default_rng(0)
    whole = size_px + 2 * margin_px(size_px)
    return FaceCache(
        images_NHWC=random.integers(0, 256, (faces, whole, whole, 3), dtype=np.uint8),
        masks_NHW3=random.integers(0, 256, (faces, whole, whole, 3), dtype=np.uint8),
        landmarks_N68=random.random((faces, 68, 2), np.float32),
        size_px=size_px,
        margin_px=margin_px(size_px),
    )


def main() -> None:
    """Print one line per preset."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("presets", nargs="*", default=list(PRESETS))
    parser.add_argument("--device", default="auto")
    parser.add_argument("--iterations", type=int, default=3)
    parser.add_argument("--batch", type=int)
    said = parser.parse_args()
    compute = choose_device(said.device)
    print(f"{compute.device}, {torch.get_num_threads()} threads, bfloat16 {compute.uses_bfloat16}")
    for name in said.presets:
        preset = preset_named(name)
        batch = {"batch_size": said.batch} if said.batch else {}
        options = TrainOptions.model_validate({**preset.train, **batch})
        learner = Learner(preset.architecture, preset.network, options=options, seed=0, compute=compute)
        caches = [noise_cache(learner.model.size_px) for _ in range(2)]
        feed = Feed(*caches, options, compute.device)
        for iteration in range(said.iterations + 1):
            if iteration == 1:
                began, processor_began = time.perf_counter(), time.process_time()
            src, dst = feed.lessons(learner.draws(), openings=options.asks_openings)
            float(learner.step(src, dst, options, speed=0.01).totals().sum())
        seconds = (time.perf_counter() - began) / said.iterations
        processor = (time.process_time() - processor_began) / said.iterations
        print(
            f"{name:<10} batch {options.batch_size:>2} + {options.batch_size:<2}"
            f"{1 / seconds:9.3f} iterations/s{processor:10.2f} processor seconds per iteration"
        )


if __name__ == "__main__":
    main()
