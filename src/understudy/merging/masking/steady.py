"""One face's mask averaged with its neighbours in time, in crop space, so that its edge does not crawl.

Bilateral in time (Tomasi and Manduchi, "Bilateral filtering for gray and color images", ICCV 1998), place by
place: a neighbour counts less the farther it is, and hardly where its mask differs by more than trembling does.
So a hand that passes, a head that turns fast and a cut are followed in the very frame where they happen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from understudy.merging.masking.face_mask import FaceMask

Float32 = npt.NDArray[np.float32]

_CELLS = 32  # along the crop's side: what is compared is the mean over a few of these
_ALIKE = 0.08  # a place whose masks differ by this much counts for 0.6 of one where they are alike


def steadied_mask(mask: FaceMask, neighbours: Sequence[tuple[int, FaceMask]], *, reach: int) -> FaceMask:
    """The mask averaged with its neighbours: (distance in frames, mask), none of them across a cut.

    Frames farther than `reach` don't count. What was drawn by hand in a neighbour stays in that neighbour.
    """
    near = [
        (distance, other.seen_HW)
        for distance, other in neighbours
        if 0 < abs(distance) <= reach and other.seen_HW.shape == mask.seen_HW.shape
    ]
    if not near:
        return mask
    total, weights = mask.seen_HW.copy(), np.ones_like(mask.seen_HW)
    for distance, seen in near:
        weight = _alike(mask.seen_HW, seen) * np.float32(1 - abs(distance) / (reach + 1))
        total += weight * seen
        weights += weight
    return replace(mask, seen_HW=total / weights)


def _alike(mask_HW: Float32, other_HW: Float32) -> Float32:
    """1 where two masks are alike in the neighbourhood, towards 0 where they are not; their size."""
    height, width = mask_HW.shape
    apart = cv2.resize(cv2.absdiff(mask_HW, other_HW), (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
    apart = np.asarray(cv2.blur(apart, (3, 3)), np.float32)
    alike = np.exp(-(apart**2) / (2 * _ALIKE**2))
    return np.asarray(cv2.resize(alike, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
