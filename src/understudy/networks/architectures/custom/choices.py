"""What can be chosen for each part of a custom network; the parts themselves lie beside it."""

from __future__ import annotations

from typing import Literal

EncoderName = Literal[
    "fs_original",
    "fs_original_alt",
    "efficientnet_v2_b0",
    "efficientnet_v2_b1",
    "efficientnet_v2_b2",
    "efficientnet_v2_b3",
    "efficientnet_v2_s",
    "efficientnet_b0",
    "efficientnet_b4",
    "mobilenet_v2",
]
BottleneckKind = Literal["dense", "average_pooling", "max_pooling", "flatten"]
CodeNorm = Literal["none", "instance", "layer", "rms"]
FcUpscaler = Literal["upsample2d", "resize_images", "subpixel", "upscale_fast", "upscale_hybrid"]
Upscaler = Literal["subpixel", "resize_images", "upscale_fast", "upscale_hybrid", "upscale_dny"]
MapNorm = Literal["none", "batch", "group", "instance", "layer", "rms"]
SlopeMode = Literal["full", "cap_max", "cap_min"]
