"""How a segmenter learns from drawn regions."""

from __future__ import annotations

from typing import Literal

from understudy.options import Names, Options, option

FaceCut = Literal["as-drawn", "half", "mid-full", "full", "full-no-align", "whole", "head", "head-no-align"]


class MaskTrainOptions(Options):
    """How a segmenter learns from drawn regions."""

    start: str = option(
        "dense",
        "What a new segmenter begins as: dense (the face network that comes with understudy), nothing, or the "
        "name of another segmenter of the project.",
        names=Names(lambda: ["dense", "nothing"], of_project="segmenters"),
        when="create",
    )
    face_type: FaceCut = option(
        "as-drawn",
        "How much around the face it sees; as-drawn takes head where most drawn faces are so, or else whole.",
        when="create",
    )
    size_px: int = option(
        128,
        "Side of the square it sees, a multiple of 32. Twice as fine takes four times as long.",
        low=64,
        high=512,
        unit="pixels",
        when="create",
    )
    learns: Literal["all", "mask"] = option(
        "all", "Whether the whole network learns, or only the part that draws the mask: faster, and for less."
    )
    minutes: float = option(
        10.0,
        "Longest time to learn, counted over all stops; a finished one gets it anew. 0 for no limit.",
        low=0.0,
        high=100_000.0,
        unit="minutes",
    )
    iterations: int = option(
        0,
        "Batches to learn, counted over all stops; a finished one gets them anew. 0 for no limit.",
        low=0,
        high=100_000_000,
    )
    patience: int = option(
        8,
        "Ends when the faces that are held out have not been told better for so many looks; 0 goes on.",
        low=0,
        high=10_000,
        unit="looks",
    )
    look_every: int = option(
        50, "Batches between two looks at how well it does.", low=1, high=100_000, unit="iterations"
    )
    held_out: float = option(
        0.2,
        "Share of the drawn faces that it is only measured on. Of fewer than six faces none is held out.",
        low=0.0,
        high=0.5,
        unit="share",
    )
    batch_size: int = option(8, "Faces in a batch.", low=1, high=256)
    learning_rate: float = option(
        0.0,
        "How large a step each batch makes; 0 takes 0.0005, or 0.004 for what began as nothing.",
        low=0.0,
        high=0.1,
    )
    variation: float = option(
        1.0,
        "How strongly faces are turned, bent, tinted and damaged while it learns, so that a few drawn ones do.",
        low=0.0,
        high=2.0,
    )
    paste_covers: float = option(
        0.5,
        "Share of faces over which something is laid that covers another drawn face.",
        low=0.0,
        high=1.0,
        unit="share",
    )
    swap_background: float = option(
        0.5, "Share of faces that get another picture behind them.", low=0.0, high=1.0, unit="share"
    )
    previews: int = option(8, "Faces on the preview sheet; 0 makes none.", low=0, high=64)
    save_minutes: float = option(
        1.0,
        "Time between two saves of how far it is; 0 saves after every batch.",
        low=0.0,
        high=60.0,
        unit="minutes",
    )
    seed: int = option(0, "Another number draws other batches.", low=0, high=2**31 - 1)
