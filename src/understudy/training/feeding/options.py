"""The options of what a model is shown."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from understudy.masks.segmenter import SEGMENTERS, can_name_segmenter
from understudy.options import Names, Options, option


class FeedOptions(Options):
    """Which faces a model sees, and how they are varied."""

    batch_size: int = option(
        16,
        "Faces of each performer per iteration. Less needs less memory; 0 takes as many as fit.",
        low=0,
        high=512,
    )
    random_warp: float = option(
        1.0,
        "How strongly faces are bent before the model sees them; it learns to straighten them. Fades out "
        "towards a planned end.",
        low=0.0,
        high=3.0,
    )
    random_stretch: float = option(
        1.0,
        "How strongly the proportions of faces vary in what the model sees, so that dst's don't show in "
        "the swap.",
        low=0.0,
        high=3.0,
    )
    random_shift: float = option(
        1.0, "How far faces are turned, scaled and moved at random.", low=0.0, high=3.0
    )
    mask_from: str = option(
        "dense",
        "Where a face's mask comes from, unless it was drawn by hand: stored takes the one in the face, or "
        f"else the landmarks' hull; hull always that; {', '.join(SEGMENTERS)}, or a segmenter of the project's "
        "own, what that sees, in faces that hold no mask.",
        names=Names(lambda: ["stored", "hull", *SEGMENTERS], of_project="segmenters"),
        when="restart",
    )
    src_scale: float = option(
        0.0,
        "Make src's faces so much larger (or smaller, below 0), for heads of another size than dst's.",
        low=-30.0,
        high=30.0,
        unit="%",
        when="restart",
    )
    src_flip: bool = option(
        True, "Also show src's faces mirrored: doubles the poses that src covers.", when="restart"
    )
    dst_flip: bool = option(False, "Also show dst's faces mirrored.", when="restart")
    flip_share: float = option(
        0.5,
        "How many of the faces that may be shown mirrored are, of those drawn without regard to pose.",
        low=0.0,
        high=1.0,
    )
    ct_mode: Literal["none", "rct", "lct", "mkl", "idt", "sot"] = option(
        "none",
        "Give src's faces the colours of dst's before they are learnt from: rct by mean and spread in Lab, lct "
        "and mkl by linear maps, idt and sot by whole distributions (slow). relight does more, where it is on.",
    )
    ct_share: float = option(1.0, "Share of src's faces that ct_mode changes.", low=0.0, high=1.0)
    relight: float = option(
        0.85,
        "Share of src's faces that are shown in the light of a dst face of similar pose, so that the model "
        "learns how src looks in dst's light. Skin that is much lighter or darker is taken on with it; less "
        "keeps more of src's own.",
        low=0.0,
        high=1.0,
    )
    sampling: Literal["random", "epoch", "uniform-yaw"] = option(
        "random",
        "In which order faces come: by chance; each once before any comes again; or every direction of the "
        "head as often as every other, for facesets that mostly look ahead.",
    )
    yaw_matching: bool = option(
        False,
        "Draw every src face from those that look the same way as the dst face beside it.",
    )
    rare_expressions: float = option(
        0.0,
        "Share of faces that are drawn by how far their eyes or mouth are open, every opening as often as "
        "every other; by chance, what lasts for moments hardly comes. Those of src that yaw_matching or "
        "pose_pairing draw are drawn by that.",
        low=0.0,
        high=1.0,
    )
    random_blink: float = option(
        0.0,
        "Share of faces whose eyes are closed, in what the model sees and in what it paints: their own lids "
        "are drawn over them, also where src never blinks. Where whole frames are painted, src's stay open.",
        low=0.0,
        high=1.0,
    )
    pose_pairing: float = option(
        0.5,
        "Share of src's faces that are drawn by their likeness in pose to dst's; the rest are drawn evenly.",
        low=0.0,
        high=1.0,
    )
    color_jitter: float = option(
        1.0,
        "How strongly brightness, tint and shading of what the model sees vary; what it paints stays.",
        low=0.0,
        high=3.0,
    )
    hsv_power: float = option(
        0.0,
        "How far hue, saturation and value of what the model sees of src are moved; 0.05 is usual.",
        low=0.0,
        high=1.0,
    )
    random_levels: float = option(
        0.0,
        "How strongly black, white and middle of what the model sees vary.",
        low=0.0,
        high=1.0,
    )
    random_downscale: float = option(
        0.0,
        "How much detail what the model sees may lose by scaling; 1 leaves an eighth of the side.",
        low=0.0,
        high=1.0,
    )
    random_blur: float = option(
        0.0,
        "How strongly what the model sees is blurred, at most.",
        low=0.0,
        high=1.0,
    )
    random_motion_blur: float = option(
        0.0,
        "How strongly what the model sees is blurred along a line, at most.",
        low=0.0,
        high=1.0,
    )
    random_noise: float = option(
        0.0,
        "How much noise is laid over what the model sees, at most.",
        low=0.0,
        high=1.0,
    )
    random_jpeg: float = option(
        0.0,
        "How strongly what the model sees is compressed, at most; 1 is JPEG of quality 15.",
        low=0.0,
        high=1.0,
    )

    @field_validator("mask_from", mode="after")
    @classmethod
    def _is_a_source(cls, name: str) -> str:
        if not can_name_segmenter(name):
            raise ValueError(
                f"known are stored, hull, {', '.join(SEGMENTERS)}, and the project's own segmenters"
            )
        return name
