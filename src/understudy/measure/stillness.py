"""One face in one frame, in the swap and in its plate at once: what moves, flickers, is tinted and is soft.

The plate is the reference because it has the true motion: both are cut out and followed in the same way, so
that what the camera and the actor did is in both. Pure functions on arrays. Not here: reading clips and knowing
where faces are (`against_plate`), what a whole shot's figures are (`steadiness`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from understudy.color import lab_from_rgb
from understudy.faces.align import crop
from understudy.facesets.sorting.sharpness import edge_width_px
from understudy.geometry import crop_from_frame, similarity_fit, transform_points
from understudy.masks.hull import eyes_mouth_mask, hull_mask
from understudy.measure.seam import seam_delta_e

Array = npt.NDArray[np.float64]
UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]
# Of plate and result.
_Arrays = tuple[Array | None, Array | None]
_Numbers = tuple[float | None, float | None]

# In the order of `FacePair.moved_*`.
REGIONS: dict[str, list[int]] = {
    "eyes": [*range(17, 27), *range(36, 48)],
    "mouth": [*range(48, 68)],
    "jaw": [*range(17)],
}
_CROP_PX = 256
FACE_PX = _CROP_PX / (1 + 2 * 0.2109375 * np.sqrt(2))  # the face's width in a full crop
_BAND_PX = 16  # of that crop: the mask's edge with 8 pixels on each side
_STEEP = 3.0  # levels per pixel at which a moved edge and noise weigh alike
_SLOPE_BLUR_PX = 2.0
_RING_PX = (3, 15)  # skin around the mask, from and to
_COLOUR_PX = 64
_SEEN_DELTA_E = 2.3  # the least difference of colours that people see (Mahy et al., 1994)
_WINDOW, _LEVELS = (17, 17), 2
_MOST_RETURN_PX = 0.5
_FEWEST_POINTS = 12
_MOST_MOVED = 0.1  # of the face's width: what is lost counts as this and no more
_SHARPNESS_PX = 512  # larger faces are looked at in this size


@dataclass(frozen=True, eq=False, kw_only=True)
class FacePair:
    """What one frame says of one face, plate first. What needs both neighbours in time is None without them.

    `moved` are mean second differences of the followed landmarks per region of `REGIONS`, seen from the
    plate's head, in shares of the face's width; `flicker` variances in time in the mask's edge, in 8-bit levels
    squared; `skin` and `around` CIE Lab; `edge_px` widths of the face's sharper edges; `unlike` the mean
    difference of the two pictures inside the face, in 8-bit levels; `seam` is what the swap adds to the step
    across the mask's edge, in delta E, None where the crop shows no edge; `changed` the share of the face whose
    colour is another, so far that it can be seen.
    """

    moved_plate: Array | None
    moved_result: Array | None
    flicker_plate: float | None
    flicker_result: float | None
    skin_plate: Array
    skin_result: Array
    around: Array
    edge_px_plate: float
    edge_px_result: float
    unlike: float
    seam: float | None = None
    changed: float = 1.0


@dataclass(frozen=True, eq=False)
class Moment:
    """One frame of both clips: uint8 RGB of one size. `mask_HW` is where faces were painted, 0..1, if known."""

    plate: UInt8
    result: UInt8
    mask_HW: Float32 | None = None


def face_pair(now: Moment, landmarks_68: npt.ArrayLike, around: tuple[Moment, Moment] | None) -> FacePair:
    """The figures of the face at `landmarks_68` (68, 2) of the plate's frame `now`, with the frames before and
    after it, or None where it has no neighbours in its shot."""
    points = np.asarray(landmarks_68, float)
    matrix = crop_from_frame(points, face_type="full", size_px=_CROP_PX)
    seeds = transform_points(matrix, points)
    hull = hull_mask(seeds, _CROP_PX, _CROP_PX)

    def cut(frame_rgb: UInt8) -> UInt8:
        return np.asarray(crop(frame_rgb, matrix, _CROP_PX), np.uint8)

    plate, result = cut(now.plate), cut(now.result)
    moved: _Arrays = (None, None)
    flicker: _Numbers = (None, None)
    if around is not None:
        plates = [_grey(cut(around[0].plate)), _grey(plate), _grey(cut(around[1].plate))]
        results = [_grey(cut(around[0].result)), _grey(result), _grey(cut(around[1].result))]
        moved, flicker = _in_time(plates, results, seeds, hull)
    skin_plate, ring = _colours(plate, seeds)
    apart = cv2.absdiff(plate, result).mean(-1)
    shown = hull if now.mask_HW is None else np.asarray(crop(now.mask_HW, matrix, _CROP_PX), np.float32)
    return FacePair(
        moved_plate=moved[0],
        moved_result=moved[1],
        flicker_plate=flicker[0],
        flicker_result=flicker[1],
        skin_plate=skin_plate,
        skin_result=_colours(result, seeds)[0],
        around=ring,
        edge_px_plate=_edge_px(now.plate, points),
        edge_px_result=_edge_px(now.result, points),
        unlike=float((apart * hull).sum() / max(float(hull.sum()), 1e-6)),
        seam=seam_delta_e(plate, result, shown, face_px=FACE_PX),
        changed=_changed(plate, result, hull),
    )


def _changed(plate: UInt8, result: UInt8, hull: Float32) -> float:
    """The share of the face whose colour differs so far that it can be seen; small, so that noise does not."""
    plate_small, result_small, inside = (
        cv2.resize(picture, (_COLOUR_PX, _COLOUR_PX), interpolation=cv2.INTER_AREA)
        for picture in (plate, result, hull)
    )
    apart = lab_from_rgb(result_small.astype(np.float32) / 255) - lab_from_rgb(
        plate_small.astype(np.float32) / 255
    )
    seen = np.linalg.norm(apart, axis=-1) >= _SEEN_DELTA_E
    return float((seen * inside).sum() / max(float(inside.sum()), 1e-6))


def _in_time(
    plates: list[UInt8], results: list[UInt8], seeds: Array, hull: Float32
) -> tuple[_Arrays, _Numbers]:
    """Movement and flicker of both clips over three frames, all seen from the plate's head.

    The plate's own points say how its head moved, as a similarity; that is taken off both, so a face that
    doesn't go along with the plate's head moves, and one that does rests. Points are followed by pyramidal
    Lucas-Kanade (Bouguet, 2000).
    """
    steps, swap = ([_followed(side[1], side[place], seeds) for place in (0, 2)] for side in (plates, results))
    good = np.logical_and.reduce([known for _, known in (*steps, *swap)])
    if good.sum() < _FEWEST_POINTS:
        return (None, None), (None, None)
    head = [similarity_fit(seeds[good], (seeds + step)[good]) for step, _ in steps]
    rigid = np.sum([transform_points(fit, seeds) - seeds for fit in head], axis=0)
    moved = [_by_region(np.sum([step for step, _ in side], axis=0) - rigid, good) for side in (steps, swap)]
    band = _band(hull)
    flicker = [_variance(pictures, head, band) for pictures in (plates, results)]
    return (moved[0], moved[1]), (flicker[0], flicker[1])


def _followed(now: UInt8, other: UInt8, seeds: Array) -> tuple[Array, npt.NDArray[np.bool_]]:
    """How far each point moves from one picture to another (68, 2), and which of them can be believed."""
    begin = (seeds - 0.5).astype(np.float32)[:, None]
    settings: dict[str, Any] = {"winSize": _WINDOW, "maxLevel": _LEVELS}
    there, found, _ = cv2.calcOpticalFlowPyrLK(now, other, begin, begin.copy(), **settings)
    again, found_back, _ = cv2.calcOpticalFlowPyrLK(other, now, there, there.copy(), **settings)
    returned = np.linalg.norm((again - begin)[:, 0], axis=1) < _MOST_RETURN_PX
    inside = ((seeds > 0) & (seeds < now.shape[0])).all(1)
    return (there - begin)[:, 0].astype(float), ((found[:, 0] > 0) & (found_back[:, 0] > 0) & returned & inside)


def _by_region(second_differences: Array, good: npt.NDArray[np.bool_]) -> Array:
    """The mean length per region, NaN where no point of it could be followed in the plate."""
    length = np.minimum(np.linalg.norm(second_differences, axis=1) / FACE_PX, _MOST_MOVED)
    means = []
    for points in REGIONS.values():
        seen = [point for point in points if good[point]]
        means.append(float(length[seen].mean()) if seen else np.nan)
    return np.array(means)


def _band(hull: Float32) -> Float32:
    side = _BAND_PX + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.dilate(hull, kernel) - cv2.erode(hull, kernel), np.float32)


def _variance(pictures: list[UInt8], head: list[Array], band: Float32) -> float:
    """How much the band flickers where the head has been held still, as one frame's variance.

    White noise of variance v has a second difference of variance 6 v. A head never lies quite still, and where
    a picture is steep it changes by that alone, as its slope squared: outlines, stubble and hair would be all
    that is told. So each pixel counts the less the steeper its own picture is around it.
    """
    before, after = (_held(pictures[place], fit) for place, fit in zip((0, 2), head, strict=True))
    now = pictures[1].astype(np.float32)
    change = (before - 2 * now + after) ** 2 / 6
    across, down = (cv2.Sobel(now, cv2.CV_32F, *axis, ksize=3, scale=1 / 8) for axis in ((1, 0), (0, 1)))
    slope = cv2.GaussianBlur(across**2 + down**2, (0, 0), _SLOPE_BLUR_PX)
    calm = change / (1 + slope / _STEEP**2)
    return float((calm * band).sum() / max(float(band.sum()), 1e-6))


def _held(picture: UInt8, there_from_now: Array) -> Float32:
    # Positions are from the corner; OpenCV's warps are from the first pixel's centre.
    linear = there_from_now[:, :2]
    matrix = np.column_stack([linear, there_from_now[:, 2] + linear @ [0.5, 0.5] - 0.5])
    warped = cv2.warpAffine(
        picture.astype(np.float32),
        matrix,
        picture.shape[::-1],
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(warped, np.float32)


def _colours(crop_rgb: UInt8, seeds: Array) -> tuple[Array, Array]:
    """Mean Lab of the skin inside the mask, and of what lies just around the mask."""
    small = cv2.resize(crop_rgb, (_COLOUR_PX, _COLOUR_PX), interpolation=cv2.INTER_AREA)
    scale = _COLOUR_PX / _CROP_PX
    points = seeds * scale
    lab = lab_from_rgb(small.astype(np.float32) / 255)
    hull = hull_mask(points, _COLOUR_PX, _COLOUR_PX)
    skin = hull * (1 - eyes_mouth_mask(points, _COLOUR_PX, _COLOUR_PX))
    near, far = (_wider(hull, round(reach * scale)) for reach in _RING_PX)
    return _mean(lab, skin), _mean(lab, far - near)


def _wider(mask: Float32, reach_px: int) -> Float32:
    side = 2 * max(1, reach_px) + 1
    return np.asarray(cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))), np.float32)


def _mean(lab: Float32, weight: Float32) -> Array:
    return (lab * weight[..., None]).sum((0, 1)).astype(float) / max(float(weight.sum()), 1e-6)


def _edge_px(frame_rgb: UInt8, landmarks: Array) -> float:
    """How wide the sharper edges inside the face are, in the frame's own pixels where it is not huge."""
    height, width = frame_rgb.shape[:2]
    low = np.clip(np.floor(landmarks.min(0)).astype(int) - 4, 0, [width - 2, height - 2])
    high = np.clip(np.ceil(landmarks.max(0)).astype(int) + 4, low + 2, [width, height])
    part = _grey(np.ascontiguousarray(frame_rgb[low[1] : high[1], low[0] : high[0]]))
    points = landmarks - low
    scale = min(1.0, _SHARPNESS_PX / max(part.shape))
    if scale < 1:
        part = np.asarray(cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    inside = hull_mask(points * scale, part.shape[1], part.shape[0]) > 0.5
    return edge_width_px(part.astype(np.float32), inside, crop_px=256) / scale


def _grey(rgb: UInt8) -> UInt8:
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
