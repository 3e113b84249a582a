import builtins
import collections
import enum
import os
import pickle
import pickletools
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.errors import UnsafeFile
from understudy.pickles import DEEPEST, ENUM, NUMPY, ORDERED_DICT, PLAIN_OBJECT, read_pickle

PROTOCOLS = range(6)
CODES = [op.code.encode("latin-1") for op in pickletools.opcodes]
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.binary(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5) | st.integers(-(2**60), 2**60), inner, max_size=4)
    ),
    max_leaves=20,
)


class Calls:
    """Pickles as a call of `function` with `arguments`."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


class Kind(enum.IntEnum):
    FULL = 4


class Sample:
    def __init__(self):
        self.name = "a.jpg"
        self.shape = (3, 4)


def same(read, written) -> bool:
    if isinstance(written, np.ndarray):
        return isinstance(read, np.ndarray) and read.dtype == written.dtype and np.array_equal(read, written)
    if isinstance(written, list | tuple):
        return type(read) is type(written) and all(same(*pair) for pair in zip(read, written, strict=True))
    return type(read) is type(written) and read == written


@settings(max_examples=150, deadline=None)
@given(PLAIN, st.sampled_from(PROTOCOLS))
def test_plain_values_come_back_as_python_wrote_them(value, protocol):
    assert same(read_pickle(pickle.dumps(value, protocol), NUMPY), value)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("module", [b"numpy.core", b"numpy._core"])
def test_arrays_of_numbers_come_back_in_every_protocol_and_under_both_names(protocol, module):
    arrays = [
        np.arange(12, dtype=np.float32).reshape(3, 4),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(5, dtype=">i2"),
        np.array([True, False]),
        np.zeros((0, 2), np.uint8),
        np.array(7, np.int64),
    ]
    shared = arrays[0]
    data = pickle.dumps([*arrays, {"again": shared}, shared], protocol)
    here = b"numpy._core" if b"numpy._core" in data else b"numpy.core"
    if protocol >= 4 and here != module:  # the length of the name stands before it
        for name in (b".multiarray", b".numeric"):
            before, after = here + name, module + name
            data = data.replace(bytes([len(before)]) + before, bytes([len(after)]) + after)
        data = b"".join(data.split(data[2:11], 1)) if data[2:3] == b"\x95" else data  # without its frame
    else:
        data = data.replace(here, module)
    read = read_pickle(data, NUMPY)
    for made, wanted in zip(read, [*arrays, None, shared], strict=True):
        if wanted is not None:
            np.testing.assert_array_equal(made, wanted)
            assert made.dtype == wanted.dtype.newbyteorder("=")
    np.testing.assert_array_equal(read[-2]["again"], shared)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_numpys_single_numbers_become_pythons(protocol):
    read = read_pickle(pickle.dumps([np.float64(1.5), np.int32(-3), np.bool_(True)], protocol), NUMPY)
    assert read == [1.5, -3, True]
    assert [type(x) for x in read] == [float, int, bool]


@pytest.mark.parametrize("protocol", range(2, 6))
def test_choices_become_numbers_and_objects_become_dicts(protocol):
    names = {
        f"{__name__}.Kind": ENUM,
        f"{__name__}.Sample": PLAIN_OBJECT,
        "collections.OrderedDict": ORDERED_DICT,
    }
    value = [Kind.FULL, Sample(), collections.OrderedDict(a=1)]
    assert read_pickle(pickle.dumps(value, protocol), names) == [
        4,
        {"name": "a.jpg", "shape": (3, 4)},
        {"a": 1},
    ]


HOSTILE = [
    (Calls(os.system, "touch {}"), "system"),
    (Calls(builtins.eval, "open('{}', 'w')"), "eval"),
    (Calls(getattr, Calls(__import__, "os"), "system"), "getattr"),
    ([Calls(subprocess.call, ["touch", "{}"])], "call"),
    ({"landmarks": Calls(exec, "open('{}', 'w')")}, "exec"),
    (Calls(np.load, "{}", "r", True), "numpy.load"),
    (Calls(np.fromfile, "{}"), "fromfile"),
    (Calls(np.dtype, "O"), "other than numbers"),
    (np.array([Calls(os.system, "touch {}")], object), "numbers"),
    (Calls(Calls, os.system), "Calls"),
    (Calls(np.ndarray, (3,)), "can't be called"),
]


@pytest.mark.parametrize(("hostile", "named"), HOSTILE)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_hostile_pickle_is_refused_by_name_and_nothing_in_it_runs(hostile, named, protocol, tmp_path):
    data = pickle.dumps(hostile, protocol).replace(b"{}", b"xx")
    cwd = Path.cwd()
    os.chdir(tmp_path)
    try:
        with pytest.raises(UnsafeFile, match=r"it was not used") as refusal:
            read_pickle(data, NUMPY, subject="face")
    finally:
        os.chdir(cwd)
    assert named in refusal.value.message
    assert refusal.value.message.startswith("This face ")
    assert list(tmp_path.iterdir()) == []


def test_a_name_with_control_letters_is_shown_without_them():
    with pytest.raises(UnsafeFile) as refusal:
        read_pickle(b"cos\x1b[2J\nsystem\n.", NUMPY)
    assert "\x1b" not in refusal.value.message


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"]" + b"\x85" * 100_000 + b".", id="a tuple in a tuple in a tuple"),
        pytest.param(b"]" * 5000 + b"a" * 4999 + b".", id="a list in a list in a list"),
        pytest.param(b"]q\x00h\x00a.", id="a list that holds itself"),
        pytest.param(b"]" + b"2\x86" * 25 + b".", id="pairs of one pair: 33 million values in 50 bytes"),
        pytest.param(
            b"](" + b"K\x00" * 1000 + b"eq\x00(" + b"h\x00" * 1000 + b"t.", id="a thousand times a thousand"
        ),
        pytest.param(b"(" * 1_000_000 + b".", id="nothing but marks"),
        pytest.param(b"K\x00r\xff\xff\xff\x7fK\x01.", id="a memo of billions, and two values"),
        pytest.param(b"X\xff\xff\xff\xff.", id="a text of 4 GB"),
        pytest.param(b"\x8e" + b"\xff" * 8 + b".", id="bytes without end"),
        pytest.param(b"\x8b\xff\xff\xff\x7f.", id="a number of 2 GB"),
        pytest.param(b"\x8b\xff\xff\xff\xff.", id="a number of -1 bytes"),
        pytest.param(b"I" + b"9" * 10_000 + b"\n.", id="a number of ten thousand digits"),
        pytest.param(b"}(" + b"]" + b"\x85" * 3 + b"K\x01u.", id="a key that is no plain key"),
        pytest.param(b"}(K\x01u.", id="a key without a value"),
        pytest.param(b"\x97.", id="a buffer from elsewhere"),
        pytest.param(b"P1\n.", id="an object from elsewhere"),
        pytest.param(b"\x82\x01.", id="an extension"),
        pytest.param(b"cnumpy\nndarray\n.", id="a bare name"),
        pytest.param(b"cnumpy\ndtype\n(X\x02\x00\x00\x00f4tR.", id="a format that no array has"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x80\x04", id="only a head"),
    ],
)
def test_a_bomb_is_refused_in_no_time(data):
    with pytest.raises(UnsafeFile):
        read_pickle(data, NUMPY)


def test_one_array_named_many_times_takes_no_more_than_the_file_holds():
    raw = b"B" + struct.pack("<I", 100_000) + bytes(100_000) + b"q\x00"
    make = b"cnumpy.core.numeric\n_frombuffer\n(h\x00cnumpy\ndtype\n(X\x02\x00\x00\x00u1tR"
    make += b"J\xa0\x86\x01\x00\x85X\x01\x00\x00\x00CtR"
    assert read_pickle(b"(" + raw + make + b"t.", NUMPY)[1].shape == (100_000,)
    with pytest.raises(UnsafeFile):
        read_pickle(b"(" + raw + make * 1000 + b"t.", NUMPY)


@pytest.mark.parametrize("shape", [(-1, -1), (2**40,), ("x", 2**40), ([], 3), (1,) * 20, 9, (True, 9)])
def test_a_shape_that_is_none_is_refused(shape):
    data = b"cnumpy.core.numeric\n_frombuffer\n(C\x09123456789cnumpy\ndtype\n(X\x02\x00\x00\x00u1tR"
    data += pickle.dumps(shape, 3)[2:-1] + b"X\x01\x00\x00\x00CtR."
    with pytest.raises(UnsafeFile):
        read_pickle(data, NUMPY)


def test_what_is_nested_as_honest_files_nest_is_read():
    value: list = []
    for _ in range(DEEPEST - 2):
        value = [value]
    assert read_pickle(pickle.dumps(value), NUMPY) == value
    with pytest.raises(UnsafeFile, match="without end"):
        read_pickle(pickle.dumps([[[value]]]), NUMPY)


HONEST = {
    "face_type": "full_face",
    "landmarks": [[float(i), i / 3] for i in range(5)],
    "image_to_face_mat": np.arange(6.0).reshape(2, 3),
    "mask": np.arange(30, dtype=np.uint8),
    "scalar": np.float32(2),
}


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_pickle_is_refused_or_still_plain(data):
    good = bytearray(pickle.dumps(HONEST, data.draw(st.sampled_from(PROTOCOLS))))
    for _ in range(data.draw(st.integers(1, 5))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    try:
        read = read_pickle(bytes(good[: data.draw(st.integers(0, len(good)))]), NUMPY)
    except UnsafeFile:
        return
    assert isinstance(read, dict | list | tuple | str | bytes | int | float | np.ndarray | None)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(CODES), max_size=30),
    st.binary(),
)
def test_any_sequence_of_instructions_ends_in_a_value_or_a_refusal(codes, tail):
    try:
        read_pickle(b"".join(codes) + tail + b".", NUMPY)
    except UnsafeFile:
        return
