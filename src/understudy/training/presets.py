"""Presets: an architecture, the faces it wants and the options it trains best with, under one name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from understudy.errors import ModelUnknown
from understudy.geometry import FaceType


@dataclass(frozen=True)
class Preset:
    """What a preset stands for.

    `train` and `network` hold what differs from the defaults of TrainOptions and of the architecture's options.
    """

    architecture: str  # a name in networks.catalog.ARCHITECTURES
    face_type: FaceType
    help: str
    train: Mapping[str, Any] = field(default_factory=dict)
    network: Mapping[str, Any] = field(default_factory=dict)


_CLASSIC: Mapping[str, Any] = {
    "optimizer": "adamw",
    "learning_rate": 5e-5,
    "ema_decay": 0.999,
    "preview_every": 500,
}

PRESETS: dict[str, Preset] = {
    "quick": Preset("quick", "full", "A small model for CPUs, first looks and demos: a likeness in minutes."),
    "h64": Preset(
        "h64", "half", "The classic at 64 px: cheek to cheek, brow to chin.", {**_CLASSIC, "batch_size": 16}
    ),
    "df": Preset("df", "full", "128 px; keeps src's own features best.", {**_CLASSIC, "batch_size": 8}),
    "liaef128": Preset("liaef128", "full", "128 px; takes on dst's light best.", {**_CLASSIC, "batch_size": 8}),
    "amp": Preset(
        "amp", "whole", "224 px; blends from dst to src by any share.", {**_CLASSIC, "batch_size": 8}
    ),
}


def preset_named(name: str) -> Preset:
    """The preset of that name. Raises ModelUnknown."""
    try:
        return PRESETS[name]
    except KeyError:
        raise ModelUnknown(f"There is no preset {name!r}. Take one of {', '.join(PRESETS)}.") from None
