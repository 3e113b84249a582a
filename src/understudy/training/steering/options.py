"""The options of how a model takes its steps."""

from __future__ import annotations

from typing import Literal

from understudy.options import Options, option


class SteerOptions(Options):
    """How long a model learns, and how it takes its steps."""

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
    optimizer: Literal["adamw", "muon"] = option(
        "muon",
        "How steps are found. muon learns more from each iteration; it costs little in small models and much "
        "in large ones.",
        when="restart",
    )
    learning_rate: float = option(
        1e-3, "Largest step of the optimiser; it warms up to this.", low=1e-7, high=0.1, when="restart"
    )
    ema_decay: float = option(
        0.995,
        "Decay per iteration of the running average of the weights, which previews and merges use.",
        low=0.0,
        high=0.99999,
        when="restart",
    )
