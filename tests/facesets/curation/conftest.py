"""A small faceset of noise, its trash, and a look at every byte of both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.facesets.conftest import make_record, noise
from understudy.facesets.pictures import ENDINGS
from understudy.facesets.store import Faceset

SIZE_PX = 32


def add_faces(folder: Path, count: int, *, clip: str = "clip", start: int = 0) -> Faceset:
    faceset = Faceset(folder)
    for number in range(start, start + count):
        turned = {"yaw_deg": float(number * 10 - 30), "sharpness": float(number % 4)}
        record = make_record(clip=clip, frame=number, size_px=SIZE_PX).model_copy(update=turned)
        faceset.add(noise(SIZE_PX, seed=number), record)
    return faceset


def content(folder: Path) -> dict[str, bytes]:
    """Name and bytes of every picture."""
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.suffix in ENDINGS and p.name[0] != "."}


@pytest.fixture
def trash(tmp_path: Path) -> Path:
    return tmp_path / "trash"


@pytest.fixture
def faceset(tmp_path: Path) -> Iterator[Faceset]:
    """Eight faces of one clip, looking from 30 degrees left to 40 right."""
    with add_faces(tmp_path / "facesets" / "src" / "main", 8) as made:
        yield made
