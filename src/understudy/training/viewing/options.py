"""The options of what people look at while a model learns."""

from __future__ import annotations

from understudy.options import Options, option


class ViewOptions(Options):
    """What people look at meanwhile."""

    preview_every: int = option(
        250, "Write a preview sheet every so many iterations; 0 for none.", low=0, high=10**9, when="restart"
    )
