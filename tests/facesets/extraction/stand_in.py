"""Clips whose first row of pixels tells where their faces are, and a detector that reads it.

So the tests of this room need no network and know the truth exactly.
"""

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from understudy.faces.detect import DETECTORS, Detection
from understudy.faces.landmark import LANDMARKERS
from understudy.facesets.extraction.finder import Finder, FinderPlan
from understudy.mean_face import MEAN_FACE_68_IN_SPACE
from understudy.media.clip import Frame
from understudy.media.images import encode_png

FACE = MEAN_FACE_68_IN_SPACE[:, :2] / 150  # about one unit across
DOUBTFUL = 20  # faces of no more than this side are found with little trust
_REGIONS = (range(36, 42), range(42, 48), [30], [48], [54])
_SKINS = {1: (224, 172, 140), 2: (96, 60, 44), 3: (150, 170, 90)}


@dataclass(frozen=True)
class Drawn:
    """One face in one frame: centre, side and whose it is."""

    x: int
    y: int
    side: int
    who: int = 1
    odd: bool = False  # its detector's box is far too small


def frame_with(faces: Sequence[Drawn], *, width: int = 160, height: int = 120, seed: int = 0) -> np.ndarray:
    frame = np.full((height, width, 3), 110, np.uint8)
    frame += np.random.default_rng(seed).integers(0, 6, frame.shape, np.uint8)
    frame[0] = 0
    for place, face in enumerate(faces):
        axes = (int(face.side * 0.48), int(face.side * 0.6))
        cv2.ellipse(frame, (face.x, face.y), axes, 0, 0, 360, _SKINS[face.who], -1)
        points = FACE * face.side + [face.x, face.y]
        for region in _REGIONS:
            x, y = points[list(region)].mean(0).astype(int)
            cv2.circle(frame, (int(x), int(y)), 1 + 2 * face.who, (30, 20 + 40 * face.who, 20), -1)
        frame[0, place] = face.x, face.y, face.side
        if face.odd:
            frame[1, place] = 255
    return frame


def write_clip(folder: Path, frames: Sequence[Sequence[Drawn]]) -> Path:
    folder.mkdir(parents=True)
    for index, faces in enumerate(frames):
        (folder / f"{index:05d}.png").write_bytes(encode_png(frame_with(faces, seed=index)))
    return folder


def one_person(count: int, *, side: int = 48) -> list[list[Drawn]]:
    return [[Drawn(70 + index % 20, 60, side)] for index in range(count)]


class StandIn:
    """Finds what the first row of pixels says; `seconds` for each frame."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.seen = 0

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        self.seen += len(frames)
        time.sleep(self.seconds * len(frames))
        return [self._faces(frame.rgb_8bit) for frame in frames]

    def _faces(self, frame: np.ndarray) -> list[Detection]:
        found = []
        for place, (x, y, side) in enumerate(frame[0].astype(float)):
            if side:
                points = FACE * side + [x, y]
                points_5 = np.stack([points[list(region)].mean(0) for region in _REGIONS])
                half = side / 2 if frame[1, place].min() < 255 else side / 10
                box = np.array([x - half, y - half, x + half, y + half])
                found.append(Detection(box, 0.5 if side <= DOUBTFUL else 0.95, points_5))
        return sorted(found, key=lambda d: -(d.box_xyxy[2] - d.box_xyxy[0]))


def installed(detector: StandIn) -> StandIn:
    DETECTORS["stand-in"] = lambda _: detector
    return detector


@dataclass(frozen=True)
class StandInPlan(FinderPlan):
    """A plan for other processes, where the stand-in has to be installed first.

    Looking at a frame of `deadly` kills the process, every time or until the file `once` is there.
    """

    seconds: float = 0.0
    deadly: tuple[int, ...] = ()
    once: Path | None = None

    def make(self) -> Finder:
        with pytest.MonkeyPatch.context() as patch:  # whoever plans with it in this process leaves no trace
            patch.setitem(DETECTORS, "stand-in", None)
            installed(Deadly(self.seconds, self.deadly, self.once))
            if self.options.landmarker == "dense":
                from tests.facesets.extraction.stand_in_reader import dense_installed

                patch.setitem(LANDMARKERS, "dense", None)
                dense_installed()
            return super().make()


class Deadly(StandIn):
    """Kills its process at some frames."""

    def __init__(self, seconds: float, deadly: tuple[int, ...], once: Path | None) -> None:
        super().__init__(seconds)
        self.deadly, self.once = deadly, once

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        if any(frame.index in self.deadly for frame in frames) and not (self.once and self.once.exists()):
            if self.once:
                self.once.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().detect(frames)
