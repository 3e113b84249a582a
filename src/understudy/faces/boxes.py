"""Boxes of a cascade of detectors: squaring, correcting, dropping those that say the same. Numpy only.

Boxes are (n, 4): left, top, right, bottom, measured from the frame's corner.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

Boxes = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


def corrected(boxes: Boxes, offsets: Boxes) -> Boxes:
    """Move each side of each box by an offset in shares of the box's width and height."""
    size = boxes[:, 2:] - boxes[:, :2]
    return boxes + offsets * np.concatenate([size, size], axis=1)


def squared(boxes: Boxes) -> Boxes:
    """The squares about the same centres with the longer sides."""
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]).max(1, keepdims=True) / 2
    return np.concatenate([centre - half, centre + half], axis=1)


def overlap(
    boxes: Boxes, others: Boxes, *, over: Literal["union", "smaller"] = "union"
) -> npt.NDArray[np.float64]:
    """Shared area of every pair, (n, m), as a share of the union or of the smaller box."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(2)
    area, other_area = _areas(boxes)[:, None], _areas(others)[None]
    whole = area + other_area - shared if over == "union" else np.minimum(area, other_area)
    return shared / np.maximum(whole, 1e-9)


def _areas(boxes: Boxes) -> npt.NDArray[np.float64]:
    return np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(1)


def distinct(
    boxes: Boxes,
    scores: npt.NDArray[np.float64],
    groups: Places,
    *,
    most_overlap: float,
    over: Literal["union", "smaller"] = "union",
) -> Places:
    """Places of the boxes that no better kept box of the same group overlaps, best first in each group.

    Greedy non-maximum suppression. A box's fate depends only on better ones, so repeating "dropped if a kept,
    better box overlaps it" settles on the greedy answer in a few rounds without a loop over boxes.
    """
    kept: list[Places] = []
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        members = members[np.argsort(-scores[members], kind="stable")]
        beaten_by = np.tril(overlap(boxes[members], boxes[members], over=over) > most_overlap, k=-1)
        keep = _settled(beaten_by)
        kept.append(members[keep])
    return np.concatenate(kept) if kept else np.empty(0, np.intp)


def _settled(beaten_by: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which boxes stay, when row i says which better boxes would drop box i."""
    keep = np.ones(len(beaten_by), np.bool_)
    while True:
        settled = np.logical_not((beaten_by & keep[None]).any(1))
        if np.array_equal(settled, keep):
            return keep
        keep = settled
