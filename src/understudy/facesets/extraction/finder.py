"""What is seen in frames: detections, landmarks and looks of every face, whoever asks.

A `FinderPlan` is plain data that another process can be sent; a `Finder` holds the networks made from it.
Which frames are looked at, and by how many processes, is `find.py`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from understudy.faces.align import crop
from understudy.faces.appearance import signature
from understudy.faces.detect import Detection
from understudy.faces.finders import (
    BLIND_DETECTORS,
    LEADING_LANDMARKERS,
    made_detector,
    made_follower,
    made_landmarker,
    sources_sha256,
)
from understudy.faces.inputs import FinderInputs
from understudy.facesets.extraction.found import FoundFace, FoundFrame
from understudy.facesets.extraction.options import ExtractOptions
from understudy.geometry import crop_from_frame
from understudy.media.clip import Frame

if TYPE_CHECKING:
    from understudy.faces.dense.following import Follower, Moment

UInt8 = npt.NDArray[np.uint8]
LOOK_PX = 112


@dataclass(frozen=True)
class FinderPlan:
    """Which programs look, and with what; can be pickled."""

    options: ExtractOptions
    inputs: FinderInputs

    def binding(self) -> dict[str, Any]:
        """What finds depend on, beside the clip; other values mean that the clip is searched anew."""
        said = self.options.model_dump(
            include={
                "detector",
                "landmarker",
                "frame_step",
                "max_faces",
                "min_face",
                "rotations",
                "second_pass",
                "re_feed",
            }
        )
        sources = sources_sha256(self.options.detector, self.options.landmarker, self.inputs)
        leads = {"detect_every": self.options.detect_every} if self.leads else {}
        return said | {"sources": sources} | leads

    @property
    def leads(self) -> bool:
        """Whether the last frame's landmarks lead to the next frame's faces."""
        return (
            self.options.landmarker in LEADING_LANDMARKERS
            and self.options.detector not in BLIND_DETECTORS
            and self.options.detect_every > 1
            and self.options.frame_step == 1
        )

    def make(self) -> Finder:
        """Load the networks. Raises OptionInvalid, WeightsMissing and what the programs say."""
        self.options.require_names()
        return Finder(self)


class Finder:
    """Looks at batches of frames of one size."""

    def __init__(self, plan: FinderPlan) -> None:
        self.options, self.leads = plan.options, plan.leads
        options, inputs = plan.options, plan.inputs
        self.detector = made_detector(options.detector, inputs, rotations=options.rotations)
        self.landmarker = made_landmarker(
            options.landmarker, inputs, second_pass=options.second_pass, re_feed=options.re_feed
        )

    def look(self, batch: Sequence[Frame]) -> list[FoundFrame]:
        """All finds of the frames, in their order."""
        most = self.options.max_faces or None
        detections = [found[:most] for found in self.detector.detect(batch)]
        landmarks = self.landmarker.landmarks_68(batch, detections)
        return [
            FoundFrame(frame.index, frame.time_s, faces_seen(frame, found, points))
            for frame, found, points in zip(batch, detections, landmarks, strict=True)
        ]

    def follower(self) -> Follower:
        """What leads faces from frame to frame, at its beginning."""
        options = self.options
        return made_follower(
            self.detector, self.landmarker, every=options.detect_every, most_faces=options.max_faces
        )

    def seen(self, moment: Moment) -> FoundFrame:
        """What a follower says of a frame, with the faces' looks."""
        frame, detections = moment.frame, [face.detection for face in moment.faces]
        points = np.array([face.points_70[:68] for face in moment.faces])
        spreads = [face.spread_70[:68] for face in moment.faces]
        return FoundFrame(frame.index, frame.time_s, faces_seen(frame, detections, points, spreads))


def sharpness(crop_rgb: UInt8) -> float:
    """How sharp the middle of a crop is: the root mean square of its luma's gradient, 0..255 per pixel.

    The Tenengrad measure of Krotkov, "Focusing", IJCV 1, 1987. Comparable between crops of one size.
    """
    side = crop_rgb.shape[0]
    middle = crop_rgb[side // 5 : side - side // 5, side // 5 : side - side // 5]
    luma = cv2.cvtColor(middle, cv2.COLOR_RGB2GRAY).astype(np.float32)
    across, down = cv2.Sobel(luma, cv2.CV_32F, 1, 0), cv2.Sobel(luma, cv2.CV_32F, 0, 1)
    return float(np.sqrt(np.mean(across**2 + down**2, dtype=np.float64)) / 8)


def faces_seen(
    frame: Frame,
    detections: Sequence[Detection],
    landmarks_n68: npt.NDArray[np.float64],
    spreads_n68: Sequence[npt.NDArray[np.float64]] | None = None,
) -> list[FoundFace]:
    """Detections in a frame with their landmarks and looks; those whose landmarks make no crop are left out."""
    if not detections:
        return []
    rgb = frame.rgb_8bit
    faces = []
    spreads = spreads_n68 or [None] * len(detections)
    for detection, landmarks, spread in zip(detections, landmarks_n68, spreads, strict=True):
        matrix = crop_from_frame(landmarks, face_type="full", size_px=LOOK_PX)
        if not np.isfinite(matrix).all():
            continue
        look = crop(rgb, matrix, LOOK_PX)
        faces.append(FoundFace(detection, landmarks, signature(look), sharpness(look), spread_68=spread))
    return faces
