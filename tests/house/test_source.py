"""The eyes of the house rules see what they are meant to see."""

from __future__ import annotations

import ast

from tests.house.source import REPOSITORY, dotted, functions, imported, modules, tracked_texts


def test_every_room_is_seen() -> None:
    names = {module.name for module in modules()}
    assert {"understudy", "understudy.files", "understudy.provenance.consent"} <= names
    assert {path.relative_to(REPOSITORY).as_posix() for path in tracked_texts()} >= {
        "pyproject.toml",
        "src/understudy/files.py",
    }


def test_nested_functions_imports_and_dotted_names_are_found() -> None:
    tree = ast.parse("import os.path\nfrom a.b import c\ndef f():\n    def g(): x.y.z()\n")
    assert [function.name for function in functions(tree)] == ["f", "g"]
    assert [name for _, name in imported(tree)] == ["os.path", "a.b.c"]
    assert "x.y.z" in {dotted(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
