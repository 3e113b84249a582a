"""Options declared once: name, type, range, unit, default, help and when they may change.

A stage's options are one class. The flag, the TOML table, validation and the reference page all read it from
here. Not here: reading files or flags.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from understudy.errors import OptionInvalid

When = Literal["live", "restart", "create"]
T = TypeVar("T", bound="Options")
_LEAST_BEGINNING = 3  # letters of a name by which it can be meant

NONE = "none"
"""The word for no value, where an option may have none: in a flag, a file or a form, over what is kept."""


class Options(BaseModel):
    """Base of every option class: immutable, no unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _none_said(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        return {name: None if cls._is_none(name, value) else value for name, value in values.items()}

    @classmethod
    def _is_none(cls, name: str, value: Any) -> bool:
        field = cls.model_fields.get(name)
        return isinstance(value, str) and value.lower() == NONE and field is not None and field.default is None

    def changed(self, **values: Any) -> Self:
        """A validated copy with some values replaced, of which these and what was said before count as said
        (`model_fields_set`). Raises OptionInvalid."""
        made = _validated(type(self), {**self.model_dump(), **values})
        made.__pydantic_fields_set__ = self.model_fields_set | set(values)
        return made

    def idle(self) -> frozenset[str]:
        """Names of options that do nothing as all stand: who agrees in the rest gets the same. A class with
        such adds its own."""
        return frozenset()

    def require_names(self) -> Self:
        """Itself, where every name is one that the program knows. Raises OptionInvalid.

        Tables of names can grow until a stage begins, so making options does not look into them; reading what
        a person said (`parse_options`) does, and so does the stage.
        """
        for name in type(self).model_fields:
            names = names_of(type(self), name)
            if names and not names.of_project:
                names.require(name, getattr(self, name))
        return self


def meant(said: Any, known: Iterable[str]) -> str:
    """A question that ends a refusal: which of the known names was meant; empty where none is near.

    Near is one slip of the fingers in three letters, or a name's beginning. What two names share in order, as
    difflib measures it, suggests a name for every tenth other word; this for every hundredth.
    """
    word = str(said).casefold()
    by_lower = {name.casefold(): name for name in known}
    slips = {name: _slips(word, name) for name in by_lower}
    near = [name for name in by_lower if 3 * slips[name] <= len(word)]
    begun = [name for name in by_lower if len(word) >= _LEAST_BEGINNING and name.startswith(word)]
    found = min(near or begun, key=lambda name: slips[name], default=None)
    return "" if found is None else f' Did you mean "{by_lower[found]}"?'


def _slips(said: str, name: str) -> int:
    """How many letters to leave out, add, change or swap with the next (Damerau 1964) make one the other."""
    before, last = [0] * (len(name) + 1), list(range(len(name) + 1))
    for row, letter in enumerate(said):
        now = [row + 1]
        for place, other in enumerate(name):
            now.append(min(last[place + 1] + 1, now[place] + 1, last[place] + (letter != other)))
            if row and place and letter == name[place - 1] and said[row - 1] == other:
                now[-1] = min(now[-1], before[place - 1] + 1)
        before, last = last, now
    return last[-1]


@dataclass(frozen=True)
class Names:
    """The names that an option takes, where they stand in a table rather than in its type.

    `known` is asked whenever they are needed, so that what joins the table later counts too. `of_project` says
    of what a project has more of them ("segmenters"): whoever has the project knows those. With `others`, words
    beside them may be values as well, which the option's class looks at itself; `joined_by` are letters that
    join several.
    """

    known: Callable[[], Iterable[str]]
    of_project: str = ""
    others: bool = False
    joined_by: str = ""

    def require(self, option: str, value: Any, *, more: Iterable[str] = ()) -> None:
        """Raise OptionInvalid for a value of that option that is neither among them nor among `more`."""
        if self.others or value in (names := list(dict.fromkeys([*self.known(), *more]))):
            return
        known = ", ".join(name for name in names if name) or "none yet"
        raise OptionInvalid(f"Option {option!r} can't be {value!r}: known are {known}.{meant(value, names)}")


def option(
    default: Any,
    help: str,
    *,
    low: float | None = None,
    high: float | None = None,
    unit: str | None = None,
    when: When = "live",
    place: bool = False,
    names: Names | None = None,
    called: str = "",
) -> Any:
    """Declare one option.

    An option whose default is None has no value until one is said, and takes it back with the word none. `low`
    and `high` are inclusive. `when` says when a change takes effect: `live` while the stage runs,
    `restart` at its next start, `create` only for a new model or project. The value of a `place` may lead to a
    file, a folder or another machine: whoever takes values from strangers refuses such. `names` are offered
    wherever the option is chosen, and a name that is none of them is refused. `called` are words for a form,
    where the option's name is none of a person's.
    """
    field: FieldInfo = Field(
        default,
        description=help,
        ge=low,
        le=high,
        json_schema_extra={
            "unit": unit,
            "when": when,
            "low": low,
            "high": high,
            "place": place,
            "called": called,
        },
    )
    if names:
        field.metadata.append(names)
    return field


def names_of(options: type[Options], name: str) -> Names | None:
    """The names that the option `name` of a class was declared with."""
    metadata = options.model_fields[name].metadata
    return next((said for said in metadata if isinstance(said, Names)), None)


@dataclass(frozen=True)
class OptionInfo:
    """One option as shown to people. `choices` is empty where any value of `kind` goes.

    A value of a `place` may lead to a file, a folder or another machine. With `others`, values beside the
    choices go too; `joined_by` are letters that join several, `of_project` is what a project has more of.
    """

    name: str
    kind: str
    default: Any
    help: str
    low: float | None
    high: float | None
    unit: str | None
    when: When
    choices: tuple[str, ...]
    place: bool = False
    others: bool = False
    joined_by: str = ""
    of_project: str = ""
    called: str = ""


def describe(options: type[Options]) -> list[OptionInfo]:
    """List the options of a class in the order of declaration."""
    schema = options.model_json_schema()["properties"]
    infos = []
    for name, field in options.model_fields.items():
        extra = field.json_schema_extra
        if not isinstance(extra, dict) or "when" not in extra:
            raise TypeError(f"{options.__name__}.{name} is not declared with option()")
        names = names_of(options, name)
        infos.append(
            OptionInfo(
                name=name,
                kind=_kind(schema[name]),
                default=field.default,
                help=field.description or "",
                low=extra["low"],  # type: ignore[arg-type]
                high=extra["high"],  # type: ignore[arg-type]
                unit=extra["unit"],  # type: ignore[arg-type]
                when=extra["when"],  # type: ignore[arg-type]
                choices=tuple(names.known()) if names else _choices(schema[name]),
                place=bool(extra["place"]),
                others=names.others if names else False,
                joined_by=names.joined_by if names else "",
                of_project=names.of_project if names else "",
                called=str(extra["called"]),
            )
        )
    return infos


def _choices(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """What may be chosen, also where nothing need be."""
    return tuple(schema.get("enum", ())) or tuple(
        choice for part in schema.get("anyOf", ()) for choice in part.get("enum", ())
    )


def _kind(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return "choice"
    if "anyOf" in schema:
        return " or ".join(_kind(part) for part in schema["anyOf"] if part.get("type") != "null")
    kind = str(schema.get("type", "text"))
    names = {"integer": "whole number", "number": "number", "boolean": "yes or no", "string": "text"}
    return names.get(kind, kind)


def parse_options(options: type[T], values: Mapping[str, Any]) -> T:
    """Validate plain values (from TOML, JSON or flags) into `options`.

    Raises OptionInvalid with one sentence that names the option, the value and what it takes.
    """
    return _validated(options, values).require_names()


def _validated(options: type[T], values: Mapping[str, Any]) -> T:
    unknown = sorted(set(values) - set(options.model_fields))
    if unknown:
        known = ", ".join(options.model_fields)
        near = meant(unknown[0], options.model_fields)
        raise OptionInvalid(f"There is no option {unknown[0]!r}. Known here: {known}.{near}")
    try:
        return options.model_validate(dict(values))
    except ValidationError as error:
        raise OptionInvalid(validation_sentence(error)) from None


def require_effect(said: Iterable[str], without: Mapping[str, str]) -> None:
    """Raise OptionInvalid for an option that was said and does nothing; `without` names those, and why."""
    for name in said:
        if name in without:
            raise OptionInvalid(f"{name} would do nothing here: {without[name]}. Leave it out.")


def validation_sentence(error: ValidationError) -> str:
    """What is wrong with a value, in one sentence."""
    first = error.errors()[0]
    what = value_sentence(first)
    if not first["loc"]:  # two of them don't go together; the sentence names them
        return f"{what[:1].upper()}{what[1:]}"
    name = ".".join(str(part) for part in first["loc"])
    return f"Option {name!r} can't be {first['input']!r}: {what}"


def value_sentence(error: ErrorDetails) -> str:
    """What a value of an option has to be; of a choice, with the nearest that there is."""
    what = error["msg"].removeprefix("Value error, ")
    expected = error.get("ctx", {}).get("expected", "") if error["type"] == "literal_error" else ""
    choices = re.findall(r"'([^']+)'", expected)
    return ended(f"{what[:1].lower()}{what[1:]}") + meant(error["input"], choices)


def ended(words: str) -> str:
    """A sentence with its full stop, which one that ends by a question has already."""
    return words if words.endswith((".", "?")) else f"{words}."
