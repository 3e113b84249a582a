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
_NEAREST_PAIRS = 3  # one lucky likeness is not enough
_MOST_SIGHTS = 4000  # of all tracks together


@dataclass(frozen=True, eq=False)
class TrackSummary:
    """One appearance in the clip: in which frames, and what its face looked like there.

    `signature` is (d,) or, better, (k, d): several sights, so that a turned head can meet its like.
    """

    track: int
    frames: npt.NDArray[np.intp]
    signature: Signature


def signature(crop_rgb: npt.NDArray[np.uint8]) -> Signature:
    """Numbers (d,) that are near each other for one person in one clip.

    `crop_rgb` is an aligned (S, S, 3) crop of any face type; only its inner part is used. Lightness is made
    flat and given unit contrast, and colours are taken relative to the face's mean lightness, so exposure and a
    light's direction count for little.
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
    return np.clip((0.9 - away) / 0.3, 0, 1).astype(np.float32)


def group_people(tracks: Sequence[TrackSummary]) -> list[int]:
    """A person number per track, counted from 1, most seen first.

    Tracks seen in the same frame are never one person. Otherwise the two nearest tracks are joined until the
    nearest are too different (single linkage with cannot-link constraints): one person's signatures differ more
    between poses than two persons' do, but between two tracks some poses are usually alike.
    """
    group_of = list(range(len(tracks)))
    seen = [set(track.frames.tolist()) for track in tracks]
    distances = _distances([np.atleast_2d(track.signature).astype(np.float32) for track in tracks])
    rows, columns = np.nonzero(np.triu(distances <= _SAME_PERSON, 1))
    for place in np.argsort(distances[rows, columns], kind="stable"):
        i, j = sorted((group_of[rows[place]], group_of[columns[place]]))
        if i != j and seen[i].isdisjoint(seen[j]):
            seen[i] |= seen[j]
            group_of = [i if group == j else group for group in group_of]
    order = sorted(set(group_of), key=lambda group: (-len(seen[group]), group))
    return [order.index(group) + 1 for group in group_of]


def _distances(sights: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """(n, n): for each two tracks the mean distance of their nearest pairs of sights."""
    limit = max(1, _MOST_SIGHTS // max(1, len(sights)))
    few = [s[np.linspace(0, len(s) - 1, min(len(s), limit)).round().astype(int)] for s in sights]
    together = np.concatenate(few) if few else np.empty((0, 1), np.float32)
    ends = np.cumsum([len(s) for s in few])
    lengths = (together**2).sum(1)
    out = np.zeros((len(few), len(few)), np.float32)
    for row, own in enumerate(few):
        squared = (own**2).sum(1)[:, None] + lengths[None] - 2 * own @ together.T
        apart = np.sqrt(np.maximum(squared, 0))
        for column, other in enumerate(np.split(apart, ends[:-1], axis=1)):
            nearest = np.sort(other, axis=None)[:_NEAREST_PAIRS]
            out[row, column] = nearest.mean()
    return out
