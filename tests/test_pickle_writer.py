import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings

from tests.test_pickles import PLAIN, same
from understudy.pickle_writer import write_pickle
from understudy.pickles import NUMPY, read_pickle

ARRAYS = [
    np.arange(12, dtype=np.float32).reshape(6, 2),
    np.arange(24, dtype=np.uint8).reshape(2, 3, 4)[:, ::2],
    np.array([[1.5, 2, 3], [4, 5, 6]]),
    np.arange(3, dtype=">i8"),
    np.zeros((0, 2), np.float32),
    np.array([True, False]),
]


@settings(max_examples=150, deadline=None)
@given(PLAIN)
def test_python_itself_and_our_reader_read_what_we_write(value):
    written = write_pickle(value)
    assert same(pickle.loads(written), value)
    assert same(read_pickle(written, NUMPY), value)


@pytest.mark.parametrize("array", ARRAYS)
def test_python_itself_gets_numpy_arrays_back(array):
    for made in (pickle.loads(write_pickle([array]))[0], read_pickle(write_pickle([array]), NUMPY)[0]):
        assert isinstance(made, np.ndarray)
        assert made.dtype == array.dtype.newbyteorder("=")
        np.testing.assert_array_equal(made, array)


def test_what_we_write_names_only_what_numpy_of_2018_had():
    written = write_pickle({"mask": ARRAYS[0]})
    assert b"numpy.core.multiarray\n_reconstruct" in written
    assert b"numpy._core" not in written
    assert written[:2] == b"\x80\x03"


def test_reading_it_back_needs_nothing_of_ours():
    code = "import pickle, sys; print(pickle.load(sys.stdin.buffer).sum(), 'understudy' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], input=write_pickle(ARRAYS[2]), capture_output=True, check=True
    )
    assert run.stdout.split() == [b"21.5", b"False"]


@pytest.mark.parametrize("value", [object(), {1, 2}, np.array([None]), np.float32(1), 1j, [print]])
def test_what_is_not_plain_is_not_written(value):
    with pytest.raises(TypeError, match="no plain value"):
        write_pickle(value)
