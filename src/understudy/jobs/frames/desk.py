"""The frames of a project's clip: what was found in each, and faces drawn, corrected and carried on by hand.

A `FramesDesk` is one clip on the table; whoever works on it longer (the studio) keeps it, a command makes one.
What a drawn face is on disk is `facesets.by_hand.drawing`'s.
"""

from __future__ import annotations

import contextlib
import math
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

import numpy as np
import numpy.typing as npt

from understudy.errors import FacesUnknown, FolderUnwritable
from understudy.jobs.clips.color_spaces import color_space_of
from understudy.jobs.clips.rates import fps_of
from understudy.jobs.facesets.curating import finish_change
from understudy.jobs.settings import extract_options
from understudy.project.lock import exclusive
from understudy.project.project import Project
from understudy.project.unknown import clip_named

if TYPE_CHECKING:  # each takes a while to import
    from understudy.faces.dense.by_hand import DrawnBox, HandReader, HandReading
    from understudy.facesets.by_hand.drawing import Hand
    from understudy.facesets.by_hand.steps import HandStep, HandSteps
    from understudy.facesets.by_hand.stored import StoredPlace
    from understudy.facesets.extraction.found import FoundFrame
    from understudy.facesets.extraction.overlays import DrawnLog
    from understudy.media.clip import ClipInfo

Array = npt.NDArray[np.float64]

# What is said of each frame, as bits.
SEARCHED, STORED, FOUND, SEVERAL, DOUBTFUL, OVERLAY_DELETED, DRAWN, REDONE, WRITTEN = (1 << n for n in range(9))
FILTERS: Mapping[str, str] = {
    "no face": "no face of the clip lies in the faceset",
    "overlay deleted": "a person deleted the picture of what was found",
    "several": "several faces were found",
    "bad score": "the face found is trusted less than min_score",
    "drawn": "drawn or corrected by hand",
}
_LEAST_PX = 2.0  # of a drawn face, across and down
_WORDS = {
    STORED: "",
    WRITTEN: "its face was deleted from the faceset",
    DOUBTFUL: "a face was found, but trusted less than min_score",
    FOUND: "a face was found that is not in the faceset: another person, or no face",
    SEARCHED: "no face was found",
}


@dataclass(frozen=True, eq=False)
class FrameStates:
    """One number of every kind for each frame of a clip."""

    flags: npt.NDArray[np.uint16]  # the bits above
    error: npt.NDArray[np.uint8]  # expected error of the landmarks, per mille of the face's side; 255: unknown

    def frames(self, which: str) -> list[int]:
        """The frames of one of `FILTERS`."""
        masks = {
            "no face": (self.flags & STORED) == 0,
            "overlay deleted": (self.flags & OVERLAY_DELETED) != 0,
            "several": (self.flags & SEVERAL) != 0,
            "bad score": (self.flags & DOUBTFUL) != 0,
            "drawn": (self.flags & DRAWN) != 0,
        }
        return np.flatnonzero(masks[which]).tolist()


class FramesDesk:
    """One clip on the table. Any thread may ask; changes are made one after the other.

    Raises ClipMissing for a clip that the project has not, and what opening a clip raises.
    """

    def __init__(self, project: Project, clip: str, *, reader: HandReader | None = None) -> None:
        from understudy.faces.manual import manual_file
        from understudy.facesets.by_hand.glance import FoundGlance
        from understudy.facesets.by_hand.stored import StoredFaces
        from understudy.facesets.extraction.contents import known_contents
        from understudy.facesets.extraction.found import clip_content, found_path
        from understudy.facesets.extraction.redone import redone_path
        from understudy.media.frame_reader import FrameReader
        from understudy.media.opening import open_clip

        clip_named(project, clip)
        self.project, self.clip = project, clip
        space, path = color_space_of(project, clip), project.present_clip_path(clip)
        self.frames = FrameReader(open_clip(path, space, fps=fps_of(project, clip)))
        self.performer, self.short = project.faceset_of_clip(clip)
        known = known_contents(
            clip,
            cache=project.cache_folder,
            faceset_folder=project.faceset_folder(self.performer, self.short),
            manual=project.manual_folder,
        )
        self.content = clip_content(path, space, known=known)
        self.options = extract_options(project, {})
        names = self.performer, self.short
        self.stored = StoredFaces(project.faceset_folder(*names), clip, partial(project.faceset, *names))
        self._found = FoundGlance(found_path(project.cache_folder, clip))
        self._redone = FoundGlance(redone_path(project.manual_folder, clip))
        self._redone_anywhere = self._redone, FoundGlance(redone_path(project.cache_folder, clip))
        self._regions = manual_file(project.folder, clip)
        self._reader = reader
        self._lock = threading.RLock()
        self.close_when_unused = weakref.finalize(self, self.frames.close)

    @cached_property
    def _steps(self) -> HandSteps:
        """What a hand did; for who holds the lock."""
        from understudy.facesets.by_hand.steps import HandSteps

        return HandSteps(self.project.manual_folder, self.clip)

    @property
    def count(self) -> int:
        """How many frames the clip has."""
        return self.frames.info.frame_count

    def close(self) -> None:
        """Let go of the clip at once. Whoever may share it with others lets go of the desk instead: the last
        one who has it in hand closes it."""
        self.close_when_unused()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # --- what is known

    def states(self) -> FrameStates:
        """What is said of every frame, as files stand now."""
        from understudy.faces.manual import read_regions

        with self._lock:
            self._refresh()
            flags = np.zeros(self.count, np.uint16)
            error = np.full(self.count, 255, np.uint8)
            for log, more in ((self._found, SEARCHED), (self._redone, SEARCHED | REDONE)):
                for index, glimpse in log.frames.items():
                    if index < self.count:
                        flags[index] = more | self._bits(glimpse.scores)
                        error[index] = _per_mille(glimpse.error_share)
            for index in self._written():
                if index < self.count:
                    flags[index] |= WRITTEN
            for index, places in self.stored.all().items():
                if index < self.count and places:
                    low = min(place.score for place in places) < self.options.min_score
                    several = len(places) > 1
                    flags[index] = (int(flags[index]) & ~DOUBTFUL) | STORED | several * SEVERAL | low * DOUBTFUL
                    error[index] = _per_mille(max(place.error_share for place in places))
            for index in read_regions(self._regions):
                if index < self.count:
                    flags[index] |= DRAWN
            for index in self._overlays().deleted():
                if index < self.count:
                    flags[index] |= OVERLAY_DELETED
            return FrameStates(flags, error)

    def faces(self, index: int) -> list[dict[str, Any]]:
        """The faces of a frame: those in the faceset, and what was found beside them, largest first.

        `name` is the face's file, or empty for what is only found; points in frame pixels.
        """
        from understudy.faces.manual import read_regions

        with self._lock:
            self._refresh()
            places = self.stored.of_frame(index)
            records = self._records([place.name for place in places])
            drawn = [region.box for region in read_regions(self._regions).get(index, ())]
            out: list[dict[str, Any]] = []
            for place in places:
                is_drawn = any(place.shares(box) for box in drawn)
                out.append(records[place.name] | {"name": place.name, "drawn": is_drawn})
            known = self._known(index)
            for face in known.faces if known else ():
                if not any(place.shares(face.detection.box_xyxy) for place in places):
                    out.append(_of_find(face))
            return out

    def places(self, index: int) -> list[StoredPlace]:
        """The faces of a frame that lie in the faceset, as files stand now."""
        with self._lock:
            self._refresh()
            return list(self.stored.of_frame(index))

    def why_without_face(self, index: int) -> str:
        """Why a frame has no face in the faceset; empty for one that has."""
        with self._lock:
            self._refresh()
            glimpse = self._redone.frames.get(index) or self._found.frames.get(index)
            flags = SEARCHED | self._bits(glimpse.scores) if glimpse else 0
            flags |= STORED if self.stored.of_frame(index) else 0
            flags |= WRITTEN if index in self._written() else 0
        for bit, words in _WORDS.items():
            if flags & bit:
                return words
        return "nobody has looked at this frame yet"

    def read(self, index: int, box: DrawnBox, *, accurate: bool = False) -> HandReading:
        """The landmarks of the face in a box. Raises FacesUnknown for one without a size."""
        if not box.side_px > 0:
            raise FacesUnknown(f"The side of a box must be more than 0 pixels; {box.side_px:g} is none.")
        return self.reader.read(self.frames.frame(index), box, accurate=accurate)

    def use(self, reader: HandReader) -> None:
        """Read with this network, which others use too."""
        self._reader = reader

    @property
    def reader(self) -> HandReader:
        """The network, loaded when it is first asked for."""
        if self._reader is None:
            from understudy.faces.dense.by_hand import HandReader

            self._reader = HandReader()
        return self._reader

    # --- changes

    def draw(
        self,
        index: int,
        drawn: Array | HandReading,
        *,
        replaces: Sequence[str] = (),
        command: str = "",
        verb: str = "draw",
    ) -> HandStep:
        """Store a face with these landmarks (68, 2), or with those read and what the reader says of them.

        Raises FacesUnknown for faces to replace that are gone.
        """
        return self.draw_all({index: drawn}, replaces=replaces, command=command, verb=verb)

    def draw_all(
        self,
        drawn: Mapping[int, Array | HandReading],
        *,
        replaces: Sequence[str] = (),
        command: str = "",
        verb: str = "draw",
        origin: str = "",
    ) -> HandStep:
        """`draw` in several frames as one step; `origin` is the face that they are carried from."""
        from understudy.faces.dense.by_hand import HandReading, box_about
        from understudy.facesets.by_hand.drawing import HandFace

        faces = []
        for index, one in drawn.items():
            is_read = isinstance(one, HandReading)
            points = one.landmarks_68 if is_read else one
            said = {"spread_68": one.spread_68, "score": one.score} if is_read else {}
            _require_points(points, index, self.frames.info)
            exact = np.round(points, 2)  # as the log of finds keeps them
            box = np.round(box_about(exact).xyxy(), 2)
            load = partial(self.frames.frame, index)
            faces.append(HandFace(index, load, exact, box, tuple(replaces), **said))
        with self._changing() as hand:
            return hand.put(faces, command=command or uuid4().hex, verb=verb, origin=origin)

    def remove(self, names: Sequence[str]) -> HandStep:
        """Put faces away. Raises FacesUnknown."""
        with self._changing() as hand:
            return hand.remove(names, command=uuid4().hex)

    def undo(self, step: int | None = None) -> list[HandStep]:
        """Take back what was done last; with the number of a step, that one and no other.

        Raises NothingToUndo, StepOutdated.
        """
        with self._changing() as hand:
            return hand.undo(step)

    def redo(self, step: int | None = None) -> list[HandStep]:
        """Do again what was taken back last. Raises as `undo` does."""
        with self._changing() as hand:
            return hand.redo(step)

    def steps_to_undo(self) -> list[HandStep]:
        """The steps that would be taken back now, the last one first."""
        with self._lock:
            return self._steps.look().to_undo()

    def can(self) -> dict[str, Any]:
        """In words what would be taken back and done again next, empty for nothing; and the step's number."""
        with self._lock:
            steps = self._steps.look()
            undo, redo = steps.to_undo(), steps.to_redo()
        return {
            "undo": _words(undo),
            "redo": _words(redo),
            "undo_step": undo[0].number if undo else None,
            "redo_step": redo[0].number if redo else None,
        }

    @contextlib.contextmanager
    def _changing(self) -> Iterator[Hand]:
        from understudy.facesets.by_hand.drawing import Hand
        from understudy.facesets.curation.history import History

        name = f"{self.performer}/{self.short}"
        with (
            self._lock,
            exclusive(self.project.clip_lock(self.clip), wait_s=2.0),
            exclusive(self.project.faceset_lock(name), wait_s=5.0),
        ):
            if self.stored.folder.is_dir():
                History(self.stored.folder, self.project.trash.folder)  # finishes what a dead process began
            self._refresh()
            yield Hand(
                clip_name=self.clip,
                content=self.content,
                options=self.options,
                trash=self.project.trash.folder,
                project=self.project.folder,
                cache=self.project.cache_folder,
                stored=self.stored,
                known=self._known,
                person=self.project.manifest.clips[self.clip].face or 1,
                overlays=self._overlays(),
                log=self._steps,
                redone=self._redone_anywhere,
            )

    # --- looking

    def _refresh(self) -> None:
        if self.stored.refresh():
            with contextlib.suppress(FolderUnwritable):  # whoever is at it right now finishes it
                if finish_change(self.project, f"{self.performer}/{self.short}"):
                    self.stored.refresh()
        self._found.refresh()
        self._redone.refresh()

    def _known(self, index: int) -> FoundFrame | None:
        return self._redone.frame(index) or self._found.frame(index)

    def _bits(self, scores: Sequence[float]) -> int:
        sure = sum(score >= self.options.min_score for score in scores)
        return bool(scores) * FOUND | (sure > 1) * SEVERAL | (bool(scores) and not sure) * DOUBTFUL

    def _written(self) -> set[int]:
        from understudy.facesets.extraction.journal import Journal

        return Journal.look(self.stored.folder).frames_of_clip(self.clip)

    def _overlays(self) -> DrawnLog:
        from understudy.facesets.extraction.overlays import DrawnLog
        from understudy.facesets.names import safe_name

        path = self.project.cache_folder / f"{safe_name(self.clip)}.overlays.jsonl"
        return DrawnLog(path, self.project.overlays_folder / self.clip, content=self.content)

    def _records(self, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        from understudy.facesets.xmp import extract_record

        out: dict[str, dict[str, Any]] = {}
        for name in names:
            record = extract_record((self.stored.folder / name).read_bytes())
            if record is None:
                raise FacesUnknown(
                    f"{name} holds no face data any more, perhaps since another program wrote it anew. Put it "
                    "back from a copy, or delete it and run `understudy extract`."
                )
            out[name] = {
                "square": _square(record.landmarks()),
                "box": list(record.box_xyxy),
                "landmarks": [list(point) for point in record.landmarks_68],
                "spread": record.spread_68,
                "score": record.score,
                "track": record.track,
                "person": record.person,
                "filled": record.filled,
            }
        return out


def _of_find(face: Any) -> dict[str, Any]:
    return {
        "name": "",
        "drawn": False,
        "square": _square(face.landmarks_68),
        "box": face.detection.box_xyxy.tolist(),
        "landmarks": face.landmarks_68.tolist(),
        "spread": [] if face.spread_68 is None else face.spread_68.tolist(),
        "score": face.detection.score,
        "track": 0,
        "person": 0,
        "filled": False,
    }


def _square(landmarks_68: Array) -> dict[str, float]:
    """The box a hand would have drawn for these landmarks."""
    from understudy.faces.dense.by_hand import box_about

    box = box_about(landmarks_68)
    return {"x": box.x, "y": box.y, "side": box.side_px, "angle": box.angle_deg}


def _require_points(points: Array, index: int, info: ClipInfo) -> None:
    if points.shape != (68, 2) or not np.isfinite(points).all() or np.abs(points).max() > 1e6:
        raise FacesUnknown(f"A face drawn in frame {index} must have 68 points in or near the frame.")
    if float(np.ptp(points, axis=0).min()) < _LEAST_PX:
        raise FacesUnknown(f"The points drawn in frame {index} lie on one spot, so they are no face.")
    if (points.max(0) <= 0).any() or (points.min(0) >= [info.width, info.height]).any():
        raise FacesUnknown(
            f"A face drawn in frame {index} lies outside of its {info.width} x {info.height} pixels, so there "
            "is nothing to see of it. Draw it where the frame shows it."
        )


def _per_mille(share: float) -> int:
    return 255 if math.isnan(share) else min(254, round(1000 * share))


def _words(steps: Sequence[HandStep]) -> str:
    if len(steps) < 2:
        return steps[0].words if steps else ""
    return f"{steps[-1].words} … {steps[0].words}"
