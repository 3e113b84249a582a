"""The options of what a model is shown."""

from __future__ import annotations

from understudy.options import Options, option


class FeedOptions(Options):
    """Which faces a model sees, and how they are varied."""

    batch_size: int = option(
        16, "Faces of each performer per iteration. Less needs less memory.", low=1, high=512, when="restart"
    )
    random_warp: float = option(
        1.0,
        "How strongly faces are bent before the model sees them; it learns to straighten them. Fades out "
        "towards a planned end.",
        low=0.0,
        high=3.0,
        when="restart",
    )
    random_stretch: float = option(
        1.0,
        "How strongly the proportions of faces vary in what the model sees, so that dst's don't show in "
        "the swap.",
        low=0.0,
        high=3.0,
        when="restart",
    )
    random_shift: float = option(
        1.0, "How far faces are turned, scaled and moved at random.", low=0.0, high=3.0, when="restart"
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
    relight: float = option(
        0.85,
        "Share of src's faces that are shown in the light of a dst face of similar pose, so that the model "
        "learns how src looks in dst's light. Each batch draws anew.",
        low=0.0,
        high=1.0,
        when="restart",
    )
    pose_pairing: float = option(
        0.5,
        "Share of src's faces that are drawn by their likeness in pose to dst's; the rest are drawn evenly.",
        low=0.0,
        high=1.0,
        when="restart",
    )
    color_jitter: float = option(
        1.0,
        "How strongly brightness, tint and shading of what the model sees vary; what it paints stays.",
        low=0.0,
        high=3.0,
        when="restart",
    )
