"""The product's own source as the house rules see it: files, syntax trees, functions, modules."""

from __future__ import annotations

import ast
import gc
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCE = REPOSITORY / "src"
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One Python file of the product."""

    path: Path
    tree: ast.Module

    @property
    def name(self) -> str:
        """Its dotted name."""
        parts = self.path.relative_to(SOURCE).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def at(self, node: ast.AST) -> str:
        """Where a node stands, for a failing test's message."""
        return f"{self.path.relative_to(REPOSITORY).as_posix()}:{getattr(node, 'lineno', 1)}"


@cache
def modules() -> tuple[Module, ...]:
    """Every module below src/, by path."""
    paths = sorted((SOURCE / "understudy").rglob("*.py"))
    gc.disable()  # which would go through the trees again and again while they grow
    try:
        return tuple(Module(path, ast.parse(path.read_text(encoding="utf-8"))) for path in paths)
    finally:
        gc.enable()


def module_named(name: str) -> Module:
    """The module of a dotted name."""
    return next(module for module in modules() if module.name == name)


def functions(tree: ast.AST) -> Iterator[Function]:
    """Every function and method in a tree, nested ones too."""
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node


def dotted(node: ast.AST) -> str:
    """`a.b.c` for a name or attribute, empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


def imported(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Every import in a tree: its node and the dotted names it brings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


@cache
def tracked_texts() -> tuple[Path, ...]:
    """Text files that belong to the repository; without git, all that are not made by a tool."""
    listed = subprocess.run(
        ["git", "-C", str(REPOSITORY), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        paths = [REPOSITORY / name for name in listed.stdout.decode().split("\0") if name]
    else:
        made = {".venv", ".git", ".hypothesis", ".ruff_cache", "__pycache__", "demo", "build", "dist"}
        paths = [p for p in REPOSITORY.rglob("*") if not made & set(p.relative_to(REPOSITORY).parts)]
    return tuple(path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:8192])
