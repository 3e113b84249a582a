"""The options of what a model leaves on disk."""

from __future__ import annotations

from understudy.options import Options, option


class KeepOptions(Options):
    """What is written to disk, and when."""

    checkpoint_minutes: float = option(
        3.0,
        "Save this often. At most so much work is lost when the computer stops.",
        low=0.01,
        high=1440,
        unit="min",
        when="restart",
    )
    seed: int = option(
        0,
        "Start of all randomness: same seed, options and device, same model.",
        low=0,
        high=2**31,
        when="create",
    )
