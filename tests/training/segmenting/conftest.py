"""Drawn faces with something of their own colour before them, and what a person would draw on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tests.facesets.conftest import make_record
from understudy.facesets.record import Polygon
from understudy.facesets.store import Faceset
from understudy.geometry import inverse, transform_points
from understudy.masks.hull import hull_mask
from understudy.training.segmenting.drawn import Named
from understudy.training.segmenting.options import MaskTrainOptions

SIZE = 64
QUICK = 0.03  # a learning rate at which two steps are enough to see something
FACE, COVER, ROOM = (200, 150, 130), (196, 146, 126), (70, 80, 110)


class Hull:
    """A segmenter that sees no cover: all that is inside the landmarks is face."""

    def segment(self, crops_NHWC: np.ndarray, landmarks_N682: np.ndarray) -> np.ndarray:
        side = crops_NHWC.shape[1]
        return np.stack([hull_mask(points, side, side) for points in landmarks_N682])


def picture(number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A face with a striped bar before it, (64, 64, 3), the bar's corners, and what is still face."""
    chance = np.random.default_rng(number)
    record = make_record(frame=number, size_px=SIZE)
    hull = hull_mask(transform_points(record.crop_matrix(), record.landmarks()), SIZE, SIZE)
    image = np.where(hull[..., None] > 0.5, FACE, ROOM).astype(np.uint8)
    x, turn = chance.uniform(18, 42), chance.uniform(-0.5, 0.5)
    middle = np.array([x, 44.0])
    along, across = np.array([np.sin(turn), np.cos(turn)]), np.array([np.cos(turn), -np.sin(turn)])
    corners = np.stack(
        [middle + a * along * 18 + b * across * 8 for a, b in ((-1, -1), (-1, 1), (1, 1), (1, -1))]
    )
    bar = np.zeros((SIZE, SIZE), np.uint8)
    cv2.fillPoly(bar, [np.rint(corners - 0.5).astype(np.int32)], 1)
    rows = np.arange(SIZE)[:, None, None] % 4 < 2
    image = np.where(bar[..., None] > 0, np.where(rows, COVER, (120, 80, 70)), image).astype(np.uint8)
    return image, corners, hull * (1 - bar)


def fill(faceset: Faceset, count: int, *, drawn: int, include: bool = False, start: int = 0) -> None:
    """Faces of which the first `drawn` have the bar drawn on them as excluded, and the hull as included."""
    for number in range(start, start + count):
        image, corners, _ = picture(number)
        record = make_record(frame=number, size_px=SIZE)
        frame_from_crop = inverse(record.crop_matrix())
        polygons = []
        if number < start + drawn:
            points = transform_points(frame_from_crop, corners).tolist()
            polygons = [Polygon.model_validate({"kind": "exclude", "points": points})]
            if include:
                box = transform_points(frame_from_crop, [[8, 8], [56, 8], [56, 60], [8, 60]]).tolist()
                polygons.insert(0, Polygon.model_validate({"kind": "include", "points": box}))
        faceset.add(image, record.model_copy(update={"polygons": polygons}), image_format="png")


@pytest.fixture
def drawn(tmp_path: Path) -> Iterator[list[Named]]:
    """Sixteen faces, twelve of them drawn on."""
    with Faceset(tmp_path / "facesets" / "dst" / "main") as faceset:
        fill(faceset, 16, drawn=12)
        yield [("dst/main", faceset)]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tiny(**changes: object) -> MaskTrainOptions:
    values = {
        "start": "nothing",
        "size_px": SIZE,
        "face_type": "full",
        "batch_size": 2,
        "iterations": 2,
        "minutes": 0.0,
        "patience": 0,
        "previews": 0,
    }
    return MaskTrainOptions.model_validate(values | changes)
