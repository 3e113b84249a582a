"""An option is declared once, and by that alone it is explained, a flag, and in the reference."""

from __future__ import annotations

import ast
import importlib
from functools import cache

import pytest

from tests.house.source import REPOSITORY, dotted, modules
from understudy.networks.options import NetworkOptions
from understudy.options import OptionInfo, Options, describe, parse_options

REFERENCE = REPOSITORY / "docs" / "reference"


@cache
def option_classes() -> tuple[type[Options], ...]:
    """Every class of options in the product, found by what it inherits."""
    for module in modules():
        bases = {
            dotted(base)
            for node in ast.walk(module.tree)
            if isinstance(node, ast.ClassDef)
            for base in node.bases
        }
        if any(base.endswith("Options") for base in bases):
            importlib.import_module(module.name)
    found: list[type[Options]] = []
    waiting = list(Options.__subclasses__())
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("understudy."):
            found.append(kind)
    return tuple(sorted(found, key=lambda kind: kind.__name__))


def _options() -> list[tuple[str, OptionInfo]]:
    return [(kind.__name__, info) for kind in option_classes() for info in describe(kind)]


def test_every_stage_has_its_options() -> None:
    names = {kind.__name__ for kind in option_classes()}
    assert names >= {"ExtractOptions", "TrainOptions", "MergeOptions", "EncodeOptions"}


def test_every_option_is_explained_in_whole_sentences() -> None:
    bad = [
        f"{owner}.{info.name}: {info.help!r}"
        for owner, info in _options()
        if not info.help.endswith(".") or len(info.help.split()) < 3
    ]
    assert not bad, "\n".join(bad)


def test_every_default_is_a_value_the_option_takes() -> None:
    for kind in option_classes():
        defaults = {info.name: info.default for info in describe(kind)}
        assert parse_options(kind, defaults).model_dump() == kind().model_dump()


def test_ranges_are_the_right_way_round_and_hold_the_default() -> None:
    bad = []
    for owner, info in _options():
        low = float("-inf") if info.low is None else info.low
        high = float("inf") if info.high is None else info.high
        inside = not isinstance(info.default, int | float) or low <= info.default <= high
        if low > high or not inside:
            bad.append(f"{owner}.{info.name}")
    assert not bad, "\n".join(bad)


def test_every_option_stands_in_the_reference() -> None:
    page = (REFERENCE / "options.md").read_text(encoding="utf-8")
    missing = [f"{owner}.{info.name}" for owner, info in _options() if f"`{info.name}`" not in page]
    assert not missing, "\n".join(missing)


def test_every_option_is_a_flag_of_some_command() -> None:
    page = (REFERENCE / "commands.md").read_text(encoding="utf-8")
    flags = {word.strip("`*,:|[]()=") for word in page.split() if "--" in word}
    endings = {flag.removeprefix("--").split(".")[-1] for flag in flags if flag.startswith("--")}
    # Those of networks are said as `--network NAME=VALUE`: each architecture has its own.
    of_networks = {kind.__name__ for kind in option_classes() if issubclass(kind, NetworkOptions)}
    asked = [(owner, info.name) for owner, info in _options() if owner not in of_networks]
    missing = [f"{owner}.{name}" for owner, name in asked if name.replace("_", "-") not in endings]
    assert not missing, "\n".join(missing)


def test_an_option_that_is_not_declared_is_found() -> None:
    class Careless(Options):
        size: int = 3

    with pytest.raises(TypeError, match=r"Careless\.size"):
        describe(Careless)
