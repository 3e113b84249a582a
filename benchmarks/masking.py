"""What segmenters see of covered faces, and what each mask costs, on rendered people who are nobody.

Run: python benchmarks/masking.py [--people 5] [--picture SHEET.jpg]

Error: the mean difference from the truly visible face inside the landmarks' hull, which is what a product with
the hull would paint wrongly; a hull that sees no cover is the base. Costs are processor time of one thread for
masks of 256 pixels.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from understudy import geometry
from understudy.actors.identity import DEMO_DST, DEMO_SRC, Identity, identity
from understudy.actors.performance import State, dst_track
from understudy.actors.render import Rendered, render
from understudy.actors.scene import Cover, Placed, staged
from understudy.faces.align import crop
from understudy.facesets.record import FaceRecord
from understudy.masks.hull import hull_mask
from understudy.masks.segmenter import SEGMENTERS as ALL_SEGMENTERS
from understudy.measure.sheet import sheet
from understudy.media.images import encode_jpeg
from understudy.merging.masking.face_mask import MaskInputs, face_mask
from understudy.merging.masking.kinds import MASK_KINDS
from understudy.merging.masking.options import MaskOptions
from understudy.merging.masking.segment import Segmented
from understudy.merging.masking.steady import steadied_mask
from understudy.networks.dense_face import WEIGHTS_PATH

SIZE = 256
COVERS = {
    "bare": None,
    "microphone": (0.13, 0.13, 0.15),
    "sleeve": (0.20, 0.32, 0.62),
    "hand": (0.62, 0.44, 0.36),
}
POSES = (0, 25, 45)


@dataclass(frozen=True)
class Seen:
    """One crop of one face and what is visible of it."""

    record: FaceRecord
    crop_from_frame: np.ndarray
    rgb: np.ndarray
    bare: np.ndarray  # the face as if nothing were before it, 0..1
    visible: np.ndarray

    @property
    def landmarks(self) -> np.ndarray:
        """In crop pixels."""
        return geometry.transform_points(self.crop_from_frame, self.record.landmarks())


def shot(who: Identity, state: State, color: tuple[float, float, float] | None) -> Seen:
    """One frame with a cover from below the jaw, cut to its crop."""
    plate = np.full((SIZE, SIZE, 3), 96, np.uint8)
    alone = render(who, state, size_px=SIZE)
    placed = [Placed(who, (state,), SIZE)]
    open_view, _ = staged(plate, placed)
    x, y = alone.landmarks_68[6] + (0.0, 8.0)
    covers = [] if color is None else [Cover((float(x), float(y)), (34.0, 17.0), -60.0, color)]
    rgb, _ = staged(plate, placed, covers=covers)
    covered = (np.abs(rgb.astype(int) - open_view).max(-1) > 2).astype(np.float32)
    matrix = geometry.crop_from_frame(alone.landmarks_68, face_type="full", size_px=SIZE)
    bare, hidden = (cut(picture, matrix) for picture in (alone.mask, covered))
    return Seen(_record(alone), matrix, crop(rgb, matrix, SIZE), bare, bare * (1 - hidden))


def cut(mask: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """A mask's crop, 0..1."""
    return np.clip(crop(mask.astype(np.float32), matrix, SIZE), 0, 1)


def _record(shown: Rendered) -> FaceRecord:
    points = shown.landmarks_68
    return FaceRecord(
        clip="shot",
        frame=0,
        time_s=0.0,
        frame_size=(SIZE, SIZE),
        box_xyxy=(*points.min(0), *points.max(0)),
        score=1.0,
        landmarks_68=[(float(x), float(y)) for x, y in points],
        face_type="full",
        size_px=SIZE,
        crop_from_frame=geometry.crop_from_frame(points, face_type="full", size_px=SIZE).tolist(),
    )


# Without its weights our own face network can't look.
SEGMENTERS = {name: make for name, make in ALL_SEGMENTERS.items() if name != "dense" or WEIGHTS_PATH.is_file()}


def errors(cases: dict[str, list[Seen]]) -> None:
    """Print every segmenter's error beside the hull's."""
    print(f"{'error':12s}" + "".join(f"{name:>12s}" for name in cases))
    for name in ("hull", *SEGMENTERS):
        row = []
        for seen in cases.values():
            hulls = [hull_mask(one.landmarks, SIZE, SIZE) for one in seen]
            masks = (
                hulls
                if name == "hull"
                else SEGMENTERS[name]().segment(
                    np.stack([one.rgb for one in seen]), np.stack([one.landmarks for one in seen])
                )
            )
            wrong = [
                np.abs(hull * (mask - one.visible))[hull > 0.5].mean()
                for one, hull, mask in zip(seen, hulls, masks, strict=True)
            ]
            row.append(float(np.mean(wrong)))
        print(f"{name:12s}" + "".join(f"{value:12.3f}" for value in row))


def inputs(seen: Seen) -> MaskInputs:
    """What the masks of a face are made of, with a model that learned the bare face exactly."""
    skin = SEGMENTERS["skin"]().segment(seen.rgb[None], seen.landmarks[None])[0]
    return MaskInputs(
        record=seen.record,
        crop_from_frame=seen.crop_from_frame,
        paste_from_frame=seen.crop_from_frame,
        learned_prd_HW=seen.bare,
        learned_dst_HW=seen.bare,
        segmented=Segmented(skin, skin),
    )


def edged(given: MaskInputs, options: MaskOptions) -> np.ndarray:
    """The finished mask."""
    return face_mask(given, options).soft_HW


def costs(seen: Seen) -> None:
    """Print what each mask with its edge, each segmenter and the steadying cost."""
    given = inputs(seen)
    work: dict[str, Callable[[], object]] = {
        kind: partial(edged, given, MaskOptions(mask=kind)) for kind in MASK_KINDS
    }
    sides = MaskOptions(erode_left=0.05, blur_top=0.1)
    work["edge by sides"] = partial(edged, given, sides)
    mask = face_mask(given, MaskOptions())
    near = [(distance, mask) for distance in (-2, -1, 1, 2)]
    work["steady_mask=2"] = lambda: steadied_mask(mask, near, reach=2)
    for name, factory in SEGMENTERS.items():
        work[f"segmenter {name}"] = partial(factory().segment, seen.rgb[None], seen.landmarks[None])
    for name, run in work.items():
        print(f"{name:18s} {least_ms(run):6.2f} ms")


def least_ms(run: Callable[[], object]) -> float:
    """Processor milliseconds of the best of seven."""
    took = []
    for _ in range(7):
        begun = time.process_time()
        run()
        took.append(time.process_time() - begun)
    return min(took) * 1000


PICTURED = {
    "learned-prd": {},
    "dst-hull": {"mask": "dst-hull"},
    "seg-dst": {"mask": "seg-dst"},
    "learned-prd*seg-dst": {"mask": "learned-prd*seg-dst"},
    "erode = 0.1": {"erode": 0.1},
    "blur = 0.3": {"blur": 0.3},
    "blur_bottom = 0.3": {"blur_bottom": 0.3},
}


def picture(cases: Sequence[Seen], path: Path) -> None:
    """Every mask laid over the faces, green where the painted face would show."""
    rows = []
    for seen in cases:
        given = inputs(seen)
        tiles = [seen.rgb]
        for values in PICTURED.values():
            mask = face_mask(given, MaskOptions(**values)).soft_HW[..., None] * 0.6
            tinted = seen.rgb * (1 - mask) + np.array([60.0, 220.0, 90.0]) * mask
            tiles.append(np.round(tinted).astype(np.uint8))
        rows.append([cv2.resize(tile, (160, 160), interpolation=cv2.INTER_AREA) for tile in tiles])
    path.write_bytes(encode_jpeg(sheet(rows, ["dst", *PICTURED]), quality=88))


def main() -> None:
    """Parse the flags and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--people", type=int, default=5)
    parser.add_argument("--picture", type=Path)
    flags = parser.parse_args()
    cv2.setNumThreads(1)
    people = (DEMO_DST, DEMO_SRC, *(identity(seed) for seed in (3, 11, 21, 30, 31)))[: flags.people]
    track = dst_track(60, 7)
    cases = {
        name: [shot(who, track[pose], color) for who in people for pose in POSES]
        for name, color in COVERS.items()
    }
    errors(cases)
    costs(cases["bare"][0])
    if flags.picture:
        picture([cases["bare"][1], cases["microphone"][0]], flags.picture)


if __name__ == "__main__":
    main()
