"""Lead faces from frame to frame by their landmarks; a detector only starts them.

The points of the last frame say where to look. The detector is asked on every n-th frame, where a face is lost
or begins to read badly, at cuts and where faces overlap; a face that it finds new is led back to the frame it
was asked on before. So the detector costs little, and nobody appears late. What is said of a frame depends on
the frames since the follower began alone. Where it begins, and what is kept, is for
`facesets.extraction.following`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from understudy.faces.boxes import overlap
from understudy.faces.dense.landmarker import DenseFaces, DenseLandmarker, off_shares
from understudy.faces.detect import Detection, Detector
from understudy.geometry import Array
from understudy.media.clip import Frame
from understudy.media.cuts import SceneNote

LEAST_SCORE = 0.5  # of the network; below it a face is lost
_TRUSTED = 0.9  # of the detector: what it trusts more is looked for in every frame, whatever the network says
_CUT_CHANGE = 4.0  # of `SceneNote.change`: below it only a part of the picture moved
_DOUBTED = 0.035  # of the crop's side: what a face that is led well is expected to be off at most
_MORE_DOUBT = 1.5  # times what a face's points are expected to be off at best: it begins to read badly
_SAME_FACE = 0.35  # overlap over the smaller box
_MOST_GROWTH = 1.4  # of a face's side from one frame to the next
_MOST_SPEED_SIDES = 0.5  # how far ahead a face is expected at most, in its sides


@dataclass(frozen=True, eq=False)
class LedFace:
    """One face in one frame."""

    detection: Detection  # the score is never higher than the detector's was
    points_70: Array  # (70, 2), frame pixels
    spread_70: Array  # (70,): expected error in frame pixels
    margin: Array  # (4,): how far the box is beyond the points, in sides of the face
    trust: float  # the detector's last score
    speed: Array  # (2,): frame pixels a frame
    off_share: float  # expected error of its points, in shares of the crop's side
    least_off_share: float  # since it was begun, or looked at anew for reading badly
    is_led: bool = True  # whether it is looked for in the next frame
    anew_at: int | None = None  # the frame in which it was last begun anew for reading badly

    @property
    def side_px(self) -> float:
        """The square root of the area about the points."""
        return _side(_bounds(self.points_70))

    @property
    def is_doubted(self) -> bool:
        """Whether it reads badly, and worse than before; one that stays covered reads no worse than that."""
        return self.off_share > max(_DOUBTED, _MORE_DOUBT * self.least_off_share)


@dataclass(eq=False)
class Moment:
    """A frame and its faces, largest first."""

    frame: Frame
    faces: list[LedFace]
    scene: SceneNote

    @property
    def is_cut(self) -> bool:
        """Whether nothing leads from the frame before to this one."""
        return self.scene.change >= _CUT_CHANGE


class Follower:
    """Takes the frames of a clip one after the other and gives back their faces, a few frames later.

    `every` is how often the detector is asked, `most_faces` how many faces a frame has at most; 0 for all.
    """

    def __init__(
        self, detector: Detector, landmarker: DenseLandmarker, *, every: int, most_faces: int = 0
    ) -> None:
        self.detector, self.landmarker = detector, landmarker
        self.every, self.most_faces = every, most_faces
        self.searched = 0  # how often the detector was asked
        self._leading: list[LedFace] = []
        self._waiting: list[Moment] = []
        self._begun = False

    def take(self, frame: Frame, scene: SceneNote) -> list[Moment]:
        """Look at the next frame. Returns the moments that are settled now, in order."""
        moment = Moment(frame, self._led(frame), scene)
        is_lost = len(moment.faces) < len(self._leading)
        self._waiting.append(moment)
        self._leading = moment.faces
        due = not self._begun or frame.index % self.every == 0
        is_unsure = (
            is_lost
            or _overlapping(moment.faces)
            or any(self._is_begun_anew(face, frame) for face in moment.faces)
        )
        return self._search() if due or moment.is_cut or is_unsure else []

    def finish(self) -> list[Moment]:
        """The rest, when no frame follows: the detector looks at the last one too."""
        return self._search() if self._waiting else []

    def _led(self, frame: Frame) -> list[LedFace]:
        """The leading faces as they are in this frame, without those that are lost."""
        points = np.array([face.points_70 + _ahead(face) for face in self._leading])
        read = self.landmarker.go_on([frame], np.zeros(len(points), np.intp), points)
        return [after for after in _carried(self._leading, read, frame) if after is not None]

    def _search(self) -> list[Moment]:
        """Ask the detector about the last frame, and settle all that wait."""
        self._begun, self.searched = True, self.searched + 1
        now = self._waiting[-1]
        kept = [] if now.is_cut or _overlapping(now.faces) else now.faces
        found = self.detector.detect([now.frame])[0][: self.most_faces or None]
        kept = self._anew([_trusted(face, found) for face in kept], found, now.frame)
        new = self._begun_at(now.frame, [face for face in found if not _is_among(face, kept)])
        now.faces = self._largest(kept + new)
        if not now.is_cut:
            self._lead_back([face for face in new if face.is_led])
        self._leading = [face for face in now.faces if face.is_led]
        settled, self._waiting = self._waiting, []
        return settled

    def _begun_at(self, frame: Frame, found: Sequence[Detection]) -> list[LedFace]:
        read = self.landmarker.begin([frame], np.zeros(len(found), np.intp), found)
        return [_begun(face, read, place) for place, face in enumerate(found)]

    def _anew(self, faces: Sequence[LedFace], found: Sequence[Detection], frame: Frame) -> list[LedFace]:
        """The faces, those that are doubted as they are begun anew, any way up, where that reads surer."""
        doubted = [face for face in faces if self._is_begun_anew(face, frame)]
        if not doubted:
            return list(faces)
        begun = self._begun_at(frame, [_found_at(face, found) for face in doubted])
        surer = {
            id(face): replace(_surer(face, new), anew_at=frame.index)
            for face, new in zip(doubted, begun, strict=True)
        }
        return [surer.get(id(face), face) for face in faces]

    def _is_begun_anew(self, face: LedFace, frame: Frame) -> bool:
        """Whether a face is in doubt; one that goes in and out of it does not keep the detector busy."""
        waits = face.anew_at is not None and frame.index - face.anew_at < self.every
        return face.is_doubted and not waits

    def _lead_back(self, faces: Sequence[LedFace]) -> None:
        """Give the frames that wait, from the last but one, the faces that were found only now."""
        for later, moment in zip(self._waiting[:0:-1], self._waiting[-2::-1], strict=True):
            if not faces or later.is_cut:
                return
            points = np.array([face.points_70 + _ahead(face) for face in faces])
            read = self.landmarker.go_on([moment.frame], np.zeros(len(points), np.intp), points)
            carried = [face for face in _carried(faces, read, moment.frame) if face is not None]
            faces = [face for face in carried if not _is_among(face.detection, moment.faces)]
            moment.faces = self._largest(moment.faces + list(faces))

    def _largest(self, faces: Sequence[LedFace]) -> list[LedFace]:
        return sorted(faces, key=lambda face: -_side(face.detection.box_xyxy))[: self.most_faces or None]


def _begun(found: Detection, read: DenseFaces, place: int) -> LedFace:
    bounds, off_share = _bounds(read.points_70[place]), float(off_shares(read)[place])
    return LedFace(
        detection=found,
        points_70=read.points_70[place],
        spread_70=read.spread_70[place],
        margin=(found.box_xyxy - bounds) / _side(bounds),
        trust=found.score,
        speed=np.zeros(2),
        off_share=off_share,
        least_off_share=off_share,
        is_led=bool(read.scores[place] >= LEAST_SCORE) or found.score >= _TRUSTED,
    )


def _carried(before: Sequence[LedFace], read: DenseFaces, frame: Frame) -> list[LedFace | None]:
    """Each face as it is in this frame; None where it is lost."""
    height, width = frame.rgb.shape[:2]
    off = off_shares(read) if before else ()
    out: list[LedFace | None] = []
    for place, face in enumerate(before):
        points, score = read.points_70[place], float(read.scores[place])
        centre, bounds = points.mean(0), _bounds(points)
        grown = _side(bounds) / face.side_px
        is_there = (
            score >= LEAST_SCORE
            and 1 / _MOST_GROWTH < grown < _MOST_GROWTH
            and bool((centre > 0).all() and centre[0] < width and centre[1] < height)
        )
        box = bounds + face.margin * _side(bounds)
        detection = Detection(box, min(score, face.trust), turn_deg=face.detection.turn_deg)
        after = replace(
            face,
            detection=detection,
            points_70=points,
            spread_70=read.spread_70[place],
            speed=centre - face.points_70.mean(0),
            off_share=float(off[place]),
            least_off_share=min(float(off[place]), face.least_off_share),
            is_led=True,
        )
        out.append(after if is_there else None)
    return out


def _trusted(face: LedFace, found: Sequence[Detection]) -> LedFace:
    """The face with the trust of the detector's find at its place, where there is one."""
    shared = [one.score for one in found if _shared(one.box_xyxy, face.detection.box_xyxy) > _SAME_FACE]
    return replace(face, trust=max(shared)) if shared else face


def _found_at(face: LedFace, found: Sequence[Detection]) -> Detection:
    """What the detector found where the face is; its own box where it found nothing, as of a covered face."""
    box = face.detection.box_xyxy
    # Not the surest: somebody who comes before a face is surer than what is left of it.
    return max(
        (one for one in found if _shared(one.box_xyxy, box) > _SAME_FACE),
        key=lambda one: float(overlap(one.box_xyxy[None], box[None])[0, 0]),
        default=face.detection,
    )


def _surer(face: LedFace, begun: LedFace) -> LedFace:
    """The face as it was begun anew, or itself where that reads no surer, no longer in doubt."""
    if begun.is_led and begun.off_share < face.off_share:
        return replace(begun, trust=face.trust)
    return replace(face, least_off_share=face.off_share)


def _ahead(face: LedFace) -> Array:
    """How far it is expected to move until the next frame."""
    limit = _MOST_SPEED_SIDES * face.side_px
    length = float(np.linalg.norm(face.speed))
    return face.speed * min(1.0, limit / max(length, 1e-9))


def _overlapping(faces: Sequence[LedFace]) -> bool:
    boxes = [face.detection.box_xyxy for face in faces]
    return any(
        _shared(box, other) > _SAME_FACE for place, box in enumerate(boxes) for other in boxes[place + 1 :]
    )


def _is_among(found: Detection, faces: Sequence[LedFace]) -> bool:
    return any(_shared(found.box_xyxy, face.detection.box_xyxy) > _SAME_FACE for face in faces)


def _shared(box: Array, other: Array) -> float:
    return float(overlap(box[None], other[None], over="smaller")[0, 0])


def _bounds(points: Array) -> Array:
    return np.concatenate([points[:68].min(0), points[:68].max(0)])


def _side(box: Array) -> float:
    return float(np.sqrt(np.maximum(box[2:] - box[:2], 1e-6).prod()))
