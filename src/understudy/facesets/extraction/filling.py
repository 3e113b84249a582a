"""Fill the gaps of tracks: frames in which nobody found the face, though it was there before and after.

Each gap is decoded and followed once (`faces.flow`) and noted in a log beside the finds, so that it resumes and
costs nothing the next time. Nothing is filled across a cut.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt

from understudy.events import Event, Progress, StageStarted
from understudy.faces.detect import Detection
from understudy.faces.flow import Carried, Window, carried
from understudy.facesets.extraction.found import FoundFace, FoundFrame
from understudy.facesets.extraction.tracks import Sighting, Track
from understudy.facesets.names import safe_name
from understudy.files import said_plainly
from understudy.media.clip import Clip
from understudy.media.cuts import shot_starts

Array = npt.NDArray[np.float64]
_LAYOUT = 1


@dataclass(frozen=True, eq=False)
class Gap:
    """Looked-at frames without the face, between two sights of one track."""

    before: Sighting
    after: Sighting
    missing: list[FoundFrame]

    @property
    def key(self) -> str:
        """The same for the same two sights, whatever number their track has."""
        ends = [
            f"{sight.frame.index}:{','.join(f'{x:.0f}' for x in sight.face.detection.box_xyxy)}"
            for sight in (self.before, self.after)
        ]
        return "|".join(ends)


def gaps_of(tracks: Sequence[Track], frames: Sequence[FoundFrame], *, longest: int) -> list[Gap]:
    """All gaps of 1 to `longest` looked-at frames, in order of the clip, that no cut goes through."""
    places = {frame.index: place for place, frame in enumerate(frames)}
    starts = shot_starts([frame.scene for frame in frames])
    gaps = []
    for track in tracks:
        for before, after in pairwise(track.sightings):
            first, last = places[before.frame.index], places[after.frame.index]
            if 1 < last - first <= longest + 1 and starts.isdisjoint(range(first + 1, last + 1)):
                gaps.append(Gap(before, after, list(frames[first + 1 : last])))
    return sorted(gaps, key=lambda gap: (gap.before.frame.index, gap.after.frame.index))


def filled_path(cache: Path, clip_name: str) -> Path:
    """Where the filled gaps of a clip are kept."""
    return cache / f"{safe_name(clip_name)}.filled.jsonl"


class FilledLog:
    """The gaps that were followed: by their key the landmarks of their frames, or none where it failed."""

    def __init__(self, path: Path, binding: Mapping[str, Any]) -> None:
        self._path = path
        self._binding = {"filled": _LAYOUT, **binding}
        self.gaps: dict[str, dict[int, Array]] = {}
        self._file: BinaryIO | None = None

    @classmethod
    def look(cls, path: Path) -> dict[str, dict[int, Array]]:
        """What is noted, whatever it was made with."""
        log = cls(path, {})
        if path.exists():
            log._read(any_binding=True)
        return log.gaps

    def __enter__(self) -> Self:
        with said_plainly(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            good_bytes = self._read() if self._path.exists() else 0
            self._file = self._path.open("r+b" if self._path.exists() else "w+b")
            self._file.seek(good_bytes)
            self._file.truncate()
            if not good_bytes:
                self._write(self._binding)
        return self

    def __exit__(self, *exc: object) -> None:
        if self._file is not None:
            self._file.close()

    def note(self, gap: Gap, result: Carried) -> None:
        """Keep what came of a gap."""
        found = zip(gap.missing, () if result.landmarks is None else result.landmarks, strict=False)
        frames = {frame.index: np.round(points, 2) for frame, points in found}
        lists = {str(index): points.ravel().tolist() for index, points in frames.items()}
        self._write({"gap": gap.key, "why_not": result.why_not, "frames": lists})
        self.gaps[gap.key] = frames

    def _write(self, value: Mapping[str, Any]) -> None:
        if self._file is None:
            raise ValueError("the log is not open")
        with said_plainly(self._path):
            self._file.write((json.dumps(value, separators=(",", ":")) + "\n").encode())
            self._file.flush()

    def _read(self, *, any_binding: bool = False) -> int:
        """Take in the good lines; returns how many bytes they are, 0 when the file is of something else."""
        good_bytes = 0
        with self._path.open("rb") as file:
            for number, line in enumerate(file):
                try:
                    if not line.endswith(b"\n"):
                        break
                    value = json.loads(line)
                    if number == 0:
                        if value != self._binding and not any_binding:
                            return 0
                    else:
                        frames = value["frames"].items()
                        self.gaps[value["gap"]] = {int(i): np.array(p, float).reshape(68, 2) for i, p in frames}
                except (ValueError, KeyError, TypeError, AttributeError):
                    break
                good_bytes += len(line)
        return good_bytes


def fill(clip: Clip, gaps: Sequence[Gap], log: FilledLog) -> Iterator[Event]:
    """Follow the gaps that the log lacks; each is kept as soon as it is done."""
    left = [gap for gap in gaps if gap.key not in log.gaps]
    if not left:
        return
    total = sum(len(gap.missing) for gap in gaps)
    done = before = total - sum(len(gap.missing) for gap in left)
    why = f"goes on at frame {done} of {total}" if done else ""
    yield StageStarted(stage="fill", unit="frames", total=total, done=done, why=why)
    started = time.monotonic()
    for gap in left:
        log.note(gap, _followed(clip, gap))
        done += len(gap.missing)
        rate = (done - before) / max(time.monotonic() - started, 1e-6)
        yield Progress(stage="fill", done=done, total=total, rate=rate, seconds_left=(total - done) / rate)


def _followed(clip: Clip, gap: Gap) -> Carried:
    before, after = gap.before, gap.after
    window = Window(before.face.landmarks_68, after.face.landmarks_68, (clip.info.width, clip.info.height))
    first, last = before.frame.index, after.frame.index
    pictures = [window.cut(frame.rgb_8bit) for frame in clip.frames(first, last + 1)]
    if len(pictures) != last - first + 1:
        return Carried(None, "its frames do not decode")
    result = carried(pictures, before.face.landmarks_68, after.face.landmarks_68, window=window)
    if result.landmarks is None:
        return result
    return Carried(result.landmarks[[frame.index - first - 1 for frame in gap.missing]])


def with_filled(
    tracks: Sequence[Track], gaps: Sequence[Gap], known: Mapping[str, Mapping[int, Array]]
) -> list[Track]:
    """The tracks with the faces that were filled in, each marked so."""
    added: dict[int, list[Sighting]] = {}
    for gap in gaps:
        landmarks = known.get(gap.key, {})
        for frame in gap.missing:
            if frame.index in landmarks:
                face = _filled_face(gap, frame, landmarks[frame.index])
                added.setdefault(id(gap.before), []).append(Sighting(frame, face))
    out = []
    for track in tracks:
        fresh = [sight for own in track.sightings for sight in added.get(id(own), ())]
        sightings = sorted([*track.sightings, *fresh], key=lambda s: s.frame.index)
        out.append(replace(track, sightings=sightings))
    return out


def _filled_face(gap: Gap, frame: FoundFrame, landmarks: Array) -> FoundFace:
    first, last = gap.before.frame.index, gap.after.frame.index
    share = (frame.index - first) / (last - first)
    margins = [_margin(sight.face) for sight in (gap.before, gap.after)]
    box = _bounds(landmarks) + (1 - share) * margins[0] + share * margins[1]
    return FoundFace(
        Detection(box, 0.0, None), landmarks, gap.before.face.signature, sharpness=0.0, filled=True
    )


def _margin(face: FoundFace) -> Array:
    """How far the detector's box is beyond the landmarks."""
    return face.detection.box_xyxy - _bounds(face.landmarks_68)


def _bounds(landmarks: Array) -> Array:
    return np.concatenate([landmarks.min(0), landmarks.max(0)])
