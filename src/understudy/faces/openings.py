"""How far eyes and mouth are open, read off landmarks. Not here: where the head turns (`pose.py`)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]

_USUAL_SHARE = 90.0  # percentile of a performer's own faces that counts as usual
_LEFT_EYE, _RIGHT_EYE = slice(36, 42), slice(42, 48)
_UPPER_LIDS, _LOWER_LIDS = [37, 38, 43, 44], [41, 40, 47, 46]
_UPPER_LIPS, _LOWER_LIPS = [61, 62, 63], [67, 66, 65]


def openings(landmarks_N682: npt.ArrayLike) -> tuple[Float64, Float64]:
    """Mean gap between the lids of both eyes (n,), and between the inner edges of the lips (n,).

    In the units of the landmarks (n, 68, 2): compare faces after they were brought to one size. Those of five
    points are a mean face's: they follow no expression, and differ by turns of the head alone.
    """
    points = np.asarray(landmarks_N682, np.float64)

    def gap(upper: list[int], lower: list[int]) -> Float64:
        return np.linalg.norm(points[:, lower] - points[:, upper], axis=-1).mean(-1)

    return gap(_UPPER_LIDS, _LOWER_LIDS), gap(_UPPER_LIPS, _LOWER_LIPS)


def openings_of_performer(landmarks_N682: npt.ArrayLike) -> Float64:
    """(n, 2): how far the eyes are open, 1 as this performer's are at their usual widest, and the mouth, 1 by
    half the distance of the eyes. All faces are one performer's, brought to one size.
    """
    points = np.asarray(landmarks_N682, np.float64)
    eyes, mouth = openings(points)
    apart = np.linalg.norm(points[:, _RIGHT_EYE].mean(1) - points[:, _LEFT_EYE].mean(1), axis=-1)
    usual, wide = (max(float(np.percentile(each, _USUAL_SHARE)), 1e-6) for each in (eyes, apart))
    return np.stack([eyes / usual, mouth / (wide / 2)], axis=-1)
