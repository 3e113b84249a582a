"""What each frame of the finished shot shows: the picture, the faces alone, their mask, or a window of it.

Reads dst and the merged folder, frame by frame. Not here: files (`encode`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from understudy.errors import ClipSizesDiffer, OptionInvalid
from understudy.media.clip import Clip, Float32, Picture
from understudy.media.color_spaces import ColorSpace
from understudy.media.images import eight_bit, read_image_deep, scene_linear, sixteen_bit
from understudy.media.opening import require_progressive
from understudy.merging.crops import crops_of
from understudy.merging.delivery.label import Label
from understudy.merging.delivery.options import EncodeOptions
from understudy.merging.journal import frame_path, unswapped_of
from understudy.merging.pictures import faces_path, mask_path, stored_mask
from understudy.workers.ahead import read_ahead

_FRAMES_AHEAD = 4

_MARGIN_PX = 16  # around the mask, so that filters of a compositor find something at its edge
_HALF_FLOAT_STEP = 2.0**-10  # of 1
_MULTIPLE_PX = 16  # windows of such sides suit every codec


@dataclass(frozen=True)
class Window:
    """A part of the frame; all windows of a shot are of one size."""

    x: int
    y: int
    width: int
    height: int

    def of(self, picture: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """The picture inside it."""
        return picture[self.y : self.y + self.height, self.x : self.x + self.width]


@dataclass(frozen=True, eq=False)
class Shown:
    """One frame as it will be shown; `swapped` tells whether the merge painted a face into it.

    `plate` is dst's own frame, `mask_HW` 0..1 where faces were painted; `alpha_HW` is set where the rest is to
    be transparent, and `rgb` has straight colours then.
    """

    index: int
    pts: int
    rgb: Picture
    plate: Picture
    swapped: bool
    mask_HW: Float32 | None = None
    painted: Picture | None = None  # the faces as they were painted, straight, where the merge kept them
    alpha_HW: Float32 | None = None
    window: Window | None = None
    crops: Sequence[Mapping[str, Any]] = ()  # of its painted faces, see `merging.crops`


def needs_masks(options: EncodeOptions) -> bool:
    """Whether the masks that the merge keeps are asked for."""
    return options.content != "picture" or options.window


def require_masks(merged_folder: Path, options: EncodeOptions, stretch: range | None = None) -> None:
    """Raise OptionInvalid where masks are asked for and the merge kept none of a frame of the stretch, or of
    any; cheap, and before anything is written."""
    if not needs_masks(options):
        return
    for path in sorted((*merged_folder.glob("*.png"), *merged_folder.glob("*.exr"))):
        if not path.stem.isdecimal() or (stretch is not None and int(path.stem) not in stretch):
            continue
        if not mask_path(merged_folder, int(path.stem)).is_file():
            raise _no_mask(merged_folder, int(path.stem))


def _no_mask(merged_folder: Path, index: int) -> OptionInvalid:
    return OptionInvalid(
        f"The merge kept no mask of frame {index}, which is needed here. Merge again, with --layers mask.",
        mask_path(merged_folder, index),
    )


def shown_frames(
    clip: Clip,
    merged_folder: Path,
    options: EncodeOptions,
    stretch: range,
    *,
    with_masks: bool,
    space: ColorSpace | None = None,
) -> Iterator[Shown]:
    """dst's frames of a stretch with merged ones in their place, in order of showing; labelled where they show
    the picture.

    `space` tells how the clip's numbers look. Raises ClipSizesDiffer for a merged picture of another size,
    OptionInvalid where a mask is wanted and none was kept.
    """
    unswapped = unswapped_of(merged_folder)
    label = Label(options, width=clip.info.width, height=clip.info.height, space=space)
    windows = windows_of(clip, merged_folder, stretch) if options.window else {}
    crops = crops_of(merged_folder)
    # Reading a merged picture takes longer than decoding a frame, so each has a thread of its own.
    begins_s = float(clip.timestamps()[stretch.start] * clip.time_base) if stretch.start else 0.0
    frames = clip.frames(stretch.start, stretch.stop, deep=clip.info.bit_depth > 8)
    with read_ahead(frames, depth=_FRAMES_AHEAD) as decoded:
        for frame in decoded:
            require_progressive(clip.info)
            path = frame_path(merged_folder, frame.index)
            merged = path.is_file()
            rgb = _merged_picture(path, frame.rgb) if merged else frame.rgb
            # Some modes leave dst's frame, or put black or a plate where there is no face.
            swapped = merged and frame.index not in unswapped
            shown = Shown(frame.index, frame.pts, rgb, frame.rgb, swapped)
            if swapped:
                shown = replace(shown, crops=crops.get(frame.index, ()))
            if with_masks or needs_masks(options):
                shown = replace(shown, mask_HW=_mask(merged_folder, frame.index, rgb, merged, options))
            if merged and options.content == "face":
                shown = replace(shown, painted=_painted(faces_path(merged_folder, frame.index), rgb))
            labelled = _with_content(shown, options, label, frame.time_s - begins_s)
            yield _cut(labelled, windows.get(frame.index))


def _with_content(shown: Shown, options: EncodeOptions, label: Label, time_s: float) -> Shown:
    if options.content == "face" and shown.mask_HW is not None:
        face = straight_face(shown.rgb, shown.plate, shown.mask_HW, painted=shown.painted)
        return replace(shown, rgb=face, alpha_HW=shown.mask_HW)
    if options.content == "mask" and shown.mask_HW is not None:
        depth = shown.rgb.dtype
        grey = shown.mask_HW if depth.kind == "f" else np.rint(shown.mask_HW * np.iinfo(depth.name).max)
        return replace(shown, rgb=np.repeat(grey.astype(depth)[..., None], 3, axis=2))
    return replace(shown, rgb=label.drawn(shown.rgb, time_s=time_s))


def _cut(shown: Shown, window: Window | None) -> Shown:
    if window is None:
        return shown
    parts = {
        name: np.ascontiguousarray(window.of(picture))
        for name in ("rgb", "plate", "mask_HW", "painted", "alpha_HW")
        if (picture := getattr(shown, name)) is not None
    }
    return replace(shown, window=window, **parts)


def straight_face(
    finished: Picture, plate: Picture, mask_HW: Float32, *, painted: Picture | None = None
) -> Picture:
    """Straight colours which, laid over `plate` through the mask, give `finished` back to a rounding step.

    They are those of `painted` where these do so: solved for, a face has the rounding of a thin mask's edge
    many times over. Where the mask is empty they are the finished picture's, so that filters find no dark edge.
    """
    face = _solved_face(finished, plate, mask_HW)
    if painted is None:
        return face
    mask = mask_HW[..., None]
    away = painted.astype(np.float32) * mask + plate.astype(np.float32) * (1 - mask) - finished
    step = _HALF_FLOAT_STEP * np.maximum(1, np.abs(finished)) if finished.dtype.kind == "f" else 1.0
    fits = (np.abs(away) <= step).all(-1, keepdims=True) & (mask > 0)
    return np.where(fits, painted, face)


def _solved_face(finished: Picture, plate: Picture, mask_HW: Float32) -> Picture:
    """After Porter and Duff, SIGGRAPH 1984: finished = face * mask + plate * (1 - mask), solved for face."""
    mask = mask_HW[..., None]
    most = 1.0 if finished.dtype.kind == "f" else float(np.iinfo(finished.dtype.name).max)
    behind = plate.astype(np.float32) * (1 - mask)
    face = np.divide(finished - behind, mask, out=finished.astype(np.float32), where=mask > 0)
    if finished.dtype.kind == "f":
        return np.asarray(face, np.float32)
    rounded = np.rint(np.clip(face, 0, most))
    return rounded.astype(np.uint8) if finished.dtype == np.uint8 else rounded.astype(np.uint16)


def premultiplied_face(finished: Float32, plate: Float32, mask_HW: Float32) -> Float32:
    """(height, width, 4) of scene-linear pictures, premultiplied, as EXR wants it: over the plate it gives
    `finished`.

    Where faces were blended in encoded light, a face darker than the plate can leave values below 0 in its soft
    edge: they are what makes the sum right.
    """
    face = finished - plate * (1 - mask_HW[..., None])
    face[mask_HW <= 0] = 0
    return np.dstack([face, mask_HW]).astype(np.float32)


def windows_of(clip: Clip, merged_folder: Path, stretch: range) -> dict[int, Window]:
    """A window around the faces for every frame of a stretch, all of one size; frames without a face keep the
    one before.

    Raises OptionInvalid where no frame has a face.
    """
    width, height = clip.info.width, clip.info.height
    boxes: dict[int, tuple[int, int, int, int]] = {}
    for index in stretch:
        path = mask_path(merged_folder, index)
        if frame_path(merged_folder, index).is_file() and path.is_file():
            mask = np.asarray(read_image_deep(path))[..., 0]
            x, y, w, h = cv2.boundingRect((mask > 0).astype(np.uint8))
            if w and h:
                boxes[index] = (x, y, w, h)
    if not boxes:
        raise OptionInvalid("There is no painted face to cut a window around. Merge with --layers mask.")
    largest = np.max(list(boxes.values()), axis=0)[2:] + 2 * _MARGIN_PX
    size = np.minimum(-(-largest // _MULTIPLE_PX) * _MULTIPLE_PX, (width, height)).tolist()
    windows: dict[int, Window] = {}
    last = boxes[min(boxes)]
    for index in stretch:
        last = boxes.get(index, last)
        x, y = (
            int(np.clip(last[axis] + last[axis + 2] / 2 - size[axis] / 2, 0, whole - size[axis]))
            for axis, whole in ((0, width), (1, height))
        )
        windows[index] = Window(x, y, size[0], size[1])
    return windows


def _mask(folder: Path, index: int, rgb: Picture, merged: bool, options: EncodeOptions) -> Float32 | None:
    """0..1; nothing in frames that were not merged."""
    path = mask_path(folder, index)
    if not merged:
        return np.zeros(rgb.shape[:2], np.float32)
    if not path.is_file():
        if not needs_masks(options):
            return None
        raise _no_mask(folder, index)
    mask_HW = stored_mask(path)
    if mask_HW.shape != rgb.shape[:2]:
        raise ClipSizesDiffer(f"The mask of frame {index} has another size than the frame. Merge again.", path)
    return mask_HW


def _painted(path: Path, finished: Picture) -> Picture | None:
    """The layer of painted faces, in the finished frame's depth; None where none such was kept."""
    if not path.is_file():
        return None
    painted = read_image_deep(path)
    if painted.shape != finished.shape or painted.dtype.kind != finished.dtype.kind:
        return None
    if finished.dtype.kind == "f":
        return scene_linear(painted)
    return eight_bit(painted) if finished.dtype == np.uint8 else sixteen_bit(painted)


def _merged_picture(path: Path, original: Picture) -> Picture:
    """The merged picture in the depth of the frame it replaces."""
    rgb = read_image_deep(path)
    if rgb.shape != original.shape:
        raise ClipSizesDiffer(
            f"A merged frame is {rgb.shape[1]} x {rgb.shape[0]} and the clip {original.shape[1]} x "
            f"{original.shape[0]}. Merge again.",
            path,
        )
    if original.dtype.kind == "f":
        return scene_linear(rgb)
    return eight_bit(rgb) if original.dtype == np.uint8 else sixteen_bit(rgb)
