"""Visible skin by its colour: a segmenter that needs no weights and learns each face anew.

Most of what lies in the landmarks' hull is skin. Its colours are fitted robustly, as ratios of the channels,
which light hardly changes, and a brightness that may lean over the face. What differs too much is not face:
hair, a microphone, a sleeve. Eyes, brows and mouth differ too; they are face where their surroundings are. Over
the brows the face goes on as far as its colours do. It can't tell a hand from a face, for both are skin. Not
here: which segmenters there are (`segmenter`).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from understudy.masks.hull import eyes_mask, hull_mask, mouth_mask

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

_WORK_PX = 96  # the side at which colours are judged; finer shows hairs and pores, not parts of a face
_FOREHEAD = 2.2  # how far over the brows skin can be face, as a hull's brow_lift
_STRICTER = 2.0  # by so much more a colour counts as another one there, where hair and the room may be as well
_ROUNDS = 4  # of the robust fit
_FAR, _NEAR = 3.5, 2.5  # spreads from the skin's colour: beyond is no skin, within is
_LEAST_SPREAD = (0.30, 0.06, 0.06)  # of log brightness, red/green, blue/green: even a smooth face varies so
_BLACK = 12.0  # added before a logarithm: noise in the dark has no colour
_COVERED, _BARE = 0.55, 0.8  # shares of skin around an eye: it is covered, it is bare
_AROUND_PX = 8.0  # how far around an eye says whether something covers it
_FEATURE_PX = 2  # what lies this near to an eye's or a mouth's outline belongs to it
_SPECKLE_PX = 2  # spots and hairs thinner than twice this stay face


class SkinSegmenter:
    """Implements `segmenter.Segmenter`."""

    name = "skin"

    def segment(self, crops_NHWC: UInt8, landmarks_N682: Float64) -> Float32:
        """See `Segmenter.segment`."""
        seen = np.zeros(crops_NHWC.shape[:3], np.float32)
        for place, (crop, landmarks) in enumerate(zip(crops_NHWC, landmarks_N682, strict=True)):
            seen[place] = _visible_skin(crop, landmarks)
        return seen


def _visible_skin(crop_HWC: UInt8, landmarks_68: Float64) -> Float32:
    side = crop_HWC.shape[0]
    points = np.asarray(landmarks_68, float) * (_WORK_PX / side)
    small = cv2.resize(crop_HWC, (_WORK_PX, _WORK_PX), interpolation=cv2.INTER_AREA)
    hull = hull_mask(points, _WORK_PX, _WORK_PX)
    # Brows end the landmarks, not the face: hair does, which colour tells.
    within = hull_mask(points, _WORK_PX, _WORK_PX, brow_lift=_FOREHEAD)
    features = _features(points) * (hull > 0.5)
    spreads = _spreads_from_skin(_light_and_hue(np.asarray(small, np.uint8)), (hull > 0.9) & (features < 0.5))
    spreads = spreads * (_STRICTER - (_STRICTER - 1) * hull)
    skin = np.clip((_FAR - spreads) / (_FAR - _NEAR), 0, 1).astype(np.float32)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _SPECKLE_PX + 1, 2 * _SPECKLE_PX + 1))
    skin = np.asarray(cv2.morphologyEx(skin, cv2.MORPH_CLOSE, kernel), np.float32)
    face = np.where(features > 0.5, _judged_by_surroundings(skin, hull * (features <= 0.5)), skin) * within
    return np.asarray(cv2.resize(face, (side, side), interpolation=cv2.INTER_LINEAR), np.float32)


def _features(points_68: Float64) -> Float32:
    """Eyes with their brows, the mouth and the nostrils: what is face and not of skin's colour."""
    brow_to_eye = [*range(17, 22), *range(39, 35, -1)], [*range(22, 27), 45, 44, 43, 42]
    mask = np.maximum(eyes_mask(points_68, _WORK_PX, _WORK_PX), mouth_mask(points_68, _WORK_PX, _WORK_PX))
    drawn = np.zeros((_WORK_PX, _WORK_PX), np.uint8)
    for part in (*brow_to_eye, list(range(31, 36))):
        cv2.fillPoly(drawn, [np.rint(points_68[part]).astype(np.int32)], 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _FEATURE_PX + 1, 2 * _FEATURE_PX + 1))
    return np.asarray(cv2.dilate(np.maximum(mask, drawn), kernel), np.float32)


def _light_and_hue(rgb_HWC: UInt8) -> Float32:
    logs = np.log(rgb_HWC.astype(np.float32) + np.float32(_BLACK))
    red, green, blue = logs[..., 0], logs[..., 1], logs[..., 2]
    return np.stack([green, red - green, blue - green], -1)


def _spreads_from_skin(pixels_HWC: Float32, seeds_HW: npt.NDArray[np.bool_]) -> Float32:
    """How many spreads every pixel is away from the skin under the face's light."""
    height, width, _ = pixels_HWC.shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32) / np.float32(height) - np.float32(0.5)
    plane = np.stack([np.ones_like(rows), columns, rows], -1)
    where, colors = plane[seeds_HW], pixels_HWC[seeds_HW]
    spread = np.array(_LEAST_SPREAD, np.float32)
    # The middle colour first: a plane would lean towards what covers a side of the face.
    fit = np.zeros((3, 3), np.float32)
    fit[0] = np.median(colors, axis=0) if len(colors) else 0
    for _ in range(_ROUNDS):
        kept = (np.abs(colors - where @ fit) < _NEAR * spread).all(-1)
        if kept.sum() < 16:
            break
        chosen = where[kept]
        ridge = np.diag([0.0, 1.0, 1.0]) * 0.02 * len(chosen)  # holds the plane flat where little is seen
        fit = np.linalg.solve(chosen.T @ chosen + ridge, chosen.T @ colors[kept]).astype(np.float32)
    apart = (pixels_HWC - plane @ fit) / spread
    return np.asarray(np.sqrt((apart**2).sum(-1)), np.float32)


def _judged_by_surroundings(skin_HW: Float32, known_HW: Float32) -> Float32:
    """1 where most of what is known around is skin, 0 where little is."""
    seen = cv2.GaussianBlur(skin_HW * known_HW, (0, 0), _AROUND_PX / 2)
    known = cv2.GaussianBlur(known_HW, (0, 0), _AROUND_PX / 2)
    share = np.asarray(seen, np.float32) / np.maximum(np.asarray(known, np.float32), 1e-3)
    return np.clip((share - _COVERED) / (_BARE - _COVERED), 0, 1).astype(np.float32)
