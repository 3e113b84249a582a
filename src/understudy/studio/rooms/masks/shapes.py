"""Drawings and pictures as they travel between the library and a window."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from understudy.errors import DrawingUnreadable
from understudy.project.project import Project

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from understudy.facesets.store import Faceset
    from understudy.jobs.facesets.drawing import FaceDrawing

_LARGEST_PAINTED_PX = 4096  # a small file may hold a picture that fills the memory
_Coordinate = Annotated[float, Field(ge=-100_000, le=100_000)]


class Region(BaseModel):
    """One region, in pixels of the face's square picture."""

    model_config = ConfigDict(allow_inf_nan=False)

    kind: Literal["include", "exclude"]
    points: list[tuple[_Coordinate, _Coordinate]] = Field(min_length=3, max_length=10_000)


def as_json(drawn: FaceDrawing) -> dict[str, Any]:
    """A drawing for a window."""
    return {
        "face": drawn.name,
        "size_px": drawn.size_px,
        "regions": [
            {"kind": kind, "points": [[round(float(x), 2), round(float(y), 2)] for x, y in points]}
            for kind, points in drawn.regions
        ],
        "painted": None if drawn.grey_HW is None else base64.b64encode(_layer(drawn.grey_HW)).decode(),
        "mark": drawn.mark,
        "masks": list(drawn.masks),
        "revision": drawn.revision,
    }


def drawing_from(
    face: str,
    size_px: int,
    regions: Sequence[Region],
    painted: str | None,
    *,
    mark: Literal["", "confirmed", "skipped"],
    revision: str,
) -> FaceDrawing:
    """The drawing that a window sent. Raises DrawingUnreadable."""
    import numpy as np

    from understudy.jobs.facesets.drawing import FaceDrawing

    shapes: list[tuple[Literal["include", "exclude"], npt.NDArray[np.float64]]] = [
        (region.kind, np.array(region.points, float)) for region in regions
    ]
    grey = None if painted is None else _grey(painted, size_px)
    return FaceDrawing(face, size_px, tuple(shapes), grey, mark, (), revision)


def _grey(painted: str, size_px: int) -> npt.NDArray[np.uint8]:
    """What a canvas holds as the library's grey picture: its colour weighs as much as it is opaque."""
    import numpy as np
    from PIL import Image

    try:
        with Image.open(io.BytesIO(base64.b64decode(painted, validate=True)), formats=("PNG",)) as image:
            if image.size != (size_px, size_px):
                raise DrawingUnreadable(
                    f"What was painted is {image.width} pixels wide, not {size_px}. Look anew."
                )
            if size_px > _LARGEST_PAINTED_PX:
                raise DrawingUnreadable(f"Faces of more than {_LARGEST_PAINTED_PX} pixels can't be painted on.")
            rgba = np.asarray(image.convert("RGBA"))
    except (OSError, ValueError, binascii.Error, Image.DecompressionBombError) as error:
        raise DrawingUnreadable("What was painted is no picture.") from error
    away = np.where(rgba[..., 0] >= 128, np.float32(127), np.float32(-128)) * (rgba[..., 3] / np.float32(255))
    return np.rint(128 + away).astype(np.uint8)


def _layer(grey_HW: npt.NDArray[np.uint8]) -> bytes:
    """The grey picture as white and black that are as opaque as they are strong."""
    import numpy as np

    away = grey_HW.astype(np.float32) - 128
    alpha = np.rint(np.where(away >= 0, away / 127, -away / 128) * 255).astype(np.uint8)
    colour = np.where(away > 0, np.uint8(255), np.uint8(0))
    return _png_of(np.stack([colour, colour, colour, alpha], axis=-1))


def _png_of(rgba_HWC: npt.NDArray[np.uint8]) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(rgba_HWC).save(out, "PNG", compress_level=3)
    return out.getvalue()


def layer_png(project: Project, faceset: str, face: str, opened: Faceset) -> bytes:
    """What is painted on a face, as a PNG with alpha; clear where nothing is."""
    import numpy as np

    from understudy.jobs.facesets.drawing import drawing_of

    drawn = drawing_of(project, faceset, face, opened=opened)
    clear = np.full((drawn.size_px, drawn.size_px), 128, np.uint8)
    return _layer(clear if drawn.grey_HW is None else drawn.grey_HW)


def mask_png(grey_HW: npt.NDArray[np.uint8]) -> bytes:
    """A mask as the alpha of white."""
    import numpy as np

    return _png_of(np.dstack([np.full((*grey_HW.shape, 3), 255, np.uint8), grey_HW]))


def picture(project: Project, faceset: str, face: str, opened: Faceset) -> tuple[bytes, str]:
    """A face's square picture: its own file where that is one."""
    from understudy.errors import ImageUnreadable
    from understudy.jobs.facesets.drawing import picture_and_record
    from understudy.media.images import encode_jpeg

    stored = opened.face(face)
    if stored.record.shows_whole_frame:
        return encode_jpeg(picture_and_record(project, faceset, face, opened=opened)[0]), "image/jpeg"
    try:
        data = stored.path.read_bytes()
    except OSError as error:
        raise ImageUnreadable("This face is gone or can't be read. Look again.", stored.path) from error
    return data, "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
