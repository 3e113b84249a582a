"""The options of training. What a preset stands for is in `presets.py`; the work is done in `train.py`."""

from __future__ import annotations

from typing import Literal

from understudy.options import Options, option


class TrainOptions(Options):
    """How long a model learns, from what variations of the faces, and what it writes meanwhile."""

    minutes: float | None = option(
        None,
        "Train this much longer, then stop. The last part of it is for settling, so a planned end looks better "
        "than an interruption. Without minutes and iterations: until stopped.",
        low=0.01,
        high=1e6,
        unit="min",
        when="restart",
    )
    iterations: int | None = option(
        None,
        "Train this many more iterations, then stop. With minutes too, whichever comes first.",
        low=1,
        high=10**9,
        when="restart",
    )
    batch_size: int = option(
        16, "Faces of each performer per iteration. Less needs less memory.", low=1, high=512, when="restart"
    )
    optimizer: Literal["adamw", "muon"] = option(
        "muon",
        "How steps are found. muon learns more from each iteration; it costs little in small models and much "
        "in large ones.",
        when="restart",
    )
    learning_rate: float = option(
        1e-3, "Largest step of the optimiser; it warms up to this.", low=1e-7, high=0.1, when="restart"
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
    eyes_mouth: float = option(
        5.0,
        "How much more an error on eyes and mouth counts than one elsewhere on the face.",
        low=0.0,
        high=30.0,
        when="restart",
    )
    ema_decay: float = option(
        0.995,
        "Decay per iteration of the running average of the weights, which previews and merges use.",
        low=0.0,
        high=0.99999,
        when="restart",
    )
    checkpoint_minutes: float = option(
        3.0,
        "Save this often. At most so much work is lost when the computer stops.",
        low=0.01,
        high=1440,
        unit="min",
        when="restart",
    )
    preview_every: int = option(
        250, "Write a preview sheet every so many iterations; 0 for none.", low=0, high=10**9, when="restart"
    )
    seed: int = option(
        0,
        "Start of all randomness: same seed, options and device, same model.",
        low=0,
        high=2**31,
        when="create",
    )
