"""The options of what is asked of a model."""

from __future__ import annotations

from understudy.options import Options, option


class LossOptions(Options):
    """What is asked of a model."""

    eyes_mouth: float = option(
        5.0,
        "How much more an error on eyes and mouth counts than one elsewhere on the face.",
        low=0.0,
        high=30.0,
        when="restart",
    )
