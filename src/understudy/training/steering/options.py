"""The options of how a model takes its steps."""

from __future__ import annotations

from typing import Literal

from understudy.options import Options, option


class SteerOptions(Options):
    """How long a model learns, and how it takes its steps."""

    minutes: float | None = option(
        None,
        "Train this much longer, then stop; where a training of that length was stopped, what is left of it. "
        "The last part is for settling, so a planned end looks better than an interruption. Without minutes "
        "and iterations: until stopped; none says so over what is kept.",
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
        1e-3, "Largest step of the optimiser; it warms up to this.", low=1e-7, high=0.1
    )
    schedule: Literal["settle", "constant", "cosine", "cycles", "plateau"] = option(
        "settle",
        "How the rate goes: settle holds it for 30 % of a plan and then falls to nearly nothing, cosine falls "
        "from the start, plateau halves it whenever the loss has stopped falling, cycles goes down and up "
        "again as DeepFaceLab does with lr_dropout. Without a planned end settle and cosine hold it.",
    )
    warm_up: int = option(
        50,
        "Iterations over which the rate rises to its full height, at most a tenth of a planned training; 0 "
        "for none.",
        low=0,
        high=10**6,
    )
    last_rate_share: float = option(
        0.02, "Share of the learning rate that is left at the end.", low=0.0, high=1.0
    )
    cycle_iterations: int = option(500, "Iterations of one cycle of the schedule cycles.", low=2, high=10**6)
    plateau_iterations: int = option(
        2000,
        "The loss counts as flat after so many iterations without a fall, in recipes and in the schedule "
        "plateau.",
        low=32,
        high=10**7,
    )
    plateau_fall: float = option(
        0.02,
        "Share of itself by which the loss must fall over plateau_iterations to count as falling.",
        low=0.0,
        high=1.0,
    )
    finish_iterations: int | None = option(
        None,
        "Iterations of settling when a training is asked to finish. Without it finish_share counts.",
        low=1,
        high=10**7,
    )
    finish_share: float = option(
        0.1,
        "Settling of a training that is asked to finish takes this share of what the model has learnt so far, "
        "at least 100 iterations.",
        low=0.0,
        high=1.0,
    )
    beta1: float | None = option(
        None,
        "Decay of the mean gradient that gives a step its direction. Without it the optimiser's own: 0.9, for "
        "muon 0.95. Nothing for rmsprop, which steps along each gradient as it comes.",
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
    swap_sides: bool = option(
        False,
        "Show each performer's faces to the other's side of the network: a shake for a model that is stuck, "
        "for a while, in a stage of a recipe. Refused where the last stage would not swap back.",
    )
    lr_dropout: bool = option(
        False,
        "Let only some weights move in each step, drawn anew every time: a last polish that sharpens, as "
        "DeepFaceLab has it. Slower to learn, so for the end.",
    )
    lr_dropout_share: float = option(0.3, "Share of the weights that lr_dropout lets move.", low=0.01, high=1.0)
    clip: Literal["norm", "value", "off"] = option(
        "norm",
        "How a gradient that is too large is limited: norm shortens it as a whole, value cuts each number.",
    )
    clip_at: float = option(
        1.0, "The largest norm, or the largest number, that clip lets through.", low=1e-6, high=1e6
    )
    accumulation: int = option(
        1,
        "Batches whose gradients are added up for one step: the effect of a batch so many times as large, in "
        "the memory of one but for the pictures of its faces.",
        low=1,
        high=256,
    )
    freeze: str = option(
        "",
        "Parts of the model that hold still, with commas between: encoder, inter, decoder, or one like "
        "decoder_src. `understudy model show` lists them.",
    )
    freeze_until: int | None = option(
        None, "The model's iteration at which frozen parts learn again; without it never.", low=1, high=10**9
    )
    hold_inter_ab: bool = option(
        False,
        "Hold LIAE's common bottleneck inter_ab still whenever random_warp is 0, as DeepFaceLab does.",
    )
    ema_length: float | None = option(
        None,
        "Length of the running average as a share of the whole training so far, like 0.05, instead of a fixed "
        "ema_decay: it grows with the training.",
        low=0.001,
        high=0.25,
    )
    ema_decay: float = option(
        0.995,
        "Decay per iteration of the running average of the weights, which previews and merges use.",
        low=0.0,
        high=0.99999,
    )


class RateSearchOptions(Options):
    """How to look for a learning rate."""

    rate_strength: Literal["default", "aggressive", "extreme"] = option(
        "default",
        "How bold the advice is: the rate at which the loss was lowest, divided by 10, by 5 or by 2.5. In a "
        "model that has learned, whose loss no rate lowers noticeably, it is the largest that did no harm, and "
        "the present rate stays if it is between that and the quotient.",
    )
    rate_iterations: int = option(300, "Steps of the search for a rate.", low=20, high=100_000)
    rate_from: float = option(1e-6, "The smallest rate that is tried.", low=1e-10, high=0.01)
    rate_to: float = option(0.1, "The largest rate that is tried.", low=1e-4, high=1.0)
