"""A merged frame as it lies on disk: its picture, its mask and, where asked for, its faces.

Frames of 8 and 16 bits are PNG, scene-linear ones half-float EXR. Masks and faces lie in folders of their own
under the names of their frames. What a model painted in names its source type, so that a frame that is copied
elsewhere still says what it is. Not here: which frames are done (`journal`).
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from understudy.files import write_bytes
from understudy.media.clip import ClipInfo, OwnNumbers
from understudy.media.exr import encode_exr
from understudy.media.images import encode_png, read_image_deep
from understudy.merging.blending.blend import BlendFailed
from understudy.merging.blending.modes import MODES
from understudy.merging.composite import composite
from understudy.merging.journal import FACES, MASKS, frame_path
from understudy.merging.layers import Layers
from understudy.merging.light import Picture, as_share
from understudy.merging.options import MergeOptions
from understudy.merging.painted import PaintedFace
from understudy.merging.raw import blank
from understudy.merging.watching import unwatched
from understudy.provenance.xmp import EXR_ATTRIBUTE, SOURCE_TYPE, with_packet

HULL_STANDS_IN = "the hull of dst's landmarks stands in for the model's mask, which is not learnt yet"


@dataclass(frozen=True, eq=False)
class MergedFrame:
    """One finished frame with what is kept beside it."""

    picture: Picture
    mask_HW: npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | None = None
    faces_HWC: Picture | None = None  # straight colours; their alpha is the mask
    is_painted: bool = False  # False for a picture that a mode, or the plate, leaves as it was


def merged_frame(frame: Picture, faces: Sequence[PaintedFace], options: MergeOptions) -> MergedFrame:
    """The frame with its faces, and its layers. Raises BlendFailed where a face can't be painted."""
    is_painted = _paints(faces, options)
    if options.kept_layers == "none":
        return MergedFrame(composite(frame, faces, options, watch=unwatched), is_painted=is_painted)
    square = len(faces[0].painted_HWC)
    height, width = (square, square) if options.mode == "raw-predict" else frame.shape[:2]
    layers = Layers(height, width, faces=options.kept_layers == "all")
    picture = composite(frame, faces, options, watch=layers)
    return MergedFrame(
        picture,
        layers.stored_mask(frame.dtype),
        layers.stored_faces(options.light, frame.dtype),
        is_painted=is_painted,
    )


def _paints(faces: Sequence[PaintedFace], options: MergeOptions) -> bool:
    """Whether the picture shows anything of what a model made."""
    mode = MODES[options.mode]
    if mode.raw:
        return not mode.leaves
    return any(MODES[(face.options or options).mode].paints for face in faces)


def merged_as_far_as_possible(
    frame: Picture, faces: Sequence[PaintedFace], options: MergeOptions
) -> tuple[MergedFrame | None, str]:
    """The frame with all faces that can be painted, and why the others can't, each with whose face it is; None
    where no face can."""
    try:
        return merged_frame(frame, faces, options), ""
    except BlendFailed as failed:
        if len(faces) == 1:
            return None, str(failed)
    refused = [why_not(frame, face, options) for face in faces]
    good = [face for face, reason in zip(faces, refused, strict=True) if not reason]
    reasons = [
        f"{face.who}: {reason}" if face.who else reason
        for face, reason in zip(faces, refused, strict=True)
        if reason
    ]
    return (merged_frame(frame, good, options) if good else None), "; ".join(reasons)


def is_hull_seen(faces: Sequence[PaintedFace], options: MergeOptions) -> bool:
    """Whether the hull is seen, or kept, where a mask is asked for that its model has not learnt yet."""
    return "mask" not in options.idle() and any(
        face.mask.hull_share > 0.5 and face.mask.included_HW is None for face in faces
    )


def why_not(frame: Picture, face: PaintedFace, options: MergeOptions) -> str:
    """Why this face can't be painted into the frame; empty where it can."""
    try:
        composite(frame, [face], options)
    except BlendFailed as failed:
        return str(failed)
    return ""


def in_own_numbers(
    merged: MergedFrame, own: OwnNumbers, *, seen: Picture, options: MergeOptions
) -> MergedFrame:
    """What was made of a frame's light `seen`, in its clip's numbers; untouched pixels keep theirs."""
    light, faces = as_share(merged.picture), merged.faces_HWC
    is_mask = options.mode == "raw-mask"
    return replace(
        merged,
        picture=own.of_shares(light) if is_mask else own.of_light(light, seen=as_share(seen)),
        faces_HWC=None if faces is None else own.of_light(as_share(faces)),
    )


def write_merged(folder: Path, frame: int, merged: MergedFrame) -> None:
    """Put a merged frame in its place, the picture last; what an earlier merge kept beside it goes away."""
    for place, picture, is_painted in (
        (folder / MASKS, merged.mask_HW, False),
        (folder / FACES, merged.faces_HWC, True),
        (folder, merged.picture, merged.is_painted),
    ):
        older = frame_path(place, frame)
        if picture is None or older.suffix != _suffix(picture):
            older.unlink(missing_ok=True)
        if picture is not None:
            place.mkdir(parents=True, exist_ok=True)
            write_bytes(older.with_suffix(_suffix(picture)), _encoded(picture, is_painted=is_painted))


def write_blanks(
    folder: Path, info: ClipInfo, options: MergeOptions, *, crop_px: int, merged: Container[int]
) -> None:
    """Black for every frame that is not `merged`, in the modes whose pictures are not dst's frames.

    So there are as many pictures as the clip has frames, all of one size: that of the frames shown, which
    `info` tells. Those there already are kept.
    """
    depth = np.float32 if info.scene_linear else np.uint16 if info.bit_depth > 8 else np.uint8
    like = np.zeros((info.height, info.width, 3), depth)
    black = blank(options.mode, like=like, crop_px=crop_px)
    if black is None:
        return
    data = _encoded(black)
    for frame in range(info.frame_count):
        path = frame_path(folder, frame)
        if frame not in merged and not _holds(path, data):
            path.unlink(missing_ok=True)
            write_bytes(path.with_suffix(_suffix(black)), data)


def _holds(path: Path, data: bytes) -> bool:
    return path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data


def remove_merged(folder: Path, frame: int) -> None:
    """Take a merged frame and its layers away."""
    for path in (frame_path(folder, frame), mask_path(folder, frame), faces_path(folder, frame)):
        path.unlink(missing_ok=True)


def remove_layers(folder: Path, frame: int, *, but: Literal["none", "mask", "all"]) -> None:
    """Take away what lies beside a merged frame, `but` what is still to be kept."""
    if but == "none":
        mask_path(folder, frame).unlink(missing_ok=True)
    if but != "all":
        faces_path(folder, frame).unlink(missing_ok=True)


def mask_path(folder: Path, frame: int) -> Path:
    """Where the mask of a merged frame lies: grey, 8 bits for clips of 8 bits, else 16."""
    return folder / MASKS / f"{frame:06d}.png"


def stored_mask(path: Path) -> npt.NDArray[np.float32]:
    """A mask that was written, (height, width) 0..1."""
    stored = read_image_deep(path)
    return stored[..., 0].astype(np.float32) / np.float32(np.iinfo(stored.dtype.name).max)


def faces_path(folder: Path, frame: int) -> Path:
    """Where the painted faces of a merged frame lie: straight colours in the depth of the frame."""
    return frame_path(folder / FACES, frame)


def _suffix(picture: npt.NDArray[Any]) -> str:
    return ".exr" if picture.dtype.kind == "f" else ".png"


def _encoded(picture: npt.NDArray[Any], *, is_painted: bool = False) -> bytes:
    if picture.dtype.kind == "f":
        return encode_exr({"": picture}, metadata={EXR_ATTRIBUTE: SOURCE_TYPE} if is_painted else None)
    return with_packet(encode_png(picture)) if is_painted else encode_png(picture)
