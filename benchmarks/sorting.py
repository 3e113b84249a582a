"""How fast faces are measured and sorted, how that grows, and how near the fast ways are to the exact ones.

The faces are rendered (`many_faces.py`); beyond them histograms are computed from the same pictures in other
light and framing (`varied.py`). The sorts run on a whole faceset as a command would: opened from its index,
records read, vectors loaded; its image files are empty, because a sort never looks at them. Every figure
comes from a process of its own. Results are kept in FOLDER/sorting.json, and the next run measures only what
is missing there.

Run: python benchmarks/sorting.py FOLDER [--rendered 10000] [--sizes 10000,30000,100000,300000]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import many_faces
import numpy as np
import varied

from understudy.facesets.index import NUMBERS, Measures, Row
from understudy.facesets.sorting import pixels
from understudy.facesets.sorting.chain import chain_along_graph, chain_exact
from understudy.facesets.sorting.dissimilar import mean_distance, mean_distance_exact
from understudy.facesets.sorting.measure import measure_faces
from understudy.facesets.sorting.neighbours import nearest, nearest_exact
from understudy.facesets.sorting.options import SortOptions
from understudy.facesets.sorting.sorts import SORTS, ranking
from understudy.facesets.store import Faceset

CHECKED_QUERIES = 2000
AT_SCALE = ("hist", "hist-dissim")


def synthetic(folder: Path, rendered: Path, count: int) -> Path:
    """A faceset of `count` faces with records, numbers and vectors in its index, and empty files."""
    goal = folder / f"index-{count}"
    if (goal / "complete").is_file():
        return goal
    goal.mkdir(parents=True, exist_ok=True)
    found = varied.vectors(rendered, count)
    with Faceset(rendered) as real:
        records = [face.record for face in real.faces()]
    rng = np.random.default_rng(0)
    with Faceset(goal) as faceset:
        for first in range(0, count, 10_000):
            numbers = range(first, min(first + 10_000, count))
            faceset.index().update([_row(goal, number, records) for number in numbers])
            faceset.index().keep_measures([_measures(number, found, rng) for number in numbers], pixels.VERSION)
    (goal / "complete").touch()
    return goal


def _row(folder: Path, number: int, records: list) -> Row:
    name = f"{number:07d}.jpg"
    (folder / name).touch()
    status = (folder / name).stat()
    record = records[number % len(records)].model_copy(update={"clip": f"take {number // len(records)}"})
    return Row(name, 0, status.st_mtime_ns, _digest(number), record.model_dump_json())


def _digest(number: int) -> bytes:
    return number.to_bytes(16, "big")


def _measures(number: int, found: dict[str, np.ndarray], rng: np.random.Generator) -> Measures:
    vectors = {kind: found[kind][number].tobytes() for kind in varied.KINDS}
    return Measures(_digest(number), tuple(rng.random(len(NUMBERS)).tolist()), vectors)


def time_sort(folder: Path, by: str) -> dict[str, Any]:
    """Wall and processor seconds and peak memory of one sort, from opening the faceset to the last face."""
    began, cpu = time.perf_counter(), time.process_time()
    with Faceset(folder) as faceset:
        opened = time.perf_counter() - began
        faceset.faces()
        read = time.perf_counter() - began - opened
        found = ranking(faceset, by, options=SortOptions(target=2000))
        sorted_in = time.perf_counter() - began - opened - read
    return {
        "wall_s": time.perf_counter() - began,
        "open_s": opened,
        "records_s": read,
        "sort_s": sorted_in,
        "cpu_s": time.process_time() - cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "faces": len(found.faces) + len(found.left_out),
    }


def time_measuring(rendered: Path, threads: int, count: int) -> dict[str, Any]:
    """Faces a second from files to kept results, on the first faces of a fresh copy."""
    copy = rendered.parent / f"measured-{threads}"
    copy.mkdir(exist_ok=True)
    for path in sorted(rendered.glob("*.jpg"))[:count]:
        (copy / path.name).write_bytes(path.read_bytes())
    for path in copy.glob("index.sqlite*"):
        path.unlink()
    cv2.setNumThreads(1)
    with Faceset(copy) as faceset:
        faceset.faces()
        began, cpu = time.perf_counter(), time.process_time()
        for _ in measure_faces(faceset, threads=threads):
            pass
        spent = time.perf_counter() - began
        return {
            "faces": len(faceset),
            "wall_s": spent,
            "cpu_s": time.process_time() - cpu,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }


def time_parts(rendered: Path, side_px: int) -> dict[str, Any]:
    """Processor milliseconds a face of decoding and measuring, for crops of one size."""
    cv2.setNumThreads(1)
    with Faceset(rendered) as faceset:
        faces = faceset.faces()[:: max(1, len(faceset) // 60)]
        began = time.process_time()
        pictures = [faceset.image(face) for face in faces]
        decode = time.process_time() - began
    scale = side_px / pictures[0].shape[0]
    large = [cv2.resize(p, (side_px, side_px), interpolation=cv2.INTER_CUBIC) for p in pictures]
    matrix = [(np.array(face.record.crop_from_frame) * scale).tolist() for face in faces]
    records = [
        face.record.model_copy(update={"size_px": side_px, "crop_from_frame": m})
        for face, m in zip(faces, matrix, strict=True)
    ]
    began = time.process_time()
    for picture, record in zip(large, records, strict=True):
        pixels.measured(picture, record)
    spent = time.process_time() - began
    return {"decode_128_ms": decode / len(faces) * 1e3, "measure_ms": spent / len(faces) * 1e3}


def agreement(rendered: Path, count: int) -> dict[str, Any]:
    """How near neighbours, chain and unlikeness are to comparing all with all."""
    found = varied.vectors(rendered, count)
    vectors, greys = (np.asarray(found[kind], np.float32) for kind in ("histogram", "grey_histogram"))
    ids, _ = nearest(vectors, 10)
    result: dict[str, Any] = {"recall_at_10": _recall(vectors, ids)}
    some, squared = mean_distance(greys), _mean_squared(greys)
    if count <= 30_000:
        exact = mean_distance_exact(greys)
        result["dissim_spearman"] = _spearman(some, exact)
        result["dissim_squared_spearman"] = _spearman(squared, exact)
        top = count * 3 // 10
        result["dissim_same_first_30_percent"] = (
            len({*np.argsort(-some)[:top]} & {*np.argsort(-exact)[:top]}) / top
        )
    if count <= 10_000:
        fast, slow = chain_along_graph(vectors), chain_exact(vectors)
        result["chain_length_against_exact"] = float(fast.step.sum() / slow.step.sum())
        result["sum_of_channels_spearman"] = _channels_agree(vectors)
    return result


def _recall(vectors: np.ndarray, ids: np.ndarray) -> float:
    if len(vectors) <= 10_000:
        exact, _ = nearest_exact(vectors, 10)
        rows = np.arange(len(vectors))
    else:
        rows = np.linspace(0, len(vectors) - 1, CHECKED_QUERIES).astype(int)
        exact = np.stack([_nearest_of(vectors, row) for row in rows])
    hits = [len({*a} & {*b}) for a, b in zip(ids[rows].tolist(), exact.tolist(), strict=True)]
    return float(np.mean(hits)) / 10


def _nearest_of(vectors: np.ndarray, row: int) -> np.ndarray:
    squared = ((vectors - vectors[row]) ** 2).sum(1) if len(vectors) < 50_000 else -2 * vectors @ vectors[row]
    squared[row] = np.inf
    return np.argpartition(squared, 9)[:10]


def _mean_squared(greys: np.ndarray) -> np.ndarray:
    """The closed form that would cost least: the mean of squared distances needs only the vectors' sum."""
    return 1 - greys @ greys.mean(0)


def _channels_agree(vectors: np.ndarray) -> float:
    """Ranks by one Euclidean distance over all channels against the sum of the three channels' distances."""
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, len(vectors), (2, 20_000))
    squared = ((vectors[a] - vectors[b]) ** 2).reshape(len(a), 3, 256).sum(-1)
    return _spearman(np.sqrt(squared.sum(1)), np.sqrt(squared).sum(1))


def _spearman(a: np.ndarray, b: np.ndarray) -> float:
    ranks = [np.argsort(np.argsort(values)) for values in (a, b)]
    return float(np.corrcoef(*ranks)[0, 1])


TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "sort": lambda folder, by: time_sort(Path(folder), by),
    "measuring": lambda rendered, threads, count: time_measuring(Path(rendered), int(threads), int(count)),
    "parts": lambda rendered, side_px: time_parts(Path(rendered), int(side_px)),
    "agreement": lambda rendered, count: agreement(Path(rendered), int(count)),
}


def in_own_process(task: str, *words: object) -> dict[str, Any]:
    """Run one task in a fresh process and return what it found."""
    command = [sys.executable, __file__, "--task", task, *map(str, words)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(run.stdout.splitlines()[-1])


class Results:
    """What was measured already, kept after every figure."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.found: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}

    def get(self, key: str, task: str, *words: object) -> dict[str, Any]:
        """The result under `key`, measured now where it is missing."""
        if key not in self.found:
            load = os.getloadavg()[0]
            self.found[key] = in_own_process(task, *words) | {"load_before": load}
            self.path.write_text(json.dumps(self.found, indent=1))
        print(f"{key:<34} " + "  ".join(f"{k} {_short(v)}" for k, v in self.found[key].items()), flush=True)
        return self.found[key]


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def main() -> None:
    """Measure what is missing and print everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rendered", type=int, default=10_000)
    parser.add_argument("--sizes", default="10000,30000,100000,300000")
    chosen = parser.parse_args()
    rendered, sizes = chosen.folder / "rendered", [int(size) for size in chosen.sizes.split(",")]
    many_faces.make(rendered, chosen.rendered)
    results = Results(chosen.folder / "sorting.json")
    for side_px in (128, 256, 512):
        results.get(f"parts of measuring, {side_px} px", "parts", rendered, side_px)
    for threads in (1, os.cpu_count() or 1):
        results.get(f"measuring files, {threads} threads", "measuring", rendered, threads, 2000)
    for size in sizes:
        place = synthetic(chosen.folder, rendered, size)
        for by in AT_SCALE if size != sizes[0] else SORTS:
            results.get(f"{by}, {size} faces", "sort", place, by)
    for size in sizes[:3]:
        results.get(f"agreement, {size} faces", "agreement", rendered, size)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--task"]:
        print(json.dumps(TASKS[sys.argv[2]](*sys.argv[3:])))
    else:
        main()
