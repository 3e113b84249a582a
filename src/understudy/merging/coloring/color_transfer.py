"""Give a painted face the colours and the light of dst's own face.

A transfer works in two steps, so that what it measured can be averaged over neighbouring frames before it is
applied: `measure` turns two crops into an array, `apply` changes a crop by it. Arrays of one transfer have one
shape at every crop size, and their averages are valid too: what is averaged is means, spreads, logarithms and
moves, never matrices. Crops are float32 RGB, 0..1 and above for highlights, (height, width, 3). Nothing clips.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from understudy import color
from understudy.grading.linear import linear_maps
from understudy.merging.coloring.light import Light
from understudy.merging.coloring.pixels import Inside, sample
from understudy.merging.coloring.transport import Mix, Transport

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

_SAMPLE = 8192  # pixels whose Lab is worked out; their mean is within 0.1 of that of all
_LEAST_SPREAD = 0.5  # of Lab: a flat face must not have its noise blown up
_MOST_GAIN = 3.0  # of linear maps, for the same reason


class ColorTransfer(Protocol):
    """One way to bring the colours of a painted crop to those of dst's own crop."""

    def measure(self, painted_HWC: Float32, own_HWC: Float32, inside_HW: Inside, *, light_px: float) -> Float32:
        """What has to change, from pixels inside alone, at least `pixels.FEWEST_PIXELS` of them.

        `light_px` is the size of slow changes.
        """
        ...

    def apply(self, painted_HWC: Float32, measured: Float32) -> Float32:
        """The painted crop, changed. Values may leave 0..1; clip last."""
        ...


class NoTransfer:
    """Leave the colours as they were painted."""

    def measure(self, painted_HWC: Float32, own_HWC: Float32, inside_HW: Inside, *, light_px: float) -> Float32:
        return np.zeros(0, np.float32)

    def apply(self, painted_HWC: Float32, measured: Float32) -> Float32:
        return painted_HWC


class Average:
    """average: the mean colour becomes that of dst, by one shift of RGB. Measured are both means, (2, 3)."""

    def measure(self, painted_HWC: Float32, own_HWC: Float32, inside_HW: Inside, *, light_px: float) -> Float32:
        return np.stack([_mean(crop[inside_HW]) for crop in (painted_HWC, own_HWC)]).astype(np.float32)

    def apply(self, painted_HWC: Float32, measured: Float32) -> Float32:
        return painted_HWC + (measured[1] - measured[0])


class LabStatistics:
    """rct: mean and spread of every Lab channel become those of dst.

    Reinhard, Ashikhmin, Gooch and Shirley, "Color transfer between images", IEEE CG&A 21(5), 2001, in CIE Lab:
    x' = (x − μ_painted) · σ_own / σ_painted + μ_own. Measured are both faces' means and variances, (2, 2, 3).
    """

    def measure(self, painted_HWC: Float32, own_HWC: Float32, inside_HW: Inside, *, light_px: float) -> Float32:
        labs = [color.lab_from_rgb(sample(crop, inside_HW, _SAMPLE)) for crop in (painted_HWC, own_HWC)]
        return np.stack([[_mean(lab), lab.var(0, dtype=np.float64)] for lab in labs]).astype(np.float32)

    def apply(self, painted_HWC: Float32, measured: Float32) -> Float32:
        (ours, our_variance), (theirs, their_variance) = measured
        least = np.float32(_LEAST_SPREAD**2)
        gain = np.sqrt(np.maximum(their_variance, least) / np.maximum(our_variance, least))
        return color.rgb_from_lab((color.lab_from_rgb(painted_HWC) - ours) * gain + theirs)


class Linear:
    """lct and mkl: mean and covariance of RGB become those of dst, by the maps of `grading.linear`.

    x' = M · (x − μ_painted) + μ_own; M stretches no direction more than threefold. Measured are both faces'
    means and covariances, (2, 4, 3): their averages are means and covariances again, and M is made from those.
    """

    def __init__(self, mode: str) -> None:
        self._mode = mode

    def measure(self, painted_HWC: Float32, own_HWC: Float32, inside_HW: Inside, *, light_px: float) -> Float32:
        statistics = []
        for crop in (painted_HWC, own_HWC):
            pixels = crop[inside_HW]
            mean = _mean(pixels)
            away = pixels - mean
            statistics.append(np.vstack([mean, away.T @ away / len(away)]))
        return np.stack(statistics).astype(np.float32)

    def apply(self, painted_HWC: Float32, measured: Float32) -> Float32:
        (ours, *our_spread), (theirs, *their_spread) = measured
        matrix = _calmed(linear_maps(self._mode, [our_spread], [their_spread])[0])
        offset = theirs - matrix @ ours
        return cv2.transform(painted_HWC, np.column_stack([matrix, offset])).astype(np.float32)


def _calmed(matrix: Float64) -> Float64:
    left, gains, right = np.linalg.svd(matrix)
    return left * np.minimum(gains, _MOST_GAIN) @ right


def _mean(pixels_N3: Float32) -> Float64:
    return pixels_N3.mean(0, dtype=np.float64)


COLOR_TRANSFERS: Mapping[str, ColorTransfer] = {
    "none": NoTransfer(),
    "light": Light(),
    "average": Average(),
    "rct": LabStatistics(),
    "lct": Linear("lct"),
    "mkl": Linear("mkl"),
    "idt": Transport("idt"),
    "sot": Transport("sot"),
    "mix": Mix(),
}
