"""The first pass over a clip: detections, landmarks and looks of every face in every frame, into a log.

Resumes behind the log's last frame. Who is who is decided later (`people.py`), on the log alone.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from itertools import islice

import cv2
import numpy as np
import numpy.typing as npt

from understudy.events import Progress
from understudy.faces.align import crop
from understudy.faces.appearance import signature
from understudy.faces.detect import Detection, Detector
from understudy.faces.landmark import Landmarker
from understudy.facesets.extraction.ahead import read_ahead
from understudy.facesets.extraction.found import FoundFace, FoundFrame, FoundLog
from understudy.facesets.extraction.options import ExtractOptions
from understudy.geometry import crop_from_frame
from understudy.media.clip import Clip, Frame
from understudy.media.cuts import SceneWatch

UInt8 = npt.NDArray[np.uint8]
LOOK_PX = 112


def frames_to_find(clip: Clip, options: ExtractOptions) -> int:
    """How many frames the pass looks at."""
    return -(-clip.info.frame_count // options.frame_step)


def find(
    clip: Clip, log: FoundLog, *, detector: Detector, landmarker: Landmarker, options: ExtractOptions
) -> Iterator[Progress]:
    """Look at all frames that the log lacks; what was found before a stop is kept in it."""
    first = log.frames[-1].index + options.frame_step if log.frames else 0
    total = frames_to_find(clip, options)
    started, before = time.monotonic(), len(log.frames)
    scenes = scene_watch(clip, first, options)
    batches = batched_frames(clip.frames(first, step=options.frame_step), options.batch_frames)
    with read_ahead(batches) as coming:
        for batch in coming:
            detections = [found[: options.max_faces] for found in detector.detect(batch)]
            landmarks = landmarker.landmarks_68(batch, detections)
            log.append(
                [
                    FoundFrame(
                        frame.index,
                        frame.time_s,
                        _faces(frame, found, points),
                        scenes.look(np.asarray(frame.rgb, np.uint8)),
                    )
                    for frame, found, points in zip(batch, detections, landmarks, strict=True)
                ]
            )
            done = len(log.frames)
            rate = (done - before) / max(time.monotonic() - started, 1e-6)
            yield Progress(
                stage="find", done=done, total=total, rate=rate, seconds_left=max(0, total - done) / rate
            )
    log.finish()


def scene_watch(clip: Clip, first: int, options: ExtractOptions) -> SceneWatch:
    """A watch over changes of scene that has seen the looked-at frame before `first`."""
    watch = SceneWatch()
    before = first - options.frame_step
    if before >= 0:
        for frame in clip.frames(before, before + 1):
            watch.look(np.asarray(frame.rgb, np.uint8))
    return watch


def batched_frames(frames: Iterator[Frame], size: int) -> Generator[list[Frame]]:
    """Lists of up to `size` frames."""
    while batch := list(islice(frames, size)):
        yield batch


def sharpness(crop_rgb: UInt8) -> float:
    """How sharp the middle of a crop is: the root mean square of its luma's gradient, 0..255 per pixel.

    The Tenengrad measure of Krotkov, "Focusing", IJCV 1, 1987. Comparable between crops of one size.
    """
    side = crop_rgb.shape[0]
    middle = crop_rgb[side // 5 : side - side // 5, side // 5 : side - side // 5]
    luma = cv2.cvtColor(middle, cv2.COLOR_RGB2GRAY).astype(np.float32)
    across, down = cv2.Sobel(luma, cv2.CV_32F, 1, 0), cv2.Sobel(luma, cv2.CV_32F, 0, 1)
    return float(np.sqrt(np.mean(across**2 + down**2, dtype=np.float64)) / 8)


def _faces(
    frame: Frame, detections: Sequence[Detection], landmarks_n68: npt.NDArray[np.float64]
) -> list[FoundFace]:
    if not detections:
        return []
    rgb = frame.rgb_8bit
    faces = []
    for detection, landmarks in zip(detections, landmarks_n68, strict=True):
        matrix = crop_from_frame(landmarks, face_type="full", size_px=LOOK_PX)
        if not np.isfinite(matrix).all():
            continue
        look = crop(rgb, matrix, LOOK_PX)
        faces.append(FoundFace(detection, landmarks, signature(look).astype(float), sharpness(look)))
    return faces
