"""Options declared once: name, type, range, unit, default, help and when they may change.

A stage's options are one class. The flag, the TOML table, validation and the reference page all read it from
here. Not here: reading files or flags.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from understudy.errors import OptionInvalid

When = Literal["live", "restart", "create"]
T = TypeVar("T", bound="Options")


class Options(BaseModel):
    """Base of every option class: immutable, no unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def changed(self, **values: Any) -> Self:
        """A validated copy with some values replaced. Raises OptionInvalid."""
        return parse_options(type(self), {**self.model_dump(), **values})

    def idle(self) -> frozenset[str]:
        """Names of options that do nothing as all stand: who agrees in the rest gets the same. A class with
        such adds its own."""
        return frozenset()


def option(
    default: Any,
    help: str,
    *,
    low: float | None = None,
    high: float | None = None,
    unit: str | None = None,
    when: When = "live",
) -> Any:
    """Declare one option.

    `low` and `high` are inclusive. `when` says when a change takes effect: `live` while the stage runs,
    `restart` at its next start, `create` only for a new model or project.
    """
    return Field(
        default,
        description=help,
        ge=low,
        le=high,
        json_schema_extra={"unit": unit, "when": when, "low": low, "high": high},
    )


@dataclass(frozen=True)
class OptionInfo:
    """One option as shown to people. `choices` is empty where any value of `kind` goes."""

    name: str
    kind: str
    default: Any
    help: str
    low: float | None
    high: float | None
    unit: str | None
    when: When
    choices: tuple[str, ...]


def describe(options: type[Options]) -> list[OptionInfo]:
    """List the options of a class in the order of declaration."""
    schema = options.model_json_schema()["properties"]
    infos = []
    for name, field in options.model_fields.items():
        extra = field.json_schema_extra
        if not isinstance(extra, dict) or "when" not in extra:
            raise TypeError(f"{options.__name__}.{name} is not declared with option()")
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
                choices=tuple(schema[name].get("enum", ())),
            )
        )
    return infos


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
    unknown = sorted(set(values) - set(options.model_fields))
    if unknown:
        known = ", ".join(options.model_fields)
        raise OptionInvalid(f"There is no option {unknown[0]!r}. Known here: {known}.")
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
    name = ".".join(str(part) for part in first["loc"]) or error.title
    what = first["msg"].removeprefix("Value error, ")
    return f"Option {name!r} can't be {first['input']!r}: {what[:1].lower()}{what[1:]}."
