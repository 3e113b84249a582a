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
    optimizer: Literal["adam", "adamw", "rmsprop", "adabelief", "muon"] = option(
        "muon",
        "How steps are found. muon learns more from each iteration; it costs little in small models and much "
        "in large ones. rmsprop and adabelief are as DeepFaceLab has them.",
        when="restart",
    )
    learning_rate: float = option(
        1e-3, "Largest step of the optimiser; it warms up to this.", low=1e-7, high=0.1, when="restart"
    )
    beta1: float | None = option(
        None,
        "Decay of the mean gradient that gives a step its direction. Without it the optimiser's own: 0.9, for "
        "muon 0.95.",
        low=0.0,
        high=0.9999,
        when="restart",
    )
    beta2: float | None = option(
        None,
        "Decay of the squared gradient that gives a step its size. Without it the optimiser's own: 0.99, for "
        "adabelief 0.999, for rmsprop 0.9.",
        low=0.0,
        high=0.99999,
        when="restart",
    )
    epsilon: float | None = option(
        None,
        "Added to the size of gradients, so that weights with tiny ones don't leap. Without it the optimiser's "
        "own: 1e-8, for adabelief and rmsprop 1e-6.",
        low=1e-12,
        high=0.1,
        when="restart",
    )
    weight_decay: float | None = option(
        None,
        "How strongly weights are drawn to zero, in shares of the learning rate. Without it the optimiser's "
        "own: 0.01 for adamw and muon, else none.",
        low=0.0,
        high=1.0,
        when="restart",
    )
    lr_dropout: bool = option(
        False,
        "Let only some weights move in each step, drawn anew every time: a last polish that sharpens, as "
        "DeepFaceLab has it. Slower to learn, so for the end.",
        when="restart",
    )
    lr_dropout_share: float = option(
        0.3, "Share of the weights that lr_dropout lets move.", low=0.01, high=1.0, when="restart"
    )
    clip: Literal["norm", "value", "off"] = option(
        "norm",
        "How a gradient that is too large is limited: norm shortens it as a whole, value cuts each number.",
        when="restart",
    )
    clip_at: float = option(
        1.0,
        "The largest norm, or the largest number, that clip lets through.",
        low=1e-6,
        high=1e6,
        when="restart",
    )
    ema_decay: float = option(
        0.995,
        "Decay per iteration of the running average of the weights, which previews and merges use.",
        low=0.0,
        high=0.99999,
        when="restart",
    )
