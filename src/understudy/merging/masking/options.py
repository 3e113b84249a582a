"""Where the painted face shows.

Sizes are shares of the face's width (the side of the mean face's unit square), so one setting suits close-ups
and wide shots alike. The guide says what other programs' numbers are in these.
"""

from __future__ import annotations

from typing import Any

from pydantic import field_validator

from understudy.masks.segmenter import SEGMENTERS, can_name_segmenter
from understudy.merging.masking.kinds import MASK_KINDS, plain_mask_name, sources_of
from understudy.options import Names, Options, meant, option

_SHARE = "share of the face's width"


def _more_erode(side: str) -> Any:
    return option(0.0, f"Added to erode on the face's {side} side.", low=-0.3, high=0.3, unit=_SHARE)


def _more_blur(side: str) -> Any:
    return option(0.0, f"Added to blur on the face's {side} side.", low=-0.5, high=0.5, unit=_SHARE)


class MaskOptions(Options):
    """Where the painted face shows."""

    mask: str = option(
        "learned-prd",
        f"Where the face is replaced: {', '.join(MASK_KINDS)}, or any of these joined by * (where both agree) "
        "and + (either of both), like learned-prd*dst-hull. -prd is about the painted face, -dst about dst's "
        "own: learned is the model's mask (the hull, until a model has learnt one), dst-hull is drawn from "
        "landmarks, seg is what the segmenter sees (for dst rather the mask stored in its face). Regions drawn "
        "by hand win.",
        names=Names(lambda: MASK_KINDS, others=True, joined_by="*+"),
    )
    segmenter: str = option(
        "dense",
        f"Who looks for visible skin where a mask asks for it: {', '.join(SEGMENTERS)}. dense is a network "
        "that also knows hands; skin goes by colour: it leaves out a microphone, a sleeve or dark hair. "
        "Or one of the project's own, by the name it was trained under (`masks train`).",
        names=Names(lambda: SEGMENTERS, of_project="segmenters"),
    )
    erode: float = option(
        0.02,
        "Shrinks the mask by this much on every side; negative values grow it.",
        low=-0.3,
        high=0.3,
        unit=_SHARE,
    )
    erode_left: float = _more_erode("left (as the picture of the upright face shows it)")
    erode_right: float = _more_erode("right")
    erode_top: float = _more_erode("upper")
    erode_bottom: float = _more_erode("lower")
    erode_hairline: float = option(
        0.12,
        "Takes a learned or segmented mask back by this much at the top, but not from the hull of dst's "
        "landmarks: where src's hair begins a model paints a dark line, which would lie across a higher "
        "forehead.",
        low=0.0,
        high=0.3,
        unit=_SHARE,
    )
    erode_seamless: float = option(
        0.0,
        "Only for the seamless modes: shrinks by this much more where colours flow in from, not where the face "
        "shows. It calms flicker from what lies at the mask's edge.",
        low=-0.3,
        high=0.3,
        unit=_SHARE,
    )
    blur: float = option(
        0.1,
        "Softens the mask's edge over about this width. The edge always ends inside the crop.",
        low=0.0,
        high=0.5,
        unit=_SHARE,
    )
    blur_left: float = _more_blur("left (as the picture of the upright face shows it)")
    blur_right: float = _more_blur("right")
    blur_top: float = _more_blur("upper")
    blur_bottom: float = _more_blur("lower")
    steady_mask: int = option(
        2,
        "The mask is averaged over this many frames before and after, so that its edge does not crawl. What "
        "really moves, and the other side of a cut, is left out.",
        low=0,
        high=15,
        unit="frames",
    )
    border: float = option(
        0.042,
        "Width over which every mask fades to nothing at the crop's border.",
        low=0.01,
        high=0.25,
        unit="share of the crop's side",
    )

    def idle(self) -> frozenset[str]:
        sources, idle = sources_of(self.mask), set(super().idle())
        if not sources & {"seg-prd", "seg-dst"}:
            idle.add("segmenter")
        if sources == {"full"}:
            idle.add("steady_mask")
        if sources <= {"full", "dst-hull"}:
            idle.add("erode_hairline")
        return frozenset(idle)

    @field_validator("mask", mode="after")
    @classmethod
    def _is_a_mask(cls, text: str) -> str:
        return plain_mask_name(text)

    @field_validator("segmenter", mode="after")
    @classmethod
    def _is_a_segmenter(cls, name: str) -> str:
        if not can_name_segmenter(name):
            known = f"known are {', '.join(SEGMENTERS)}.{meant(name, SEGMENTERS)}"
            raise ValueError(f"no segmenter can have that name; {known}")
        return name
