"""Facesets kept open by a program that stays, as the studio does: what they hold is looked at again when files
change, and every state has a version.

A look is a snapshot that any thread may read. Sorts that take long go on in a thread and are there when asked
for again. What is done with faces is `curating.py`'s.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from understudy.errors import FacesUnknown, UnderstudyError
from understudy.facesets.curation.choose import Choice, needs_of, ranked_part
from understudy.facesets.curation.groups import Group, grouped
from understudy.facesets.done_by_hand import Done
from understudy.facesets.pictures import count_pictures
from understudy.facesets.sorting.glances import missing_glances, parse_glances
from understudy.facesets.sorting.kept_table import KeptTable
from understudy.facesets.sorting.table import Table
from understudy.facesets.sorting.told import Told, nobody
from understudy.facesets.store import Faceset, Piece, StoredFace
from understudy.facesets.thumbnails import key_of
from understudy.jobs.facesets.curating import finish_change, full_name
from understudy.jobs.facesets.kept_orders import KeptOrders, Underway
from understudy.project.project import Project

_LOOK_EVERY_S = 5.0  # files painted in place don't change their folder's time
_TIMES_THE_LOOK = 20  # a look at many files takes a while, and is taken the more rarely
_BESIDE_FROM_S = 0.2  # looks that take longer are taken beside the requests
_BESIDE_AFTER_S = 1.0
_SAY_EVERY_S = 0.5
_SHOWN_FROM = 2000  # faces that are read, while others are not
_FACESETS_KEPT = 8


Say = Callable[..., Any]


def _to_nobody(_topic: str, **_facts: Any) -> None:
    pass


@dataclass(frozen=True)
class Unmeasured:
    """Faces that a choice speaks of without their being measured, and what became of them.

    A filter over what is not known leaves faces out, or lets them through for another part of it; an order puts
    them `last`.
    """

    left_out: int = 0
    let_through: int = 0
    last: int = 0


@dataclass(frozen=True, eq=False)
class Order:
    """Places in a look's table, first to last, the value each face is sorted by, and the groups they stand in.

    `unmeasured` tells what became of faces that the choice would have to measure first.
    """

    places: npt.NDArray[np.uint32]
    values: list[Any]
    groups: list[Group]
    unmeasured: Unmeasured


@dataclass(frozen=True, eq=False)
class Look:
    """All faces of a faceset at one moment. `version` is another whenever a file or a measure is another,
    `line` whenever another face stands at some place of the table."""

    version: str
    line: str
    table: Table
    digests: list[bytes]

    @cached_property
    def place_of_name(self) -> dict[str, int]:
        """Each face's place in the table by its file name."""
        return {face.name: place for place, face in enumerate(self.table.faces)}

    @cached_property
    def place_of_key(self) -> dict[int, int]:
        """Each face's place in the table by what its thumbnail is kept under."""
        return {key_of(digest): place for place, digest in enumerate(self.digests)}

    @cached_property
    def done(self) -> Done:
        """What was drawn or said on each face."""
        columns = self.table.columns
        painted = columns["painted"].astype(bool)
        return Done(columns["polygons"], painted, columns["drawing_mark"], columns["masks"])

    @cached_property
    def states(self) -> npt.NDArray[np.uint8]:
        """The same in a word, as places in `done_by_hand.STATES`."""
        return self.done.states()

    def face(self, name: str) -> tuple[StoredFace, bytes]:
        """A face and the digest of its file. Raises FacesUnknown."""
        place = self.place_of_name.get(name)
        if place is None:
            raise FacesUnknown(f"There is no face {name!r} in this faceset any more.")
        return self.table.faces[place], self.digests[place]

    @property
    def unmeasured_pixels(self) -> int:
        """How many faces' pixels were never measured."""
        return int(np.isnan(self.table.columns["sharpness"]).sum())

    def unmeasured(self, choice: Choice) -> npt.NDArray[np.bool_]:
        """Which faces a choice would have to measure first."""
        columns = {"pixels": "sharpness", "identity": "stranger"}
        missing = np.zeros(len(self.table.faces), np.bool_)
        for need in needs_of(choice):
            missing |= np.isnan(self.table.columns[columns[need]])
        return missing


@dataclass(frozen=True)
class Reading:
    """How far the first reading of a faceset's files is."""

    done: int
    total: int
    seconds_left: float


class _Progress:
    """Hears of files and records that are read, tells it twice a second, and shows the faces whenever there
    are twice as many as were shown: so all showing together costs no more than the last."""

    def __init__(self, began_s: float, say: Callable[[Reading], None], show: Callable[[], None]) -> None:
        self._began_s, self._say, self._show = began_s, say, show
        self._said_s = began_s
        self._shown = 0

    def files(self, faceset: Faceset, piece: Piece) -> None:
        """Keep what tables need of the records while they are at hand."""
        names = [name for name in piece.records if not piece.rows[name].lost]
        if names:
            rows, records = [piece.rows[name] for name in names], [piece.records[name] for name in names]
            parse_glances(faceset, rows, records)
        self.told(piece.done, piece.total)

    def told(self, done: int, total: int) -> None:
        """So many are read, of so many."""
        now_s = time.monotonic()
        shows = done < total and done >= max(_SHOWN_FROM, 2 * self._shown)
        if shows or now_s - self._said_s >= _SAY_EVERY_S:  # a part is never shown as if it were all
            self._said_s = now_s
            self._say(Reading(done, total, (now_s - self._began_s) * (total - done) / max(1, done)))
        if shows:
            self._shown = done
            self._show()


class KeptFaceset:
    """One faceset that stays open as long as anybody has it in hand: the last one to let go of it closes it.

    So a thread that still looks at a faceset when others took its place never finds it closed. `say` hears of
    what goes on beside the requests: a topic, and its facts.
    """

    def __init__(self, project: Project, name: str, say: Say = _to_nobody) -> None:
        self.name = name
        self._project = project
        self.folder = project.faceset_folder(*name.split("/"))
        self._lock = threading.RLock()
        self._look: Look | None = None
        self._seen: object = None
        self._looked_s, self._took_s = time.monotonic(), 0.0  # the last look at all files
        self._folder_ns = _changed_ns(self.folder)
        self._is_open = False
        self._say = say
        self._beginning = threading.Lock()
        self._orders: KeptOrders[Order] = KeptOrders(partial(_say_sorting, say, name))
        self._faceset = Faceset(self.folder, look=False)
        self._table = KeptTable(self._faceset)
        self._opening: Future[None] | None = None
        self._has_some = threading.Event()  # faces to show, while others are read
        self._beside: threading.Timer | None = None  # that will look beside the requests
        self._beside_took_s = 0.0
        self.reading: Reading | None = None
        self._is_given_up = False
        weakref.finalize(self, _close, self._faceset, self._orders)

    def give_up(self) -> None:
        """End what is under way; a reading goes on at the next start."""
        self._is_given_up = True
        self._orders.stop()
        if self._beside is not None:
            self._beside.cancel()

    # --- opening: files that no index knows are read, which takes a while where they are many

    def _opened(self) -> bool:
        """Begin opening; whether it is done. Waits for the first faces. Raises what opening raises."""
        with self._beginning:
            opening = self._opening
            if opening is None:
                self._has_some = has_some = threading.Event()
                pool = ThreadPoolExecutor(1, thread_name_prefix="opening")
                opening = self._opening = pool.submit(self._open)
                opening.add_done_callback(lambda _: has_some.set())
                pool.shutdown(wait=False)
        self._has_some.wait()
        if not opening.done():
            return False
        if opening.exception() is not None:
            self._opening = None  # the next one tries again
        opening.result()
        return True

    def _open(self) -> None:
        began_s = time.monotonic()
        progress = _Progress(began_s, self._reading_is_at, self._show_some)
        try:
            with self._lock:
                finish_change(self._project, self.name)
                self._faceset.refresh(lambda piece: progress.files(self._faceset, piece))
                self._note_look(self._faceset, began_s)
                for done, total in missing_glances(self._faceset) if self.folder.is_dir() else ():
                    progress.told(done, total)
                self._is_open = True
                self._look_now()
        finally:
            was_reading, self.reading = self.reading, None
        if was_reading is not None:
            self._say("reading", faceset=self.name, done=was_reading.total, total=was_reading.total)
            self._say("faces", faceset=self.name)

    def _wait_until_open(self) -> None:
        if not self._opened() and (opening := self._opening) is not None:
            opening.result()

    def _reading_is_at(self, reading: Reading) -> None:
        if self._is_given_up:
            raise FacesUnknown("This faceset was closed while it was read. Look again.")
        self.reading = reading
        facts = {"done": reading.done, "total": reading.total, "seconds_left": reading.seconds_left}
        self._say("reading", faceset=self.name, **facts)

    def _show_some(self) -> None:
        self._look = _looked(self._table.part())
        self._has_some.set()
        self._say("faces", faceset=self.name)

    @contextlib.contextmanager
    def in_hand(self, only: Sequence[str] = ()) -> Iterator[Faceset]:
        """The open faceset for this thread alone. Whoever looks at or changes `only` a few faces names them:
        they are looked at before and after, and the others need not be."""
        self._wait_until_open()
        with self._lock:
            faceset = self._faceset
            faceset.look_at(only)
            was_known = self._folder_ns == _changed_ns(self.folder)
            try:
                yield faceset
            finally:
                faceset.look_at(only)
                if only and was_known and (now := _changed_ns(self.folder)) != self._folder_ns:
                    self._folder_ns = now
                    self._look_beside()  # others may have been changed meanwhile, by others

    @property
    def pictures(self) -> Faceset:
        """For the pictures of faces of a look alone, which any thread may read, also while others are read."""
        return self._faceset

    @property
    def was_looked_at(self) -> bool:
        """Whether a look costs no more than what has changed."""
        return self._is_open and self._look is not None

    def count(self, project: Project) -> int:
        """How many faces there are now; before the first look, how many pictures."""
        if not self._is_open:
            return count_pictures(self.folder)
        with self._lock:
            self._look_again(project)
            return len(self._faceset)

    def look(self, project: Project) -> Look:
        """What the faceset holds now; the last look where nothing has changed. Of one whose files are still
        `reading`, those faces that are read."""
        if not self._opened() and self._look is not None:
            return self._look
        with self._lock:
            self._look_again(project)
            return self._look_now()

    def _look_now(self) -> Look:
        with _no_garbage_sought():
            seen = self._state()
            if self._look is None or seen != self._seen:
                table = self._table.table()
                before, places = self._look, self._table.changed
                self._look = (
                    _looked(table) if before is None or places is None else _changed(before, table, places)
                )
                self._seen = self._state()  # reading may have made the index
            return self._look

    def _look_again(self, project: Project) -> None:
        when = _changed_ns(self.folder)
        began, rarely_s = time.monotonic(), max(_LOOK_EVERY_S, _TIMES_THE_LOOK * self._took_s)
        if when == self._folder_ns and began - self._looked_s < rarely_s:
            return
        if when == self._folder_ns and self._took_s > _BESIDE_FROM_S:
            self._looked_s = began
            self._look_beside()
            return
        finish_change(project, self.name)
        self._faceset.refresh()
        self._note_look(self._faceset, began)

    def _look_beside(self) -> None:
        """Look at all files in a thread, soon: nobody who works on a few of very many waits for it."""
        if self._beside is None and not self._is_given_up:
            wait_s = max(_BESIDE_AFTER_S, _TIMES_THE_LOOK * self._beside_took_s)
            self._beside = threading.Timer(wait_s, _look_at_others, [weakref.ref(self)])
            self._beside.daemon = True
            self._beside.start()

    def look_at_others(self) -> bool:
        """Look at every file that is another than known, and tell where there are such; for any thread."""
        with self._lock:
            self._beside = None  # what changes from here on asks for another look
        began = time.monotonic()
        others = self._faceset.others()
        self._beside_took_s = time.monotonic() - began
        with self._lock:
            changed = bool(others) and not self._is_given_up and self._faceset.look_at(others)
        if changed:
            self._say("faces", faceset=self.name)
        return changed

    def _note_look(self, faceset: Faceset, began_s: float) -> None:
        self._looked_s, self._took_s = began_s, time.monotonic() - began_s
        self._folder_ns = faceset.scanned_ns or None

    def _state(self) -> object:
        index = self._faceset.index().state() if self.folder.is_dir() else None
        return index, self._faceset.looks

    def order(self, look: Look, choice: Choice, group: str = "", *, wait_s: float = 30.0) -> Order | None:
        """The faces of a look in a choice's order; None where sorting goes on after `wait_s`.

        Raises what a choice raises that can't be, and SortingStopped.
        """
        wanted = (look.version, choice, group)
        return self._orders.get(wanted, partial(ordered, look, choice, group), wait_s=wait_s)

    def sorting(self, look: Look, choice: Choice, group: str = "") -> Underway[Order] | None:
        """How far an order is that was asked for."""
        return self._orders.underway((look.version, choice, group))

    def stop_sorting(self) -> int:
        """Stop every sort of this faceset that goes on; says how many those were."""
        return self._orders.stop()


def _look_at_others(kept: weakref.ref[KeptFaceset]) -> None:
    if (there := kept()) is not None:
        with contextlib.suppress(UnderstudyError, OSError):  # whoever asks next hears of it
            there.look_at_others()


def _say_sorting(say: Say, name: str, underway: Underway[Order]) -> None:
    say("sorting", faceset=name, share=underway.share, seconds_left=underway.seconds_left)


def _close(faceset: Faceset, orders: KeptOrders[Order]) -> None:
    orders.close()
    faceset.close()


def ordered(look: Look, choice: Choice, group: str = "", told: Told = nobody) -> Order:
    """The faces of a look in a choice's order, in groups where some are asked for; `told` hears how far."""
    table, values = ranked_part(look.table, choice, told)
    groups = list[Group]()
    if group:
        places, groups = grouped(table, group)
        table, values = table.part(places.tolist()), [values[place] for place in places]
    place_of = look.place_of_name
    places = np.array([place_of[face.name] for face in table.faces], np.uint32)
    return Order(places, values, groups, _unmeasured(look, choice, places))


def _unmeasured(look: Look, choice: Choice, places: npt.NDArray[np.uint32]) -> Unmeasured:
    let_through = np.zeros(len(look.table.faces), np.bool_)
    if choice.limit is None and not choice.is_choosing:
        let_through[places] = True
    else:  # what is cut off behind the filter, the filter let through
        faces = ranked_part(look.table, Choice(where=choice.where))[0].faces
        let_through[[look.place_of_name[face.name] for face in faces]] = True
    of_filter, of_order = look.unmeasured(replace(choice, sort="")), look.unmeasured(replace(choice, where=""))
    return Unmeasured(
        left_out=int((of_filter & ~let_through).sum()),
        let_through=int((of_filter & let_through).sum()),
        last=int((of_order & let_through).sum()),
    )


def _looked(table: Table) -> Look:
    digests = [table.digests[face.name] for face in table.faces]
    names = hashlib.blake2b("\0".join(face.name for face in table.faces).encode(), digest_size=8)
    state = hashlib.blake2b(names.digest() + b"".join(digests), digest_size=8)
    for name, column in table.columns.items():
        if column.dtype != object:
            state.update(name.encode() + column.tobytes())
    return Look(state.hexdigest(), names.hexdigest(), table, digests)


def _changed(before: Look, table: Table, places: Sequence[int]) -> Look:
    """The look at a table that differs from the one before at some places alone, as cheap as they are few.

    Its version says how it came about, as its columns are not read.
    """
    digests, state = list(before.digests), hashlib.blake2b(before.version.encode(), digest_size=8)
    for place in places:
        digests[place] = table.digests[table.faces[place].name]
        state.update(place.to_bytes(8, "little") + digests[place])
    look = Look(state.hexdigest() if places else before.version, before.line, table, digests)
    known = vars(look)  # what was looked up once stays true for all other places
    known["place_of_name"] = before.place_of_name
    if "place_of_key" in vars(before):
        known["place_of_key"] = before.place_of_key | {key_of(digests[place]): place for place in places}
    return look


@contextlib.contextmanager
def _no_garbage_sought() -> Iterator[None]:
    """While hundreds of thousands of small objects are made, looking through all of them again and again for
    cycles, of which there are none, would take a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _changed_ns(folder: Path) -> int | None:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return None


class KeptFacesets:
    """The facesets of a project that are kept open; the one that was longest not asked for is let go first."""

    def __init__(self, say: Say = _to_nobody) -> None:
        self._say = say
        self._lock = threading.Lock()
        self._open: OrderedDict[Path, KeptFaceset] = OrderedDict()

    def get(self, project: Project, text: str) -> KeptFaceset:
        """The faceset of that name, opened where it is not. Raises FacesUnknown."""
        name = full_name(project, text)
        folder = project.faceset_folder(*name.split("/"))
        with self._lock:
            kept = self._open.pop(folder, None) or KeptFaceset(project, name, self._say)
            self._open[folder] = kept
            while len(self._open) > _FACESETS_KEPT:
                self._open.popitem(last=False)
        return kept

    def close(self) -> None:
        """Let go of them all."""
        with self._lock:
            for kept in self._open.values():
                kept.give_up()
            self._open.clear()
