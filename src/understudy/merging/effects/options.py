"""What makes the painted face and the frame look shot by one camera. All is off unless asked for but
`super_resolution`, which only touches faces that are shown larger than they were painted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from understudy.options import Names, Options, option

SharpenKind = Literal["none", "box", "gaussian", "unsharp"]


def _enlargers() -> Iterable[str]:
    from understudy.merging.effects.super_resolution import ENLARGERS  # imports OpenCV

    return ["none", *ENLARGERS]


class EffectOptions(Options):
    """What makes the painted face and the frame look shot by one camera."""

    sharpen: SharpenKind = option(
        "none",
        "How the painted face is sharpened: box against the mean around each pixel, gaussian against a "
        "Gaussian mean, unsharp like gaussian but only where the contrast exceeds sharpen_threshold, so that "
        "smooth skin stays smooth.",
    )
    sharpen_amount: float = option(
        0.5,
        "How much of the difference to the mean is added; DeepFaceLab's box has the same numbers, 10 of its "
        "gaussian are 5 here. Below 0 the face is softened, whatever sharpen says: -1 is the mean itself.",
        low=-1.0,
        high=10.0,
        unit="factor",
    )
    sharpen_radius: float = option(
        0.01,
        "The size of the details that sharpening brings out and softening takes.",
        low=0.001,
        high=0.1,
        unit="share of the face's width",
    )
    sharpen_threshold: float = option(
        0.02,
        "Only for unsharp: contrasts weaker than this are left alone.",
        low=0.0,
        high=0.2,
        unit="share of white",
    )
    super_resolution: str = option(
        "lanczos",
        "Enlarges faces that the model paints smaller than they are in the frame: lanczos (sharp edges without "
        "halos), none (a soft, plain enlargement), or another that was put into the catalog. Other faces are "
        "left as they are.",
        names=Names(_enlargers),
    )
    super_resolution_power: float = option(
        1.0, "How much of the enlarged face's detail is used.", low=0.0, high=1.0, unit="share"
    )
    motion_blur: float = option(
        0.0,
        "How long the shutter is open: the painted face is blurred along this much of its way from frame to "
        "frame, which its landmarks tell; 0.5 is a film camera's. DeepFaceLab's 100 is 2 here.",
        low=0.0,
        high=4.0,
        unit="share of a frame's time",
    )
    grain: float = option(
        0.0,
        "How much of the plate's own grain the painted face gets: its strength at each brightness, its size "
        "and its colour are measured around the face in every frame. 1 is as much as the plate has.",
        low=0.0,
        high=3.0,
        unit="factor",
    )
    plate_denoise: float = option(
        0.0,
        "Smooths the frame around the face too, in every frame that has one, by this many medians of 5 pixels; "
        "parts of one count. For footage that is crisper than the model paints.",
        low=0.0,
        high=50.0,
        unit="passes",
    )
    plate_bicubic: float = option(
        0.0,
        "Takes fine detail from the frame, in every frame that has a face, by making it this much smaller and "
        "large again.",
        low=0.0,
        high=0.95,
        unit="share of its size",
    )
    color_degrade: float = option(
        0.0,
        "How much the finished frame, where it has a face, is that of a palette of its 256 most needed "
        "colours. Hides small differences of colour.",
        low=0.0,
        high=1.0,
        unit="share",
    )

    def idle(self) -> frozenset[str]:
        idle = set(super().idle())
        if self.sharpen_amount == 0 or (self.sharpen == "none" and self.sharpen_amount > 0):
            idle |= {"sharpen", "sharpen_amount", "sharpen_radius"}
        if self.sharpen != "unsharp" or self.sharpen_amount <= 0:
            idle.add("sharpen_threshold")
        if self.super_resolution == "none":
            idle.add("super_resolution_power")
        return frozenset(idle)
