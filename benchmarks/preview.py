"""How long one frame of 1280 x 720 takes to be shown merged, under settings that change from look to look.

The footage is rendered once and kept in the folder that is named: an actor whose head fills 80 % of the height.
The model is a `quick` with random weights, which takes as long as a trained one. Said are seconds until the
picture is there and (in brackets) those the processor worked: on a busy machine only the latter tell anything.
Run: python benchmarks/preview.py FOLDER
"""

from __future__ import annotations

import statistics
import sys
import time
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from understudy import geometry
from understudy.actors.identity import DEMO_DST
from understudy.actors.performance import dst_track
from understudy.actors.render import render
from understudy.facesets.record import FaceRecord
from understudy.facesets.store import StoredFace
from understudy.media.clip import ColorTags
from understudy.media.movie import MovieWriter
from understudy.merging.options import MergeOptions
from understudy.merging.preview import FramePreviews
from understudy.networks.catalog import build
from understudy.training.keeping.about import ModelAbout
from understudy.training.machine.device import choose_device
from understudy.training.predictor import ModelPredictor

WIDTH, HEIGHT, FRAMES, RENDERED, RENDER_PX, HEAD = 1280, 720, 48, 6, 320, 0.8
BT709 = ColorTags(matrix=1, range=1, primaries=1, transfer=1)
SETTINGS = {
    "first look": {},
    "same again": {},
    "wider feather": {"blur": 0.2},
    "seamless": {"mode": "seamless"},
    "hist-match": {"mode": "hist-match"},
    "linear light": {"light": "linear"},
    "rct and grain": {"color": "rct", "grain": 1.0},
}


def footage(folder: Path) -> tuple[Path, list[StoredFace]]:
    """The clip and its faces, with the renderer's own landmarks."""
    track, side = dst_track(RENDERED, 7), round(HEIGHT * HEAD)
    shown = [render(DEMO_DST, state, size_px=RENDER_PX) for state in track]
    path, faces = folder / "dst-720.mp4", []
    x, y = (WIDTH - side) // 2, (HEIGHT - side) // 2
    frames = []
    for index in range(FRAMES):
        one = shown[index % RENDERED]
        frame = np.random.default_rng(index).integers(90, 110, (HEIGHT, WIDTH, 3)).astype(np.uint8)
        frame[y : y + side, x : x + side] = cv2.resize(one.rgb, (side, side), interpolation=cv2.INTER_CUBIC)
        frames.append(frame)
        points = one.landmarks_68 * (side / RENDER_PX) + (x, y)
        faces.append(StoredFace(f"{index:06d}", folder, record(index, points)))
    if not path.is_file():
        with MovieWriter(
            path, width=WIDTH, height=HEIGHT, time_base=Fraction(1, 25), rate=Fraction(25), color=BT709
        ) as writer:
            for index, frame in enumerate(frames):
                writer.write(frame, index)
    return path, faces


def record(frame: int, points: np.ndarray) -> FaceRecord:
    """A face as extraction would know it."""
    return FaceRecord(
        clip="dst",
        frame=frame,
        time_s=frame / 25,
        frame_size=(WIDTH, HEIGHT),
        box_xyxy=(*points.min(0), *points.max(0)),
        score=1.0,
        landmarks_68=[(float(x), float(y)) for x, y in points],
        face_type="full",
        size_px=256,
        crop_from_frame=geometry.crop_from_frame(points, face_type="full", size_px=256).tolist(),
        track=0,
        person=1,
    )


def predictor() -> ModelPredictor:
    """A `quick` of random weights."""
    about = ModelAbout(architecture="quick", network={}, face_type="full", size_px=96, preset="quick", seed=0)
    compute = choose_device("cpu")
    model = build("quick", {}, device=compute.device).eval()
    return ModelPredictor(model, about, compute, name="random", sha256="0" * 64, iterations=0)


def main(folder: Path) -> None:
    """Look at frames in turn, each under all settings."""
    folder.mkdir(parents=True, exist_ok=True)
    path, faces = footage(folder)
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in SETTINGS}
    with FramePreviews(path, stored=faces, predictor=predictor()) as previews:
        previews.preview_frame(0, MergeOptions())  # the model's first batch is slow
        for frame in (40, 12, 13, 30, 5):
            for name, values in SETTINGS.items():
                wall, worked = time.perf_counter(), time.process_time()
                previews.preview_frame(frame, MergeOptions(mask="dst-hull", **values))
                took[name].append((time.perf_counter() - wall, time.process_time() - worked))
    for name, times in took.items():
        wall, worked = (statistics.median(each) for each in zip(*times, strict=True))
        print(f"{name:15}{wall:7.3f} s  ({worked:.3f} s)")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
