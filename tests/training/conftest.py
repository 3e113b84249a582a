"""A network small enough to learn in a blink, and facesets of drawn faces for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from understudy.events import Event, Notice, Progress
from understudy.faces.align import crop
from understudy.facesets.record import FaceRecord
from understudy.facesets.store import Faceset
from understudy.geometry import FaceType, crop_from_frame
from understudy.mean_face import MEAN_FACE_68_IN_SPACE
from understudy.training import duties as duties_module
from understudy.training import presets
from understudy.training.keeping.requests import ask
from understudy.training.options import TrainOptions
from understudy.training.presets import Preset
from understudy.training.train import train

TINY = "tiny"
TINY_NETWORK = {"size_px": 32, "width": 8, "code": 16}  # of "quick"
FRAME_PX = 96
WHOLE_WIDTH_PX = 84  # of mark-only faces' frames, which are not square


def drawn_frame(number: int, skin: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A face that turns and shifts with `number`: (frame RGB, landmarks)."""
    yaw = np.sin(number * 0.7) * 0.5
    x, y, z = MEAN_FACE_68_IN_SPACE.T
    points = np.stack([x * np.cos(yaw) - z * np.sin(yaw), y], 1) * 0.36 + [48 + number % 5, 44]
    frame = np.full((FRAME_PX, FRAME_PX, 3), 40, np.uint8)
    outline = points[[*range(17), *range(26, 16, -1)]].astype(np.int32)
    cv2.fillPoly(frame, [outline], skin)
    for part in (range(36, 42), range(42, 48), range(48, 60)):
        cv2.fillPoly(frame, [points[list(part)].astype(np.int32)], (30, 20, 90 + number % 60))
    return frame, points


def add_faces(
    folder: Path, count: int, *, skin: tuple[int, int, int], face_type: FaceType = "full", size_px: int = 64
) -> Faceset:
    faceset = Faceset(folder)
    for number in range(count):
        frame, points = drawn_frame(number, skin)
        if face_type == "mark-only":
            frame, matrix, size_px = frame[:, :WHOLE_WIDTH_PX], np.eye(2, 3), FRAME_PX
        else:
            matrix = crop_from_frame(points, face_type=face_type, size_px=size_px)
        height, width = frame.shape[:2]
        record = FaceRecord(
            clip=folder.name,
            frame=number,
            time_s=number / 25,
            frame_size=(width, height),
            box_xyxy=(10, 10, 80, 80),
            score=0.9,
            landmarks_68=[(float(x), float(y)) for x, y in points],
            face_type=face_type,
            size_px=size_px,
            crop_from_frame=matrix.tolist(),
        )
        picture = frame if face_type == "mark-only" else crop(frame, matrix, size_px)
        faceset.add(np.ascontiguousarray(picture), record, image_format="png")
    faceset.close()
    return Faceset(folder)


@pytest.fixture(scope="session")
def facesets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Faceset, Faceset]]:
    """(src, dst): 24 and 12 faces."""
    folder = tmp_path_factory.mktemp("facesets")
    src = add_faces(folder / "src", 24, skin=(200, 150, 130))
    dst = add_faces(folder / "dst", 12, skin=(120, 140, 90))
    yield src, dst
    src.close()
    dst.close()


@pytest.fixture(autouse=True)
def tiny_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    """The preset "tiny", 32 px."""
    monkeypatch.setitem(presets.PRESETS, TINY, Preset("quick", "full", "for tests", network=TINY_NETWORK))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small arithmetic is faster without threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tiny_options(**changes: object) -> TrainOptions:
    return TrainOptions.model_validate(
        {"batch_size": 4, "preview_every": 0, "iterations": 20, "mask_from": "stored"} | changes
    )


@pytest.fixture
def always_listening(monkeypatch: pytest.MonkeyPatch) -> None:
    """What people ask is heard, and what is told is told, after every iteration."""
    for name in ("_LISTENS_EVERY_S", "_PROGRESS_EVERY_S", "_POSTED_EVERY_S"):
        monkeypatch.setattr(duties_module, name, 0.0)


def asked(
    folder: Path, facesets: tuple[Faceset, Faceset], wishes: dict[int, dict[str, Any]], **options: Any
) -> Iterator[Event]:
    """A training that is asked to change after these iterations."""
    src, dst = facesets
    said = tiny_options(**options)
    for event in train(folder, src=[src], dst=[dst], options=said, preset=TINY, device="cpu"):
        if isinstance(event, Progress) and event.details.get("iteration") in wishes:
            ask(folder, "change", **wishes.pop(event.details["iteration"]))
        yield event


def notices(events: Iterable[Event]) -> list[Notice]:
    """All but that the model has hardly learnt."""
    told = (event for event in events if isinstance(event, Notice))
    return [notice for notice in told if " only: it paints little" not in notice.text]


def warnings(events: Iterable[Event]) -> list[Notice]:
    """Those of them that warn."""
    return [notice for notice in notices(events) if notice.level == "warning"]
