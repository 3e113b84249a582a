"""Writes plain values and arrays as a pickle, for programs that read nothing else. `pickles.py` reads."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import numpy.typing as npt

from understudy.pickles import NUMBER_FORMAT


def write_pickle(value: Any) -> bytes:
    """A pickle, protocol 3, of None, bool, int, float, str, bytes, list, tuple, dict and numeric arrays.

    It names nothing but numpy's own maker of arrays, under the name that every numpy since 1.0 knows, so that
    programs of 2018 read it too. Raises TypeError for anything else.
    """
    return b"\x80\x03" + _written(value) + b"."


def _written(value: Any) -> bytes:
    kind = type(value)
    if value is None or kind is bool:
        return {None: b"N", True: b"\x88", False: b"\x89"}[value]
    if kind is int:
        size = value.bit_length() // 8 + 1
        return b"\x8a" + struct.pack("B", size) + value.to_bytes(size, "little", signed=True)
    if kind is float:
        return b"G" + struct.pack(">d", value)
    if kind is str:
        data = value.encode("utf-8", "surrogatepass")
        return b"X" + struct.pack("<I", len(data)) + data
    if kind is bytes:
        return b"B" + struct.pack("<I", len(value)) + value
    if kind is list:
        return b"](" + b"".join(map(_written, value)) + b"e"
    if kind is tuple:
        return b"(" + b"".join(map(_written, value)) + b"t"
    if kind is dict:
        return b"}(" + b"".join(_written(part) for pair in value.items() for part in pair) + b"u"
    if kind is np.ndarray and NUMBER_FORMAT.fullmatch(value.dtype.str[1:]):
        return _written_array(value)
    raise TypeError(f"{kind.__name__} is no plain value")


def _written_array(array: npt.NDArray[Any]) -> bytes:
    order = "|" if array.dtype.itemsize == 1 else "<"
    raw = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
    empty = (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n" + _written((0,)) + _written(b"b") + b"\x87R"
    )
    form = b"cnumpy\ndtype\n" + _written((array.dtype.str[1:], False, True)) + b"R"
    form += _written((3, order, None, None, None, -1, -1, 0)) + b"b"
    return empty + b"(" + _written(1) + _written(array.shape) + form + b"\x89" + _written(raw) + b"tb"
