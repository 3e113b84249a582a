"""A trained model ready to paint: what `merging` gets from `training`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from understudy.errors import CheckpointCorrupt, ModelUnknown
from understudy.events import Notice
from understudy.geometry import FaceType
from understudy.networks.catalog import build
from understudy.networks.face_model import FaceModel, of_side
from understudy.networks.swap import Prediction, require_blend
from understudy.training.keeping.about import ModelAbout, read_about
from understudy.training.keeping.checkpoint import Checkpoint, newest_checkpoint
from understudy.training.keeping.lock import holder_of
from understudy.training.machine.device import Compute, choose_device
from understudy.training.steering.plan import hardly_trained

_FACES_AT_ONCE = 16


class ModelPredictor:
    """Implements `networks.swap.Predictor` with a model's averaged weights.

    `notices` says which checkpoints were damaged and passed over, and where a model knows hardly anything yet;
    `iterations` how long it has learned.
    """

    def __init__(
        self, model: FaceModel, about: ModelAbout, compute: Compute, *, name: str, sha256: str, iterations: int
    ) -> None:
        self._model, self._compute = model, compute
        self.face_type: FaceType = about.face_type
        self.size_px = about.size_px
        self.frames_together, self.paints_frame = model.frames_together, model.paints_frame
        self.blends = model.morph is not None
        self.name, self.sha256, self.iterations = name, sha256, iterations
        self.notices: list[str] = []
        self.source: Callable[[str], ModelPredictor] | None = None  # loads the same on another device

    def blend(self, morph: float) -> None:
        """Paint this share of src from now on, 0..1. Raises OptionInvalid where the model can't."""
        require_blend(self, morph)
        if self.blends:
            self._model.morph = morph

    def predict(self, crops_NHWC: npt.NDArray[np.uint8]) -> Prediction:
        """Paint crops of shape (n, size_px, size_px, 3), uint8 RGB."""
        return self.predict_runs(np.repeat(crops_NHWC[:, None], self.frames_together, axis=1))

    def predict_runs(self, runs_NTHWC: npt.NDArray[np.uint8]) -> Prediction:
        """Paint the middle one of `frames_together` crops that follow each other in time, n times."""
        size, shape = self.size_px, runs_NTHWC.shape
        if shape[1:] != (self.frames_together, size, size, 3) or runs_NTHWC.dtype != np.uint8:
            raise ValueError(f"crops of {size} px, uint8 RGB, are expected, not {shape}")
        parts = [
            self._paint(runs_NTHWC[first : first + _FACES_AT_ONCE])
            for first in range(0, len(runs_NTHWC), _FACES_AT_ONCE)
        ]
        if not parts:
            none = np.zeros((0, size, size), np.float32)
            return Prediction(np.zeros((0, size, size, 3), np.float32), none, none)
        rgb, mask, dst_mask = (np.concatenate(kind) for kind in zip(*parts, strict=True))
        return Prediction(rgb, mask, dst_mask, device=str(self._compute.device))

    def _paint(self, runs_NTHWC: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], ...]:
        crops = torch.from_numpy(np.ascontiguousarray(runs_NTHWC)).to(self._compute.device)
        with torch.inference_mode(), self._compute.autocast():
            run = [self._seen(frame_NHWC) for frame_NHWC in crops.unbind(1)]
            src, dst = self._model.swap_run(run), self._model(run[len(run) // 2], "dst")
        rgb = _as_array(src.faces_BCHW.permute(0, 2, 3, 1))
        return rgb, _as_array(src.masks_B1HW[:, 0]), _as_array(dst.masks_B1HW[:, 0])

    def _seen(self, crops_NHWC: Tensor) -> Tensor:
        faces = crops_NHWC.permute(0, 3, 1, 2).float() / 255
        return of_side(faces, self._model.seen_px).contiguous(memory_format=torch.channels_last)


def _as_array(values: Tensor) -> npt.NDArray[np.float32]:
    return np.ascontiguousarray(values.float().clamp(0, 1).cpu().numpy())


def load_predictor(model_dir: Path, device: str = "auto", *, sha256: str = "") -> ModelPredictor:
    """The newest whole checkpoint of the model in `model_dir`, ready to paint.

    Raises ModelUnknown when there is no trained model, or its averaged weights are not those of `sha256`,
    CheckpointCorrupt, DeviceUnavailable.
    """
    compute = choose_device(device)
    about = read_about(model_dir)
    notices: list[str] = []
    checkpoint: Checkpoint | None = None
    for found in newest_checkpoint(model_dir, parts=("ema",)) if about else ():
        if isinstance(found, Notice):
            notices.append(found.text)
        else:
            checkpoint = found
    if about is None or checkpoint is None:
        if holder := holder_of(model_dir):
            raise ModelUnknown(
                f"This model has saved nothing yet; it is in use by {holder.words}. Wait until that is done or "
                "has saved for the first time.",
                model_dir,
            )
        raise ModelUnknown("This model has not been trained yet. Run `understudy train` first.", model_dir)
    if sha256 not in ("", checkpoint.ema_sha256):
        raise ModelUnknown(
            "This model was trained on while frames were made with it. Run the same command again; frames of "
            "the older weights are made anew.",
            model_dir,
        )
    model = build(about.architecture, about.network, device=compute.device)
    try:
        model.load_state_dict(dict(checkpoint.ema))
    except RuntimeError as error:
        raise CheckpointCorrupt(
            f"The weights are not those of a {about.architecture!r} of this version ({error}).", model_dir
        ) from error
    predictor = ModelPredictor(
        model.eval(),
        about,
        compute,
        name=model_dir.name,
        sha256=checkpoint.ema_sha256,
        iterations=checkpoint.iteration,
    )
    if told := hardly_trained(model_dir.name, checkpoint.iteration):
        notices.append(told)
    predictor.notices = notices
    predictor.source = partial(load_predictor, model_dir.absolute(), sha256=checkpoint.ema_sha256)
    return predictor
