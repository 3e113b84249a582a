"""Every step of one frame's merge as a picture, and its numbers: for whoever asks why a frame looks so.

The pictures are what eyes can see: encoded, 8 bits, clipped; the numbers are those that were worked with. Not
here: composing (`composite`), opening the clip (`preview`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from understudy.files import write_bytes, write_json
from understudy.media.images import encode_png
from understudy.merging.composite import composite
from understudy.merging.light import Float32, LightName, Picture, as_share, in_light, to_encoded
from understudy.merging.options import MergeOptions
from understudy.merging.painted import PaintedFace
from understudy.merging.pictures import is_hull_seen, why_not
from understudy.merging.place import Place, far_first
from understudy.merging.plan import NO_FACE
from understudy.merging.preview import FramePreviews
from understudy.merging.settings_over_time import SettingsOverTime

NUMBERS = "numbers.json"
_MASKS = ("mask", "square")
_IN_CROP = ("transferred", "histogram")  # encoded, whatever light is worked in
_DIFFERENCE_GAIN = 4  # a difference of a quarter is white


@dataclass(frozen=True, eq=False)
class Explanation:
    """The pictures of a frame's merge by name, in the order they came about, and all numbers."""

    pictures: dict[str, npt.NDArray[np.uint8]]
    numbers: dict[str, Any]
    merged: Picture


@dataclass(eq=False)
class _Steps:
    """Looks on while a frame is composed. Implements `watching.Watch`."""

    light: LightName
    found: list[tuple[PaintedFace, str, Float32, Place, float]] = field(default_factory=list)
    _since: float = field(default_factory=time.perf_counter)

    def __call__(self, step: str, picture: npt.NDArray[Any], face: PaintedFace, place: Place) -> None:
        took_ms = 1000 * (time.perf_counter() - self._since)
        self.found.append((face, step, np.array(picture, np.float32), place, took_ms))
        self._since = time.perf_counter()


def explained(previews: FramePreviews, frame: int, options: MergeOptions | SettingsOverTime) -> Explanation:
    """Merge one frame and keep what every step made. Raises as `FramePreviews.preview_frame`."""
    started = time.perf_counter()
    ready = previews.ready_frame(frame, options)
    ready_ms = 1000 * (time.perf_counter() - started)
    refused = [(face, why_not(ready.plate, face, ready.options)) for face in far_first(ready.faces)]
    reasons = [reason for _, reason in refused if reason]
    good = [face for face, reason in refused if not reason]
    steps = _Steps(ready.options.light)
    merged = composite(ready.plate, good, ready.options, watch=steps) if good else ready.plate
    pictures: dict[str, npt.NDArray[np.uint8]] = {"plate": _encoded(ready.plate)}
    faces = []
    for number, face in enumerate(far_first(ready.faces), 1):
        name = f"face{number}" if len(ready.faces) > 1 else "face"
        own = [step for step in steps.found if step[0] is face]
        pictures |= {f"{name}-{key}": picture for key, picture in _pictures_of(face, own, steps.light).items()}
        faces.append({"name": name, **_numbers_of(face, own, steps.light)})
    pictures["merged"] = _encoded(merged)
    numbers: dict[str, Any] = {
        "frame": frame,
        "size": [ready.plate.shape[1], ready.plate.shape[0]],
        "depth": str(ready.plate.dtype),
        "settings": ready.options.model_dump(mode="json"),
        "ready_ms": round(ready_ms, 2),  # decoding, painting, masks and colours, neighbours included
        "faces": faces,
        "hull_for_mask": is_hull_seen(good, ready.options),
        "not_painted": reasons if ready.faces else [NO_FACE],
    }
    if merged.shape == ready.plate.shape:
        difference = np.abs(in_light(merged, "encoded") - in_light(ready.plate, "encoded"))
        pictures["difference"] = _eight_bit(difference * _DIFFERENCE_GAIN)
        numbers["changed"] = {
            "pixels": int((merged != ready.plate).any(-1).sum()),
            "most": float(difference.max()),
            "mean_where_changed": _mean(difference.max(-1)[(merged != ready.plate).any(-1)]),
        }
    return Explanation(pictures, numbers, merged)


def write_explanation(folder: Path, explanation: Explanation) -> list[Path]:
    """Write the pictures, numbered in their order, and the numbers; those of an older one go away."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {
        f"{number:02d}-{name}.png": picture
        for number, (name, picture) in enumerate(explanation.pictures.items(), 1)
    }
    for old in folder.glob("[0-9][0-9]-*.png"):
        if old.name not in names:
            old.unlink()
    for name, picture in names.items():
        write_bytes(folder / name, encode_png(picture))
    write_json(folder / NUMBERS, explanation.numbers)
    return [*(folder / name for name in names), folder / NUMBERS]


def _pictures_of(
    face: PaintedFace, steps: Sequence[tuple[PaintedFace, str, Float32, Place, float]], light: LightName
) -> dict[str, npt.NDArray[np.uint8]]:
    pictures = {
        "own": _eight_bit(face.own_HWC),
        "predicted": _eight_bit(face.painted_HWC),
        "mask-seen": _eight_bit(face.mask.seen_HW),
        "mask-chosen": _eight_bit(face.mask.area_HW),
        "mask-soft": _eight_bit(face.mask.soft_HW),
        "mask-seam": _eight_bit(face.mask.seam_HW),
        "compared": _eight_bit(face.area_HW),
    }
    for _, step, picture, _, _ in steps:
        name = f"{step}-in-frame" if step in _MASKS else step
        pictures[name] = _eight_bit(_as_seen(step, picture, light))
    return pictures


def _numbers_of(
    face: PaintedFace, steps: Sequence[tuple[PaintedFace, str, Float32, Place, float]], light: LightName
) -> dict[str, Any]:
    inside = face.area_HW > 0.5
    numbers: dict[str, Any] = {
        "paste_from_frame": face.paste_from_frame.tolist(),
        "crop_px": len(face.painted_HWC),
        "mask_px": len(face.mask_HW),
        "face_width_px": face.width_px,
        "side_in_frame_px": face.side_in_frame_px,
        "own_median_rgb": _medians(face.own_HWC, inside),
        "predicted_median_rgb": _medians(face.painted_HWC, _as_large(inside, face.painted_HWC)),
        "transfer": face.tone.color if face.tone.known else "nothing measured",
        "means_lab": face.tone.means_lab.tolist(),
        "mask_areas": {  # shares of the crop
            "seen": float(face.mask.seen_HW.mean()),
            "chosen": float(face.mask.area_HW.mean()),
            "soft": float(face.mask.soft_HW.mean()),
            "seam": float(face.mask.seam_HW.mean()),
            "compared": float(face.area_HW.mean()),
        },
        "steps": {step: _step(step, picture, inside, light, ms) for _, step, picture, _, ms in steps},
    }
    if steps:
        place = steps[0][3]
        numbers["box_in_frame"] = [place.x0, place.y0, place.x1, place.y1]
        numbers["box_from_paste"] = place.box_from_paste.tolist()
    return numbers


def _step(
    step: str, picture: Float32, inside: npt.NDArray[np.bool_], light: LightName, took_ms: float
) -> dict[str, Any]:
    said: dict[str, Any] = {
        "size": [picture.shape[1], picture.shape[0]],
        "least": float(picture.min()),
        "most": float(picture.max()),
        "took_ms": round(took_ms, 2),
    }
    if step in _MASKS:
        return {**said, "area_px": float(picture.sum()), "pixels": int((picture > 0).sum())}
    seen = _as_seen(step, picture, light)
    in_crop = step in (*_IN_CROP, "effects")
    where = _as_large(inside, seen) if in_crop else np.ones(seen.shape[:2], np.bool_)
    return {**said, "light": "encoded" if step in _IN_CROP else light, "median_rgb": _medians(seen, where)}


def _as_seen(step: str, picture: Float32, light: LightName) -> Float32:
    return picture if step in (*_MASKS, *_IN_CROP) else to_encoded(picture, light)


def _as_large(inside: npt.NDArray[np.bool_], crop_HWC: Float32) -> npt.NDArray[np.bool_]:
    """The area in a crop that may have been enlarged since the area was chosen."""
    size = (crop_HWC.shape[1], crop_HWC.shape[0])
    return cv2.resize(inside.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0


def _medians(picture: Float32, inside: npt.NDArray[np.bool_]) -> list[float]:
    return [float(value) for value in np.median(picture[inside], axis=0)] if inside.any() else []


def _mean(values: npt.NDArray[Any]) -> float:
    return float(values.mean()) if values.size else 0.0


def _encoded(picture: Picture) -> npt.NDArray[np.uint8]:
    return _eight_bit(in_light(picture, "encoded") if picture.dtype.kind == "f" else as_share(picture))


def _eight_bit(share: Float32) -> npt.NDArray[np.uint8]:
    return np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8)
