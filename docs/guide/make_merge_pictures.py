"""The pictures of `to-nuke.md`: one frame of two rendered people, merged with several masks, and its layers.

`make guide-pictures`, or: python docs/guide/make_merge_pictures.py [FOLDER]

What is painted is the true swap, filmed in src's own light, so that the pictures show what merging does and
not how long a model has learned. Nobody real is in them.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from understudy import geometry
from understudy.actors.identity import DEMO_DST, DEMO_SRC
from understudy.actors.performance import dst_track, src_track
from understudy.actors.render import Rendered, render
from understudy.faces.align import crop
from understudy.facesets.record import FaceRecord
from understudy.facesets.store import StoredFace
from understudy.measure.sheet import sheet
from understudy.media.images import encode_jpeg, encode_png
from understudy.merging.composite import composite
from understudy.merging.layers import Layers
from understudy.merging.options import MergeOptions
from understudy.merging.preview import FramePreviews
from understudy.networks.swap import Prediction

PICTURES = Path(__file__).resolve().parent / "pictures"
LARGEST_BYTES = 200_000
SIZE_PX, PAINTED_PX, SHOWN_PX = 400, 320, 250
_MOMENT = 40
MASKS = (
    ("learned-prd", {}),
    ("dst-hull", {"mask": "dst-hull"}),
    ("full", {"mask": "full"}),
    ("erode 0.15", {"erode": 0.15}),
    ("erode -0.1", {"erode": -0.1}),
    ("blur 0", {"blur": 0.0}),
    ("blur 0.35", {"blur": 0.35}),
)


class TrueSwap:
    """Paints what a perfect model would. Implements `Predictor` for the one frame it knows."""

    face_type: geometry.FaceType = "full"
    size_px = PAINTED_PX
    name = "the true swap"
    sha256 = "0" * 64
    frames_together = 1
    paints_frame = False
    blends = True

    def __init__(self, dst: Rendered, src: Rendered) -> None:
        matrix = geometry.crop_from_frame(dst.landmarks_68, face_type="full", size_px=PAINTED_PX)
        self._rgb, self._own, self._painted = (
            crop(each, matrix, PAINTED_PX).astype(np.float32) for each in (src.rgb, dst.mask, src.mask)
        )

    def blend(self, morph: float) -> None:
        """It is src, whatever is asked."""

    def predict(self, crops_NHWC: np.ndarray) -> Prediction:
        """The true swap for every crop."""
        count = len(crops_NHWC)
        rgb = np.repeat(self._rgb[None] / 255, count, 0)
        # Models learn masks softly.
        masks = [cv2.GaussianBlur(np.clip(mask, 0, 1), (0, 0), 3) for mask in (self._painted, self._own)]
        return Prediction(rgb, *(np.repeat(mask[None], count, 0).astype(np.float32) for mask in masks))

    def predict_runs(self, runs_NTHWC: np.ndarray) -> Prediction:
        """It sees one frame at a time."""
        return self.predict(runs_NTHWC[:, 0])


def main() -> None:
    """Render, merge, keep the pictures in FOLDER, or in the guide."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    folder.mkdir(exist_ok=True)
    state = dst_track(_MOMENT + 1, 7)[_MOMENT]
    light = src_track(1, 7)[0].light
    dst = render(DEMO_DST, state, size_px=SIZE_PX)
    src = render(DEMO_SRC, replace(state, light=light), size_px=SIZE_PX)
    with tempfile.TemporaryDirectory() as temporary:
        clip = Path(temporary)
        (clip / "0.png").write_bytes(encode_png(dst.rgb))
        with FramePreviews(clip, stored=[_stored(dst)], predictor=TrueSwap(dst, src)) as previews:
            made = {
                "masks.jpg": _masks(previews),
                "layers.jpg": _layers(previews),
            }
    for name, rgb in made.items():
        data = next(
            data
            for quality in (90, 80, 65, 50)
            if len(data := encode_jpeg(rgb, quality=quality)) <= LARGEST_BYTES
        )
        (folder / name).write_bytes(data)
        print(f"{name}: {rgb.shape[1]} x {rgb.shape[0]}, {len(data) // 1000} kB", flush=True)


def _stored(dst: Rendered) -> StoredFace:
    points = dst.landmarks_68
    matrix = geometry.crop_from_frame(points, face_type="full", size_px=PAINTED_PX)
    record = FaceRecord(
        clip="dst",
        frame=0,
        time_s=0.0,
        frame_size=(SIZE_PX, SIZE_PX),
        box_xyxy=(*points.min(0), *points.max(0)),
        score=1.0,
        landmarks_68=[(float(x), float(y)) for x, y in points],
        face_type="full",
        size_px=PAINTED_PX,
        crop_from_frame=matrix.tolist(),
    )
    return StoredFace("0.jpg", Path("0.jpg"), record)


def _masks(previews: FramePreviews) -> np.ndarray:
    columns, merged, masks = [], [], []
    for name, said in MASKS:
        options = MergeOptions(**said)
        columns.append(name)
        merged.append(previews.preview_frame(0, options).picture)
        masks.append(_gathered(previews, options)[0])
    return sheet([merged, masks], columns, cell_height_px=170)


def _layers(previews: FramePreviews) -> np.ndarray:
    options = MergeOptions()
    mask, faces = _gathered(previews, options)
    shown = previews.preview_frame(0, options)
    row = [np.asarray(shown.plate, np.uint8), faces, mask, np.asarray(shown.picture, np.uint8)]
    return sheet(
        [row], ["plate", "faces", "mask", "plate * (1 - mask) + faces * mask"], cell_height_px=SHOWN_PX
    )


def _gathered(previews: FramePreviews, options: MergeOptions) -> tuple[np.ndarray, np.ndarray]:
    """Mask and faces alone, as `--layers all` keeps them."""
    ready = previews.ready_frame(0, options)
    layers = Layers(*ready.plate.shape[:2], faces=True)
    composite(ready.plate, ready.faces, options, watch=layers)
    faces = layers.stored_faces(options.light, ready.plate.dtype)
    assert faces is not None
    mask = layers.stored_mask(ready.plate.dtype)
    return np.repeat(mask[..., None], 3, 2).astype(np.uint8), faces.astype(np.uint8)


if __name__ == "__main__":
    main()
