"""A clip and a model that remember what they gave last, for whoever asks for the same frames again and again.

Trying settings on one frame needs the frame, its neighbours and what the model paints of them, and none of
these change with the settings. Both have a limit of memory. Not here: what is done with them (`preview`).
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from understudy.geometry import FaceType
from understudy.media.clip import LONGEST_SKIP, Clip, ClipInfo, Frame
from understudy.networks.swap import Prediction, Predictor

_FRAMES_BYTES = 256_000_000
_PREDICTIONS_BYTES = 128_000_000

_Painted = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float32]]


class RememberedClip:
    """An open clip whose last frames are at hand. Implements `media.clip.Clip`; closing it closes the clip.

    Frames that follow are decoded on from where the last ones were, without a seek.
    """

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        self.info: ClipInfo = clip.info
        self.time_base: Fraction = clip.time_base
        self._kept: OrderedDict[tuple[int, bool], Frame] = OrderedDict()
        self._reading: Iterator[Frame] = iter(())
        self._next: int | None = None  # of what is being read
        self._deep = False

    def timestamps(self) -> Sequence[int]:
        """The pts of every frame in order of showing."""
        return self._clip.timestamps()

    def frames(
        self, start: int = 0, stop: int | None = None, *, step: int = 1, deep: bool = False
    ) -> Iterator[Frame]:
        """As a clip gives them; a frame that can't be decoded is left out."""
        for index in range(start, self.info.frame_count if stop is None else stop, step):
            frame = self._kept.get((index, deep)) or self._decoded(index, deep)
            if frame is None:
                continue
            self.info = self._clip.info
            self._kept.move_to_end((index, deep))
            yield frame

    def close(self) -> None:
        """Close the clip and forget its frames."""
        self._reading = iter(())
        self._kept.clear()
        self._clip.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _decoded(self, index: int, deep: bool) -> Frame | None:
        follows = self._next is not None and self._next <= index <= self._next + LONGEST_SKIP
        if deep != self._deep or not follows:
            self._reading, self._deep = self._clip.frames(index, deep=deep), deep
        for frame in self._reading:
            self._keep(frame, deep)
            self._next = frame.index + 1
            if frame.index >= index:
                return frame if frame.index == index else None
        self._next = None
        return None

    def _keep(self, frame: Frame, deep: bool) -> None:
        self._kept[frame.index, deep] = frame
        while len(self._kept) > max(2, _FRAMES_BYTES // max(1, frame.rgb.nbytes)):
            self._kept.popitem(last=False)


class RememberedPredictor:
    """A model that paints the same crop only once. Implements `networks.swap.Predictor`."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self.face_type: FaceType = predictor.face_type
        self.size_px = predictor.size_px
        self.name, self.sha256 = predictor.name, predictor.sha256
        self.frames_together, self.paints_frame = predictor.frames_together, predictor.paints_frame
        self.blends = predictor.blends
        self._morph = 1.0
        self._kept: OrderedDict[bytes, _Painted] = OrderedDict()

    def blend(self, morph: float) -> None:
        """Paint this share of src from now on, 0..1. Raises OptionInvalid where the model can't."""
        self._predictor.blend(morph)
        self._morph = morph

    def predict(self, crops_NHWC: npt.NDArray[np.uint8]) -> Prediction:
        """Paint crops of shape (n, size_px, size_px, 3), uint8 RGB, each as if nothing moved around it."""
        return self._remembered(crops_NHWC, self._predictor.predict)

    def predict_runs(self, runs_NTHWC: npt.NDArray[np.uint8]) -> Prediction:
        """Paint the middle one of `frames_together` crops that follow each other in time, n times."""
        return self._remembered(runs_NTHWC, self._predictor.predict_runs)

    def _remembered(
        self, seen: npt.NDArray[np.uint8], predict: Callable[[npt.NDArray[np.uint8]], Prediction]
    ) -> Prediction:
        keys = [self._key(one) for one in seen]
        painted = {key: self._kept[key] for key in keys if key in self._kept}
        new = {key: place for place, key in enumerate(keys) if key not in painted}
        if new:
            fresh = predict(np.stack([seen[place] for place in new.values()]))
            parts = zip(fresh.rgb_NHWC, fresh.mask_NHW, fresh.dst_mask_NHW, strict=True)
            painted |= dict(zip(new, parts, strict=True))
        for key in keys:
            self._kept[key] = painted[key]
            self._kept.move_to_end(key)
        size_bytes = sum(part.nbytes for part in painted[keys[0]]) if keys else 1
        while len(self._kept) > max(2, _PREDICTIONS_BYTES // size_bytes):
            self._kept.popitem(last=False)
        if not keys:
            return predict(seen)
        rgb, mask, dst_mask = (np.stack(part) for part in zip(*(painted[key] for key in keys), strict=True))
        return Prediction(rgb, mask, dst_mask)

    def _key(self, seen: npt.NDArray[Any]) -> bytes:
        digest = hashlib.blake2b(np.ascontiguousarray(seen).tobytes(), digest_size=16)
        digest.update(repr((seen.shape, self._morph)).encode())
        return digest.digest()
