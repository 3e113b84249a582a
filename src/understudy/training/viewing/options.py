"""The options of what people look at while a model learns."""

from __future__ import annotations

from typing import Literal

from understudy.options import Options, option


class ViewOptions(Options):
    """What people look at meanwhile."""

    preview_every: int = option(
        250, "Write a preview sheet every so many iterations; 0 for none.", low=0, high=10**9, when="restart"
    )
    preview_rows: int = option(
        6, "How many faces a preview shows, spread over the directions dst looks in.", low=1, high=64
    )
    preview_faces: str = option(
        "",
        "Which dst faces previews show instead: file names or numbers with commas between them.",
        when="restart",
    )
    loss_plot_scale: Literal["log", "linear"] = option("log", "The scale of losses in the picture loss.png.")
    loss_plot_last: int = option(
        0, "Show only so many of the newest iterations in loss.png; 0 for all.", low=0, high=10**9
    )
