"""Sets of losses under one name, as other programs train with them; only what differs from the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DFL: Mapping[str, Any] = {
    "structure": "windows",
    "structure_weight": 10.0,
    "color": "l2",
    "color_weight": 10.0,
    "mask_area": "soft",
    "background_weight": 0.0,
    "eyes_weight": 0.0,
    "mouth_weight": 0.0,
    "mask_weight": 10.0,
}

LOSS_PRESETS: dict[str, Mapping[str, Any]] = {
    "understudy": {},
    "dfl": _DFL,
    "dfl_pixel": {**_DFL, "structure_weight": 0.0, "color_weight": 50.0},
    # AMP's eighth of the critic's own loss is left out: its optimiser, Adam, is blind to such a factor.
    "amp": {
        **_DFL,
        "structure": "both_windows",
        "eyes_weight": 300.0,
        "mouth_weight": 300.0,
        "gan_sides": "both",
        "dst_background_weight": 0.1,
    },
    "ms_ssim": {**_DFL, "structure": "scales"},
}
