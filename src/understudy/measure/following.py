"""Does a swap follow the plate: how far its head is turned from dst's, how far its light is from dst's, and
whether its eyes and mouth open and close with dst's.

These faults come from a code that means something else for each performer, and neither shows in a loss. Arrays
in, numbers out. They need the true swap, so they are for rendered actors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from understudy.color import as_share, lab_from_rgb, luma
from understudy.measure.pictures import Float32, Picture

Pair = Sequence[Sequence[Picture]]  # of two shots
Floats = npt.NDArray[np.floating[Any]]

_WORST_SHARE = 0.05
_LOOKED_AT_PX = 64
_CELL_PX = 8
_DIRECTIONS = 8
_BLUR_SHARE = 1 / 40  # of the crop: a blurred face and a sharp one look alike to the reader
_COPIES = 3
_MOST_TURN_DEG, _MOST_ZOOM, _MOST_SHIFT, _MOST_BLUR = 4.0, 0.04, 0.02, 0.035
_RIDGES = 10.0 ** np.arange(-4, 1)
_FOLDS = 4
_LIGHT_SHARE = 1 / 10  # of the crop: what is finer is no light
_LEAST_WEIGHT = 0.02


@dataclass(frozen=True)
class Spread:
    """Errors of a shot's frames: their mean, the mean of the worst twentieth, and each."""

    mean: float
    worst: float
    frames: tuple[float, ...]

    @classmethod
    def of(cls, errors: npt.ArrayLike) -> Spread:
        """The spread of one error per frame. Raises ValueError without frames."""
        each = np.asarray(errors, float)
        if not each.size:
            raise ValueError("there are no frames to measure")
        count = max(1, round(_WORST_SHARE * each.size))
        return cls(float(each.mean()), float(np.sort(each)[-count:].mean()), tuple(each.tolist()))

    def as_json(self) -> dict[str, Any]:
        """Plain values for reports."""
        return {"mean": round(self.mean, 3), "worst": round(self.worst, 3)}


class PoseReader:
    """Reads yaw and pitch off aligned crops of a performer, having seen crops of that performer at known poses.

    Kernel ridge regression on histograms of gradients (Dalal and Triggs, CVPR 2005): edges say how a head is
    turned whatever the light, and crops are blurred first, so that a soft prediction reads as a sharp one does.
    Roll is not read: alignment takes it out of a crop. Each crop is also learned blurred, moved and turned a
    little (`generator` draws how): what a model paints is all of that.
    """

    def __init__(
        self, crops_NHWC: Sequence[Picture], poses_deg_N2: npt.ArrayLike, generator: np.random.Generator
    ) -> None:
        """Learn from crops, all of one face type, with (yaw, pitch) of each."""
        copies = [_varied(crop, generator) for crop in crops_NHWC for _ in range(_COPIES)]
        poses = np.repeat(np.asarray(poses_deg_N2, float), _COPIES, axis=0)
        seen, self._mean = _edges(copies), poses.mean(0)
        apart = _squared_distances(seen, seen)
        self._seen, self._reach = seen, float(np.median(apart))
        self._weights = _best_ridge(np.exp(-apart / self._reach), poses - self._mean)

    def read(self, crops_NHWC: Sequence[Picture]) -> Floats:
        """(n, 2) yaw and pitch in degrees."""
        apart = _squared_distances(_edges(crops_NHWC), self._seen)
        return np.exp(-apart / self._reach) @ self._weights + self._mean


def angles_between_deg(poses_deg_N2: npt.ArrayLike, others_deg_N2: npt.ArrayLike) -> Floats:
    """The angle between the directions in which heads look, (n,), from yaw and pitch of each."""
    along = (_looks(poses_deg_N2) * _looks(others_deg_N2)).sum(-1)
    across = np.linalg.norm(np.cross(_looks(poses_deg_N2), _looks(others_deg_N2)), axis=-1)
    return np.degrees(np.arctan2(across, along))  # exact for small angles, where arccos is not


def pose_following(reader: PoseReader, made_NHWC: Sequence[Picture], truth_NHWC: Sequence[Picture]) -> Spread:
    """Degrees between the heads of a swap and of the true swap, which is turned as dst is.

    One reader reads both, so what it misreads in the same way in both does not count.
    """
    return Spread.of(angles_between_deg(reader.read(made_NHWC), reader.read(truth_NHWC)))


def light_following(
    made_NHWC: Sequence[Picture], truth_NHWC: Sequence[Picture], masks_NHW: Sequence[npt.ArrayLike]
) -> Spread:
    """How far the light on a swap's face is from that on the true swap's, as a CIE76 colour difference.

    Only colours that change slowly across the face are compared (a Gaussian of a tenth of the crop, normalised
    by the mask, so that nothing outside counts): features, pores and sharpness are not light.
    """
    return Spread.of([_light_error(*each) for each in zip(made_NHWC, truth_NHWC, masks_NHW, strict=True)])


def part_following(made: Pair, truth: Pair, masks_NHW: Sequence[npt.ArrayLike]) -> tuple[Spread, float]:
    """How much of a movement swaps make, and how near their moved faces are to the true ones.

    Each is a pair of shots, alike frame by frame but for one movement: eyes open, eyes closed. The first figure
    is the share of the true difference that lies between both swaps inside the masks: 1 follows, 0 stays; its
    `worst` are the frames that follow least. The second is the PSNR in dB of the moved faces inside the masks.
    """
    shares, errors = [], []
    for before, after, true_before, true_after, mask in zip(*made, *truth, masks_NHW, strict=True):
        weight = np.asarray(mask, np.float64)[..., None]
        way = as_share(true_after) - as_share(true_before)
        along = ((as_share(after) - as_share(before)) * way * weight).sum()
        shares.append(along / max((way**2 * weight).sum(), 1e-12))
        errors.append(((as_share(after) - as_share(true_after)) ** 2 * weight).sum() / (3 * weight.sum()))
    missed = Spread.of(1 - np.array(shares))
    moved_db = float(-10 * np.log10(max(np.mean(errors), 1e-12)))
    return Spread(1 - missed.mean, 1 - missed.worst, tuple(shares)), moved_db


def _light_error(made: Picture, truth: Picture, mask: npt.ArrayLike) -> float:
    weight = np.asarray(mask, np.float32)
    a, b = (lab_from_rgb(_slow(as_share(picture), weight)) for picture in (made, truth))
    return float((np.linalg.norm(a - b, axis=-1) * weight).sum() / weight.sum())


def _slow(picture: Float32, weight: Float32) -> Float32:
    # A normalised convolution: Knutsson and Westin, "Normalized and differential convolution", CVPR 1993.
    sigma = _LIGHT_SHARE * picture.shape[0]
    stack = np.dstack([picture * weight[..., None], weight])
    blurred = cv2.GaussianBlur(stack, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(blurred[..., :3] / np.maximum(blurred[..., 3:], _LEAST_WEIGHT), np.float32)


def _varied(crop: Picture, generator: np.random.Generator) -> Float32:
    side = crop.shape[0]
    turn, zoom = generator.uniform(-1, 1, 2) * (_MOST_TURN_DEG, _MOST_ZOOM)
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), turn, 1 + zoom)
    matrix[:, 2] += generator.uniform(-_MOST_SHIFT, _MOST_SHIFT, 2) * side
    moved = cv2.warpAffine(as_share(crop), matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
    blur = generator.uniform(0.01, _MOST_BLUR) * side
    return np.asarray(cv2.GaussianBlur(moved, (0, 0), blur), np.float32)


def _looks(poses_deg: npt.ArrayLike) -> Floats:
    yaw, pitch = np.radians(np.asarray(poses_deg, float)).T
    return np.stack([np.sin(yaw) * np.cos(pitch), -np.sin(pitch), np.cos(yaw) * np.cos(pitch)], axis=-1)


def _edges(crops_NHWC: Sequence[Picture]) -> Floats:
    """How much edge there is in every cell and direction, (n, cells²·directions), length 1 each."""
    return np.stack([_edges_of(as_share(np.asarray(crop))) for crop in crops_NHWC])


def _edges_of(crop: Float32) -> Floats:
    grey = cv2.resize(luma(crop), (_LOOKED_AT_PX, _LOOKED_AT_PX), interpolation=cv2.INTER_AREA)
    grey = cv2.GaussianBlur(np.log(grey + 0.05), (0, 0), _BLUR_SHARE * _LOOKED_AT_PX)
    dx, dy = (cv2.Sobel(grey, cv2.CV_32F, *axis, ksize=3) for axis in ((1, 0), (0, 1)))
    size, angle = np.hypot(dx, dy), np.arctan2(dy, dx) / (2 * np.pi) * _DIRECTIONS
    # Every edge counts for the two directions it lies between, and softly for neighbouring cells.
    planes = np.stack(
        [size * np.maximum(0, 1 - np.abs(_around(angle - k))) for k in range(_DIRECTIONS)], axis=-1
    ).astype(np.float32)
    planes = cv2.GaussianBlur(planes, (0, 0), _CELL_PX / 3)
    found = planes[_CELL_PX // 2 :: _CELL_PX, _CELL_PX // 2 :: _CELL_PX].ravel().astype(np.float64)
    return np.sqrt(found / max(found.sum(), 1e-12))


def _around(turns: Floats) -> Floats:
    return (turns + _DIRECTIONS / 2) % _DIRECTIONS - _DIRECTIONS / 2


def _squared_distances(a_ND: Floats, b_MD: Floats) -> Floats:
    return np.maximum((a_ND**2).sum(1)[:, None] + (b_MD**2).sum(1) - 2 * a_ND @ b_MD.T, 0)


def _best_ridge(kernel: Floats, goal: Floats) -> Floats:
    """Weights by the ridge whose errors are least where whole crops, with all their copies, are left out."""
    folds = np.arange(len(kernel)) // _COPIES % _FOLDS
    best = (np.inf, _RIDGES[0])
    for ridge in _RIDGES:
        error = 0.0
        for fold in range(_FOLDS):
            kept, out = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
            weights = _ridge_weights(kernel[np.ix_(kept, kept)], goal[kept], ridge)
            error += float(((kernel[np.ix_(out, kept)] @ weights - goal[out]) ** 2).sum())
        best = min(best, (error, ridge))
    return _ridge_weights(kernel, goal, best[1])


def _ridge_weights(kernel: Floats, goal: Floats, ridge: float) -> Floats:
    return np.linalg.solve(kernel + ridge * np.eye(len(kernel)), goal)
