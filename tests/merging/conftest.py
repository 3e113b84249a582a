"""A small world to merge in: drawn frames, faces with made-up landmarks, a model that needs no training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from understudy import geometry
from understudy.facesets.record import FaceRecord
from understudy.facesets.store import Faceset
from understudy.masks.hull import hull_mask
from understudy.mean_face import MEAN_FACE_68_IN_SPACE
from understudy.media.clip import ColorTags
from understudy.media.images import encode_png
from understudy.media.movie import MovieWriter
from understudy.networks.swap import Prediction

WIDTH, HEIGHT = 128, 96
PTS = (0, 400, 900, 1200, 1800, 2000, 2600, 3000)  # irregular on purpose, in 1/10000 s
TIME_BASE = Fraction(1, 10000)


def landmarks(x: float = 60.0, y: float = 50.0, *, width_px: float = 26.0) -> np.ndarray:
    """The mean face seen from the front, centred on (x, y)."""
    points = MEAN_FACE_68_IN_SPACE[:, :2]
    points = points - points.mean(0)
    return points * (width_px / np.ptp(points[17:, 0])) + (x, y)


def record(
    frame: int,
    points: np.ndarray,
    *,
    track: int = 0,
    person: int = 1,
    clip: str = "dst",
    frame_size: tuple[int, int] = (WIDTH, HEIGHT),
) -> FaceRecord:
    """A face record as extraction would write it."""
    return FaceRecord(
        clip=clip,
        frame=frame,
        time_s=0.0,
        frame_size=frame_size,
        box_xyxy=(*points.min(0), *points.max(0)),
        score=1.0,
        landmarks_68=[(float(x), float(y)) for x, y in points],
        face_type="full",
        size_px=16,
        crop_from_frame=geometry.crop_from_frame(points, face_type="full", size_px=16).tolist(),
        track=track,
        person=person,
    )


def drawn_frame(index: int, *, deep: bool = False) -> np.ndarray:
    """A smooth picture, another one for every index."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    share = np.stack(
        [0.3 + 0.4 * x / WIDTH, 0.3 + 0.4 * y / HEIGHT, np.full(x.shape, 0.3 + 0.05 * (index % 8))], axis=-1
    )
    return (share * 65535).astype(np.uint16) if deep else (share * 255).astype(np.uint8)


class Painter:
    """Paints every crop in one colour inside the mean face's hull. Implements `Predictor`."""

    face_type: geometry.FaceType = "full"
    size_px = 32
    name = "painter"
    frames_together = 1
    notices: Sequence[str] = ()
    paints_frame = False
    blends = False

    def __init__(self, rgb: Sequence[float] = (0.9, 0.2, 0.2), *, sha256: str = "0" * 64) -> None:
        self.rgb, self.sha256 = np.array(rgb, np.float32), sha256
        self.painted = 0

    def blend(self, morph: float) -> None:
        assert morph == 1

    def predict_runs(self, runs_NTHWC: np.ndarray) -> Prediction:
        raise AssertionError("it sees one frame at a time")

    def predict(self, crops_NHWC: np.ndarray) -> Prediction:
        count = len(crops_NHWC)
        assert crops_NHWC.dtype == np.uint8 and crops_NHWC.shape[1:] == (32, 32, 3)
        self.painted += count
        points = landmarks()
        to_crop = geometry.crop_from_frame(points, face_type="full", size_px=32)
        mask = np.repeat(hull_mask(geometry.transform_points(to_crop, points), 32, 32)[None], count, axis=0)
        return Prediction(np.broadcast_to(self.rgb, (count, 32, 32, 3)).copy(), mask, mask)


@pytest.fixture
def painter() -> Painter:
    return Painter()


@pytest.fixture
def movie(tmp_path: Path) -> Path:
    """dst: eight frames at irregular times, lossless, with sound and tagged colours."""
    path = tmp_path / "dst.mov"
    tone = np.sin(np.arange(4000) / 5).astype(np.float32) / 4
    with MovieWriter(
        path,
        width=WIDTH,
        height=HEIGHT,
        time_base=TIME_BASE,
        rate=Fraction(25),
        color=ColorTags(matrix=1, range=1, primaries=1, transfer=1),
        crf=4,
        preset="ultrafast",
        sound=(tone, 8000),
    ) as writer:
        for index, pts in enumerate(PTS):
            writer.write(drawn_frame(index), pts)
    return path


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """dst as a folder of six images with names of its own."""
    folder = tmp_path / "shot"
    folder.mkdir()
    for index in range(6):
        (folder / f"take{index * 2 + 1}.png").write_bytes(encode_png(drawn_frame(index)))
    return folder


@pytest.fixture
def faceset(tmp_path: Path) -> Callable[[dict[int, list[np.ndarray]]], Faceset]:
    """Make a faceset out of landmarks by frame."""

    def made(faces: dict[int, list[np.ndarray]]) -> Faceset:
        store = Faceset(tmp_path / "faces")
        for frame, people in faces.items():
            for person, points in enumerate(people, start=1):
                store.add(np.zeros((16, 16, 3), np.uint8), record(frame, points, person=person))
        store.close()
        return Faceset(tmp_path / "faces")

    return made
