"""Filters as people write them: `yaw_deg > 20 and blur < 3 and clip == 'a'`, over the columns of a faceset.

A small grammar in Python's spelling: and, or, not, comparisons, in, + - * /, abs(), numbers, texts and lists of
them. Parsed by `ast` and walked by hand; nothing is ever executed.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from understudy.errors import OptionInvalid
from understudy.options import meant

Row = Mapping[str, Any]
Test = Callable[[Row], bool]
_Value = Callable[[Row], Any]
_LONGEST = 2000
_DEEPEST = 50
_TEXT_COLUMNS = {"name", "clip", "face_type", "source_name"}

_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def columns_in(text: str) -> set[str]:
    """The column names that a filter speaks of. Raises OptionInvalid where it is no filter."""
    called = {node.func for node in ast.walk(_parsed(text)) if isinstance(node, ast.Call)}
    return {
        node.id for node in ast.walk(_parsed(text)) if isinstance(node, ast.Name) and node not in called
    } - {"abs"}


def texts_sought(text: str) -> list[tuple[str, str]]:
    """Column and text of every `column == 'text'` in a filter, those of lists after `in` too."""
    found = []
    for node in ast.walk(_parsed(text)):
        match node:
            case ast.Compare(left=ast.Name(id=name), ops=[ast.Eq()], comparators=[other]):
                found += [(name, value) for value in _texts_of([other])]
            case ast.Compare(left=other, ops=[ast.Eq()], comparators=[ast.Name(id=name)]):
                found += [(name, value) for value in _texts_of([other])]
            case ast.Compare(
                left=ast.Name(id=name), ops=[ast.In()], comparators=[ast.List(elts=many) | ast.Tuple(elts=many)]
            ):
                found += [(name, value) for value in _texts_of(many)]
            case _:
                pass
    return found


def _texts_of(nodes: Sequence[ast.expr]) -> list[str]:
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def parse_where(text: str, columns: Collection[str]) -> Test:
    """A test over rows that hold `columns`. A value that isn't known (None) fails every comparison.

    Raises OptionInvalid in one sentence that names what is not understood.
    """
    value = _Builder(text, columns).built(_parsed(text).body)

    def test(row: Row) -> bool:
        try:
            return bool(value(row))
        except (TypeError, ZeroDivisionError):  # e.g. a text compared with a number
            raise OptionInvalid(f"The filter {text!r} compares things of different kinds.") from None

    return test


def _parsed(text: str) -> ast.Expression:
    if len(text) > _LONGEST:
        raise OptionInvalid(f"A filter may have {_LONGEST} letters; this one has {len(text)}.")
    try:
        return ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise OptionInvalid(
            f"The filter {text!r} can't be read. Write it like \"yaw_deg > 20 and clip == 'a'\"."
        ) from None


class _Builder:
    """Turns a syntax tree into nested functions; every kind of node that is not listed is refused."""

    def __init__(self, text: str, columns: Collection[str]) -> None:
        self._text, self._columns = text, columns
        self._depth = 0

    def built(self, node: ast.expr) -> _Value:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise OptionInvalid(f"The filter {self._text[:60]!r}… is nested too deeply.")
        value = self._built(node)
        self._depth -= 1
        return value

    def _built(self, node: ast.expr) -> _Value:
        match node:
            case ast.BoolOp(op=op, values=values):
                parts, every = [self.built(part) for part in values], isinstance(op, ast.And)
                return lambda row: (all if every else any)(part(row) for part in parts)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = self.built(operand)
                return lambda row: not inner(row)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self.built(operand)
                return lambda row: _unless_unknown(operator.neg, inner(row))
            case ast.Compare(left=left, ops=ops, comparators=others):
                self._require_quotes(left, ops, others)
                return self._comparison([self.built(part) for part in (left, *others)], ops)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                how, a, b = _ARITHMETIC[type(op)], self.built(left), self.built(right)
                return lambda row: _unless_unknown(how, a(row), b(row))
            case ast.Call(func=ast.Name(id="abs"), args=[only], keywords=[]):
                inner = self.built(only)
                return lambda row: _unless_unknown(abs, inner(row))
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                values = [self.built(part) for part in parts]
                return lambda row: [value(row) for value in values]
            case ast.Name(id=name):
                return self._column(name)
            case ast.Constant(value=value) if isinstance(value, str | int | float) or value is None:
                return lambda row: value
            case _:
                raise OptionInvalid(
                    f"The filter {self._text!r} holds {ast.unparse(node)!r}, which filters don't know. "
                    "They take columns, numbers, texts, comparisons, and, or, not, in, abs()."
                )

    def _require_quotes(self, left: ast.expr, ops: list[ast.cmpop], others: list[ast.expr]) -> None:
        """A text column compared with a word that is no column most likely means a text."""
        sides = [left, *others]
        columns = {side.id for side in sides if isinstance(side, ast.Name)} & set(self._columns)
        if not columns & _TEXT_COLUMNS:
            return
        quoted = [self._quoted(side) for side in sides]
        if quoted != sides:
            meant = ast.unparse(ast.Compare(quoted[0], ops, quoted[1:]))
            raise OptionInvalid(
                f"Texts stand in quotes: {meant}. Without them they name columns: {self._known}."
            )

    def _quoted(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.List | ast.Tuple):
            parts = [self._quoted(part) for part in node.elts]
            return node if parts == node.elts else type(node)(parts, ast.Load())
        names = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
        plain = not any(isinstance(inner, ast.Call | ast.Compare) for inner in ast.walk(node))
        if not plain or names <= set(self._columns):
            return node
        return ast.Constant(ast.get_source_segment(self._text.strip(), node) or ast.unparse(node))

    @property
    def _known(self) -> str:
        return ", ".join(sorted(self._columns))

    def _column(self, name: str) -> _Value:
        if name not in self._columns:
            raise OptionInvalid(
                f"There is no column {name!r}; known are {self._known}. Texts stand in quotes."
                f"{meant(name, self._columns)}"
            )
        return lambda row: row[name]

    def _comparison(self, parts: list[_Value], ops: list[ast.cmpop]) -> _Value:
        if any(type(op) not in _COMPARISONS for op in ops):
            raise OptionInvalid(f"The filter {self._text!r} compares in a way that filters don't know.")
        steps = [(_COMPARISONS[type(op)], *pair) for op, *pair in zip(ops, parts, parts[1:], strict=False)]

        def compare(row: Row) -> bool:
            for how, left, right in steps:
                a, b = left(row), right(row)
                if a is None or b is None or not how(a, b):
                    return False
            return True

        return compare


def _unless_unknown(how: Callable[..., Any], *values: Any) -> Any:
    return None if any(value is None for value in values) else how(*values)
