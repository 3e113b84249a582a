"""Faces that a person drew: one JSON file per clip with boxes and, where wanted, landmarks; and their detector.

{"version": 1, "frames": {"12": [{"box": [left, top, right, bottom], "landmarks": [[x, y], …] or null}]}}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from understudy.errors import FindsUnusable
from understudy.faces.detect import Detection
from understudy.faces.five_point import five_of
from understudy.faces.imported import largest_first
from understudy.files import write_text
from understudy.media.clip import Frame

_MOST_BYTES = 1 << 28
_Pixel = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
_Index = Annotated[int, Field(ge=0, lt=2**31)]


class Region(BaseModel):
    """One face drawn by hand, in frame pixels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    box: tuple[_Pixel, _Pixel, _Pixel, _Pixel]
    landmarks: list[tuple[_Pixel, _Pixel]] | None = Field(None, min_length=68, max_length=68)

    @model_validator(mode="after")
    def _has_an_inside(self) -> Self:
        left, top, right, bottom = self.box
        if right <= left or bottom <= top:
            raise ValueError("a box goes from left to right and from top to bottom")
        return self


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(1, ge=1, le=1)
    frames: dict[_Index, Annotated[list[Region], Field(max_length=1000)]]


def manual_file(project: Path, clip_name: str) -> Path:
    """Where a project keeps the regions of a clip; `clip_name` is safe as a file's name."""
    return project / "manual" / f"{clip_name}.json"


def read_regions(path: Path) -> dict[int, list[Region]]:
    """Regions by frame index; none where there is no file. Raises FindsUnusable for a damaged one."""
    if not path.exists():
        return {}
    if not path.is_file() or path.stat().st_size > _MOST_BYTES:
        raise FindsUnusable("The regions drawn by hand can't be read: this is no file of them.", path)
    try:
        return dict(_File.model_validate_json(path.read_bytes()).frames)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise FindsUnusable(
            f"The regions drawn by hand can't be read: {where}: {first['msg']}.", path
        ) from error


def write_regions(path: Path, regions: Mapping[int, Sequence[Region]]) -> None:
    """Write regions by frame index in one step; frames without any are left out."""
    kept = {index: list(faces) for index, faces in sorted(regions.items()) if faces}
    write_text(path, _File(version=1, frames=kept).model_dump_json(indent=1) + "\n")


class ManualDetector:
    """Implements `faces.detect.Detector` with regions drawn by hand. Landmarks drawn with them are kept."""

    def __init__(self, regions: Mapping[int, Sequence[Region]]) -> None:
        self.regions = regions

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        return [largest_first([_detection(r) for r in self.regions.get(f.index, ())]) for f in frames]


def _detection(region: Region) -> Detection:
    box = np.array(region.box, float)
    if region.landmarks is None:
        return Detection(box, 1.0)
    landmarks = np.array(region.landmarks, float)
    return Detection(box, 1.0, five_of(landmarks), landmarks)
