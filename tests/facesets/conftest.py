"""Faces for the tests of this room: a record with plausible numbers, noise for pixels."""

import numpy as np
import pytest

from tests.facesets.extraction.stand_in import StandIn, installed
from understudy.faces.detect import DETECTORS
from understudy.faces.landmark import LANDMARKERS
from understudy.facesets.record import FaceRecord
from understudy.geometry import crop_from_frame
from understudy.mean_face import MEAN_FACE_68_IN_SPACE


def make_record(*, clip: str = "clip", frame: int = 0, size_px: int = 64, **changes: object) -> FaceRecord:
    landmarks = MEAN_FACE_68_IN_SPACE[:, :2] * 0.5 + [100.0 + frame % 7, 90.0]
    matrix = crop_from_frame(landmarks, face_type="full", size_px=size_px)
    values = {
        "clip": clip,
        "frame": frame,
        "time_s": frame / 25,
        "frame_size": (200, 180),
        "box_xyxy": (60, 50, 140, 130),
        "score": 0.99,
        "landmarks_68": landmarks.round(3).tolist(),
        "face_type": "full",
        "size_px": size_px,
        "crop_from_frame": matrix.tolist(),
    }
    return FaceRecord.model_validate(values | changes)


def noise(size_px: int = 64, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size_px, size_px, 3), dtype=np.uint8)


@pytest.fixture
def record() -> FaceRecord:
    return make_record()


@pytest.fixture
def detector(monkeypatch) -> StandIn:
    monkeypatch.setitem(DETECTORS, "stand-in", None)
    return installed(StandIn())


@pytest.fixture
def dense(monkeypatch) -> None:
    """The landmarker `dense` reads drawn faces."""
    from tests.facesets.extraction.stand_in_reader import dense_installed

    monkeypatch.setitem(LANDMARKERS, "dense", None)
    dense_installed()
