"""The option of which stages a training goes through."""

from __future__ import annotations

from understudy.options import Options, option


class RecipeOptions(Options):
    """Which stages a training goes through."""

    recipe: str = option(
        "standard",
        "The stages of the training and what changes from one to the next: a name from `understudy recipe "
        "show`, or a TOML file of your own.",
        when="restart",
    )
