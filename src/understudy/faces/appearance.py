"""Tell the people of one clip apart by how their aligned crops look.

Colours and coarse structure, made robust to light: enough for the few people of one shoot, not a means to
recognise anybody elsewhere. No learned identity network is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from understudy.color import lab_from_rgb

Signature = npt.NDArray[np.float32]

_SIDE_PX = 32
_CELLS = 8
_STRUCTURE_SIDE = 16
_SAME_PERSON = 0.5


@dataclass(frozen=True, eq=False)
class TrackSummary:
    """One appearance in the clip: in which frames, and the mean of its faces' signatures."""

    track: int
    frames: npt.NDArray[np.intp]
    signature: Signature


def signature(crop_rgb: npt.NDArray[np.uint8]) -> Signature:
    """Numbers (d,) that are near each other for one person in one clip.

    `crop_rgb` is an aligned (S, S, 3) crop of any face type; only its inner part is used. Lightness is made flat and
    given unit contrast and colours are taken relative to the face's mean lightness, so exposure and a light's
    direction count for little.
    """
    small = cv2.resize(crop_rgb, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    lab = lab_from_rgb(small)
    inside = _inside()
    lightness = lab[..., 0]
    flat = lightness - cv2.GaussianBlur(lightness, (0, 0), _SIDE_PX / 5)
    flat = (flat - (flat * inside).sum() / inside.sum()) * inside
    structure = cv2.resize(flat, (_STRUCTURE_SIDE, _STRUCTURE_SIDE), interpolation=cv2.INTER_AREA).reshape(-1)
    structure = structure / max(float(np.linalg.norm(structure)), 1e-6)
    mean_lightness = max(float((lightness * inside).sum() / inside.sum()), 5.0)
    chroma = lab[..., 1:] * (inside / mean_lightness)[..., None]
    colours = cv2.resize(chroma, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA).reshape(-1) * (2.5 / _CELLS)
    return np.concatenate([structure, colours]).astype(np.float32)


def _inside() -> npt.NDArray[np.float32]:
    """Weights (side, side) that fade from the crop's middle to its edge, where the background begins."""
    along = (np.arange(_SIDE_PX, dtype=np.float32) + 0.5) / _SIDE_PX * 2 - 1
    away = np.sqrt(along[None] ** 2 + along[:, None] ** 2)
    return np.clip((0.9 - away) / 0.3, 0, 1)


def group_people(tracks: Sequence[TrackSummary]) -> list[int]:
    """A person number per track, counted from 1, most seen first.

    Tracks seen in the same frame are never one person. Otherwise the two nearest groups are joined until the
    nearest are too different (agglomerative clustering with average linkage and cannot-link constraints).
    """
    groups = [[place] for place in range(len(tracks))]
    frames = [set(track.frames.tolist()) for track in tracks]
    seen = [set(f) for f in frames]
    while len(groups) > 1:
        best = min(
            (
                (_distance(tracks, groups[i], groups[j]), i, j)
                for i in range(len(groups))
                for j in range(i + 1, len(groups))
                if seen[i].isdisjoint(seen[j])
            ),
            default=(np.inf, 0, 0),
        )
        if best[0] > _SAME_PERSON:
            break
        _, i, j = best
        groups[i] += groups.pop(j)
        seen[i] |= seen.pop(j)
    order = sorted(range(len(groups)), key=lambda g: (-len(seen[g]), min(groups[g])))
    people = [0] * len(tracks)
    for number, group in enumerate(order, start=1):
        for place in groups[group]:
            people[place] = number
    return people


def _distance(tracks: Sequence[TrackSummary], left: Sequence[int], right: Sequence[int]) -> float:
    a = _mean_signature(tracks, left)
    b = _mean_signature(tracks, right)
    return float(np.linalg.norm(a - b))


def _mean_signature(tracks: Sequence[TrackSummary], places: Sequence[int]) -> npt.NDArray[np.float64]:
    weights = np.array([max(1, len(tracks[place].frames)) for place in places], float)
    rows = np.stack([tracks[place].signature for place in places]).astype(float)
    return (rows * weights[:, None]).sum(0) / weights.sum()
