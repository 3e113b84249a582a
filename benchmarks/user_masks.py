"""How well a segmenter learns one shot from a few drawn faces: a rendered actor with a hand of his own colour.

Run: python benchmarks/user_masks.py [--minutes 3] [--drawn 24] [--start nothing] [--picture SHEET.jpg]

A shot is rendered, polygons are drawn on some of its faces as a person would (corners a pixel off, written for
labelme), and the product's own commands do the rest. Overlap (intersection over union of what is over one half)
is with the truly visible face, on faces that nobody drew on and the training never saw.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from understudy import geometry
from understudy.actors.identity import DEMO_DST
from understudy.actors.performance import dst_track
from understudy.actors.render import Rendered, render_frames
from understudy.cli.main import main as understudy
from understudy.faces.align import crop
from understudy.facesets.face_mask import stored_mask
from understudy.facesets.record import FaceRecord
from understudy.files import read_json, write_json
from understudy.jobs.clips.adding import add_clips
from understudy.masks.segmenter import Segmenters
from understudy.media.images import encode_jpeg, encode_png, read_image
from understudy.project.project import Project
from understudy.training.segmenting.learner import mean_iou

SIZE = 192
_FINE = 4


@dataclass(frozen=True)
class Covered:
    """One frame: its picture, the hand's outline, and what is still face."""

    shown: Rendered
    rgb: np.ndarray
    hand: np.ndarray  # (SIZE, SIZE) 0..1
    visible: np.ndarray  # (SIZE, SIZE) 0..1


def frames(count: int) -> Iterator[Covered]:
    """The actor turns and speaks while a hand wanders before mouth and cheeks."""
    track = dst_track(count, 7)
    for number, shown in enumerate(render_frames(DEMO_DST, track, size_px=SIZE, processes=1)):
        hand = _hand(number / 60)
        skin = shown.rgb[shown.mask > 0.9].mean(0) * [0.95, 0.93, 0.9]
        rounded = cv2.GaussianBlur(hand, (0, 0), 4)[..., None]
        rgb = shown.rgb * (1 - hand[..., None]) + skin * (0.75 + 0.35 * rounded) * hand[..., None]
        yield Covered(shown, np.clip(rgb, 0, 255).astype(np.uint8), hand, shown.mask * (1 - hand))


def _hand(time_s: float) -> np.ndarray:
    """Three fingers and a palm, (SIZE, SIZE), 0..1."""
    x, y = SIZE * (0.35 + 0.3 * np.sin(12.6 * time_s)), SIZE * (0.66 + 0.05 * np.cos(9 * time_s))
    drawn = np.zeros((SIZE * _FINE,) * 2, np.uint8)
    for finger in (-14, 0, 14):
        turn = np.deg2rad(60 * np.sin(5 * time_s) + finger - 90)
        start = np.array([x, y + 30])
        end = start + np.array([np.cos(turn), np.sin(turn)]) * 52
        cv2.line(drawn, *(tuple((p * _FINE).astype(int).tolist()) for p in (start, end)), 255, 44)
    cv2.circle(drawn, (int(x * _FINE), int((y + 42) * _FINE)), 90, 255, -1)
    return cv2.resize(drawn, (SIZE, SIZE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def project(folder: Path, covered: list[Covered]) -> Project:
    """A project with these faces in dst/main."""
    shot = folder / "shot"
    shot.mkdir(parents=True)
    for number, one in enumerate(covered):
        (shot / f"{number:06d}.png").write_bytes(encode_png(one.rgb))
    made = Project.create(folder / "project")
    add_clips(made, dst=[shot], consent="fictional")
    with made.faceset("dst") as faceset:
        for number, one in enumerate(covered):
            points = one.shown.landmarks_68
            matrix = geometry.crop_from_frame(points, face_type="whole", size_px=SIZE)
            record = FaceRecord(
                clip="shot",
                frame=number,
                time_s=number / 25,
                frame_size=(SIZE, SIZE),
                box_xyxy=(*points.min(0), *points.max(0)),
                score=1.0,
                landmarks_68=[(float(x), float(y)) for x, y in points],
                face_type="whole",
                size_px=SIZE,
                crop_from_frame=matrix.tolist(),
            )
            faceset.add(crop(one.rgb, matrix, SIZE), record)
    return made


def draw(made: Project, covered: list[Covered], names: list[str], folder: Path) -> None:
    """Write what a person would draw on these faces, for `masks draw`."""
    chance = np.random.default_rng(0)
    with made.faceset("dst") as faceset:
        known = {face.name: face.record for face in faceset.faces()}
    for name in names:
        record, one = known[name], covered[known[name].frame]
        shapes = [
            {"label": kind, "shape_type": "polygon", "points": corners.tolist()}
            for kind, mask in (("include", one.shown.mask), ("exclude", one.hand))
            for corners in _outlines(mask, record.crop_matrix(), chance)
        ]
        write_json(folder / f"{Path(name).stem}.json", {"shapes": shapes, "imagePath": name})


def _outlines(
    mask: np.ndarray, crop_from_frame: np.ndarray, chance: np.random.Generator
) -> Iterator[np.ndarray]:
    fine = cv2.resize(mask, None, fx=_FINE, fy=_FINE, interpolation=cv2.INTER_CUBIC)
    found, _ = cv2.findContours((fine > 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for contour in found:
        if cv2.contourArea(contour) > 60 * _FINE**2:
            corners = cv2.approxPolyDP(contour, 1.0 * _FINE, True)[:, 0] / _FINE
            yield geometry.transform_points(crop_from_frame, corners + chance.normal(0, 0.5, corners.shape))


def overlaps(made: Project, covered: list[Covered], names: list[str], mask: str) -> float:
    """Mean overlap of a stored mask with the truth, on these faces."""
    seen, truth = [], []
    with made.faceset("dst") as faceset:
        for face in faceset.faces():
            if face.name in names:
                matrix = face.record.crop_matrix()
                only = face.record.model_copy(update={"mask_used": mask})
                stored = stored_mask(only, matrix, SIZE)
                assert stored is not None
                seen.append(stored)
                truth.append(crop(covered[face.record.frame].visible, matrix, SIZE))
    return mean_iou(np.stack(seen), np.stack(truth))


def run(*words: object) -> None:
    """One command of the product."""
    code = understudy([str(word) for word in words])
    if code:
        raise SystemExit(code)


def measured(folder: Path, *, count: int, drawn: int, words: list[str]) -> dict[str, float]:
    """Train on some faces of a shot, apply to all, measure on the others."""
    covered = list(frames(count))
    made = project(folder, covered)
    with made.faceset("dst") as faceset:
        names = [face.name for face in faceset.faces()]
    chosen = [names[place] for place in np.linspace(0, count - 1, drawn).astype(int)]
    others = [name for name in names if name not in chosen]
    draw(made, covered, chosen, folder / "drawn")
    run("masks", "draw", made.folder, "dst", folder / "drawn")
    began = time.process_time()
    run("masks", "train", made.folder, "hand", *words)
    took = time.process_time() - began
    found = {"processor seconds": took}
    for name in Segmenters(made.masks_folder).names():
        try:
            run("masks", "apply", made.folder, "dst", "--segmenter", name)
        except SystemExit:  # the weights of the face network may not be installed
            continue
        found[name] = overlaps(made, covered, others, name)
    return found


def main() -> None:
    """Parse the flags and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--drawn", type=int, default=24)
    parser.add_argument("--start", default="dense")
    parser.add_argument("--learns", default="all")
    parser.add_argument("--picture", type=Path)
    flags = parser.parse_args()
    words = ["--minutes", str(flags.minutes), "--start", flags.start, "--learns", flags.learns]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = measured(folder, count=flags.frames, drawn=flags.drawn, words=words)
        print(
            json.dumps(found | {"segmenter": read_json(folder / "project/masks/hand/segmenter.json")}, indent=2)
        )
        if flags.picture:
            sheet = sorted((folder / "project/masks/hand/previews").glob("*.png"))[-1]
            flags.picture.write_bytes(encode_jpeg(read_image(sheet), quality=80))


if __name__ == "__main__":
    main()
