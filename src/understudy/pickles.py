"""Reads pickles of plain values without ever running one: the only reader of that format here.

Other programs of the field keep faces and weights as pickles, and unpickling a stranger's file is running a
stranger's program. This reader is a small machine for the instructions that plain values need. It imports no
module and calls nothing that a file names: a name is looked up in a written-out list, and what stands there
is a function of ours. What comes out is None, bool, int, float, str, bytes, list, tuple, dict and numeric
arrays, never more of them than the file has room for. Instructions and their layout: Python's `pickletools`.
Writing is in `pickle_writer.py`.
"""

from __future__ import annotations

import pickletools
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from understudy.errors import UnsafeFile

DEEPEST = 32  # containers inside containers
_MOST_AXES = 8
_MOST_ALONG_AXIS = 1 << 31
NUMBER_FORMAT = re.compile(r"b1|[iu][1248]|f[248]")
# Everything that malformed instructions were seen to raise.
_BROKEN = (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, struct.error)


@dataclass(frozen=True, eq=False)
class Named:
    """A name that a file may use, and what we make of it.

    `call` takes the reader and the arguments that the file gives; `build` takes the reader, what `call`
    returned inside a `Shell`, and the state that the file gives.
    """

    call: Callable[[Reader, tuple[Any, ...]], Any] | None = None
    build: Callable[[Reader, Any, Any], Any] | None = None


@dataclass(eq=False)
class Shell:
    """Something begun by `call` that `build` will finish; the memo may hold it before it is finished."""

    named: Named
    value: Any
    built: bool = False


Names = Mapping[str, Named]


def read_pickle(data: bytes, names: Names, *, subject: str = "file") -> Any:
    """The plain value in a pickle of protocol 0 to 5 that uses no names but `names`.

    `subject` is what the refusal calls the file. Raises UnsafeFile for any other name or instruction, for
    damage, for nesting over DEEPEST and for values that repeat themselves into more than the file holds.
    """
    reader = Reader(data, names, subject)
    try:
        return reader.run()
    except _BROKEN as error:
        raise UnsafeFile(f"This {subject} is damaged or was made to mislead; it was not used.") from error


class Reader:
    """The stack machine. `at` is the next byte; `made_bytes` counts what calls have made out of the file."""

    def __init__(self, data: bytes, names: Names, subject: str) -> None:
        self.data = data
        self.names = names
        self.subject = subject
        self.at = 0
        self.made_bytes = 0
        self.stack: list[Any] = []
        self.outer: list[list[Any]] = []  # one stack for every open mark
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        """Follow the instructions to their end and return the one value they leave, checked to be plain."""
        data = self.data
        while True:
            code = data[self.at]
            self.at += 1
            if code == _STOP:
                break
            step = _STEPS.get(code)
            if step is None:
                raise self.refusal(f"has the instruction {_name_of(code)}")
            step(self)
        if len(self.stack) != 1 or self.outer:
            raise ValueError("not one value")
        return self._plain(self.stack[0])

    def refusal(self, what: str) -> UnsafeFile:
        """The error that says what the file wanted."""
        return UnsafeFile(f"This {self.subject} {what}, which no such file needs; it was not used.")

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        if count < 0 or count > len(self.data) - self.at:
            raise ValueError("the file ends early")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, layout: struct.Struct) -> Any:
        """The next number."""
        (value,) = layout.unpack_from(self.data, self.at)
        self.at += layout.size
        return value

    def line(self) -> bytes:
        """The bytes up to the next line's end."""
        stop = self.data.index(b"\n", self.at)
        line = self.data[self.at : stop]
        self.at = stop + 1
        return line

    def count_made(self, size_bytes: int) -> None:
        """Refuse what would grow beyond the file by naming the same bytes again and again."""
        self.made_bytes += size_bytes
        if self.made_bytes > len(self.data):
            raise ValueError("more than the file holds")

    def _plain(self, value: Any) -> Any:
        """`value` when all in it is plain, shallow and, repeats counted, in proportion to the file."""
        left = 4 * len(self.data) + 64
        waiting = [(value, 0)]
        while waiting:
            item, depth = waiting.pop()
            left -= 1
            kind = type(item)
            if kind in _LEAVES:
                continue
            if depth >= DEEPEST or left < 0:
                raise self.refusal("nests or repeats its values without end")
            if kind is dict:
                inside = item.values()
            elif kind in (list, tuple):
                inside = item
            else:
                raise ValueError("something was begun and not finished")
            if len(inside) > left:
                raise self.refusal("nests or repeats its values without end")
            waiting.extend([(child, depth + 1) for child in inside])
        return value


_LEAVES = {type(None), bool, int, float, str, bytes, np.ndarray}
_STOP = ord(".")


def _name_of(code: int) -> str:
    return next((known.name for known in pickletools.opcodes if known.code == chr(code)), f"{code:#04x}")


# --- instructions


def _push(reader: Reader, value: Any) -> None:
    reader.stack.append(value)


def _mark(reader: Reader) -> None:
    reader.outer.append(reader.stack)
    reader.stack = []


def _since_mark(reader: Reader) -> list[Any]:
    items = reader.stack
    reader.stack = reader.outer.pop()
    return items


def _get(reader: Reader, key: int) -> None:
    value = reader.memo[key]
    reader.stack.append(value.value if type(value) is Shell and value.built else value)


def _put(reader: Reader, key: int) -> None:
    reader.memo[key] = reader.stack[-1]


def _extend(reader: Reader, items: list[Any]) -> None:
    goal = reader.stack[-1]
    if type(goal) is not list:
        raise ValueError("not a list")
    goal.extend(items)


def _set(reader: Reader, items: list[Any]) -> None:
    goal = reader.stack[-1]
    if type(goal) is not dict:
        raise ValueError("not a dict")
    for key, value in zip(items[::2], items[1::2], strict=True):
        # Other keys could be made to collide, or nest until hashing them overflows the processor's stack.
        if not (type(key) in (str, bytes) or (type(key) is int and -(2**61) < key < 2**61)):
            raise ValueError("not a key")
        goal[key] = value


def _dict(reader: Reader) -> None:
    items = _since_mark(reader)
    reader.stack.append({})
    _set(reader, items)


def _last(reader: Reader, count: int) -> list[Any]:
    if len(reader.stack) < count:
        raise ValueError("too little on the stack")
    items = reader.stack[len(reader.stack) - count :]
    del reader.stack[len(reader.stack) - count :]
    return items


def _global(reader: Reader, module: Any, name: Any) -> None:
    if type(module) is not str or type(name) is not str:
        raise ValueError("not a name")
    found = reader.names.get(f"{module}.{name}")
    if found is None:
        raise reader.refusal(f"asks for {_printable(module)}.{_printable(name)}")
    reader.stack.append(found)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text[:80])


def _call(reader: Reader) -> None:
    called, arguments = _last(reader, 2)
    if not isinstance(called, Named) or called.call is None or type(arguments) is not tuple:
        raise reader.refusal("calls something that can't be called")
    reader.stack.append(called.call(reader, arguments))


def _build(reader: Reader) -> None:
    state = reader.stack.pop()
    shell = reader.stack[-1]
    if type(shell) is not Shell or shell.built or shell.named.build is None:
        raise reader.refusal("changes something that can't be changed")
    shell.value = shell.named.build(reader, shell.value, state)
    shell.built = True
    reader.stack[-1] = shell.value


def _utf8(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _quoted(line: bytes) -> str:
    if len(line) < 2 or line[:1] not in (b"'", b'"') or line[-1:] != line[:1] or b"\\" in line:
        raise ValueError("not a plain quoted text")
    return line[1:-1].decode("latin-1")


def _whole(line: bytes) -> int | bool:
    if line in (b"00", b"01"):
        return line == b"01"
    return int(line.removesuffix(b"L"))


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=True)


_BYTE, _U16, _U32, _I32 = struct.Struct("B"), struct.Struct("<H"), struct.Struct("<I"), struct.Struct("<i")
_U64, _DOUBLE = struct.Struct("<Q"), struct.Struct(">d")


_STEPS: dict[int, Callable[[Reader], Any]] = {
    ord(code): step
    for code, step in {
        # bookkeeping
        "\x80": lambda r: r.take(1),  # PROTO
        "\x95": lambda r: r.take(8),  # FRAME
        "(": _mark,
        "0": lambda r: r.stack.pop(),
        "1": _since_mark,  # POP_MARK
        "2": lambda r: _push(r, r.stack[-1]),  # DUP
        "g": lambda r: _get(r, int(r.line())),
        "h": lambda r: _get(r, r.number(_BYTE)),
        "j": lambda r: _get(r, r.number(_U32)),
        "p": lambda r: _put(r, int(r.line())),
        "q": lambda r: _put(r, r.number(_BYTE)),
        "r": lambda r: _put(r, r.number(_U32)),
        "\x94": lambda r: _put(r, len(r.memo)),  # MEMOIZE
        # constants
        "N": lambda r: _push(r, None),
        "\x88": lambda r: _push(r, True),
        "\x89": lambda r: _push(r, False),
        "I": lambda r: _push(r, _whole(r.line())),
        "L": lambda r: _push(r, int(_whole(r.line()))),
        "J": lambda r: _push(r, r.number(_I32)),
        "K": lambda r: _push(r, r.number(_BYTE)),
        "M": lambda r: _push(r, r.number(_U16)),
        "\x8a": lambda r: _push(r, _little(r.take(r.number(_BYTE)))),
        "\x8b": lambda r: _push(r, _little(r.take(r.number(_I32)))),
        "F": lambda r: _push(r, float(r.line())),
        "G": lambda r: _push(r, r.number(_DOUBLE)),
        "S": lambda r: _push(r, _quoted(r.line())),
        "T": lambda r: _push(r, r.take(r.number(_I32)).decode("latin-1")),
        "U": lambda r: _push(r, r.take(r.number(_BYTE)).decode("latin-1")),
        "V": lambda r: _push(r, r.line().decode("raw-unicode-escape")),
        "X": lambda r: _push(r, _utf8(r.take(r.number(_U32)))),
        "\x8c": lambda r: _push(r, _utf8(r.take(r.number(_BYTE)))),
        "\x8d": lambda r: _push(r, _utf8(r.take(r.number(_U64)))),
        "B": lambda r: _push(r, r.take(r.number(_U32))),
        "C": lambda r: _push(r, r.take(r.number(_BYTE))),
        "\x8e": lambda r: _push(r, r.take(r.number(_U64))),
        "\x96": lambda r: _push(r, r.take(r.number(_U64))),  # BYTEARRAY8
        # containers
        "]": lambda r: _push(r, []),
        "l": lambda r: _push(r, _since_mark(r)),
        "a": lambda r: _extend(r, _last(r, 1)),
        "e": lambda r: _extend(r, _since_mark(r)),
        ")": lambda r: _push(r, ()),
        "t": lambda r: _push(r, tuple(_since_mark(r))),
        "\x85": lambda r: _push(r, tuple(_last(r, 1))),
        "\x86": lambda r: _push(r, tuple(_last(r, 2))),
        "\x87": lambda r: _push(r, tuple(_last(r, 3))),
        "}": lambda r: _push(r, {}),
        "d": _dict,
        "s": lambda r: _set(r, _last(r, 2)),
        "u": lambda r: _set(r, _since_mark(r)),
        # names
        "c": lambda r: _global(r, r.line().decode(), r.line().decode()),
        "\x93": lambda r: _global(r, *_last(r, 2)),
        "R": _call,
        "\x81": _call,  # NEWOBJ
        "b": _build,
    }.items()
}


# --- arrays and numbers of numpy


def _dtype(reader: Reader, arguments: tuple[Any, ...]) -> Shell:
    code = arguments[0]
    if type(code) is not str or not NUMBER_FORMAT.fullmatch(code):
        raise reader.refusal("holds an array of something other than numbers")
    return Shell(_DTYPE, np.dtype(code))


def _build_dtype(reader: Reader, dtype: Any, state: Any) -> Any:
    if (
        type(state) is not tuple
        or state[1] not in ("<", ">", "|", "=")
        or any(x is not None for x in state[2:5])
    ):
        raise reader.refusal("holds an array of something other than numbers")
    return dtype.newbyteorder(state[1])


def _begin_array(reader: Reader, arguments: tuple[Any, ...]) -> Shell:
    if not arguments or arguments[0] is not _NDARRAY:
        raise reader.refusal("makes an array of a kind")
    return Shell(_RECONSTRUCT, None)


def _build_array(reader: Reader, _: Any, state: Any) -> npt.NDArray[Any]:
    shape, dtype, column_first, raw = state[-4:]
    return _array(reader, _raw(raw), dtype, shape, "F" if column_first else "C")


def _array_from_buffer(reader: Reader, arguments: tuple[Any, ...]) -> npt.NDArray[Any]:
    raw, dtype, shape, order = arguments
    return _array(reader, _raw(raw), dtype, shape, order)


def _number(reader: Reader, arguments: tuple[Any, ...]) -> bool | int | float:
    dtype, raw = arguments
    return _array(reader, _raw(raw), dtype, (1,), "C")[0].item()


def _array(reader: Reader, raw: bytes, dtype: Any, shape: Any, order: Any) -> npt.NDArray[Any]:
    form = _form(dtype)
    if order not in ("C", "F") or _count(shape) * form.itemsize != len(raw):
        raise ValueError("the shape is not that of the numbers")
    reader.count_made(len(raw))
    numbers = np.frombuffer(raw, form).astype(form.newbyteorder("="))
    return numbers.reshape(shape, order=order)


def _form(dtype: Any) -> np.dtype[Any]:
    form = dtype.value if type(dtype) is Shell else dtype
    if not isinstance(form, np.dtype):
        raise ValueError("not a number format")
    return form


def _count(shape: Any) -> int:
    if type(shape) is not tuple or len(shape) > _MOST_AXES:
        raise ValueError("not a shape")
    count = 1
    for n in shape:
        if type(n) is not int or not 0 <= n < _MOST_ALONG_AXIS:
            raise ValueError("not a shape")
        count *= n
    return count


def _raw(value: Any) -> bytes:
    if type(value) is str:  # as protocols before 3 had it
        return value.encode("latin-1")
    if type(value) is not bytes:
        raise ValueError("not bytes")
    return value


def _encoded(reader: Reader, arguments: tuple[Any, ...]) -> bytes:
    text, encoding = arguments
    if type(text) is not str or encoding not in ("latin1", "latin-1"):
        raise ValueError("not bytes in disguise")
    reader.count_made(len(text))
    return text.encode("latin-1")


_NDARRAY = Named()
_DTYPE = Named(_dtype, _build_dtype)
_RECONSTRUCT = Named(_begin_array, _build_array)
_SCALAR = Named(_number)
_FROM_BUFFER = Named(_array_from_buffer)

# How Python 3 writes bytes in the protocols that had none.
BYTES: Names = {
    "_codecs.encode": Named(_encoded),
    "builtins.bytes": Named(lambda reader, arguments: _empty(reader, arguments, bytes)),
    "__builtin__.bytes": Named(lambda reader, arguments: _empty(reader, arguments, bytes)),
}
NUMPY: Names = {
    "numpy.ndarray": _NDARRAY,
    "numpy.dtype": _DTYPE,
    "numpy.core.multiarray._reconstruct": _RECONSTRUCT,
    "numpy._core.multiarray._reconstruct": _RECONSTRUCT,
    "numpy.core.multiarray.scalar": _SCALAR,
    "numpy._core.multiarray.scalar": _SCALAR,
    "numpy.core.numeric._frombuffer": _FROM_BUFFER,
    "numpy._core.numeric._frombuffer": _FROM_BUFFER,
    **BYTES,
}


# --- arrays of joblib, whose numbers stand in the stream behind the instruction that finishes them


def _begin_joblib(reader: Reader, arguments: tuple[Any, ...]) -> Shell:
    if arguments:
        raise reader.refusal("makes an array with arguments")
    return Shell(_JOBLIB, None)


def _build_joblib(reader: Reader, _: Any, state: Any) -> npt.NDArray[Any]:
    if state["subclass"] is not _NDARRAY:
        raise reader.refusal("makes an array of a kind")
    if state.get("numpy_array_alignment_bytes") is not None:
        reader.take(reader.take(1)[0])
    raw = reader.take(_count(state["shape"]) * _form(state["dtype"]).itemsize)
    return _array(reader, raw, state["dtype"], state["shape"], state["order"])


_JOBLIB = Named(_begin_joblib, _build_joblib)
JOBLIB: Names = {**NUMPY, "joblib.numpy_pickle.NumpyArrayWrapper": _JOBLIB}


# --- what other programs' own classes become


def _first(reader: Reader, arguments: tuple[Any, ...]) -> int:
    (value,) = arguments
    if type(value) is not int:
        raise ValueError("not the number of a choice")
    return value


def _build_object(reader: Reader, _: Any, state: Any) -> dict[Any, Any]:
    if type(state) is not dict:
        raise ValueError("not an object's values")
    return state


def _empty(reader: Reader, arguments: tuple[Any, ...], made: type[Any]) -> Any:
    if arguments:
        raise reader.refusal("makes a container or bytes of arguments")
    return made()


ENUM = Named(_first)  # a member of an enum, as its number
PLAIN_OBJECT = Named(
    lambda reader, arguments: Shell(PLAIN_OBJECT, {}), _build_object
)  # an object, as the dict of its values
ORDERED_DICT = Named(lambda reader, arguments: _empty(reader, arguments, dict))
