"""How fast faces are fed, and how long a step waits for them.

Run: python benchmarks/feeding.py [PRESET ...] [--device cpu] [--iterations N] [--faces N] [--everything]

Prints the feed alone in faces a second, the step alone, and both together as training runs them, with the share
of the time that the learner stood idle for want of faces. `--everything` turns on every change there is. Faces
are random pictures in a memory map on the disk. On a shared machine the processor's seconds say more than the
clock.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from understudy.training.feeding.ahead import Ahead, Order
from understudy.training.feeding.cache import FaceCache, margin_px
from understudy.training.feeding.feed import Feed
from understudy.training.learner import Learner
from understudy.training.machine.device import Compute, choose_device
from understudy.training.options import TrainOptions
from understudy.training.presets import preset_named

EVERYTHING = {
    "ct_mode": "mkl",
    "hsv_power": 0.05,
    "random_levels": 0.5,
    "random_downscale": 0.5,
    "random_blur": 0.5,
    "random_motion_blur": 0.5,
    "random_noise": 0.5,
    "random_jpeg": 0.5,
}


def noise_cache(folder: Path, size_px: int, faces: int) -> FaceCache:
    """Random faces of a model's size, memory-mapped."""
    random = np.random.default_rng(0)
    margin = margin_px(size_px)
    parts = []
    for name in ("images", "masks"):
        whole = size_px + 2 * margin
        array = np.lib.format.open_memmap(
            folder / f"{name}.npy", mode="w+", dtype=np.uint8, shape=(faces, whole, whole, 3)
        )
        for number in range(faces):
            array[number] = random.integers(0, 256, array.shape[1:], dtype=np.uint8)
        array.flush()
        parts.append(np.load(folder / f"{name}.npy", mmap_mode="r"))
    landmarks = random.random((faces, 68, 2), np.float32)
    return FaceCache(*parts, landmarks_N68=landmarks, size_px=size_px, margin_px=margin)


class Watch:
    """Wall-clock and processor seconds since it was made."""

    def __init__(self, compute: Compute) -> None:
        self._compute = compute
        self._settle()
        self._wall, self._processor = time.perf_counter(), time.process_time()

    def _settle(self) -> None:
        if self._compute.device.type != "cpu":
            torch.accelerator.synchronize()

    def per(self, count: int) -> tuple[float, float]:
        """(wall, processor) seconds for each of so many."""
        self._settle()
        return (time.perf_counter() - self._wall) / count, (time.process_time() - self._processor) / count


def feeding_and_learning(
    name: str, compute: Compute, *, iterations: int, faces: int, changes: dict[str, object]
) -> dict[str, float]:
    """Seconds of the feed alone, of a step alone and of both together, for one preset; the share of waiting."""
    preset = preset_named(name)
    options = TrainOptions.model_validate({**preset.train, **changes})
    learner = Learner(preset.architecture, preset.network, options=options, seed=0, compute=compute)
    model = learner.model
    with tempfile.TemporaryDirectory() as folder:
        cache = noise_cache(Path(folder), max(model.size_px, model.seen_px), faces)
        feed = Feed(cache, cache, options, compute.device, size_px=model.size_px, seen_px=model.seen_px)
        lessons = feed.lessons(learner.draws(0), openings=options.asks_openings)
        learner.step(*lessons, options, speed=0.01)
        watch = Watch(compute)
        for number in range(iterations):
            feed.lessons(learner.draws(number), openings=options.asks_openings)
        feeding, feeding_processor = watch.per(iterations)
        watch = Watch(compute)
        for _ in range(iterations):
            float(learner.step(*lessons, options, speed=0.01).totals().sum())
        step, step_processor = watch.per(iterations)
        with Ahead(feed) as ahead:
            asked = {"openings": options.asks_openings}
            orders = [Order(n, learner.draws(n), options, **asked) for n in range(iterations + 2)]
            ahead.lessons(orders[0], then=orders[1])
            waited, watch = ahead.waited_s, Watch(compute)
            for number in range(1, iterations + 1):
                pair = ahead.lessons(orders[number], then=orders[number + 1])
                float(learner.step(*pair, options, speed=0.01).totals().sum())
            both, both_processor = watch.per(iterations)
            waited = (ahead.waited_s - waited) / iterations
    return {
        "faces": 2 * options.batch_size,
        "feed_s": feeding,
        "feed_processor_s": feeding_processor,
        "step_s": step,
        "step_processor_s": step_processor,
        "together_s": both,
        "together_processor_s": both_processor,
        "waiting_share": waited / both,
    }


def in_words(name: str, times: dict[str, float]) -> str:
    """One line for one preset."""
    return (
        f"{name:<10} {times['faces']:>3} faces: "
        f"feed {times['faces'] / times['feed_s']:8.0f} faces/s ({times['feed_processor_s']:.3f} s processor), "
        f"step {times['step_s']:.3f} s ({times['step_processor_s']:.3f}), "
        f"together {times['together_s']:.3f} s ({times['together_processor_s']:.3f}), "
        f"waiting {times['waiting_share']:.2%}"
    )


def main() -> None:
    """Print one line for each preset."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("presets", nargs="*", default=["quick"])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--faces", type=int, default=2000)
    parser.add_argument("--everything", action="store_true")
    said = parser.parse_args()
    compute = choose_device(said.device)
    print(f"{compute.device}, {torch.get_num_threads()} threads, bfloat16 {compute.uses_bfloat16}")
    for name in said.presets:
        changes = EVERYTHING if said.everything else {}
        times = feeding_and_learning(
            name, compute, iterations=said.iterations, faces=said.faces, changes=changes
        )
        print(in_words(name, times))


if __name__ == "__main__":
    main()
