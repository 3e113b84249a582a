"""Every architecture at settings so small that it learns in a second or two, and faces to learn from.

To add an architecture: put it into `networks/catalog.py` and one line into `SMALL` below; `test_catalog.py`
then asks of it what it asks of all. `STEPS`, `RATES` and `BARS` are for those that need other than the usual.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.nn import functional as nnf

from tests.training.conftest import FRAME_PX, drawn_frame
from understudy.masks.hull import eyes_mask, hull_mask, mouth_mask
from understudy.networks.catalog import build
from understudy.networks.face_model import FaceModel
from understudy.training.feeding.augment import Lesson

SMALL: dict[str, Mapping[str, Any]] = {
    "quick": {"size_px": 32, "width": 8, "code": 16},
    "h64": {"size_px": 32, "width_share": 0.04},
    "h128": {"size_px": 32, "width_share": 0.04},
    "df": {"size_px": 32, "width_share": 0.04},
    "liaef128": {"size_px": 32, "width_share": 0.04},
    "miaef128": {"size_px": 32, "width_share": 0.04},
    "sae": {"size_px": 32, "ae_dims": 8, "e_ch_dims": 4, "d_ch_dims": 2},
    "saehd": {"size_px": 32, "ae_dims": 16, "e_dims": 8, "d_dims": 8},
    "custom": {
        "size_px": 32,
        "enc_scaling": 3.2,
        "fs_original_depth": 3,
        "fs_original_min_filters": 16,
        "fs_original_max_filters": 32,
        "bottleneck_size": 16,
        "fc_min_filters": 24,
        "fc_max_filters": 32,
        "fc_gblock_min_nodes": 16,
        "fc_gblock_max_nodes": 24,
        "dec_min_filters": 8,
        "dec_max_filters": 24,
    },
    "amp": {"size_px": 32, "ae_dims": 16, "inter_dims": 32, "e_dims": 4, "d_dims": 4, "d_mask_dims": 4},
    "ufm": {"size_px": 64, "filters": 8},
    "avatar": {"size_px": 32, "face_px": 16, "avatar_type": "full", "dims": 8, "view_dims": 8},
    "recyclegan": {"size_px": 32, "filters": 4},
}
# Others than the usual of those that can be put together in several ways; they are to learn as well.
VARIANTS: list[tuple[str, Mapping[str, Any]]] = [
    ("sae", {"archi": "df"}),
    ("sae", {"archi": "vg", "ae_dims": 16, "d_ch_dims": 6}),  # of the others' face widths: its are a third
    ("saehd", {"archi": "df-ud"}),
    ("saehd", {"archi": "df-t"}),
    ("saehd", {"archi": "liae-udtc"}),
]
STEPS: dict[str, int] = {"amp": 400, "custom": 400}  # at most so many
RATES: dict[str, float] = {"sae": 5e-3, "saehd": 5e-3}  # learning rates
# The share of the mean face's error that has to be left behind; higher where steps are dear or learning slow.
BARS: dict[str, float] = {"sae": 0.5, "saehd": 0.5}
USUAL_STEPS, USUAL_RATE, USUAL_BAR = 120, 1e-2, 0.4

SRC_SKIN, DST_SKIN = (210, 160, 140), (90, 120, 70)


def small(name: str, *, seed: int = 0, **changes: Any) -> FaceModel:
    """A network of that architecture at its small settings."""
    return build(name, {**SMALL[name], **changes}, seed=seed)


def drawn_lesson(model: FaceModel, skin: tuple[int, int, int], *, count: int = 4) -> Lesson:
    """`count` drawn faces as a network of that size sees them, unbent; each as a run of its own."""
    faces, masks = [], []
    for number in range(count):
        frame, points = drawn_frame(5 * number, skin)
        faces.append(np.uint8(frame * (0.4 + 0.6 * number / count)))
        parts = [mask(points, FRAME_PX, FRAME_PX) for mask in (hull_mask, eyes_mask, mouth_mask)]
        masks.append(np.stack(parts, axis=-1))
    goal = torch.from_numpy(np.stack(faces)).permute(0, 3, 1, 2).float() / 255
    stacked = torch.from_numpy(np.stack(masks)).permute(0, 3, 1, 2).float()
    goal, stacked = (nnf.interpolate(x, model.size_px, mode="area") for x in (goal, stacked))
    seen = nnf.interpolate(goal, model.seen_px, mode="area").contiguous(memory_format=torch.channels_last)
    parts = (seen, goal, *stacked.split(1, dim=1))
    return Lesson(*(part.repeat_interleave(model.frames_together, 0) for part in parts))
