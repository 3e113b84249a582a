"""Wrappers that any detector or landmarker can be put into: turned frames, a second pass, jittered boxes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from understudy.faces.align import crop
from understudy.faces.boxes import overlap
from understudy.faces.detect import Detection, Detector
from understudy.faces.landmark import Landmarker
from understudy.geometry import crop_from_frame, inverse, transform_points
from understudy.media.clip import Frame

Array = npt.NDArray[np.float64]

TURNS_DEG = (90, 270, 180)
_ALIGNED_PX = 256
_JITTER_SHARE = 0.05
_MOUTH_BELOW_EYES = 0.4  # of the box's side: 0.40 to 0.48 in actors, at most 0.36 in those upside down
_STANDS = 0.5  # of that
_SAME_FACE = 0.5  # overlap, over the smaller box: a sideways face is often found in part


class RotatingDetector:
    """Looks at frames without a sure face again, turned by 90, 270 and 180 degrees.

    Of every face the way in which it is surest counts. MTCNN finds sideways faces too, some surely, but with
    points anywhere: a face whose mouth does not lie well below its eyes is doubtful. From `sure` on, in 0..1, a
    face is not looked for in turned frames; detectors differ in how high they score.
    """

    def __init__(self, inner: Detector, *, sure: float = 0.95) -> None:
        self.inner, self.sure = inner, sure

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        found = self.inner.detect(frames)
        turned_finds: list[list[tuple[float, Detection]]] = [[] for _ in frames]
        sure = [_surest(faces) for faces in found]
        for turn_deg in TURNS_DEG:
            doubtful = [place for place, score in enumerate(sure) if score < self.sure]
            if not doubtful:
                break
            again = self.inner.detect([turned(frames[place], turn_deg) for place in doubtful])
            for place, faces in zip(doubtful, again, strict=True):
                sure[place] = max(sure[place], _surest(faces))
                # As seen there; back in the frame it lies on its side.
                turned_finds[place] += [
                    (_upright_score(face), _turned_back(face, frames[place], turn_deg))
                    for face in faces
                    if _uprightness(face) >= _STANDS
                ]
        return [_surest_each(faces, more) for faces, more in zip(found, turned_finds, strict=True)]


def _surest_each(upright: list[Detection], turned_finds: list[tuple[float, Detection]]) -> list[Detection]:
    """Every face once, as it is found surest, largest first; what lies on its side goes where a turn helped."""
    every = [(_upright_score(face), face) for face in upright] + turned_finds
    kept: list[Detection] = []
    for _, face in sorted(every, key=lambda find: -find[0]):
        if not any(other.turn_deg != face.turn_deg and _overlaps(face, other) for other in kept):
            kept.append(face)
    if all(face.turn_deg == 0 for face in kept):
        return upright
    standing = [face for face in kept if face.turn_deg or _uprightness(face) >= _STANDS]
    return sorted(standing, key=lambda face: -_area(face))


def _overlaps(face: Detection, other: Detection) -> bool:
    shared = overlap(face.box_xyxy[None], other.box_xyxy[None], over="smaller")
    return bool(shared[0, 0] > _SAME_FACE)


def _area(face: Detection) -> float:
    return float(np.prod(face.box_xyxy[2:] - face.box_xyxy[:2]))


def _surest(faces: Sequence[Detection]) -> float:
    return max((_upright_score(face) for face in faces), default=0.0)


def _upright_score(face: Detection) -> float:
    """The score, less where the mouth is not as far below the eyes as in an upright face's box."""
    return face.score * _uprightness(face)


def _uprightness(face: Detection) -> float:
    """0..1: how far the mouth lies below the eyes, against an upright face; 1 where there are no points."""
    if face.points_5 is None:
        return 1.0
    down_px = face.points_5[3:, 1].mean() - face.points_5[:2, 1].mean()
    side_px = float(np.sqrt(np.prod(face.box_xyxy[2:] - face.box_xyxy[:2])))
    return float(np.clip(down_px / (_MOUTH_BELOW_EYES * max(side_px, 1e-9)), 0, 1))


class UprightLandmarker:
    """Shows the inner landmarker every face upright: those found in turned frames in frames turned alike."""

    def __init__(self, inner: Landmarker) -> None:
        self.inner = inner

    def landmarks_68(self, frames: Sequence[Frame], detections: Sequence[Sequence[Detection]]) -> list[Array]:
        turns = {face.turn_deg for faces in detections for face in faces}
        if turns <= {0}:
            return self.inner.landmarks_68(frames, detections)
        out = [np.full((len(faces), 68, 2), np.nan) for faces in detections]
        for turn_deg in sorted(turns):
            places = [p for p, faces in enumerate(detections) if any(f.turn_deg == turn_deg for f in faces)]
            mine = [[f for f in detections[p] if f.turn_deg == turn_deg] for p in places]
            seen = [
                [_turned_along(f, frames[p], turn_deg) for f in faces]
                for p, faces in zip(places, mine, strict=True)
            ]
            given = self.inner.landmarks_68([turned(frames[p], turn_deg) for p in places], seen)
            for p, points in zip(places, given, strict=True):
                rows = [n for n, face in enumerate(detections[p]) if face.turn_deg == turn_deg]
                out[p][rows] = _points_back(points, frames[p], turn_deg)
        return out


class DrawnLandmarker:
    """Leaves landmarks that a person drew as they are and asks the inner landmarker for the others."""

    def __init__(self, inner: Landmarker) -> None:
        self.inner = inner

    def landmarks_68(self, frames: Sequence[Frame], detections: Sequence[Sequence[Detection]]) -> list[Array]:
        if all(face.landmarks_68 is None for faces in detections for face in faces):
            return self.inner.landmarks_68(frames, detections)
        open_ = [[face for face in faces if face.landmarks_68 is None] for faces in detections]
        placed = [list(points) for points in self.inner.landmarks_68(frames, open_)]
        return [
            np.array([placed[p].pop(0) if f.landmarks_68 is None else f.landmarks_68 for f in faces]).reshape(
                -1, 68, 2
            )
            for p, faces in enumerate(detections)
        ]


class SecondPassLandmarker:
    """Places landmarks, cuts the aligned full face out by them, and places them again there."""

    def __init__(self, inner: Landmarker) -> None:
        self.inner = inner

    def landmarks_68(self, frames: Sequence[Frame], detections: Sequence[Sequence[Detection]]) -> list[Array]:
        first = self.inner.landmarks_68(frames, detections)
        crops: list[Frame] = []
        seen: list[list[Detection]] = []
        back: list[tuple[int, int, Array]] = []
        for place, (frame, faces, points) in enumerate(zip(frames, detections, first, strict=True)):
            for number, (face, landmarks) in enumerate(zip(faces, points, strict=True)):
                matrix = crop_from_frame(landmarks, face_type="full", size_px=_ALIGNED_PX)
                if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix[:, :2])) < 1e-9:
                    continue
                crops.append(replace(frame, rgb=crop(frame.rgb_8bit, matrix, _ALIGNED_PX)))
                seen.append([Detection(_box_in_crop(face.box_xyxy, matrix), face.score)])
                back.append((place, number, inverse(matrix)))
        out = [points.copy() for points in first]
        again = self.inner.landmarks_68(crops, seen) if crops else []
        for (place, number, frame_from_crop), points in zip(back, again, strict=True):
            out[place][number] = transform_points(frame_from_crop, points[0])
        return out


class ReFeedLandmarker:
    """Places landmarks `times` more on boxes moved by up to 5 % of their size, and gives the mean of all."""

    def __init__(self, inner: Landmarker, *, times: int) -> None:
        self.inner, self.times = inner, times

    def landmarks_68(self, frames: Sequence[Frame], detections: Sequence[Sequence[Detection]]) -> list[Array]:
        sums = [points.copy() for points in self.inner.landmarks_68(frames, detections)]
        for time in range(self.times):
            moved = [
                [_jittered(face, (frame.index, number, time)) for number, face in enumerate(faces)]
                for frame, faces in zip(frames, detections, strict=True)
            ]
            for total, points in zip(sums, self.inner.landmarks_68(frames, moved), strict=True):
                total += points
        return [total / (self.times + 1) for total in sums]


def _jittered(face: Detection, seed: tuple[int, int, int]) -> Detection:
    # Seeded by the frame, so that a resumed run and one in a single go agree.
    size = np.tile(face.box_xyxy[2:] - face.box_xyxy[:2], 2)
    shift = np.random.default_rng(seed).uniform(-_JITTER_SHARE, _JITTER_SHARE, 4)
    return replace(face, box_xyxy=face.box_xyxy + shift * size, points_5=None)


def _box_in_crop(box: Array, matrix: Array) -> Array:
    """A box about the same centre with the same sides, measured in the crop."""
    centre = transform_points(matrix, (box[:2] + box[2:]) / 2)
    half = (box[2:] - box[:2]) / 2 * np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    return np.concatenate([centre - half, centre + half])


def turned(frame: Frame, turn_deg: int) -> Frame:
    """The frame turned counter-clockwise."""
    if turn_deg == 0:
        return frame
    return replace(frame, rgb=np.ascontiguousarray(np.rot90(frame.rgb, turn_deg // 90)))


def _points_back(points: Array, frame: Frame, turn_deg: int) -> Array:
    """Points (…, 2) of the turned frame in the frame itself."""
    height, width = frame.rgb.shape[:2]
    x, y = points[..., 0], points[..., 1]
    back = {0: (x, y), 90: (width - y, x), 180: (width - x, height - y), 270: (y, height - x)}
    return np.stack(back[turn_deg], axis=-1)


def _points_along(points: Array, frame: Frame, turn_deg: int) -> Array:
    """Points (…, 2) of the frame in the turned one."""
    height, width = frame.rgb.shape[:2]
    x, y = points[..., 0], points[..., 1]
    along = {0: (x, y), 90: (y, width - x), 180: (width - x, height - y), 270: (height - y, x)}
    return np.stack(along[turn_deg], axis=-1)


def _turned_back(face: Detection, frame: Frame, turn_deg: int) -> Detection:
    moved = _moved(face, lambda points: _points_back(points, frame, turn_deg))
    return replace(moved, turn_deg=turn_deg)


def _turned_along(face: Detection, frame: Frame, turn_deg: int) -> Detection:
    return replace(_moved(face, lambda points: _points_along(points, frame, turn_deg)), turn_deg=0)


def _moved(face: Detection, move: Callable[[Array], Array]) -> Detection:
    corners = move(face.box_xyxy.reshape(2, 2))
    box = np.concatenate([corners.min(0), corners.max(0)])
    points = None if face.points_5 is None else move(face.points_5)
    return replace(face, box_xyxy=box, points_5=points)
