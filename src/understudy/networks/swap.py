"""The shape every swap network has: training, preview, merge and export know only this.

A `KnownModel` is known without its weights, enough to say what a merge should make; painting takes a
`Predictor`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from understudy.errors import OptionInvalid
from understudy.geometry import FaceType

Side = Literal["src", "dst"]
Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Prediction:
    """What a model paints for a batch of dst crops. All values 0..1, encoded sRGB-like as the crops were."""

    rgb_NHWC: Float32  # the src performer with dst's pose, expression and light
    mask_NHW: Float32  # where the painted face is (learned, src)
    dst_mask_NHW: Float32  # where dst's own face is (learned, dst)
    device: str = (
        "cpu"  # where the model computed, as torch names it; what else is worth a device goes there too
    )


class KnownModel(Protocol):
    """What of a trained model decides the frames that it paints."""

    face_type: FaceType
    size_px: int
    name: str
    sha256: str  # of the weights, for the marks
    paints_frame: bool  # src's whole frame, squeezed into a square, instead of what the crop shows
    frames_together: int  # consecutive frames that are seen to paint the middle one; nearly always 1
    blends: bool  # whether it paints shares of src between none and all


class Predictor(KnownModel, Protocol):
    """A trained model ready to paint. Made by training, used by merging."""

    def blend(self, morph: float) -> None:
        """Paint this share of src from now on, 0..1. Raises OptionInvalid where the model can't."""
        ...

    def predict(self, crops_NHWC: npt.NDArray[np.uint8]) -> Prediction:
        """Paint crops of shape (n, size_px, size_px, 3), uint8 RGB, each as if nothing moved around it."""
        ...

    def predict_runs(self, runs_NTHWC: npt.NDArray[np.uint8]) -> Prediction:
        """Paint the middle one of `frames_together` crops that follow each other in time, n times."""
        ...


def require_blend(model: KnownModel, morph: float) -> None:
    """Raise OptionInvalid where a model is to paint a share of src that it can't."""
    if morph != 1 and not model.blends:
        raise OptionInvalid(
            f"Option 'morph' can't be {morph:g}: the model {model.name!r} does not blend the performers, as "
            "an amp does. Leave it at 1."
        )
