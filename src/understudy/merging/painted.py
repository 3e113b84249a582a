"""One face, cut out, painted and measured: what is known of it before it goes into its frame.

`painted_face` is the first half of the order that `composite` tells of. Not here: the frame (`composite`),
reading and predicting (`merge`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np
import numpy.typing as npt

from understudy import geometry
from understudy.faces.align import crop
from understudy.facesets.record import FaceRecord
from understudy.merging.blending.modes import MODES
from understudy.merging.coloring import pixels
from understudy.merging.coloring.options import ColorOptions
from understudy.merging.coloring.tone import Tone, measured_tone, steadied_tone
from understudy.merging.effects.motion_blur import movement
from understudy.merging.effects.super_resolution import super_resolved
from understudy.merging.keeping import Keep, anew
from understudy.merging.light import Picture, as_share, sight
from understudy.merging.masking.face_mask import FaceMask, MaskInputs, face_mask
from understudy.merging.masking.kinds import sources_of
from understudy.merging.masking.mask import resized_mask
from understudy.merging.masking.segment import Segmented
from understudy.merging.masking.steady import steadied_mask
from understudy.merging.options import MergeOptions
from understudy.merging.steady_paint import steadied_paint
from understudy.networks.swap import Prediction

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

_MEASURED = frozenset(ColorOptions.model_fields)  # what measuring colours reads
_FILTER_PX = 8  # Lanczos reaches 4


@dataclass(frozen=True, eq=False)
class PaintedFace:
    """One face, painted and measured, before it goes into its frame."""

    paste_from_frame: Float64  # 2 x 3: frame pixels to the painted crop's pixels, face_scale included
    painted_HWC: Float32  # what the model painted, RGB 0..1
    own_HWC: Float32  # dst's own face, cut like the painted one
    area_HW: Float32  # where colours are compared, painted size
    mask: FaceMask  # where it shows, at its own size
    tone: Tone  # what was measured of its colours
    steady_frames: int = 0  # how far the tone asks to be averaged with its neighbours
    steady_paint_frames: int = 0  # the same of what was painted
    width_px: float = 0.0  # the face's width, the unit of sizes in the options, in pixels of the painted crop
    options: MergeOptions | None = None  # its own, where they may differ from the frame's
    who: str = ""  # for people to read, where a frame has several faces
    frame_index: int = 0
    device: str = "cpu"  # where its model painted it
    fills_frame: bool = False  # it is the whole picture, and no mask hides any of it
    movement_px: Float64 = field(default_factory=lambda: np.zeros(2))  # its way in one frame, in frame pixels

    @property
    def mask_HW(self) -> Float32:
        """The soft mask, at its own size."""
        return self.mask.soft_HW

    @property
    def side_in_frame_px(self) -> float:
        """The painted crop's side in frame pixels."""
        return len(self.painted_HWC) / float(np.sqrt(abs(np.linalg.det(self.paste_from_frame[:, :2]))))

    @property
    def centre_in_frame(self) -> Float64:
        """The middle of the painted crop, in frame pixels."""
        middle = len(self.painted_HWC) / 2
        return geometry.transform_points(geometry.inverse(self.paste_from_frame), [middle, middle])

    @property
    def movement_in_crop_px(self) -> Float64:
        """Its way in one frame, x and y in the painted crop's pixels."""
        return self.paste_from_frame[:, :2] @ self.movement_px


def painted_face(
    own_HWC: npt.NDArray[np.generic],
    prediction: Prediction,
    index: int,
    *,
    record: FaceRecord,
    crop_from_frame: Float64,
    options: MergeOptions,
    segmented: Segmented | None = None,
    keep: Keep = anew,
) -> PaintedFace:
    """Put together face `index` of a batch: its masks and what the colour transfer measures.

    `own_HWC` is dst's crop (uint8, uint16 or float 0..1) that `crop_from_frame` cut for the model; `segmented`
    what `segment.segmented` saw of this face, if its mask asks for it. `keep` may know what was measured.
    """
    size_px = len(prediction.rgb_NHWC[index])
    landmarks = record.landmarks()
    face_px = geometry.face_width_px(landmarks, crop_from_frame)
    paste = _scaled_about_centre(crop_from_frame, size_px=size_px, factor=1 / options.face_scale)
    inputs = MaskInputs(
        record=record,
        crop_from_frame=crop_from_frame,
        paste_from_frame=paste,
        learned_prd_HW=prediction.mask_NHW[index],
        learned_dst_HW=prediction.dst_mask_NHW[index],
        segmented=segmented or Segmented(),
    )
    mask = face_mask(inputs, options)
    painted, own = prediction.rgb_NHWC[index].astype(np.float32), as_share(own_HWC)
    compared = pixels.area(
        options.color_area,
        resized_mask(mask.area_HW, size_px),
        geometry.transform_points(paste, landmarks),
    )
    if record.frame_size != (0, 0):
        compared = pixels.within_frame(compared, crop_from_frame, record.frame_size)
    mode, light_px = MODES[options.mode], options.light_size * face_px
    read = options.model_dump(include=set(_MEASURED if mode.histogram else _MEASURED - {"color_strength"}))
    return PaintedFace(
        paste_from_frame=paste,
        painted_HWC=painted,
        own_HWC=own,
        area_HW=compared,
        mask=mask,
        tone=keep(
            "tone",
            (painted, own, compared, read, light_px, mode.histogram, mode.grey),
            lambda: measured_tone(
                painted, own, compared, options, light_px=light_px, histogram=mode.histogram, bw=mode.grey
            ),
        ),
        steady_frames=options.steady_frames,
        steady_paint_frames=0 if "steady_face" in options.idle() else options.steady_face,
        width_px=face_px,
        frame_index=record.frame,
        device=prediction.device,
    )


def enlarged(face: PaintedFace, options: MergeOptions) -> PaintedFace:
    """The face painted as large as it is shown, where the options ask for it.

    Only when it goes into its frame: neighbours that steady it wait as small as the model painted them.
    """
    if "super_resolution" in options.idle():
        return face
    painted = super_resolved(
        face.painted_HWC,
        name=options.super_resolution,
        power=options.super_resolution_power,
        shown_px=face.side_in_frame_px,
    )
    factor = len(painted) / len(face.painted_HWC)
    return replace(
        face,
        painted_HWC=painted,
        paste_from_frame=face.paste_from_frame * factor,
        width_px=face.width_px * factor,
    )


def steadied(
    face: PaintedFace, neighbours: Sequence[tuple[int, PaintedFace]], *, reach: int, keep: Keep = anew
) -> PaintedFace:
    """The face, what was painted, its colours' measure and its mask averaged over its track; near and alike
    frames count more.

    `neighbours` are (distance in frames, face); those further than `reach`, or than the face's own settings
    say, don't count, nor do tones of another transfer and masks of another kind. They also tell how the
    face moves.
    """
    asked = face.options.color if face.options else face.tone.color
    tones = [(distance, other.tone) for distance, other in neighbours if other.tone.color == asked]
    masks = [
        (distance, other.mask) for distance, other in neighbours if _mask_asked(other) == _mask_asked(face)
    ]
    paints = [(distance, other.painted_HWC, other.own_HWC) for distance, other in neighbours]
    paint_reach = min(reach, face.steady_paint_frames)
    way = movement(face.centre_in_frame, [(distance, other.centre_in_frame) for distance, other in neighbours])
    return replace(
        face,
        painted_HWC=keep(
            "steadied paint",
            (face.painted_HWC, face.own_HWC, paint_reach, *chain.from_iterable(paints)),
            lambda: steadied_paint(face.painted_HWC, face.own_HWC, paints, reach=paint_reach),
        )
        if paint_reach
        else face.painted_HWC,
        tone=steadied_tone(face.tone, tones, reach=min(reach, face.steady_frames)),
        mask=steadied_mask(face.mask, masks, reach=min(reach, face.mask.steady_frames)),
        movement_px=way,
    )


def _mask_asked(face: PaintedFace) -> tuple[str, str] | None:
    if face.options is None:
        return None
    seen = sources_of(face.options.mask) & {"seg-prd", "seg-dst"}
    return face.options.mask, face.options.segmenter if seen else ""


def own_crop(
    frame_rgb: Picture, crop_from_frame: Float64, size_px: int
) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
    """dst's own face as the model wants to see it: encoded, within 0..1, also from a scene-linear frame."""
    if frame_rgb.dtype.kind != "f":
        return crop(frame_rgb, crop_from_frame, size_px)
    # Highlights are clipped before anything is averaged, or a spark would ring or whiten all around it.
    shown, shown_from_frame = _part_around(frame_rgb, crop_from_frame, size_px)
    return crop(sight(shown), geometry.compose(crop_from_frame, geometry.inverse(shown_from_frame)), size_px)


def _part_around(frame: Picture, crop_from_frame: Float64, size_px: int) -> tuple[Picture, Float64]:
    """The part of the frame that a crop shows, with room for its filter, and the shift into it."""
    corners = geometry.transform_points(
        geometry.inverse(crop_from_frame), [[0, 0], [size_px, 0], [size_px, size_px], [0, size_px]]
    )
    end = np.array(frame.shape[1::-1])
    low = np.clip(np.floor(corners.min(0)).astype(int) - _FILTER_PX, 0, end - 1)
    high = np.clip(np.ceil(corners.max(0)).astype(int) + _FILTER_PX, low + 1, end)
    x0, y0, x1, y1 = *low.tolist(), *high.tolist()
    return frame[y0:y1, x0:x1], np.array([[1.0, 0, -x0], [0, 1, -y0]])


def _scaled_about_centre(crop_from_frame: Float64, *, size_px: int, factor: float) -> Float64:
    centre = size_px / 2
    zoom = np.array([[factor, 0, centre * (1 - factor)], [0, factor, centre * (1 - factor)]])
    return geometry.compose(zoom, crop_from_frame)
