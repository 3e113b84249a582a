"""A segmenter that a project taught its own shot: what it is on disk, and how it looks at faces.

    masks/NAME/segmenter.json               what it is, and which weights are the best so far
    masks/NAME/weights-000000400.safetensors

The JSON names its weights and their SHA-256, and is swapped in after them, so that a process which dies leaves
the ones before. Not here: how it learns (`training.segmenting`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from understudy.errors import SegmenterUnknown, UnsafeFile
from understudy.files import sha256_of, write_json, written_aside
from understudy.geometry import FaceType, crop_from_frame, for_pixel_grid
from understudy.masks.placing import device_named
from understudy.masks.segmenter import ABOUT_NAME, AUTO
from understudy.networks.dense_face import DenseFaceNet

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]

_LAYOUT = 1
_FLOOR = 0.1  # what is fainter is nothing, as with XSeg
_AT_ONCE = 16


class AboutSegmenter(BaseModel):
    """What `segmenter.json` says."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    layout: int = Field(default=_LAYOUT, ge=1)
    start: str = Field(default="dense", max_length=200)
    face_type: FaceType
    size_px: int = Field(ge=32, le=1024, multiple_of=32)
    iteration: int = Field(default=0, ge=0)
    faces: int = Field(default=0, ge=0)  # that it learned from
    held_out: int = Field(default=0, ge=0)  # of them, that it was only measured on
    iou: float | None = None  # on those, or on all where none were held out
    iou_before: float | None = None  # of the segmenter that comes with understudy, on the same faces
    weights: str = Field(default="", pattern=r"^(weights-[0-9]{9}\.safetensors)?$")
    sha256: str = Field(default="", max_length=64)

    @property
    def has_learned(self) -> bool:
        """Whether there are weights to look with."""
        return bool(self.weights)


def read_about(folder: Path) -> AboutSegmenter | None:
    """What is known of the segmenter in `folder`; None where there is none. Raises UnsafeFile."""
    path = folder / ABOUT_NAME
    if not path.is_file():
        return None
    try:
        about = AboutSegmenter.model_validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, ValueError, OSError) as error:
        raise UnsafeFile(
            "This segmenter's description can't be read. Put it back from a copy, or put the segmenter away "
            "with `understudy masks delete` and train it anew.",
            path,
        ) from error
    if about.layout > _LAYOUT:
        raise UnsafeFile("This segmenter was made by a newer understudy. Update understudy to use it.", path)
    return about


def write_about(folder: Path, about: AboutSegmenter) -> None:
    """Write what is known of a segmenter."""
    write_json(folder / ABOUT_NAME, about.model_dump(mode="json"))


def publish(folder: Path, about: AboutSegmenter, weights: Mapping[str, Tensor]) -> AboutSegmenter:
    """Make these weights the ones that the segmenter looks with; those before go once they are in place."""
    name = f"weights-{about.iteration:09d}.safetensors"
    with written_aside(folder / name) as aside:
        save_file({key: value.detach().cpu().contiguous() for key, value in weights.items()}, aside)
    now = about.model_copy(update={"weights": name, "sha256": sha256_of(folder / name)})
    write_about(folder, now)
    for old in folder.glob("weights-*.safetensors"):
        if old.name != name:
            old.unlink(missing_ok=True)
    return now


def read_weights(folder: Path, about: AboutSegmenter) -> dict[str, Tensor]:
    """The weights that the segmenter looks with. Raises SegmenterUnknown, UnsafeFile."""
    if not about.has_learned:
        raise SegmenterUnknown(
            f"The segmenter {folder.name!r} has learned nothing yet. Train it with `understudy masks train`.",
            folder,
        )
    path = folder / about.weights
    try:
        if not path.is_file():
            raise UnsafeFile("The weights of this segmenter are gone. Train it again, or put them back.", path)
        if sha256_of(path) != about.sha256:
            raise UnsafeFile("These weights are not the ones that were written; they were not used.", path)
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise UnsafeFile("These weights are damaged; they were not used.", path) from error


def filled(weights: Mapping[str, Tensor], path: Path | None = None) -> DenseFaceNet:
    """The network with these weights. Raises UnsafeFile where they are of another one."""
    network = DenseFaceNet()
    try:
        network.load_state_dict(dict(weights))
    except RuntimeError as error:
        raise UnsafeFile(
            "These weights belong to another network, perhaps that of another version; they were not used. "
            "Train a segmenter of another name from the same drawn faces.",
            path,
        ) from error
    return network


class OwnSegmenter:
    """Implements `segmenter.Segmenter`."""

    def __init__(self, network: DenseFaceNet, *, face_type: FaceType, size_px: int, device: str = AUTO) -> None:
        """`network` is folded. It sees crops of `face_type` with this side, on `device`."""
        self._device = device_named(device)
        self._network = network.folded().to(self._device)
        self._face_type: FaceType = face_type
        self._size_px = size_px

    def segment(self, crops_NHWC: UInt8, landmarks_N682: npt.NDArray[np.float64]) -> Float32:
        """See `Segmenter.segment`."""
        side = crops_NHWC.shape[1]
        matrices = [
            crop_from_frame(points, face_type=self._face_type, size_px=self._size_px)
            for points in np.nan_to_num(landmarks_N682)
        ]
        squares = [
            square(crop, matrix, self._size_px) for crop, matrix in zip(crops_NHWC, matrices, strict=True)
        ]
        laid = np.zeros(crops_NHWC.shape[:3], np.float32)
        for at in range(0, len(squares), _AT_ONCE):
            for place, mask in enumerate(self._seen(np.stack(squares[at : at + _AT_ONCE])), at):
                laid[place] = laid_back(mask, matrices[place], side)
        return laid

    @torch.inference_mode()
    def _seen(self, squares_NHWC: UInt8) -> Float32:
        pictures = torch.from_numpy(squares_NHWC).to(self._device).permute(0, 3, 1, 2).float() / 255
        masks = mask_of_two_looks(self._network, pictures)[:, 0].cpu().numpy()
        return np.where(masks < _FLOOR, 0, masks).astype(np.float32)


def mask_logits(network: DenseFaceNet, crops_BCHW: Tensor) -> Tensor:
    """The mask alone, (B, 1, H, W) before its sigmoid; sides are multiples of 32."""
    seen = network.features(crops_BCHW)
    return network.mask_head(seen.fine_BCHW, seen.near_BCHW)


def mask_of_two_looks(network: DenseFaceNet, crops_BCHW: Tensor) -> Tensor:
    """The mask (B, 1, H, W), 0..1: the mean of what is seen in the crops and in their mirror images, whose
    errors differ (docs/log.md, 2026-11-27, "Own segmenters look twice")."""
    mirrored = mask_logits(network, crops_BCHW.flip(-1)).flip(-1)
    return (mask_logits(network, crops_BCHW).float().sigmoid() + mirrored.float().sigmoid()) / 2


def square(picture_HWC: UInt8, goal_from_picture: npt.NDArray[np.float64], size_px: int) -> UInt8:
    """A square of a picture, averaged where it shrinks; black beyond the picture, as the network learned it."""
    scale = math.sqrt(abs(np.linalg.det(goal_from_picture[:, :2])))
    fine = min(8, max(1, math.ceil(1 / max(scale, 1e-6) - 1e-6)))
    matrix = np.asarray(goal_from_picture, float) * fine
    warped = cv2.warpAffine(
        picture_HWC,
        for_pixel_grid(matrix),
        (size_px * fine, size_px * fine),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
    )
    return np.asarray(cv2.resize(warped, (size_px, size_px), interpolation=cv2.INTER_AREA), np.uint8)


def laid_back(mask_HW: Float32, mask_from_crop: npt.NDArray[np.float64], side_px: int) -> Float32:
    """A mask as it lies in the crop it was cut from; nothing beyond it."""
    laid = cv2.warpAffine(
        mask_HW,
        for_pixel_grid(mask_from_crop),
        (side_px, side_px),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
    )
    return np.asarray(laid, np.float32)


def open_segmenter(folder: Path, *, device: str = AUTO) -> OwnSegmenter:
    """The segmenter in `folder`, ready to look on a device. Raises SegmenterUnknown, UnsafeFile."""
    about = read_about(folder)
    if about is None:
        raise SegmenterUnknown(f"There is no segmenter {folder.name!r}.", folder)
    network = filled(read_weights(folder, about), folder)
    return OwnSegmenter(network, face_type=about.face_type, size_px=about.size_px, device=device)
