"""What the options of every architecture have in common. All of them are fixed when a model is made."""

from __future__ import annotations

from understudy.errors import OptionInvalid
from understudy.options import Options, option


class NetworkOptions(Options):
    """Base of every architecture's options; each says its own side and sizes."""

    size_px: int = option(
        128, "Side of the face the network paints.", low=16, high=1024, unit="px", when="create"
    )


def require_multiple(size_px: int, step: int) -> None:
    """Raise OptionInvalid unless a side can be halved as often as the network does."""
    if size_px % step:
        near = max(step, round(size_px / step) * step)
        raise OptionInvalid(
            f"Option 'size_px' can't be {size_px}: this network needs a multiple of {step}, like {near}."
        )
