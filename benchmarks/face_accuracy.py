"""How well landmarks, masks and face scores are, on rendered people who were kept from every training.

Run: python benchmarks/face_accuracy.py [--landmarkers five-point dense] [--weights FILE] [--samples 300]
         [--mesh-pack FOLDER] [--clip NAME CLIP.mp4 POINTS.npz KEY]... [--out FOLDER]

Errors are in per cent of the outer-eye distance in space at the picture's scale; the jaw is scored by its
distance to the contour. Faces come from MTCNN's boxes as in the product; where it sees none, from a box about
the true points, so that every landmarker is asked about every face. Masks: intersection over union with the
visible skin; a landmarker that sees none is scored by its hull. Scores: the area under the curve against
pictures without a face; of a landmarker without one, that of the detector. Writes face-accuracy.json and .md.
Seeds are fixed; people, hair and light are of the part "test".
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from face_accuracy_sets import DAMAGES, STILL_PX, Looked, nobody, of_clip, rendered, still_heads

from understudy.actors.scene import UInt8
from understudy.faces.boxes import overlap
from understudy.faces.detect import DETECTORS, Detection, Detector
from understudy.faces.finders import made_landmarker
from understudy.faces.inputs import FinderInputs
from understudy.files import write_json, write_text
from understudy.masks.hull import hull_mask
from understudy.measure.landmark_accuracy import area_under_curve, by_bucket, mask_iou, point_errors, stray_px
from understudy.media.clip import loose_frame

YAWS = {"within 45": (0.0, 45.0), "45 to 60": (45.0, 60.0), "60 to 90, about 75": (60.0, 90.1)}
PITCHES = {"below -20": (-90.0, -20.0), "-20 to 20": (-20.0, 20.0), "above 20": (20.0, 90.0)}
THIRDS = {"low": (0.0, 0.40), "middle": (0.40, 0.65), "high": (0.65, 1.01)}
LEAST_OVERLAP = 0.3
_AT_ONCE = 16
_ROWS = (
    "error_percent", "where_detector_saw_percent", "inner_percent", "jaw_percent", "pupils_percent", "mask_iou",
    "detector_saw",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Seen:
    """What a landmarker says of n pictures with one face each."""

    points: np.ndarray  # (n, 68 or 70, 2)
    masks: list[np.ndarray]
    scores: np.ndarray | None


class Five:
    """Any landmarker of the product without masks and scores of its own."""

    def __init__(self, name: str) -> None:
        self.program = made_landmarker(name, FinderInputs())

    def look(self, pictures: Sequence[UInt8], faces: Sequence[Detection]) -> Seen:
        """See `Seen`."""
        points = []
        for part in _parts(len(pictures)):
            frames = [loose_frame(pictures[k], index=k) for k in part]
            points += [p[0] for p in self.program.landmarks_68(frames, [[faces[k]] for k in part])]
        side = pictures[0].shape[1], pictures[0].shape[0]
        return Seen(np.stack(points), [hull_mask(p, *side) for p in points], None)

    def go_on(self, pictures: Sequence[UInt8], faces: Sequence[Detection]) -> np.ndarray:
        """Points of the frames of one clip."""
        return self.look(pictures, faces).points


class Dense:
    """Our own face network: points, masks and scores, and each frame led by the last one's points."""

    def __init__(self, weights: Path | None) -> None:
        from understudy.faces.dense.landmarker import DenseLandmarker
        from understudy.faces.dense.reader import FaceReader
        from understudy.masks.dense import DenseSegmenter
        from understudy.networks.dense_face import load_dense_face

        reader = FaceReader(load_dense_face(weights))
        self.program, self.segmenter = DenseLandmarker(reader), DenseSegmenter(reader)

    def look(self, pictures: Sequence[UInt8], faces: Sequence[Detection]) -> Seen:
        """See `Seen`."""
        read = []
        for part in _parts(len(pictures)):
            frames = [loose_frame(pictures[k], index=k) for k in part]
            read.append(self.program.begin(frames, np.arange(len(part)), [faces[k] for k in part]))
        points = np.concatenate([one.points_70 for one in read])
        masks = [
            self.segmenter.segment(picture[None], p[None, :68])[0]
            for picture, p in zip(pictures, points, strict=True)
        ]
        return Seen(points, masks, np.concatenate([one.scores for one in read]))

    def go_on(self, pictures: Sequence[UInt8], faces: Sequence[Detection]) -> np.ndarray:
        """Points of the frames of one clip, the detector asked in the first alone."""
        frames = [loose_frame(picture, index=k) for k, picture in enumerate(pictures)]
        place = np.zeros(1, np.intp)
        points = [self.program.begin(frames[:1], place, faces[:1]).points_70]
        for frame in frames[1:]:
            points.append(self.program.go_on([frame], place, points[-1]).points_70)
        return np.concatenate(points)


def _parts(count: int) -> Iterator[range]:
    for start in range(0, count, _AT_ONCE):
        yield range(start, min(start + _AT_ONCE, count))


def boxes(
    detector: Detector, pictures: Sequence[UInt8], truth: np.ndarray
) -> tuple[list[Detection], np.ndarray]:
    """The detector's find on every face, or a box about the true points, and which of them it saw."""
    finds, seen = [], np.zeros(len(pictures), bool)
    for part in _parts(len(pictures)):
        found = detector.detect([loose_frame(pictures[k], index=k) for k in part])
        for k, faces in zip(part, found, strict=True):
            about = _box_about(truth[k])
            share = overlap(np.stack([f.box_xyxy for f in faces]), about[None])[:, 0] if faces else np.zeros(0)
            seen[k] = bool(len(share) and share.max() >= LEAST_OVERLAP)
            finds.append(faces[int(share.argmax())] if seen[k] else _about(truth[k]))
    return finds, seen


def _box_about(points: np.ndarray) -> np.ndarray:
    low, high = points[:68].min(0), points[:68].max(0)
    return np.concatenate([low, high])


def _about(points: np.ndarray) -> Detection:
    """A detection about true points, turned to the nearest quarter as the product's search would."""
    down = points[48:60].mean(0) - points[36:48].mean(0)
    roll = np.degrees(np.arctan2(-down[0], down[1]))
    return Detection(_box_about(points), 1.0, turn_deg=int(np.round(roll / 90) * 90) % 360)


def told(looked: Looked, program: Five | Dense, detector: Detector) -> dict[str, Any]:
    """All figures of one landmarker on one set."""
    faces, seen = boxes(detector, looked.pictures, looked.points)
    found = program.look(looked.pictures, faces)
    errors = _errors(looked, found.points)
    out: dict[str, Any] = {
        "faces": len(errors),
        "detector_saw": float(seen.mean()),
        "error_percent": 100 * float(errors.mean()),
        "where_detector_saw_percent": 100 * float(errors[seen].mean()) if seen.any() else None,
        "inner_percent": 100 * float(errors[:, 17:68].mean()),
        "jaw_percent": 100 * float(errors[:, :17].mean()),
        "pupils_percent": 100 * float(errors[:, 68:].mean()) if errors.shape[1] > 68 else None,
        "by_yaw": by_bucket(errors, np.abs(looked.poses_deg[:, 0]), YAWS),
        "by_pitch": by_bucket(errors, looked.poses_deg[:, 1], PITCHES),
    }
    for name, values in (("tone", looked.tone), ("age", looked.age)):
        if values is not None:
            out[f"by_{name}"] = by_bucket(errors, values, THIRDS)
    if looked.skin is not None:
        pairs = zip(found.masks, looked.skin, strict=True)
        out["mask_iou"] = float(np.mean([mask_iou(mask, skin) for mask, skin in pairs]))
    out["damaged"] = {}
    for name, damaged in DAMAGES.items():
        pictures = damaged(looked.pictures)
        faces, _ = boxes(detector, pictures, looked.points)
        worse = 100 * float(_errors(looked, program.look(pictures, faces).points).mean())
        out["damaged"][name] = {"error_percent": worse, "growth": worse / out["error_percent"] - 1}
    return out


def _errors(looked: Looked, points: np.ndarray) -> np.ndarray:
    count = min(points.shape[1], looked.points.shape[1])
    return point_errors(
        points[:, :count], looked.points[:, :count], looked.spans_px, skin_fixed_jaw=looked.skin_fixed_jaw
    )


def score_auc(looked: Looked, others: UInt8, program: Five | Dense, detector: Detector) -> float | None:
    """How well faces are told from pictures without one, by the network's score or else the detector's."""
    if isinstance(program, Dense):
        faces = program.look(looked.pictures, [_about(p) for p in looked.points]).scores
        size = others.shape[1]
        middle = Detection(np.array([0.25, 0.2, 0.75, 0.8]) * size, 1.0)
        nobody_there = program.look(list(others), [middle] * len(others)).scores
        assert faces is not None and nobody_there is not None
        return area_under_curve(faces, nobody_there)
    return area_under_curve(*(_detector_scores(detector, pictures) for pictures in (looked.pictures, others)))


def _detector_scores(detector: Detector, pictures: Sequence[UInt8]) -> list[float]:
    out = []
    for part in _parts(len(pictures)):
        for faces in detector.detect([loose_frame(pictures[k]) for k in part]):
            out.append(max((face.score for face in faces), default=0.0))
    return out


def jitter_px(program: Five | Dense, detector: Detector, heads: int) -> float:
    """Stray of a still, noisy head's points, root mean square over heads, in pixels of a 256 px picture."""
    strays = []
    for pictures, truth in still_heads(heads):
        faces, _ = boxes(detector, pictures, np.repeat(truth[None], len(pictures), 0))
        strays.append(stray_px(program.go_on(pictures, faces)[:, :68]))
    return float(np.sqrt(np.mean(np.square(strays))))


def measured(said: argparse.Namespace) -> dict[str, Any]:
    """Everything, by landmarker and set."""
    sets = [rendered("own look", said.samples)]
    if said.mesh_pack:
        sets.append(rendered("mesh look", said.samples, mesh_pack=said.mesh_pack))
    sets += [of_clip(name, Path(clip), Path(file), key, said.every) for name, clip, file, key in said.clip]
    others = nobody(said.samples)
    detector = DETECTORS["mtcnn"](FinderInputs())
    out: dict[str, Any] = {}
    for name in said.landmarkers:
        program = Dense(said.weights) if name == "dense" else Five(name)
        began = time.perf_counter()
        out[name] = {"sets": {looked.name: told(looked, program, detector) for looked in sets}}
        out[name]["score_auc"] = score_auc(sets[0], others, program, detector)
        out[name]["jitter_px_at_256"] = jitter_px(program, detector, said.heads)
        out[name]["seconds"] = round(time.perf_counter() - began, 1)
    return out


def as_markdown(figures: dict[str, Any]) -> str:
    """Tables for a model card: landmarkers side by side."""
    names = list(figures)
    head = f"| | {' | '.join(names)} |\n|---|{'---|' * len(names)}"
    lines = ["# Face accuracy", "", "Errors in per cent of the outer-eye distance in space.", "", head]
    for label, key in (
        ("AUC of the face score", "score_auc"),
        (f"jitter, px at {STILL_PX}", "jitter_px_at_256"),
    ):
        lines.append(_row(label, [figures[name][key] for name in names]))
    for set_name, first in figures[names[0]]["sets"].items():
        lines += ["", f"## {set_name}", "", head]
        of = [figures[name]["sets"][set_name] for name in names]
        for key in _ROWS:
            lines.append(_row(key.replace("_", " "), [one.get(key) for one in of]))
        for group in ("by_yaw", "by_pitch", "by_tone", "by_age"):
            for bucket, inside in first.get(group, {}).items():
                label = f"{group[3:]} {bucket} ({inside['faces']} faces)"
                lines.append(_row(label, [one[group][bucket]["error_percent"] for one in of]))
        for damage in DAMAGES:
            words = [
                f"{one['damaged'][damage]['error_percent']:.2f} ({one['damaged'][damage]['growth']:+.0%})"
                for one in of
            ]
            lines.append(f"| {damage} | {' | '.join(words)} |")
    return "\n".join(lines) + "\n"


def _row(label: str, values: Sequence[float | None]) -> str:
    return f"| {label} | {' | '.join('none' if v is None else f'{v:.3g}' for v in values)} |"


def main() -> None:
    """Measure, print the tables, write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--landmarkers", nargs="+", default=["five-point", "dense"])
    parser.add_argument("--weights", type=Path, help="of dense, instead of those shipped")
    parser.add_argument("--samples", type=int, default=300, help="people of each look")
    parser.add_argument("--heads", type=int, default=8, help="that stand still")
    parser.add_argument("--mesh-pack", type=Path)
    parser.add_argument(
        "--clip", nargs=4, action="append", default=[], metavar=("NAME", "CLIP", "POINTS", "KEY")
    )
    parser.add_argument("--every", type=int, default=2, help="frame of the clips")
    parser.add_argument("--out", type=Path, default=Path("build/face-accuracy"))
    said = parser.parse_args()
    figures = measured(said)
    page = as_markdown(figures)
    write_json(said.out / "face-accuracy.json", figures)
    write_text(said.out / "face-accuracy.md", page)
    print(page)


if __name__ == "__main__":
    main()
