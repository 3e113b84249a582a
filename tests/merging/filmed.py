"""A rendered person in a frame, another in the same pose as the model's painting: for tests of whole frames."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from tests.merging.conftest import record
from understudy import geometry
from understudy.actors.identity import DEMO_DST, DEMO_SRC
from understudy.actors.performance import dst_track, src_track
from understudy.actors.render import render
from understudy.faces.align import crop
from understudy.facesets.record import FaceRecord
from understudy.merging.masking.segment import ToSegment, segmented
from understudy.merging.options import MergeOptions
from understudy.merging.painted import PaintedFace, own_crop, painted_face
from understudy.networks.swap import Prediction

SIZE = 96


@dataclass(frozen=True, eq=False)
class Filmed:
    """A frame of dst, and src in dst's pose but in the light of its own footage: (SIZE, SIZE, 3) uint8."""

    plate: np.ndarray
    src: np.ndarray
    mask: np.ndarray  # of src's face, 0..1
    landmarks: np.ndarray

    @property
    def record(self) -> FaceRecord:
        """The face as extraction would know it."""
        return record(0, self.landmarks, frame_size=(SIZE, SIZE))

    def painted(self, frame: np.ndarray, options: MergeOptions, *, true: bool, size_px: int) -> PaintedFace:
        """The face, painted by a perfect model; `true`: of dst itself, so that a merge changes nothing."""
        matrix = geometry.crop_from_frame(self.landmarks, face_type="full", size_px=size_px)
        own = own_crop(frame, matrix, size_px)
        share = own.astype(np.float32) / np.float32(np.iinfo(own.dtype).max)
        painted = share if true else crop(self.src, matrix, size_px).astype(np.float32) / 255
        mask = crop((self.mask * 255).astype(np.uint8), matrix, size_px).astype(np.float32) / 255
        prediction = Prediction(painted[None], mask[None], mask[None])
        asked = [ToSegment(self.record, matrix, options)]
        (seen,) = segmented(asked, [(share * 255).astype(np.uint8)], prediction.rgb_NHWC)
        return painted_face(
            own,
            prediction,
            0,
            record=self.record,
            crop_from_frame=matrix,
            options=options,
            segmented=seen,
        )


@cache
def filmed() -> Filmed:
    """Rendered once for all tests."""
    state = dst_track(60, 7)[20]
    dst = render(DEMO_DST, state, size_px=SIZE)
    src = render(DEMO_SRC, replace(state, light=src_track(1, 7)[0].light), size_px=SIZE)
    return Filmed(dst.rgb, src.rgb, np.minimum(dst.mask, src.mask).astype(np.float32), dst.landmarks_68)
