"""Put faces that a hand drew into a faceset at once, as an extraction with the detector `manual` makes them.

A drawn face is kept three times: as a region (`PROJECT/manual`), among the finds that count more than any
search, and as a face in the faceset, whose older one goes to the trash. The order is the same for all that a
hand does: the step is written down, the faceset's history takes over its files, and the history lets the rest
follow (`settling.py`), after a kill at the next opening. So all of a step is there or nothing, and whoever
takes the history's change back takes back the whole step. Whoever makes a `Hand` holds the locks of the clip
and of the faceset.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import numpy.typing as npt

from understudy.counts import counted
from understudy.errors import FacesUnknown, NothingToUndo
from understudy.faces.detect import Detection
from understudy.faces.five_point import five_of
from understudy.faces.manual import Region, manual_file, read_regions
from understudy.facesets.by_hand.glance import FoundGlance
from understudy.facesets.by_hand.settling import hidden_name
from understudy.facesets.by_hand.steps import HandStep, HandSteps, Side
from understudy.facesets.by_hand.stored import StoredFaces, StoredPlace
from understudy.facesets.curation.entries import HandMark
from understudy.facesets.curation.history import Change, History, require_step
from understudy.facesets.curation.naming import names_taken
from understudy.facesets.extraction.cropping import Plan, cut_one
from understudy.facesets.extraction.finder import faces_seen
from understudy.facesets.extraction.found import FoundFrame, found_content, frame_of_line, line_of_frame
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.extraction.overlays import DrawnLog, Mark, overlay, overlay_name
from understudy.facesets.extraction.redone import redone_path
from understudy.facesets.extraction.summary import as_ranges
from understudy.facesets.extraction.tracks import Sighting, Track
from understudy.facesets.names import FreeNames, face_stem
from understudy.facesets.record import FaceRecord
from understudy.files import write_bytes
from understudy.media.clip import Frame
from understudy.media.cuts import NOTHING_SEEN
from understudy.media.images import encode_jpeg

Array = npt.NDArray[np.float64]
_OVERLAY_QUALITY = 50


@dataclass(frozen=True, eq=False)
class HandFace:
    """A face that a hand drew in a frame; `load` gives that frame's picture, which nobody keeps."""

    index: int
    load: Callable[[], Frame]
    landmarks_68: Array  # (68, 2), frame pixels
    box_xyxy: Array  # (4,), as a detector's
    replaces: tuple[str, ...] = ()  # faces of the frame that go, beside those at the same place
    spread_68: Array | None = None  # (68,): expected error of each point in pixels, where they were read
    score: float = 1.0  # 0..1: how sure the reader is of it; 1 where nobody read


@dataclass(eq=False)
class Hand:
    """Changes the faces of one clip.

    `known` gives what was found in a frame, `stored` what lies in the faceset, `overlays` which pictures of
    finds were drawn.
    """

    clip_name: str
    content: str  # tells two contents of the clip's name apart
    options: ExtractOptions
    trash: Path
    project: Path
    cache: Path
    stored: StoredFaces
    known: Callable[[int], FoundFrame | None]
    person: int = 1  # whose a face is where nothing else says it
    overlays: DrawnLog | None = None
    # Of the clip, where whoever works with it for long has read them:
    log: HandSteps | None = None
    redone: Sequence[FoundGlance] = ()  # finds done again: beside what is drawn, and where they lay once
    manual: Path = field(init=False)

    def __post_init__(self) -> None:
        self.manual = self.project / "manual"

    @property
    def steps(self) -> HandSteps:
        """What was done so far."""
        if self.log is None:
            self.log = HandSteps(self.manual, self.clip_name)
        return self.log.look()

    def put(
        self, faces: Sequence[HandFace], *, command: str = "", verb: str = "draw", origin: str = ""
    ) -> HandStep:
        """Store drawn faces, at most one a frame; what they replace goes to the trash.

        `origin` is the face that they are carried from. One frame at a time is in memory. Raises DiskFull, and
        nothing has changed then.
        """
        self.stored.refresh()
        indices = sorted(face.index for face in faces)
        goes = {face.index: self._replaced(face) for face in faces}
        regions = read_regions(manual_file(self.project, self.clip_name))
        before = self._side(indices, regions)
        after = Side(_regions_with(regions, faces, goes), {})
        words = f"{verb} {counted(len(faces), 'face')} in frame {as_ranges(indices)}"
        history = self._history()
        with history.change("draw", words, command=command) as change:
            overlays = []
            free = self._put_away(change, [place.name for places in goes.values() for place in places])
            for face in faces:
                found = self._made(change, face, before, goes[face.index], free)
                after.redone[face.index] = line_of_frame(found)
                overlays += self._overlay_drawn(face, found)
            rest = {"overlays": tuple(overlays), "origin": origin}
            step = self._begin(change, words, command, indices, before=before, after=after, **rest)
        return self._done(step)

    def remove(self, names: Sequence[str], *, command: str = "") -> HandStep:
        """Put faces of the clip away; an extraction does not make them again. Raises FacesUnknown."""
        self.stored.refresh()
        known = {place.name: place for places in self.stored.all().values() for place in places}
        if missing := [name for name in names if name not in known]:
            raise FacesUnknown(f"There is no face {missing[0]!r} of clip {self.clip_name!r} in the faceset.")
        leaving = [known[name] for name in names]
        indices = sorted({place.frame for place in leaving})
        before = self._side(indices, read_regions(manual_file(self.project, self.clip_name)))
        regions = {
            index: [
                region
                for region in before.regions.get(index, [])
                if not any(place.frame == index and place.shares(region["box"]) for place in leaving)
            ]
            for index in indices
        }
        words = f"remove {counted(len(leaving), 'face')} of frame {as_ranges(indices)}"
        history = self._history()
        with history.change("reject", words, command=command) as change:
            self._put_away(change, [place.name for place in leaving])
            after = Side(regions, before.redone)
            step = self._begin(change, words, command, indices, before=before, after=after)
        return self._done(step)

    def undo(self, number: int | None = None) -> list[HandStep]:
        """Take back what was done last; returns its steps.

        With the `number` of the last of its steps, those and no others. Raises NothingToUndo, StepOutdated.
        """
        steps = self.steps.to_undo()
        if not steps:
            raise NothingToUndo("Nothing was drawn here that could be taken back.", self.manual)
        require_step(steps[0], number, "taken back", self.manual)
        return self._toggled(steps, undone=True)

    def redo(self, number: int | None = None) -> list[HandStep]:
        """Do again what was taken back last. Raises as `undo` does."""
        steps = self.steps.to_redo()
        if not steps:
            raise NothingToUndo("Nothing was taken back that could be done again.", self.manual)
        require_step(steps[0], number, "done again", self.manual)
        return self._toggled(steps, undone=False)

    # --- what is replaced and made

    def _replaced(self, face: HandFace) -> list[StoredPlace]:
        there = self.stored.of_frame(face.index)
        if missing := set(face.replaces) - {place.name for place in there}:
            raise FacesUnknown(f"There is no face {min(missing)!r} in frame {face.index}.")
        return [place for place in there if place.name in face.replaces or place.shares(face.box_xyxy)]

    def _made(
        self, change: Change, face: HandFace, before: Side, goes: Sequence[StoredPlace], free: FreeNames
    ) -> FoundFrame:
        """Make a face's file ready and return the frame's finds with it. Its picture is not kept."""
        frame = face.load()
        found = self._finds_with(face, frame, before, goes)
        record, data = self._cut(face, frame, found, goes)
        stem = face_stem(record.clip, record.frame, record.person)
        change.add(free.take(f"{stem}.{self.options.image_format}"), data)
        return found

    def _cut(
        self, face: HandFace, frame: Frame, found: FoundFrame, goes: Sequence[StoredPlace]
    ) -> tuple[FaceRecord, bytes]:
        person, track = (
            (goes[0].person, goes[0].track)
            if goes
            else self.stored.identity_near(face.index, face.box_xyxy, person=self.person)
        )
        # A person said that it is a face, so the finds are sure of it and every extraction takes it; its record
        # says how sure the reader was.
        seen = found.faces[0]
        seen = replace(seen, detection=replace(seen.detection, score=face.score))
        sighting = Sighting(found, seen)
        plan = Plan(sighting, Track(track, person, [sighting]), face.landmarks_68)
        return cut_one(plan, frame, self.options, self.clip_name)

    def _finds_with(
        self, face: HandFace, frame: Frame, before: Side, goes: Sequence[StoredPlace]
    ) -> FoundFrame:
        """The frame's finds with the drawn face first, without those in its place."""
        index = face.index
        said = before.redone.get(index)
        known = frame_of_line(said) if said is not None else self.known(index)
        box = np.asarray(face.box_xyxy, float)
        drawn = StoredPlace("", index, 0, 0, 1.0, 0.0, tuple(box.tolist()))
        others = [
            other
            for other in (known.faces if known else ())
            if not drawn.shares(other.detection.box_xyxy)
            and not any(place.shares(other.detection.box_xyxy) for place in goes)
        ]
        detection = Detection(box, 1.0, five_of(face.landmarks_68), face.landmarks_68)
        spreads = None if face.spread_68 is None else [face.spread_68]
        new = faces_seen(frame, [detection], face.landmarks_68[None], spreads)
        if not new:
            raise FacesUnknown(f"The points drawn in frame {index} lie on one spot, so they are no face.")
        scene = known.scene if known else NOTHING_SEEN
        return FoundFrame(index, frame.time_s, [*new, *others], scene)

    # --- effects

    def _side(self, indices: Sequence[int], regions: Mapping[int, Sequence[Region]]) -> Side:
        logs = self._redone_logs()
        redone = {
            index: next((found for log in logs if (found := log.frame(index))), None) for index in indices
        }
        return Side(
            {index: [region.model_dump(mode="json") for region in regions.get(index, ())] for index in indices},
            {index: line_of_frame(found) if found else None for index, found in redone.items()},
        )

    def _redone_logs(self) -> list[FoundGlance]:
        """The logs of what `redone.look_redone` gives, what counts more first; read as far as they grew."""
        if not self.redone:
            self.redone = [FoundGlance(redone_path(at, self.clip_name)) for at in (self.manual, self.cache)]
        logs = [log for log in self.redone if found_content(log.path) == self.content]
        for log in logs:
            log.refresh()
        return logs

    def _history(self) -> History:
        folder = self.stored.folder
        folder.mkdir(parents=True, exist_ok=True)
        return History(folder, self.trash, hand=self.log)

    def _put_away(self, change: Change, leaving: Sequence[str]) -> FreeNames:
        """Let faces leave with a change; returns the names that are free then."""
        for name in leaving:
            change.remove(name)
        going = {name.casefold() for name in leaving}
        return FreeNames(name for name in names_taken(self.stored.folder) if name not in going)

    def _begin(
        self,
        change: Change,
        words: str,
        command: str,
        indices: Sequence[int],
        *,
        before: Side,
        after: Side,
        **rest: Any,
    ) -> HandStep:
        """Write a step down, last of all, and say in the history's change that it is that step."""
        step = HandStep(
            number=0,
            command=command or uuid4().hex,
            words=words,
            when=datetime.now(UTC).isoformat(timespec="seconds"),
            frames=tuple(sorted(indices)),
            before=before,
            after=after,
            there=(),
            away=(),
            **rest,
        )
        step = self.steps.begin(step)
        change.hand = HandMark(self.clip_name, (step.number,), step.command, self.content)
        return step

    def _done(self, step: HandStep) -> HandStep:
        """A step as it stands now."""
        self.stored.refresh()
        return next(one for one in self.steps.all() if one.number == step.number)

    def _toggled(self, steps: Sequence[HandStep], *, undone: bool) -> list[HandStep]:
        """Take steps back or do them again, at once where no two are about the same frame."""
        frames = [frame for step in steps for frame in step.frames]
        parts = [steps] if len(frames) == len(set(frames)) else [[step] for step in steps]
        command = uuid4().hex
        self.stored.refresh()  # once: what a part brings, the next ones hear of it
        ours = {place.name for frame in frames for place in self.stored.of_frame(frame)}
        history = self._history()
        for part in parts:
            ours |= self._swap(part, history, ours, command, undone=undone)
        self.stored.refresh()
        return list(steps)

    def _swap(
        self, steps: Sequence[HandStep], history: History, ours: AbstractSet[str], command: str, *, undone: bool
    ) -> set[str]:
        """What came with steps goes where it is one of `ours`, what went comes back, as one more change of the
        faceset; returns the names of what came back."""
        there = [name for step in steps for name in _names_now(history, step)]
        words = "; ".join(step.words for step in steps[:: -1 if undone else 1])
        verb = "take back" if undone else "do again"
        with history.change("draw", f"{verb}: {words}", command=command) as change:
            free = self._put_away(change, [name for name in there if name in ours and self._has(name)])
            for name, place in (pair for step in steps for pair in step.away):
                if (self.trash / place).is_file():
                    change.bring(free.take(name), place)
            numbers = tuple(step.number for step in steps)
            change.hand = HandMark(self.clip_name, numbers, steps[0].command, self.content, undone)
        return {name for name, _ in change.coming}

    def _has(self, name: str) -> bool:
        return (self.stored.folder / name).is_file()

    # --- overlays

    def _overlay_drawn(self, face: HandFace, found: FoundFrame) -> list[int]:
        """Draw a frame's overlay that a person deleted, as done again; it is shown when the step is done."""
        log, index = self.overlays, face.index
        if log is None or index not in log.drawn or (log.folder / overlay_name(index)).exists():
            return []
        marks = [Mark(found.faces[0], face.landmarks_68, "chosen", "by hand")]
        picture = overlay(face.load().rgb_8bit, marks, face_type=self.options.face_type)
        write_bytes(log.folder / hidden_name(index), encode_jpeg(picture, quality=_OVERLAY_QUALITY))
        return [index]


def _regions_with(
    regions: Mapping[int, Sequence[Region]],
    faces: Sequence[HandFace],
    goes: Mapping[int, Sequence[StoredPlace]],
) -> dict[int, list[dict[str, Any]]]:
    """The regions of the faces' frames once these are drawn there."""
    out: dict[int, list[dict[str, Any]]] = {}
    for face in faces:
        index = face.index
        box = tuple(np.round(face.box_xyxy, 2).tolist())
        gone = [StoredPlace("", index, 0, 0, 1.0, 0.0, box), *goes[index]]
        kept = [r for r in regions.get(index, ()) if not any(place.shares(r.box) for place in gone)]
        new = Region(box=box, landmarks=[(x, y) for x, y in np.round(face.landmarks_68, 3).tolist()])
        out[index] = [region.model_dump(mode="json") for region in (*kept, new)]
    return out


def _names_now(history: History, step: HandStep) -> list[str]:
    """What the faces of a step are called by now: they may have been renamed since."""
    names = list(step.there)
    for entry in history.entries():
        mark = entry.hand
        if mark is not None and mark.command == step.command and step.number in mark.steps:
            names = list(step.there)
        elif not entry.undone:
            new = entry.new_names(taken_back=False)
            names = [new.get(name, name) for name in names]
    return names
