"""Preview sheets: the same few faces every time, as they are, as painted, and swapped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from understudy.files import write_bytes
from understudy.media.images import encode_png
from understudy.networks.face_model import FaceModel, of_side
from understudy.training.feeding.cache import FaceCache
from understudy.training.machine.device import Compute

FOLDER_NAME = "previews"
_ROWS = 6
_MORPHS = (0.25, 0.5, 0.65, 0.75, 1.0)
_MOST_SHEETS = 120
_THINNED = 60


def preview_sheet(model: FaceModel, src: FaceCache, dst: FaceCache, compute: Compute) -> npt.NDArray[np.uint8]:
    """Rows of src | src painted as src | dst | dst painted as dst | dst painted as src, (H, W, 3) RGB.

    A network that blends the performers shows dst painted as src at several shares.
    """
    real = {"src": _some(src).to(compute.device), "dst": _some(dst).to(compute.device)}
    faces = {side: of_side(some, model.seen_px) for side, some in real.items()}
    columns = [of_side(real["src"], model.size_px), None, of_side(real["dst"], model.size_px), None]
    with torch.inference_mode(), compute.autocast():
        columns[1] = model(faces["src"], "src").faces_BCHW
        columns[3] = model(faces["dst"], "dst").faces_BCHW
        columns += _swaps(model, faces["dst"])
    pictures = [(column.float().cpu().permute(0, 2, 3, 1) * 255).round().byte().numpy() for column in columns]
    rows = zip(*pictures, strict=True)
    return np.concatenate([np.concatenate(row, axis=1) for row in rows])


def _swaps(model: FaceModel, dst_BCHW: Tensor) -> list[Tensor]:
    if model.morph is None:
        return [model.swap(dst_BCHW).faces_BCHW]
    before, painted = model.morph, []
    for model.morph in _MORPHS:
        painted.append(model.swap(dst_BCHW).faces_BCHW)
    model.morph = before
    return painted


def _some(cache: FaceCache) -> Tensor:
    """A few faces spread over the whole cache, cut to the model's crop, (rows, 3, size, size) 0..1."""
    numbers = np.linspace(0, len(cache) - 1, _ROWS).round().astype(int)
    m, size = cache.margin_px, cache.size_px
    images = cache.images_NHWC[numbers, m : m + size, m : m + size]
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255


def write_preview(model_dir: Path, iteration: int, sheet: npt.NDArray[np.uint8]) -> Path:
    """Write a sheet as PNG and thin out old ones; returns its path."""
    folder = model_dir / FOLDER_NAME
    path = folder / f"{iteration:09d}.png"
    write_bytes(path, encode_png(sheet))
    sheets = sorted(folder.glob("[0-9]*.png"))
    if len(sheets) > _MOST_SHEETS:
        for old in sheets[1:_THINNED:2]:
            old.unlink(missing_ok=True)
    return path
