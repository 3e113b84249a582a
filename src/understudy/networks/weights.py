"""Where networks' weights come from: found, checked against a pinned SHA-256, read without running anything.

The face detector's weights lie in the `mtcnn` wheel as compressed pickles. They are read here by a reader that
knows the twenty-odd pickle instructions which build lists of arrays and nothing else: it imports no module and
calls no function a file names. The package `mtcnn` itself is never imported, because it needs TensorFlow.
Not here: our own checkpoints (`training`), the networks (`mtcnn.py`).
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import pickletools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lz4.frame
import numpy as np
import numpy.typing as npt

from understudy.errors import UnsafeFile, WeightsMissing

MTCNN_VERSION = "1.0.0"
MTCNN_SHA256 = {
    "pnet": "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5",
    "rnet": "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
    "onet": "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
}
_HOW_TO_GET_IT = f"Install them with: pip install --no-deps mtcnn=={MTCNN_VERSION}"
_MOST_BYTES = 1 << 28


def mtcnn_weights() -> dict[str, list[npt.NDArray[np.float32]]]:
    """The arrays of the detector's three networks, by "pnet", "rnet", "onet", in the order of their layers.

    Raises WeightsMissing when the wheel is not installed or its files are not the ones we pinned.
    """
    return {name: read_arrays(lz4.frame.decompress(_pinned_bytes(name))) for name in MTCNN_SHA256}


def _pinned_bytes(name: str) -> bytes:
    try:
        wheel = importlib.metadata.distribution("mtcnn")
    except importlib.metadata.PackageNotFoundError:
        raise WeightsMissing(f"The face detector's weights are not installed. {_HOW_TO_GET_IT}") from None
    path = Path(str(wheel.locate_file(f"mtcnn/assets/weights/{name}.lz4")))
    if not path.is_file():
        raise WeightsMissing(f"A file of the face detector's weights is missing. {_HOW_TO_GET_IT}", path)
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != MTCNN_SHA256[name]:
        raise WeightsMissing(
            f"The face detector's weights are not the ones this version was checked with. {_HOW_TO_GET_IT}",
            path,
        )
    return data


def read_arrays(pickled: bytes) -> list[npt.NDArray[np.float32]]:
    """Read a list of little-endian float32 arrays that joblib pickled, without unpickling.

    Raises UnsafeFile for any instruction, name or size that such a list has no need of.
    """
    try:
        result = _ArrayReader(pickled).run()
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise UnsafeFile("This weights file is damaged or was made to mislead; it was not used.") from error
    if not isinstance(result, list) or not all(isinstance(item, np.ndarray) for item in result):
        raise UnsafeFile("This weights file holds something other than arrays; it was not used.")
    return result


@dataclass
class _Name:
    """A name the file may mention. Nothing is ever imported under it."""

    module: str
    name: str


@dataclass
class _DType:
    """The one number format we take."""

    code: str


class _ArrayNote:
    """Stands for joblib's wrapper: an array's shape, whose numbers follow in the stream."""


_MARK = object()
_WRAPPER = _Name("joblib.numpy_pickle", "NumpyArrayWrapper")
_NDARRAY = _Name("numpy", "ndarray")
_DTYPE = _Name("numpy", "dtype")
_KNOWN_NAMES = (_WRAPPER, _NDARRAY, _DTYPE)
_IGNORED = frozenset({"PROTO", "FRAME"})
_CONSTANTS = frozenset({"BININT", "BININT1", "BININT2", "SHORT_BINUNICODE", "BINUNICODE"})
_FIXED: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}


class _ArrayReader:
    """A stack machine for the pickle instructions of a list of arrays. See pickletools for each of them."""

    def __init__(self, pickled: bytes) -> None:
        self.stream = io.BytesIO(pickled)
        self.size = len(pickled)
        self.stack: list[Any] = []
        self.memo: list[Any] = []

    def run(self) -> Any:
        # genops reads one instruction at a time, so the raw numbers between instructions can be taken
        # from the same stream.
        for opcode, argument, _ in pickletools.genops(self.stream):
            if opcode.name == "STOP":
                return self.stack.pop()
            self._step(opcode.name, argument)
        raise ValueError("the file ends early")

    def _step(self, name: str, argument: Any) -> None:
        if name in _IGNORED:
            return
        if name in _CONSTANTS:
            self.stack.append(argument)
        elif name in _FIXED:
            self.stack.append(_FIXED[name])
        elif name == "EMPTY_LIST":
            self.stack.append([])
        elif name == "EMPTY_DICT":
            self.stack.append({})
        elif name == "MARK":
            self.stack.append(_MARK)
        elif name == "MEMOIZE":
            self.memo.append(self.stack[-1])
        elif name in ("BINGET", "LONG_BINGET"):
            self.stack.append(self.memo[argument])
        elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
            count = int(name[-1])
            self.stack[-count:] = [tuple(self.stack[-count:])]
        elif name in _ACTIONS:
            _ACTIONS[name](self)
        else:
            raise UnsafeFile(
                f"This weights file has the instruction {name}, which no weights need; it was not used."
            )

    def _since_mark(self) -> list[Any]:
        at = len(self.stack) - 1 - next(i for i, item in enumerate(reversed(self.stack)) if item is _MARK)
        items = self.stack[at + 1 :]
        del self.stack[at:]
        return items

    def tuple_of_all(self) -> None:
        self.stack.append(tuple(self._since_mark()))

    def append_one(self) -> None:
        item = self.stack.pop()
        self._list().append(item)

    def append_all(self) -> None:
        items = self._since_mark()
        self._list().extend(items)

    def _list(self) -> list[Any]:
        if not isinstance(self.stack[-1], list):
            raise ValueError("not a list")
        return self.stack[-1]

    def set_all(self) -> None:
        items = self._since_mark()
        if not isinstance(self.stack[-1], dict):
            raise ValueError("not a dict")
        self.stack[-1].update(zip(items[::2], items[1::2], strict=True))

    def name(self) -> None:
        module, name = self.stack[-2:]
        found = _Name(module, name)
        if found not in _KNOWN_NAMES:
            raise UnsafeFile(
                f"This weights file asks for {module}.{name}, which no weights need; it was not used."
            )
        self.stack[-2:] = [found]

    def new_object(self) -> None:
        kind, arguments = self.stack[-2:]
        if kind != _WRAPPER or arguments != ():
            raise UnsafeFile("This weights file makes an object that is no array; it was not used.")
        self.stack[-2:] = [_ArrayNote()]

    def call(self) -> None:
        kind, arguments = self.stack[-2:]
        if kind != _DTYPE or arguments != ("f4", False, True):
            raise UnsafeFile("This weights file calls something, which no weights need; it was not used.")
        self.stack[-2:] = [_DType("<f4")]

    def build(self) -> None:
        state = self.stack.pop()
        made = self.stack[-1]
        if isinstance(made, _DType) and state == (3, "<", None, None, None, -1, -1, 0):
            return
        if isinstance(made, _ArrayNote) and isinstance(state, dict):
            self.stack[-1] = self._array(state)
            return
        raise UnsafeFile("This weights file sets something other than an array; it was not used.")

    def _array(self, state: dict[str, Any]) -> npt.NDArray[np.float32]:
        shape = state["shape"]
        if (
            state["subclass"] != _NDARRAY
            or not isinstance(state["dtype"], _DType)
            or state["order"] not in "CF"
        ):
            raise ValueError("not a plain array")
        if not isinstance(shape, tuple) or not all(type(n) is int and 0 <= n < _MOST_BYTES for n in shape):
            raise ValueError("not a shape")
        if state.get("numpy_array_alignment_bytes") is not None:
            self.stream.seek(self.stream.read(1)[0], io.SEEK_CUR)
        count = 1
        for n in shape:
            count *= n
        if count * 4 > self.size - self.stream.tell():
            raise ValueError("the array is larger than the file")
        numbers = np.frombuffer(self.stream.read(count * 4), "<f4")
        return numbers.reshape(shape, order=state["order"]).astype(np.float32)


_ACTIONS = {
    "TUPLE": _ArrayReader.tuple_of_all,
    "APPEND": _ArrayReader.append_one,
    "APPENDS": _ArrayReader.append_all,
    "SETITEMS": _ArrayReader.set_all,
    "STACK_GLOBAL": _ArrayReader.name,
    "NEWOBJ": _ArrayReader.new_object,
    "REDUCE": _ArrayReader.call,
    "BUILD": _ArrayReader.build,
}
