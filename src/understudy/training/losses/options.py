"""The options of what is asked of a model."""

from __future__ import annotations

from understudy.options import Options, option


class LossOptions(Options):
    """What is asked of a model."""

    eyes_weight: float = option(
        25.0,
        "How much an error of colour on the eyes counts in addition. Raise it when the gaze drifts; 300 is "
        "what DeepFaceLab calls eyes priority.",
        low=0.0,
        high=1000.0,
    )
    mouth_weight: float = option(
        25.0,
        "How much an error of colour on the mouth counts in addition. Raise it when teeth and lips stay "
        "blurred; 300 is what DeepFaceLab calls mouth priority.",
        low=0.0,
        high=1000.0,
    )
