"""`understudy recipe show | check | write`: a training's stages, to read, to check, to begin one's own with."""

from __future__ import annotations

from pathlib import Path

from cyclopts import App

from understudy.errors import RecipeInvalid
from understudy.files import write_text
from understudy.jobs.stages import check_recipe
from understudy.options import meant
from understudy.project.project import Project
from understudy.training.options import TrainOptions
from understudy.training.recipe.recipe import RECIPES, STANDARD, Stage, recipe_named, recipe_text

app = App(name="recipe", help="See, check and write the stages of a training.")


@app.command
def show(recipe: str | None = None, /) -> None:
    """List the recipes that come along, or the stages of one.

    Parameters
    ----------
    recipe:
        A recipe's name, or a TOML file. Without it: all names.
    """
    if recipe is None:
        width = max(map(len, RECIPES))
        for name, about in RECIPES.items():
            print(f"{name:<{width}} {about}")
        return
    found = recipe_named(recipe)
    print(f"{found.name}: {found.about}" if found.about else found.name)
    for number, stage in enumerate(found.stages, 1):
        last = number == len(found.stages)
        print(f"{number}. {stage.name}, {_end(stage, last=last)}")
        for key, change in stage.set.items():
            print(f"     {key} = {_value(change)}")
        for key, change in stage.scale.items():
            print(f"     {key} x {_value(change)}")


@app.command
def check(recipe: str, /, *, project: Path | None = None, model: str = "main") -> None:
    """Say whether a recipe is sound; what is wrong is named with its line, stage and option.

    Parameters
    ----------
    recipe:
        A TOML file, or a recipe's name.
    project:
        A project folder: the options and the network of a model in it count, instead of all defaults.
    model:
        Name of the model in the project.
    """
    found = recipe_named(recipe)
    if project is None:
        found.require_fit(TrainOptions())
    else:
        check_recipe(Project.open(project), model, found, said={})
    count = len(found.stages)
    print(f"{found.name}: sound, {count} stage{'s' if count > 1 else ''}")


@app.command
def write(file: Path, /, *, recipe: str = STANDARD) -> None:
    """Write a recipe into a new TOML file, as a beginning for one of your own.

    Parameters
    ----------
    file:
        The new file, ending in .toml.
    recipe:
        Which of the recipes that come along.
    """
    if recipe not in RECIPES:
        known = f"Take one of {', '.join(RECIPES)}.{meant(recipe, RECIPES)}"
        raise RecipeInvalid(f"There is no recipe {recipe!r} to write. {known}")
    if file.suffix != ".toml":
        raise RecipeInvalid("A recipe's file ends in .toml.", file)
    if file.exists():
        raise RecipeInvalid("This file is there already and stays as it is. Take another name.", file)
    write_text(file, recipe_text(recipe))
    print(f"made recipe: {file}")


def _end(stage: Stage, *, last: bool) -> str:
    """When a stage is over, in words."""
    ends = []
    if stage.share is not None:
        ends.append(f"{stage.share:.0%} of the plan")
    if stage.iterations is not None:
        ends.append(f"{stage.iterations:,} iterations")
    if stage.plateau:
        after = f" after {stage.at_least:,} iterations" if stage.at_least else ""
        ends.append(f"until the loss is flat{after}")
    return " or ".join(ends) or ("to the end" if last else "")


def _value(change: object) -> str:
    if isinstance(change, tuple):
        return f"{change[0]:g} to {change[1]:g}"
    return f"{change:g}" if isinstance(change, float) else str(change)
