"""A recipe: the stages a training goes through, read from TOML and checked.

    name = "mine"

    [[stage]]
    name = "rough"
    share = 0.6                      # of what is planned; or iterations = 20000, or plateau = true, or several
    set.batch_size = 8

    [[stage]]
    name = "fine"
    share = 0.4
    scale.random_warp = [1.0, 0.0]   # of the option's own value; two numbers: from, to over the stage
    set.mouth_weight = 75

Not here: which stage a training is in (`course.py`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from understudy.errors import OptionInvalid, RecipeInvalid
from understudy.options import OptionInfo, describe, ended, meant, value_sentence
from understudy.training.losses.options import set_of_losses
from understudy.training.options import TrainOptions
from understudy.training.recipe.options import RECIPE_ENDING

# The recipes that come with the program, one entry a line; each is a TOML file in this folder.
RECIPES: dict[str, str] = {
    "standard": "For a planned end: learns with bent faces, then straightens and settles. The default.",
    "patient": "For days without a planned end: every stage lasts until the loss has stopped falling.",
    "deepfacelab": "Faces varied as strongly as in DeepFaceLab, src in its own light; bent, then straight.",
    "plain": "One stage in which nothing changes.",
}
STANDARD = "standard"

# What a stage may change although it can't be changed by hand while a model trains: a stage says a whole set,
# with what it says beside it, and every iteration is asked by the options of its stage anyway.
_OF_STAGES = ("losses",)

Value = float | int | bool | str
Change = Value | tuple[float, float]


class _StageTable(BaseModel):
    """What stands in one [[stage]]."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(min_length=1, max_length=40)
    share: float | None = Field(None, gt=0, le=1)
    iterations: int | None = Field(None, ge=1)
    plateau: bool = False
    at_least: int = Field(0, ge=0)
    set: dict[str, Any] = Field(default_factory=dict)
    scale: dict[str, Any] = Field(default_factory=dict)


class _RecipeTable(BaseModel):
    """What stands in the file."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = ""
    about: str = ""
    stage: list[Any] = Field(min_length=1)


@dataclass(frozen=True)
class Stage:
    """One stretch of a training.

    It ends with its `share` of the plan, after `iterations`, or at a `plateau` of the loss that comes after
    `at_least` iterations, whichever is first. `set` replaces options, `scale` multiplies them, those of another
    set of losses where it names one; a pair of numbers goes from the first to the second over the stage.
    """

    name: str
    share: float | None = None
    iterations: int | None = None
    plateau: bool = False
    at_least: int = 0
    set: Mapping[str, Change] = field(default_factory=dict)
    scale: Mapping[str, Change] = field(default_factory=dict)

    def options(self, base: TrainOptions, way: float) -> TrainOptions:
        """The options when `way` (0..1) of the stage is done."""
        if not self.set and not self.scale:
            return base
        values: dict[str, Any] = {name: _between(change, way) for name, change in self.set.items()}
        if values.get("losses", base.losses) != base.losses:
            values = {**set_of_losses(values["losses"]), **values}
        for name, change in self.scale.items():
            values[name] = values.get(name, getattr(base, name)) * float(_between(change, way))
        whole = {name for name in values if _kind(name) == "whole number"}
        values.update({name: round(values[name]) for name in whole})
        if base.batch_size and "batch_size" in values:  # none would mean the largest that fits
            values["batch_size"] = max(1, values["batch_size"])
        return base.model_copy(update=values)


@dataclass(frozen=True)
class Recipe:
    """The stages in their order; at least one."""

    name: str
    stages: tuple[Stage, ...]
    about: str = ""

    def require_fit(self, base: TrainOptions) -> None:
        """Raise RecipeInvalid where a stage would take these options out of their range, or scale one that has
        no value, and where the sides would be exchanged in the end."""
        for number, stage in enumerate(self.stages, 1):
            where = f"Recipe {self.name!r}, stage {number} ({stage.name})"
            for name in stage.scale:
                if getattr(base, name) is None:
                    raise RecipeInvalid(
                        f"{where}: option {name!r} has no value that could be scaled. Give it one, or say it "
                        "under set."
                    )
            for way in (0.0, 1.0):
                try:
                    base.changed(**stage.options(base, way).model_dump())
                except OptionInvalid as error:
                    raise RecipeInvalid(f"{where}: {error.message}") from None
        if self.stages[-1].options(base, 1.0).swap_sides:
            raise RecipeInvalid(
                f"Option 'swap_sides' can't be on in the last stage of recipe {self.name!r}: the model would "
                "end up painting the wrong performer. Leave it out, or say --no-swap-sides where the project "
                "has it; an earlier stage of a recipe of your own may set it (`understudy recipe write`)."
            )

    @property
    def called(self) -> str:
        """What `--recipe` takes for it, but for the folder of a file."""
        return self.name if self.name in RECIPES else f"{self.name}{RECIPE_ENDING}"

    def as_json(self) -> dict[str, Any]:
        """Plain values for the checkpoint, which keeps the recipe it was made with."""
        return {"name": self.name, "about": self.about, "stages": [_stage_json(s) for s in self.stages]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Undo `as_json`. Raises RecipeInvalid where another version's recipe can't be read by this one."""
        stages: list[Stage] = []
        for values in value["stages"]:
            try:
                stages.append(_stage(values))
            except (ValidationError, _StageError) as error:
                key, what = (error.key, error.what) if isinstance(error, _StageError) else _words(error)
                number = len(stages)
                raise _wrong("", number, values, key, what) from None
        return cls(str(value["name"]), tuple(stages), str(value.get("about", "")))


def recipe_named(name: str) -> Recipe:
    """The recipe of that name, or of a TOML file. Raises RecipeInvalid."""
    if name in RECIPES:
        return parse_recipe(recipe_text(name), name=name)
    path = Path(name)
    if path.suffix != RECIPE_ENDING:
        raise RecipeInvalid(
            f"There is no recipe {name!r}. Take one of {', '.join(RECIPES)}, or a file that ends in "
            f"{RECIPE_ENDING}.{meant(name, RECIPES)}"
        )
    if not path.exists():
        raise RecipeInvalid("There is no such recipe. Make one with `understudy recipe write`.", path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeInvalid(f"The recipe can't be read ({error.__class__.__name__}).", path) from error
    try:
        return parse_recipe(text, name=path.stem)
    except RecipeInvalid as error:
        raise RecipeInvalid(error.message, path) from None


def recipe_text(name: str) -> str:
    """The TOML of a recipe that comes with the program. Raises KeyError for another name."""
    if name not in RECIPES:
        raise KeyError(name)
    return (resources.files(__package__ or "") / f"{name}{RECIPE_ENDING}").read_text(encoding="utf-8")


def parse_recipe(text: str, *, name: str) -> Recipe:
    """A recipe from TOML. Raises RecipeInvalid, naming line, stage and option: one mistake of every stage."""
    try:
        table = _RecipeTable.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise RecipeInvalid(f"The recipe is no TOML: {error}.") from None
    except ValidationError as error:
        where, what = _words(error)
        raise RecipeInvalid(f"{_line(text, where)}{where or 'The recipe'}: {ended(what)}") from None
    stages: list[Stage] = []
    wrong: list[str] = []
    for number, values in enumerate(table.stage):
        try:
            stages.append(_stage(values))
        except ValidationError as error:
            wrong.append(_wrong(text, number, values, *_words(error)).message)
        except _StageError as error:
            wrong.append(_wrong(text, number, values, error.key, error.what).message)
    if wrong:
        raise RecipeInvalid("\n".join(wrong))
    _require_ends(text, table.stage, stages)
    return Recipe(table.name or name, tuple(stages), table.about)


class _StageError(Exception):
    """`what` is wrong about `key` of a stage."""

    def __init__(self, key: str, what: str) -> None:
        self.key, self.what = key, what


def _stage(values: Mapping[str, Any]) -> Stage:
    """Raises ValidationError or _StageError."""
    table = _StageTable.model_validate(values)
    stage = Stage(
        name=table.name,
        share=table.share,
        iterations=table.iterations,
        plateau=table.plateau,
        at_least=table.at_least,
        set={key: _valid(key, _change(key, value)) for key, value in table.set.items()},
        scale={key: _change(key, value) for key, value in table.scale.items()},
    )
    for key in stage.scale:
        _require_scalable(key, stage)
    if stage.share is None and stage.iterations is None:
        for key, change in (*stage.set.items(), *stage.scale.items()):
            if isinstance(change, tuple):
                raise _StageError(
                    key, "a stage needs a share or iterations for a value to go from one number to another"
                )
    if table.at_least and not table.plateau:
        raise _StageError("at_least", "it says how long to wait for a plateau, so plateau = true belongs to it")
    return stage


def _change(key: str, value: Any) -> Change:
    if key not in _known():
        raise _StageError(key, f"there is no such option of training.{meant(key, _known())}")
    if _known()[key].when != "live" and key not in _OF_STAGES:
        raise _StageError(key, "this option can't change while a model trains")
    if isinstance(value, list | tuple):
        pair = [v for v in value if isinstance(v, int | float) and not isinstance(v, bool)]
        if len(pair) != 2 or len(value) != 2 or _kind(key) not in ("number", "whole number"):
            raise _StageError(key, "a list says from where to where a number goes: two numbers")
        return float(pair[0]), float(pair[1])
    if not isinstance(value, bool | int | float | str):
        raise _StageError(key, f"{value!r} is no value of an option")
    return value


def _valid(key: str, change: Change) -> Change:
    """The change with values that the option takes."""
    if isinstance(change, tuple):
        for end in change:
            _valid(key, round(end) if _kind(key) == "whole number" else end)
        return change
    try:
        return getattr(TrainOptions.model_validate({key: change}), key)
    except ValidationError as error:
        raise _StageError(key, _words(error)[1]) from None


def _require_scalable(key: str, stage: Stage) -> None:
    if _kind(key) not in ("number", "whole number"):
        raise _StageError(key, "only numbers can be scaled; say it under set")
    if isinstance(stage.scale[key], str | bool):
        raise _StageError(key, "a scale is a number, or two")
    if key in stage.set:
        raise _StageError(key, "it stands under set and under scale")


def _require_ends(text: str, tables: Sequence[Any], stages: Sequence[Stage]) -> None:
    for number, stage in enumerate(stages):
        last = number == len(stages) - 1
        if not last and stage.share is None and stage.iterations is None and not stage.plateau:
            what = "it never ends; give it a share, iterations, or plateau = true"
            raise _wrong(text, number, tables[number], "name", what)
    if stages[-1].set.get("swap_sides"):
        what = "the last stage can't be swapped: the model would end up painting the wrong performer"
        raise _wrong(text, len(stages) - 1, tables[-1], "swap_sides", what)
    total = sum(stage.share or 0.0 for stage in stages)
    if total > 1.0 + 1e-9:
        raise RecipeInvalid(f"The shares of all stages add up to {total:g}; they can't be more than 1.")


def _wrong(text: str, number: int, values: Any, key: str, what: str) -> RecipeInvalid:
    name = values.get("name") if isinstance(values, dict) else None
    stage = f"stage {number + 1}" + (f" ({name})" if isinstance(name, str) and name else "")
    option = f", {key!r}" if key else ""
    return RecipeInvalid(f"{_line(text, key, number)}{stage}{option}: {ended(what)}")


def _words(error: ValidationError) -> tuple[str, str]:
    """(the key, what is wrong with it)."""
    first = error.errors()[0]
    key = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        return key, "this word means nothing here"
    if first["type"] == "missing":
        return key, "it is missing"
    return key, f"it can't be {first['input']!r}: {value_sentence(first)}"


def _line(text: str, key: str, number: int | None = None) -> str:
    """ "Line 7, " where a key stands, else where its stage begins; empty where neither is seen."""
    lines = text.splitlines()
    headers = [n for n, line in enumerate(lines) if re.match(r"\s*\[\[\s*stage\s*]]", line)]
    start, end = 0, headers[0] if headers else len(lines)
    if number is not None and number < len(headers):
        start = headers[number]
        end = headers[number + 1] if number + 1 < len(headers) else len(lines)
    word = re.compile(rf'(^|[\s.{{,"\[]){re.escape(key)}["\s]*[=\].]') if key else None
    for n in range(start, end):
        if word is not None and word.search(lines[n].split("#")[0]):
            return f"Line {n + 1}, "
    return f"Line {start + 1}, " if number is not None and number < len(headers) else ""


def _between(change: Change, way: float) -> Value:
    if not isinstance(change, tuple):
        return change
    return change[0] + (change[1] - change[0]) * way


@cache
def _known() -> dict[str, OptionInfo]:
    return {info.name: info for info in describe(TrainOptions)}


def _kind(name: str) -> str:
    return _known()[name].kind


def _stage_json(stage: Stage) -> dict[str, Any]:
    changes = {
        key: {n: list(change) if isinstance(change, tuple) else change for n, change in of.items()}
        for key, of in (("set", stage.set), ("scale", stage.scale))
    }
    return vars(stage) | changes
