"""Paint faces into one frame: the order of operations, pure.

`painted_face` gathers what is known about one face in crop space, `steadied` averages the colour transfer over
neighbouring frames, `composite` does the rest. Not here: reading, predicting and writing (`merge`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from understudy import geometry
from understudy.faces.align import crop, warp_to_frame
from understudy.masks.hull import eyes_mouth_mask, hull_mask
from understudy.merging.blending import blend
from understudy.merging.coloring.color_transfer import COLOR_TRANSFERS, matched_histogram
from understudy.merging.masking.mask import chosen_mask, cut_noise, faded_at_border, resized_mask, soft_mask
from understudy.merging.options import MergeOptions
from understudy.networks.swap import Prediction

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Frame = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]

_SMALLEST_SHOWN_PX = 8
_EYES_AND_MOUTH = 0.3  # above this a pixel belongs to them
_SMALLEST_MASK_PX = 256  # masks of small models are worked out finer than the model paints


@dataclass(frozen=True, eq=False)
class PaintedFace:
    """One face, painted and measured, before it goes into its frame."""

    paste_from_frame: Float64  # 2 x 3: frame pixels to the painted crop's pixels, face_scale included
    painted_HWC: Float32  # what the model painted, RGB 0..1
    own_HWC: Float32  # dst's own face, cut like the painted one
    area_HW: Float32  # where colours are compared: the chosen mask without eyes and mouth, painted size
    mask_HW: Float32  # the soft mask, at its own size
    tone: Float32  # what the colour transfer measured

    @property
    def side_in_frame_px(self) -> float:
        """The painted crop's side in frame pixels."""
        return len(self.painted_HWC) / float(np.sqrt(abs(np.linalg.det(self.paste_from_frame[:, :2]))))


def painted_face(
    own_HWC: npt.NDArray[np.generic],
    prediction: Prediction,
    index: int,
    *,
    landmarks_68: Float64,
    crop_from_frame: Float64,
    options: MergeOptions,
) -> PaintedFace:
    """Put together face `index` of a batch: its masks and what the colour transfer measures.

    `own_HWC` is dst's crop (uint8, uint16 or float 0..1) that `crop_from_frame` cut for the model.
    """
    size_px = len(prediction.rgb_NHWC[index])
    face_px = _face_width_px(landmarks_68, crop_from_frame)
    paste = _scaled_about_centre(crop_from_frame, size_px=size_px, factor=1 / options.face_scale)
    mask_px = max(size_px, _SMALLEST_MASK_PX)
    to_mask = geometry.resized_crop(paste, from_px=size_px, to_px=mask_px)
    hull = hull_mask(geometry.transform_points(to_mask, landmarks_68), mask_px, mask_px)
    learned = resized_mask(prediction.mask_NHW[index], mask_px)
    area = chosen_mask(options.mask, learned_HW=learned, hull_HW=hull)
    share_px = face_px * mask_px / size_px
    face = PaintedFace(
        paste_from_frame=paste,
        painted_HWC=prediction.rgb_NHWC[index].astype(np.float32),
        own_HWC=as_share(own_HWC),
        area_HW=_skin(resized_mask(area, size_px), geometry.transform_points(paste, landmarks_68)),
        mask_HW=soft_mask(area, erode_px=options.erode * share_px, blur_px=options.blur * share_px),
        tone=np.zeros(0, np.float32),
    )
    tone = COLOR_TRANSFERS[options.color].measure(
        face.painted_HWC, face.own_HWC, face.area_HW, light_px=options.light_size * face_px
    )
    return replace(face, tone=tone)


def steadied(face: PaintedFace, neighbours: Sequence[tuple[int, PaintedFace]], *, reach: int) -> PaintedFace:
    """The face with its colour transfer averaged over its track, nearer frames counting more.

    `neighbours` are (distance in frames, face); those further than `reach` don't count.
    """
    total, weights = face.tone.astype(np.float64), 1.0
    for distance, other in neighbours:
        weight = 1 - abs(distance) / (reach + 1)
        if distance == 0 or weight <= 0:
            continue
        total, weights = total + weight * other.tone, weights + weight
    return replace(face, tone=(total / weights).astype(np.float32))


def composite(frame_rgb: Frame, faces: Sequence[PaintedFace], options: MergeOptions) -> Frame:
    """The frame with every face painted in; pixels outside all masks keep their exact values.

    uint8 and uint16 frames come out as they went in; between, all arithmetic is float32 0..1. Every face is
    made from the original frame. Smaller faces go first, so the order of `faces` does not matter. Raises
    BlendFailed where a face has no visible mask in the frame.
    """
    result = frame_rgb.copy()
    most = float(np.iinfo(frame_rgb.dtype).max)
    for face in sorted(faces, key=_far_first):
        x0, y0, x1, y1 = _box_in_frame(face, frame_rgb.shape)
        frame_from_paste = geometry.inverse(face.paste_from_frame)
        frame_from_paste[:, 2] -= (x0, y0)
        mask = _mask_in_box(face, frame_from_paste, x1 - x0, y1 - y0)
        original = as_share(frame_rgb[y0:y1, x0:x1])
        painted = np.clip(toned(face, options), 0, 1)
        painted = warp_to_frame(painted, frame_from_paste, x1 - x0, y1 - y0, outside="edge")
        if options.mode == "seamless":
            painted = np.clip(blend.seamless(original, painted, mask), 0, 1)
        below = as_share(result[y0:y1, x0:x1])
        blended = np.rint(blend.overlay(below, painted, mask) * most).astype(frame_rgb.dtype)
        inside = mask > 0
        result[y0:y1, x0:x1][inside] = blended[inside]
    return result


def toned(face: PaintedFace, options: MergeOptions) -> Float32:
    """The painted crop after colour transfer and, in its mode, histogram matching. May leave 0..1."""
    painted = face.painted_HWC
    if face.tone.size and options.color_strength > 0:
        changed = COLOR_TRANSFERS[options.color].apply(painted, face.tone)
        painted = painted + options.color_strength * (changed - painted)
    if options.mode == "hist-match":
        painted = matched_histogram(
            painted.astype(np.float32), face.own_HWC, face.area_HW, top=options.hist_match_top
        )
    return painted.astype(np.float32)


def as_share(picture: npt.NDArray[np.generic]) -> Float32:
    """float32 0..1 from uint8, uint16 or float."""
    if picture.dtype == np.uint8:
        return picture.astype(np.float32) / np.float32(255)
    if picture.dtype == np.uint16:
        return picture.astype(np.float32) / np.float32(65535)
    return picture.astype(np.float32)


def own_crop(frame_rgb: Frame, crop_from_frame: Float64, size_px: int) -> Frame:
    """dst's own face as the model wants to see it."""
    return crop(frame_rgb, crop_from_frame, size_px)


def _skin(area_HW: Float32, landmarks_68: Float64) -> Float32:
    """The mask without eyes and mouth: their colours are the performers' own and say nothing about light."""
    size_px = len(area_HW)
    return area_HW * (eyes_mouth_mask(landmarks_68, size_px, size_px) < _EYES_AND_MOUTH)


def _mask_in_box(face: PaintedFace, box_from_paste: Float64, width: int, height: int) -> Float32:
    mask = face.mask_HW
    shown_px = max(_SMALLEST_SHOWN_PX, round(face.side_in_frame_px))
    if shown_px < len(mask):
        # Averaging lets the zero border grow thinner than a frame's pixel, so it is put on again.
        mask = faded_at_border(resized_mask(mask, shown_px))
    box_from_mask = box_from_paste.copy()
    box_from_mask[:, :2] *= len(face.painted_HWC) / len(mask)
    mask = cut_noise(np.clip(warp_to_frame(mask, box_from_mask, width, height), 0, 1))
    rows, columns = np.nonzero(mask)
    least = blend.SMALLEST_SIDE_PX
    if not rows.size or np.ptp(rows) + 1 < least or np.ptp(columns) + 1 < least:
        raise blend.BlendFailed(f"the face's mask covers less than {least} x {least} pixels of the frame")
    return mask


def _box_in_frame(face: PaintedFace, frame_shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    side = len(face.painted_HWC)
    corners = geometry.transform_points(
        geometry.inverse(face.paste_from_frame), [[0, 0], [side, 0], [side, side], [0, side]]
    )
    low = np.floor(corners.min(0)).astype(int)
    high = np.ceil(corners.max(0)).astype(int)
    x0, y0 = max(0, int(low[0])), max(0, int(low[1]))
    x1, y1 = min(frame_shape[1], int(high[0])), min(frame_shape[0], int(high[1]))
    if x1 - x0 < blend.SMALLEST_SIDE_PX or y1 - y0 < blend.SMALLEST_SIDE_PX:
        raise blend.BlendFailed("the face lies outside the frame")
    return x0, y0, x1, y1


def _far_first(face: PaintedFace) -> tuple[float, float, float]:
    place = geometry.inverse(face.paste_from_frame)[:, 2]
    return face.side_in_frame_px, float(place[0]), float(place[1])


def _face_width_px(landmarks_68: Float64, crop_from_frame: Float64) -> float:
    """The side of the mean face's unit square in crop pixels."""
    unit_scale = np.sqrt(abs(np.linalg.det(geometry.unit_from_frame(landmarks_68)[:, :2])))
    crop_scale = np.sqrt(abs(np.linalg.det(np.asarray(crop_from_frame)[:, :2])))
    return float(crop_scale / unit_scale)


def _scaled_about_centre(crop_from_frame: Float64, *, size_px: int, factor: float) -> Float64:
    centre = size_px / 2
    zoom = np.array([[factor, 0, centre * (1 - factor)], [0, factor, centre * (1 - factor)]])
    return geometry.compose(zoom, crop_from_frame)
