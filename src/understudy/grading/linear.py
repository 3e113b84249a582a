"""The linear maps that take the spread of one cloud of colours to that of another, from covariances alone.

Double precision and numpy: three by three, exact, the same for training on any device and for merging.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]

RIDGE = 1e-5  # on the diagonal of covariances, for RGB 0..1
_LEAST = 1e-12


def linear_maps(mode: str, ours_B33: npt.ArrayLike, theirs_B33: npt.ArrayLike) -> Float64:
    """Matrices M (B, 3, 3) with M · ours · Mᵀ = theirs, covariances of RGB; `mode` is one of `LINEAR_MAPS`."""
    ours, theirs = (np.asarray(c, np.float64) + RIDGE * np.eye(3) for c in (ours_B33, theirs_B33))
    return LINEAR_MAPS[mode](ours, theirs)


def _by_principal_axes(ours: Float64, theirs: Float64) -> Float64:
    """The square root of one covariance undone, that of the other put on."""
    return _power(theirs, 0.5) @ _power(ours, -0.5)


def _moving_least(ours: Float64, theirs: Float64) -> Float64:
    """The linear map that moves colours least: Pitié and Kokaram, "The linear Monge-Kantorovitch linear colour
    mapping for example-based colour transfer", CVMP 2007."""
    root, undone = _power(ours, 0.5), _power(ours, -0.5)
    return undone @ _power(root @ theirs @ root, 0.5) @ undone


def _power(symmetric_B33: Float64, exponent: float) -> Float64:
    values, axes = np.linalg.eigh(symmetric_B33)
    return (axes * np.maximum(values, _LEAST)[..., None, :] ** exponent) @ axes.swapaxes(-1, -2)


LINEAR_MAPS: Mapping[str, Callable[[Float64, Float64], Float64]] = {
    "lct": _by_principal_axes,
    "mkl": _moving_least,
}
