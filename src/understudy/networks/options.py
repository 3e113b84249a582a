"""What the options of every architecture have in common. All of them are fixed when a model is made."""

from __future__ import annotations

from collections.abc import Sequence

from understudy.errors import OptionInvalid
from understudy.options import Options, option


class NetworkOptions(Options):
    """Base of every architecture's options; each says its own side and sizes."""

    size_px: int = option(
        128, "Side of the face the network paints.", low=16, high=1024, unit="px", when="create"
    )


class ClassicOptions(NetworkOptions):
    """Base of the options of networks whose widths were once fixed."""

    size_px: int = option(
        128, "Side of the face; a multiple of 16.", low=32, high=1024, unit="px", when="create"
    )
    width_share: float = option(
        1.0,
        "Width of every layer, as a share of the published one. Half of it needs a quarter of the memory.",
        low=0.01,
        high=4.0,
        when="create",
    )


def scaled(widths: Sequence[int], share: float) -> tuple[int, ...]:
    """Widths as a share of the published ones, at least 1."""
    return tuple(max(1, round(width * share)) for width in widths)


def require_multiple(size_px: int, step: int) -> None:
    """Raise OptionInvalid unless a side can be halved as often as the network does."""
    if size_px % step:
        near = max(step, round(size_px / step) * step)
        raise OptionInvalid(
            f"Option 'size_px' can't be {size_px}: this network needs a multiple of {step}, like {near}."
        )
