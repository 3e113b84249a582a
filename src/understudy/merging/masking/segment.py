"""Runs the segmenter on the faces of a batch that ask for it: on the painted ones, on dst's own, or on both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from understudy.facesets.record import FaceRecord
from understudy.geometry import transform_points
from understudy.masks.segmenter import PRODUCTS_OWN, Segmenter, Segmenters
from understudy.merging.masking.kinds import sources_of
from understudy.merging.masking.options import MaskOptions

Float32 = npt.NDArray[np.float32]
UInt8 = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Segmented:
    """Visible skin of one face, (size_px, size_px), 0..1, in the crop; None where nobody asks."""

    prd_HW: Float32 | None = None
    dst_HW: Float32 | None = None


@dataclass(frozen=True, eq=False)
class ToSegment:
    """One face of a batch: its record, the crop's transform (2, 3) and its own settings."""

    record: FaceRecord
    crop_from_frame: npt.NDArray[np.float64]
    options: MaskOptions


def segmented(
    faces: Sequence[ToSegment],
    crops_HWC: Sequence[UInt8],
    painted_NHWC: npt.NDArray[np.floating],
    segmenters: Segmenters = PRODUCTS_OWN,
) -> list[Segmented]:
    """What the segmenter sees of every face in dst's crops and in the painted ones (0..1).

    A mask that is stored in dst's face is taken instead of looking again. Raises what the segmenter raises.
    """

    def seen_in(pictures: Sequence[UInt8] | UInt8, wanted: Sequence[int]) -> dict[int, Float32]:
        return _seen(faces, pictures, wanted, segmenters)

    painted = [i for i, face in enumerate(faces) if _asks(face, "seg-prd")]
    prd = seen_in(np.rint(np.clip(painted_NHWC, 0, 1) * 255).astype(np.uint8), painted) if painted else {}
    own = [i for i, face in enumerate(faces) if _asks(face, "seg-dst") and not face.record.masks]
    dst = seen_in(crops_HWC, own)
    return [Segmented(prd.get(index), dst.get(index)) for index in range(len(faces))]


def _asks(face: ToSegment, source: str) -> bool:
    return source in sources_of(face.options.mask)


def _seen(
    faces: Sequence[ToSegment],
    pictures: Sequence[UInt8] | UInt8,
    wanted: Sequence[int],
    segmenters: Segmenters,
) -> dict[int, Float32]:
    """Masks by the index of their face, one batch for every segmenter that is asked for."""
    masks: dict[int, Float32] = {}
    for name in dict.fromkeys(faces[index].options.segmenter for index in wanted):
        batch = [index for index in wanted if faces[index].options.segmenter == name]
        landmarks = [transform_points(faces[i].crop_from_frame, faces[i].record.landmarks()) for i in batch]
        seen = _loaded(segmenters, name, segmenters.made_by(name)).segment(
            np.stack([pictures[i] for i in batch]), np.stack(landmarks)
        )
        masks.update(zip(batch, seen, strict=True))
    return masks


@lru_cache(8)
def _loaded(segmenters: Segmenters, name: str, _made_by: str) -> Segmenter:
    return segmenters.load(name)  # anew as soon as it has learned more
