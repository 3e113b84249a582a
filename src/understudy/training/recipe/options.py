"""The option of which stages a training goes through."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import field_validator

from understudy.options import Names, Options, meant, option

RECIPE_ENDING = ".toml"


def _recipes() -> Iterable[str]:
    from understudy.training.recipe.recipe import RECIPES  # it is about these options

    return RECIPES


class RecipeOptions(Options):
    """Which stages a training goes through."""

    recipe: str = option(
        "standard",
        "The stages of the training and what changes from one to the next: a name from `understudy recipe "
        "show`, or a TOML file of your own.",
        names=Names(_recipes, others=True),
        when="restart",
        place=True,
    )

    @field_validator("recipe", mode="after")
    @classmethod
    def _is_a_recipe(cls, name: str) -> str:
        if name not in _recipes() and not name.endswith(RECIPE_ENDING):
            known = f"take one of {', '.join(_recipes())}, or a file that ends in {RECIPE_ENDING}."
            raise ValueError(f"{known}{meant(name, _recipes())}")
        return name
