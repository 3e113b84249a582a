"""Where networks' weights come from: found, checked against a pinned SHA-256, read without running anything.

The face detector's weights lie in the `mtcnn` wheel as compressed pickles, which are read without unpickling
(`pickles.py`). The package `mtcnn` itself is never imported, because it needs TensorFlow.
Not here: our own checkpoints (`training`), the networks (`mtcnn.py`).
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from pathlib import Path

import lz4.frame
import numpy as np
import numpy.typing as npt

from understudy.errors import UnsafeFile, WeightsMissing
from understudy.pickles import JOBLIB, read_pickle

MTCNN_VERSION = "1.0.0"
MTCNN_SHA256 = {
    "pnet": "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5",
    "rnet": "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
    "onet": "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
}
_HOW_TO_GET_IT = f"Install them with: pip install --no-deps mtcnn=={MTCNN_VERSION}"


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
    """Read a list of float32 arrays that joblib pickled, without unpickling.

    Raises UnsafeFile for any instruction, name or size that such a list has no need of.
    """
    result = read_pickle(pickled, JOBLIB, subject="weights file")
    plain = isinstance(result, list) and all(
        isinstance(a, np.ndarray) and a.dtype == np.float32 for a in result
    )
    if not plain:
        raise UnsafeFile("This weights file holds something other than arrays; it was not used.")
    return result
