"""Regions drawn on faces' pictures, as files: those of the program labelme, or a plainer JSON.

labelme (its wiki, "Annotation file format") writes NAME.json beside NAME.jpg: `shapes`, each with a `label`, a
`shape_type` and `points` in pixels of the picture, measured from its corner. The plain form is
`{"include": [[[x, y], …], …], "exclude": […]}`, with `"size": [width, height]` where the picture was shown at
another size. In both, `"painted": {"png_base64": …}` is a square grey PNG of the whole picture: 255 is face,
0 is none, 128 is neither; labelme keeps it as it is. Not here: how they get into faces (`masks.py`).
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from understudy.errors import DrawingUnreadable, ImageUnreadable
from understudy.facesets.painted import grey_of, layer_of
from understudy.facesets.record import FaceRecord, PaintedLayer, Polygon
from understudy.geometry import inverse, transform_points
from understudy.media.images import decode_image, encode_png

Kind = Literal["include", "exclude"]
_LIMIT_BYTES = 16 << 20
_LIMIT_CORNERS = 10_000
_LARGEST_PAINTED_PX = 4096
_CIRCLE_CORNERS = 48
# What people and programs call the two kinds; 1 and 0 are what files for XSeg had in March 2020.
_KINDS: dict[str, Kind] = {
    "include": "include",
    "face": "include",
    "1": "include",
    "exclude": "exclude",
    "0": "exclude",
}


@dataclass(frozen=True)
class Drawing:
    """Regions in pixels of a picture of `size` (width, height); None where that is the face's own."""

    path: Path
    picture_name: str
    size: tuple[float, float] | None
    parts: tuple[tuple[Kind, npt.NDArray[np.float64]], ...]
    grey_HW: npt.NDArray[np.uint8] | None = None  # what was painted over the picture

    def painted(self, record: FaceRecord) -> PaintedLayer | None:
        """What was painted, in the frame of a face."""
        if self.grey_HW is None or record.shows_whole_frame:
            return None
        return layer_of(self.grey_HW, record.crop_matrix(), record.size_px)

    def polygons(self, record: FaceRecord) -> list[Polygon]:
        """The regions in the frame of a face. Includes come first, as they are filled first."""
        width, height = record.picture_size
        scale = np.array([width / self.size[0], height / self.size[1]]) if self.size else np.ones(2)
        frame_from_crop = inverse(record.crop_matrix())
        ordered = sorted(self.parts, key=lambda part: part[0] != "include")
        return [
            Polygon(kind=kind, points=_rounded(transform_points(frame_from_crop, points * scale)))
            for kind, points in ordered
        ]


def _rounded(points: npt.NDArray[np.float64]) -> list[tuple[float, float]]:
    return [(round(float(x), 2), round(float(y), 2)) for x, y in points]


def read_drawing(path: Path) -> Drawing:
    """Read one file. Raises DrawingUnreadable with what is wrong in it."""
    try:
        if path.stat().st_size > _LIMIT_BYTES:
            raise DrawingUnreadable("This drawing is larger than any drawing is. Name another file.", path)
        values = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise DrawingUnreadable("This drawing is not there or can't be read.", path) from error
    except (ValueError, RecursionError) as error:
        raise DrawingUnreadable(
            "This drawing is no JSON. Draw with labelme, or write the plain form.", path
        ) from error
    if not isinstance(values, dict) or not ({"shapes", "include", "exclude"} & set(values)):
        raise DrawingUnreadable(
            "This JSON is no drawing: it has neither labelme's shapes nor include and exclude.", path
        )
    parts = _of_labelme(values, path) if "shapes" in values else _of_plain(values, path)
    grey = _grey(values.get("painted"), path)
    if not parts and grey is None:
        raise DrawingUnreadable("Nothing is drawn in here.", path)
    picture = values.get("imagePath")
    name = Path(picture.replace("\\", "/")).name if isinstance(picture, str) else ""
    return Drawing(path, name or path.stem, _size(values, path), tuple(parts), grey)


def _grey(value: Any, path: Path) -> npt.NDArray[np.uint8] | None:
    if value is None:
        return None
    try:
        grey = decode_image(base64.b64decode(value["png_base64"], validate=True))[:, :, 0]
    except (ValueError, TypeError, KeyError, ImageUnreadable):
        raise DrawingUnreadable("What is painted in this drawing is no picture.", path) from None
    if grey.shape[0] != grey.shape[1] or len(grey) > _LARGEST_PAINTED_PX:
        raise DrawingUnreadable("What is painted in this drawing is not square, or larger than any is.", path)
    return grey


def _of_labelme(values: dict[str, Any], path: Path) -> list[tuple[Kind, npt.NDArray[np.float64]]]:
    shapes = values["shapes"]
    if not isinstance(shapes, list) or not all(isinstance(shape, dict) for shape in shapes):
        raise DrawingUnreadable("The shapes of this drawing are no list of shapes.", path)
    parts = []
    for shape in shapes:
        label = str(shape.get("label", "")).strip().lower()
        kind = _KINDS.get(label)
        if kind is None:
            raise DrawingUnreadable(
                f"A shape is labelled {label[:40]!r}. Label what belongs to the face include, and what covers "
                "it exclude.",
                path,
            )
        parts.append((kind, _outline(str(shape.get("shape_type", "polygon")), shape.get("points"), path)))
    return parts


def _of_plain(values: dict[str, Any], path: Path) -> list[tuple[Kind, npt.NDArray[np.float64]]]:
    kinds: tuple[Kind, Kind] = ("include", "exclude")
    parts = []
    for kind in kinds:
        regions = values.get(kind, [])
        if not isinstance(regions, list):
            raise DrawingUnreadable(f"What is under {kind} is no list of regions.", path)
        parts += [(kind, _outline("polygon", region, path)) for region in regions]
    return parts


def _outline(shape: str, points: Any, path: Path) -> npt.NDArray[np.float64]:
    """The corners of one shape, (n, 2)."""
    try:
        corners: npt.NDArray[Any] = np.array(points, float)
    except (ValueError, TypeError, OverflowError):
        corners = np.empty(0)
    if corners.ndim != 2 or corners.shape[1] != 2 or not np.isfinite(corners).all():
        raise DrawingUnreadable("A region's corners are no pairs of numbers.", path)
    if len(corners) > _LIMIT_CORNERS or np.abs(corners).max(initial=0) > 1e6:
        raise DrawingUnreadable(f"A region has over {_LIMIT_CORNERS} corners, or some far off.", path)
    if shape == "rectangle" and len(corners) == 2:
        left, top, right, bottom = corners.ravel().tolist()
        corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    elif shape == "circle" and len(corners) == 2:
        radius = math.dist(corners[0], corners[1])
        turns = np.linspace(0, 2 * math.pi, _CIRCLE_CORNERS, endpoint=False)
        corners = corners[0] + radius * np.stack([np.cos(turns), np.sin(turns)], 1)
    elif shape != "polygon":
        raise DrawingUnreadable(f"A shape is a {shape[:40]!r}. Draw polygons, rectangles or circles.", path)
    if len(corners) < 3:
        raise DrawingUnreadable("A region has fewer than three corners.", path)
    return corners


def _size(values: dict[str, Any], path: Path) -> tuple[float, float] | None:
    size = values.get("size", [values.get("imageWidth"), values.get("imageHeight")])
    if size == [None, None]:
        return None
    try:
        width, height = (float(side) for side in size)
    except (ValueError, TypeError, OverflowError):
        raise DrawingUnreadable("The picture's size is no pair of numbers.", path) from None
    if not (1 <= width <= 65536 and 1 <= height <= 65536):
        raise DrawingUnreadable("The picture's size can't be that of a picture.", path)
    return width, height


def labelme_json(record: FaceRecord, picture_name: str) -> dict[str, Any]:
    """A face's polygons as labelme reads them beside the picture."""
    width, height = record.picture_size
    grey = None if record.shows_whole_frame else grey_of(record, record.crop_matrix(), record.size_px)
    painted = {} if grey is None else {"painted": {"png_base64": base64.b64encode(encode_png(grey)).decode()}}
    return {
        **painted,
        "version": "5.5.0",
        "flags": {},
        "shapes": [_shape(record, polygon) for polygon in record.polygons],
        "imagePath": picture_name,
        "imageData": None,
        "imageHeight": height,
        "imageWidth": width,
    }


def _shape(record: FaceRecord, polygon: Polygon) -> dict[str, Any]:
    points: Sequence[tuple[float, float]] = _rounded(transform_points(record.crop_matrix(), polygon.points))
    return {
        "label": polygon.kind,
        "points": [list(point) for point in points],
        "group_id": None,
        "description": "",
        "shape_type": "polygon",
        "flags": {},
    }
