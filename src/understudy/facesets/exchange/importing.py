"""Take faces of other programs into a faceset: an event for every face, what can't be read told and counted.

A journal in the faceset's folder remembers what was taken, so that the same command goes on after a stop and a
face that a person deleted since does not come back. A damaged face never stops the others.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath

import numpy as np

from understudy.errors import ExchangeUnreadable, UnderstudyError
from understudy.events import Events, Made, Notice, Progress, StageFinished, StageStarted
from understudy.facesets.exchange.adopting import Adopted, Cut, cut, kept
from understudy.facesets.exchange.foreign import ForeignFace, Unread
from understudy.facesets.exchange.import_journal import ImportJournal
from understudy.facesets.exchange.options import ImportOptions
from understudy.facesets.exchange.places import Place, Places, number_in_names, place_without_clip
from understudy.facesets.exchange.sources import Source
from understudy.facesets.names import face_name, face_stem, safe_name
from understudy.facesets.record import FaceRecord
from understudy.facesets.store import Faceset, content_digest
from understudy.media.clip import Clip

STAGE = "import"
_MOST_NAMES = 5  # of faces with one trouble
Waiting = dict[int, list[tuple[ForeignFace, Place, str]]]  # faces to be cut, by frame


@dataclass
class _Tally:
    """What became of the faces so far."""

    read: int = 0
    stored: int = 0
    before: int = 0
    coarser: int = 0
    guessed: int = 0
    framed_by_crop: int = 0
    from_0: bool = False
    unread: dict[str, list[str]] = field(default_factory=dict)  # names of faces by what is wrong with them


def import_faces(
    sources: Sequence[Source],
    *,
    faceset: Faceset,
    options: ImportOptions,
    clip: Clip | None = None,
    clip_name: str = "",
    forgotten: Collection[str] = (),
) -> Events:
    """Store the faces of `sources` in `faceset`; `clip` are their frames, where there are any.

    `forgotten` are names of files whose import was taken back, so that they may come again.

    Raises DiskFull and FolderUnwritable, and ExchangeUnreadable when not one face could be read.
    """
    total = sum(source.count for source in sources)
    yield StageStarted(stage=STAGE, unit="faces", total=total)
    started, tally = time.monotonic(), _Tally()
    with ImportJournal(faceset.folder, forgotten=forgotten, again=options.again) as journal:
        run = _Run(faceset, options, Places(clip) if clip else None, clip_name, journal, tally)
        for _ in run.all(sources):
            rate = tally.read / max(time.monotonic() - started, 1e-6)
            left = max(0, total - tally.read) / max(rate, 1e-6)
            yield Progress(stage=STAGE, done=min(tally.read, total), total=total, rate=rate, seconds_left=left)
    unread = sum(map(len, tally.unread.values()))
    if unread and not tally.stored and not tally.before:
        why = max(tally.unread, key=lambda why: len(tally.unread[why]))
        del tally.unread[why]
        yield from _told(tally)
        raise ExchangeUnreadable(f"Not one of {unread} faces could be read. {why}")
    yield from _told(tally)
    if tally.stored:
        yield Made("faces", faceset.folder)
    summary = {"faces": tally.stored, "imported before": tally.before, "unreadable": unread}
    yield StageFinished(stage=STAGE, summary=summary, skipped=not tally.stored)


def _first_number(sources: Sequence[Source], *, with_clip: bool) -> int:
    """0 where a frame that only its name places is called so, else 1.

    Faces are read once more for it: counting from 1 in one half and from 0 in the other would mix two frames.
    """
    for source in sources:
        for face in source.faces(0):
            if isinstance(face, Unread) or (with_clip and face.source_name):
                continue
            if number_in_names(face.source_name, face.name) == 0:
                return 0
    return 1


def _told(tally: _Tally) -> Iterator[Notice]:
    if tally.from_0 and tally.stored:
        yield Notice("A frame has the number 0, so all frames of this import were counted from 0.")
    if tally.coarser:
        yield Notice(f"{tally.coarser} masks were made coarser to fit into their face's file.")
    if tally.guessed:
        yield Notice(
            f"{tally.guessed} pictures don't say where their crop lies in the frame; it was estimated from the "
            "landmarks, to a few hundredths of its side. With --frames they are cut anew, exactly.",
            level="warning",
        )
    if tally.framed_by_crop:
        yield Notice(
            f"{tally.framed_by_crop} faces know nothing of their frame, so they can be learnt from but not "
            "merged.",
            level="warning",
        )
    for why, names in sorted(tally.unread.items(), key=lambda item: -len(item[1])):
        if len(names) == 1:
            yield Notice(f"{names[0]}: {why}", level="warning")
            continue
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        which = ", ".join(names[:_MOST_NAMES]) + more
        yield Notice(f"{len(names)} faces could not be taken over: {why} ({which})", level="warning")


@dataclass
class _Run:
    """One import. Faces with pictures are stored as they are read; those to be cut wait for their frames."""

    faceset: Faceset
    options: ImportOptions
    places: Places | None
    clip_name: str
    journal: ImportJournal
    tally: _Tally
    digests: set[bytes] = field(default_factory=set)
    first_number: int | None = None  # of frames that only their names place; not known before it is needed
    sources: Sequence[Source] = ()

    def all(self, sources: Sequence[Source]) -> Iterator[None]:
        """Go through all faces, once round for each."""
        self.digests = set(self.faceset.digests().values())
        self.sources = sources
        waiting: Waiting = {}
        for source in sources:
            for face in source.faces(0):
                if isinstance(face, Unread):
                    self._note(face.name, face.why)
                    yield None
                    continue
                try:
                    self._take(*self._at_its_place(face, source.title), waiting)
                except UnderstudyError as error:
                    if not isinstance(error, ExchangeUnreadable):
                        raise
                    self._note(face.name, error.message)
                yield None
        yield from self._cut(waiting)

    def _at_its_place(self, face: ForeignFace, title: str) -> tuple[ForeignFace, Place, str]:
        """The face, its frame and its clip's name; by its own name where that is one of ours and the frame that
        the file names is the same. Raises ExchangeUnreadable where the clip has no such frame."""
        place, clip = self._place(face), safe_name(self.clip_name or title)
        ours = face_name(PurePath(face.name).stem)
        if ours is None or (face.source_name and place.frame != ours.frame):
            return face, place, clip
        place = replace(place, frame=ours.frame)
        return replace(face, number=ours.person - 1), place, safe_name(self.clip_name or ours.clip)

    def _take(self, face: ForeignFace, place: Place, clip: str, waiting: Waiting) -> None:
        key = _key(face, clip)
        if key in self.journal.keys:
            self.tally.before += 1
            self.tally.read += 1
            return
        if self._must_be_cut(face):
            bare = ForeignFace(**{**vars(face), "image": None})  # pictures that wait would fill the memory
            waiting.setdefault(place.frame, []).append((bare, place, clip))
            return
        self.tally.guessed += not face.exactly_placed
        self.tally.framed_by_crop += not face.frame_known
        self._store(kept(face, place, clip=clip), key)
        self.tally.read += 1

    def _place(self, face: ForeignFace) -> Place:
        if self.places is None or not face.source_name:
            if self.first_number is None:
                self.first_number = _first_number(self.sources, with_clip=self.places is not None)
                self.tally.from_0 = self.first_number == 0
            return place_without_clip(
                face.source_name, face.name, face.frame_size, first_number=self.first_number
            )
        place = self.places.of(face.source_name)
        return place if face.frame_known else replace(place, frame_size=face.frame_size)

    def _must_be_cut(self, face: ForeignFace) -> bool:
        """Whether the face waits for its frame. Raises ExchangeUnreadable where it needs one in vain."""
        needs = self.options.recut or face.crop_from_frame is None
        if needs and self.places is None:
            raise ExchangeUnreadable("It must be cut from its frame: name the clip with --frames.")
        if needs and not (face.frame_known and face.source_name):
            raise ExchangeUnreadable("It doesn't say where in which frame it lies, so it can't be cut.")
        return needs or (not face.exactly_placed and self.places is not None and face.source_name != "")

    def _cut(self, waiting: Waiting) -> Iterator[None]:
        if self.places is None:
            return
        for frame in self.places.frames(list(waiting)):
            rgb = frame.rgb_8bit
            for face, place, clip in waiting.pop(frame.index):
                exact = Place(frame.index, frame.time_s, place.frame_size)
                try:
                    self._store(cut(face, exact, rgb, clip=clip, how=self._how()), _key(face, clip))
                    self.tally.read += 1
                except ExchangeUnreadable as error:
                    self._note(face.name, error.message)
                yield None
        for faces in waiting.values():  # frames that a damaged clip did not give
            for face, _, _ in faces:
                self._note(face.name, "Its frame can't be decoded.")
                yield None

    def _how(self) -> Cut:
        return Cut(self.options.face_type, self.options.size_px, self.options.image_format)

    def _store(self, adopted: Adopted, key: str) -> None:
        self.tally.coarser += adopted.coarser
        digest = content_digest(adopted.data)
        if digest in self.digests:  # stored just before a kill, and not yet in the journal
            self.tally.before += 1
            self.journal.note(key, "")
            return
        stored = self.faceset.add_encoded(
            adopted.data, adopted.record, adopted.ending, replace_same=False, wish=_wish(adopted.record)
        )
        self.digests.add(digest)
        self.tally.stored += 1
        self.journal.note(key, stored.name)

    def _note(self, name: str, why: str) -> None:
        """Count a face that can't be taken over. A thousand may have the same trouble, so it is told once, at
        the end."""
        self.tally.read += 1
        shown = "".join(c if c.isprintable() else "?" for c in name[:100])
        self.tally.unread.setdefault(why, []).append(shown)


def _wish(record: FaceRecord) -> str:
    """The name that a face of ours had, with the number of a second face of its place and person."""
    stem = PurePath(record.original_name).stem
    usual = face_stem(record.clip, record.frame, record.person)
    return stem if face_name(stem) == face_name(usual) else ""


def _key(face: ForeignFace, clip: str) -> str:
    """What makes a face the same one at the next import: its name, place and picture or landmarks."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(json.dumps([clip, face.person_name, face.name, face.source_name, face.number]).encode())
    digest.update(np.round(face.landmarks_68, 2).tobytes())
    return digest.hexdigest()
