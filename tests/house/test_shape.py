"""How files and functions look: named for what they hold, short, and described."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

from tests.house.source import REPOSITORY, SOURCE, Function, Module, dotted, functions, imported, modules

LONGEST_FUNCTION = 60
LONGEST_FILE = 500
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "core", "base", "manager"}

# Source without a test file of its own, and why.
_SHAPES = "only shapes and names; tested through everything that has them"
WITHOUT_TEST_FILE = {
    "understudy/__main__.py": "tests/house/test_imports.py runs it",
    "understudy/cli/flags.py": "tests/cli/test_main.py asks every command for its flags",
    "understudy/cli/measure.py": "tests/journeys/test_swap.py runs it",
    "understudy/cli/stages.py": "tests/journeys/test_swap.py runs each",
    "understudy/cli/swap.py": "tests/journeys/test_swap.py",
    "understudy/errors.py": _SHAPES,
    "understudy/events.py": _SHAPES,
    "understudy/faces/landmark.py": _SHAPES,
    "understudy/jobs/request.py": _SHAPES,
    "understudy/media/clip.py": _SHAPES,
    "understudy/networks/swap.py": _SHAPES,
}


def test_every_module_says_what_it_is_for() -> None:
    bad = [m.at(m.tree) for m in modules() if not ast.get_docstring(m.tree)]
    assert not bad, "\n".join(bad)


def test_no_file_is_a_drawer_for_odds_and_ends() -> None:
    bad = [m.at(m.tree) for m in modules() if BANNED_NAMES & {m.path.stem, m.path.parent.name}]
    assert not bad, "\n".join(bad)


def test_no_file_is_too_long_to_read() -> None:
    lengths = {m.at(m.tree): len(m.path.read_text(encoding="utf-8").splitlines()) for m in modules()}
    assert {where: n for where, n in lengths.items() if n > LONGEST_FILE} == {}


def test_no_function_is_too_long_to_see() -> None:
    lengths = {m.at(f): _length(f) for m in modules() for f in functions(m.tree)}
    assert {where: n for where, n in lengths.items() if n > LONGEST_FUNCTION} == {}


def test_everything_public_is_described() -> None:
    bad = [
        f"{module.at(node)} {node.name}"
        for module in modules()
        for node in _public(module)
        if not ast.get_docstring(node)
    ]
    assert not bad, "\n".join(bad)


def test_every_module_that_other_rooms_use_has_its_test_file() -> None:
    missing = []
    for module in modules():
        relative = module.path.relative_to(SOURCE / "understudy")
        if not _is_used_elsewhere(module) or module.path.name == "options.py":
            continue  # a room's inner files are tested through the room; options in test_options.py
        mirror = REPOSITORY / "tests" / relative.with_name(f"test_{relative.name}")
        if not mirror.is_file() and module.path.relative_to(SOURCE).as_posix() not in WITHOUT_TEST_FILE:
            missing.append(mirror.relative_to(REPOSITORY).as_posix())
    assert not missing, "\n".join(missing)


def _is_used_elsewhere(module: Module) -> bool:
    """True for what another room imports; the command line is used by people."""
    if "cli" in module.name.split("."):
        return module.path.name != "__init__.py"
    whole = module.path.name == "__init__.py"  # what lies in a package is no use of its own file
    return any(
        module.name in names or (not whole and module.name in holders)
        for room, (names, holders) in _imports_by_room().items()
        if room != _room(module)
    )


@cache
def _imports_by_room() -> dict[str, tuple[set[str], set[str]]]:
    """For each room the names that it imports, and what holds them: of `a.b.c` that is `a.b` and `a`."""
    names: dict[str, set[str]] = {}
    for module in modules():
        names.setdefault(_room(module), set()).update(name for _, name in imported(module.tree))
    return {room: (imports, set(_holders(imports))) for room, imports in names.items()}


def _holders(names: set[str]) -> Iterator[str]:
    for name in names:
        parts = name.split(".")
        yield from (".".join(parts[:count]) for count in range(1, len(parts)))


def _room(module: Module) -> str:
    return ".".join(module.name.split(".")[:2])


def test_the_list_of_those_without_a_test_file_is_short_and_true() -> None:
    assert [path for path in WITHOUT_TEST_FILE if not (SOURCE / path).is_file()] == []
    assert len(WITHOUT_TEST_FILE) < 12


def _public(module: Module) -> Iterator[Function | ast.ClassDef]:
    """Classes and functions of a module, and the methods of its classes, that have no underscore.

    A method that fulfils a Protocol is described in the Protocol, and one of a subclass in its base.
    """
    for node in module.tree.body:
        if not isinstance(node, Function | ast.ClassDef) or node.name.startswith("_"):
            continue
        yield node
        if isinstance(node, ast.ClassDef) and not node.bases:
            methods = [method for method in node.body if isinstance(method, Function)]
            told = _described_in_protocols()
            yield from (m for m in methods if not m.name.startswith("_") and m.name not in told)


@cache
def _described_in_protocols() -> frozenset[str]:
    return frozenset(
        function.name
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and "Protocol" in {dotted(base) for base in node.bases}
        for function in functions(node)
        if ast.get_docstring(function) or function.name == "close"
    )


def _length(function: Function) -> int:
    """Lines of a function without its docstring, which for a command is the help of all its flags."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None and first.end_lineno is not None:
        lines -= first.end_lineno - first.lineno + 1
    return lines
