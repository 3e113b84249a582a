"""The order of operations, from painted faces to one finished frame. Pure.

The first half happens per face, in the crop, before the frame is composed (`painted.painted_face`):

1. dst's own face is cut out, and the model paints src in its place;
2. the mask is chosen, eroded, faded at the crop's border and feathered: here, once;
3. the colour transfer is measured; it, the mask and what was painted are steadied over the face's track
   (`painted.steadied`);
4. the face is enlarged where it is shown larger than it was painted (`painted.enlarged`).

The second half is `composite`, below, and reads in its order. A step is a call into its room (`coloring`,
`blending`, `effects`); what a step does is decided there. Not here: reading, predicting, writing (`merge`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from understudy.merging.blending import blend
from understudy.merging.blending.modes import MODES
from understudy.merging.coloring import tone
from understudy.merging.coloring.histogram import matched_histogram
from understudy.merging.effects.degrade import fewer_colors, plain_plate
from understudy.merging.effects.grain import grained
from understudy.merging.effects.motion_blur import motion_blurred
from understudy.merging.effects.sharpen import sharpened
from understudy.merging.light import (
    Float32,
    Picture,
    as_share,
    beyond_sight,
    from_encoded,
    in_light,
    lay_in,
    shown,
    sight,
    stored,
    to_encoded,
    with_rest,
)
from understudy.merging.options import MergeOptions
from understudy.merging.painted import PaintedFace
from understudy.merging.place import Place, far_first, mask_in_frame, place_in_frame, seam_in_frame
from understudy.merging.raw import RAW_MODES
from understudy.merging.watching import Watch, unwatched


def composite(
    frame_rgb: Picture, faces: Sequence[PaintedFace], options: MergeOptions, *, watch: Watch = unwatched
) -> Picture:
    """The frame with every face painted in; pixels outside all masks keep their exact values.

    uint8, uint16 and (scene-linear) float32 frames come out as they went in; between, all arithmetic is float32
    in the light that the options name. Every face is made from the original frame. Smaller faces go first, so
    the order of `faces` does not matter. `options` are the frame's, and those of faces that have none of their
    own. `watch` is shown every step's picture. The mode raw-predict gives the model's square instead of a
    frame. Raises BlendFailed where a face has no visible mask in the frame.
    """
    mode, light = MODES[options.mode], options.light
    if mode.raw:
        return RAW_MODES[options.mode](frame_rgb, faces, light, watch)
    result = plain_plate(frame_rgb, options) if mode.paints else frame_rgb
    result = result.copy() if result is frame_rgb else result
    for face in far_first(faces):
        own = face.options or options
        whole = place_in_frame(face, frame_rgb.shape)
        mask = mask_in_frame(face, whole)
        place, mask = (whole, mask) if own.erode_seamless < 0 else whole.around_mask(mask)
        watch("mask", mask, face, place)
        if not MODES[own.mode].paints:
            continue

        crop = transferred(face, own)
        watch("transferred", crop, face, place)
        crop = with_histogram(crop, face, own)
        watch("histogram", crop, face, place)
        crop = from_encoded(shown(crop, like=frame_rgb), light)
        crop = motion_blurred(crop, face.movement_in_crop_px, shutter=own.motion_blur)
        crop = sharpened(crop, own, face_px=face.width_px)
        watch("effects", crop, face, place)

        painted = place.warped(crop)
        watch("warped", painted, face, place)
        painted = joined(sight(place.of(frame_rgb)), painted, face, mask, place, own)
        painted = with_rest(shown(painted, like=frame_rgb), beyond_sight(place.of(frame_rgb)), light)
        watch("joined", painted, face, place)

        below = in_light(place.of(result), light)
        watch("plate", below, face, place)
        blended = blend.overlay(below, painted, mask)
        watch("blended", blended, face, place)
        blended = with_grain(blended, mask, whole.around(result), face, own)
        watch("grained", blended, face, place)
        lay_in(place.of(result), stored(blended, light, frame_rgb.dtype), mask > 0)
    return fewer_colors(result, options) if mode.paints else result


def with_grain(
    blended_HWC: Float32, mask_HW: Float32, around: Picture, face: PaintedFace, options: MergeOptions
) -> Float32:
    """The blended box with the grain of the plate around it, another one in every frame."""
    if options.grain <= 0:
        return blended_HWC
    seed = (face.frame_index, *np.rint(face.centre_in_frame).astype(int).tolist())
    plate = in_light(around, options.light)
    return grained(blended_HWC, mask_HW, plate, amount=options.grain, seed=seed)


def transferred(face: PaintedFace, options: MergeOptions) -> Float32:
    """The painted crop after its colour transfer. May leave 0..1."""
    return tone.recolored(face.painted_HWC, face.tone, options)


def with_histogram(crop_HWC: Float32, face: PaintedFace, options: MergeOptions) -> Float32:
    """The crop with the histogram of dst's own face, in the modes that ask for it."""
    mode = MODES[options.mode]
    return tone.with_histogram(crop_HWC, face.tone, options, bw=mode.grey) if mode.histogram else crop_HWC


def joined(
    plate: npt.NDArray[Any],
    painted_HWC: Float32,
    face: PaintedFace,
    mask_HW: Float32,
    place: Place,
    options: MergeOptions,
) -> Float32:
    """The painted face as it is to be blended: in seamless modes with the plate's colours flowing in.

    `plate` is the box of the frame as models see it; the painted face is in the light that is worked in.
    """
    mode = MODES[options.mode]
    if not mode.poisson:
        return painted_HWC
    seam = seam_in_frame(face, place) if options.erode_seamless else mask_HW
    # What flows in is added. Added to linear light it would wash the blacks out, so this is done encoded.
    painted = to_encoded(painted_HWC, options.light)
    painted = blend.seamless(as_share(plate), painted, seam, device=face.device)
    if mode.histogram_after:
        compared = place.warped_mask(face.area_HW, painted_px=len(face.painted_HWC)) * (mask_HW > 0)
        painted = matched_histogram(painted, as_share(plate), compared, top=options.hist_match_top)
    return from_encoded(painted, options.light)
