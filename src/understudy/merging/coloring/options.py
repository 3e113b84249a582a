"""Which colours the painted face has."""

from __future__ import annotations

from typing import Literal

from understudy.options import Options, option

ColorTransferName = Literal["none", "light", "average", "rct", "lct", "mkl", "idt", "sot", "mix"]
ColorArea = Literal["skin", "mask", "crop"]


class ColorOptions(Options):
    """Which colours the painted face has."""

    color: ColorTransferName = option(
        "light",
        "Colours of the painted face: none leaves them; light takes over the slow changes of dst's light "
        "across the face and keeps the performer's own detail; average shifts the mean; rct matches mean and "
        "spread in Lab; lct and mkl match mean and covariance of RGB, mkl moving colours least; sot moves the "
        "whole distribution, idt two thirds of the way; mix matches lightness by lct and chroma by sot.",
    )
    color_strength: float = option(
        1.0, "How much of the colour transfer is applied.", low=0.0, high=1.0, unit="share"
    )
    color_area: ColorArea = option(
        "skin",
        "Where colours and histograms are compared: skin is the mask without eyes and mouth; mask is all of "
        "it, like DeepFaceLab's rct and its transfers with -m; crop is the whole crop, like its lct and those "
        "without -m.",
    )
    light_size: float = option(
        0.3,
        "Only for light: changes slower than this are taken from dst. Smaller follows shadows more closely but "
        "starts to copy dst's features.",
        low=0.05,
        high=1.0,
        unit="share of the face's width",
    )
    hist_match_top: float = option(
        1.0,
        "Only for modes that match histograms: the brightest painted value reaches this quantile of dst's "
        "face. Lower values calm glaring spots. DeepFaceLab's hist match threshold, divided by 255.",
        low=0.5,
        high=1.0,
        unit="share",
    )
    steady_frames: int = option(
        2,
        "Colour transfer and histograms are averaged over this many frames before and after, so that they do "
        "not flicker. Frames in other light don't count, nor do those beyond a cut.",
        low=0,
        high=15,
        unit="frames",
    )

    def idle(self) -> frozenset[str]:
        idle = set(super().idle())
        if self.color != "light":
            idle.add("light_size")
        if self.color == "none":
            idle |= {"color_strength", "steady_frames", "color_area"}
        if self.color_strength == 0:
            idle |= {"color", "light_size", "steady_frames", "color_area"}
        return frozenset(idle)
