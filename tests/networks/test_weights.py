import builtins
import importlib.metadata
import io
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.errors import UnsafeFile, WeightsMissing
from understudy.networks import weights
from understudy.networks.weights import MTCNN_SHA256, mtcnn_weights, read_arrays


class Calls:
    """Pickles as a call of `function` with `arguments`."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def joblib_pickled(arrays: list[np.ndarray]) -> bytes:
    joblib = pytest.importorskip("joblib")
    stream = io.BytesIO()
    joblib.dump(arrays, stream)
    return stream.getvalue()


def test_the_wheels_weights_are_the_networks_layers():
    found = mtcnn_weights()
    assert {name: len(arrays) for name, arrays in found.items()} == {"pnet": 13, "rnet": 16, "onet": 21}
    assert found["onet"][0].shape == (3, 3, 3, 32)
    assert all(np.isfinite(array).all() and array.dtype == np.float32 for array in found["onet"])


def test_arrays_are_read_as_joblib_wrote_them():
    arrays = [np.arange(24, dtype=np.float32).reshape(2, 3, 4), np.array([1.5], np.float32)]
    for read, written in zip(read_arrays(joblib_pickled(arrays)), arrays, strict=True):
        np.testing.assert_array_equal(read, written)


def test_the_detectors_package_and_tensorflow_are_never_imported():
    code = (
        "import sys, understudy.networks.weights as w; w.mtcnn_weights(); "
        "print([m for m in sys.modules if m.split('.')[0] in ('mtcnn', 'tensorflow', 'joblib')])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "hostile",
    [
        Calls(os.system, "touch {}"),
        Calls(builtins.eval, "open('{}', 'w')"),
        Calls(getattr, Calls(__import__, "os"), "system"),
        [Calls(subprocess.call, ["touch", "{}"])],
        {"pnet": Calls(exec, "open('{}', 'w')")},
        Calls(np.dtype, "O"),
    ],
)
@pytest.mark.parametrize("protocol", range(5))
def test_a_hostile_file_is_refused_and_nothing_in_it_runs(hostile, protocol, tmp_path):
    data = pickle.dumps(hostile, protocol).replace(b"{}", b"xx")
    cwd = Path.cwd()
    os.chdir(tmp_path)
    try:
        with pytest.raises(UnsafeFile):
            read_arrays(data)
    finally:
        os.chdir(cwd)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_allowed_can_not_be_called_otherwise():
    good = joblib_pickled([np.zeros(3, np.float32)])
    for before, after in (
        (b"f4", b"O8"),
        (b"ndarray", b"memmap\x00"),
        (b"NumpyArrayWrapper", b"NDArrayWrapper\x00\x00\x00"),
    ):
        assert before in good
        with pytest.raises(UnsafeFile):
            read_arrays(good.replace(before, after))


def test_an_array_larger_than_its_file_is_refused():
    good = joblib_pickled([np.zeros((3, 3), np.float32)])
    huge = good.replace(b"K\x03K\x03\x86", b"K\xffK\xff\x86")
    assert huge != good
    with pytest.raises(UnsafeFile):
        read_arrays(huge)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_file_is_refused_or_still_arrays(data):
    good = bytearray(joblib_pickled([np.ones((2, 2), np.float32), np.ones(3, np.float32)]))
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = read_arrays(bytes(good[: data.draw(st.integers(0, len(good)))]))
    except UnsafeFile:
        return
    assert all(isinstance(array, np.ndarray) for array in found)


def test_a_missing_wheel_says_how_to_get_it(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    with pytest.raises(WeightsMissing, match="pip install"):
        mtcnn_weights()


class Elsewhere:
    """A wheel whose files lie in another folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def locate_file(self, path: str) -> Path:
        return self.folder / Path(path).name


def test_other_weights_than_the_pinned_ones_are_not_used(monkeypatch, tmp_path):
    wheel = importlib.metadata.distribution("mtcnn")
    for name in MTCNN_SHA256:
        shutil.copy(str(wheel.locate_file(f"mtcnn/assets/weights/{name}.lz4")), tmp_path)
    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: Elsewhere(tmp_path))
    assert len(mtcnn_weights()) == 3
    with (tmp_path / "rnet.lz4").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(WeightsMissing, match="not the ones"):
        mtcnn_weights()
    (tmp_path / "pnet.lz4").unlink()
    with pytest.raises(WeightsMissing, match="missing"):
        weights.mtcnn_weights()
