"""What a person says about a clip's tracks: choose, drop, merge, split. Words in, the tracks meant out.

Edits are applied in order to the tracks as they were found, whose numbers never change: `split` gives its later
part the next free number, and what is dropped or merged away leaves a gap.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from understudy.errors import TrackEditInvalid

if TYPE_CHECKING:
    from understudy.facesets.extraction.tracks import Track

_FORMS = "choose:3, choose:3,4, drop:5, merge:1+4 or split:2@120"
_PATTERN = re.compile(r"(choose|drop):(\d+(?:,\d+)*)|(merge):(\d+(?:\+\d+)+)|(split):(\d+)@(\d+)")


@dataclass(frozen=True)
class TrackEdit:
    """One edit. `frame` is where the later part of a split begins."""

    kind: Literal["choose", "drop", "merge", "split"]
    tracks: tuple[int, ...]
    frame: int = 0


def parse_edit(words: str) -> TrackEdit:
    """The edit that `words` say. Raises TrackEditInvalid."""
    found = _PATTERN.fullmatch(words.strip())
    if found is None:
        raise TrackEditInvalid(f"{words!r} says nothing about tracks; write {_FORMS}.")
    several, numbers, merge, merged, split, whole, frame = found.groups()
    if split:
        return TrackEdit("split", (int(whole),), int(frame))
    if merge:
        return TrackEdit("merge", tuple(int(number) for number in merged.split("+")))
    chosen = tuple(int(number) for number in numbers.split(","))
    return TrackEdit("choose" if several == "choose" else "drop", chosen)


@dataclass(frozen=True, eq=False)
class EditedTracks:
    """The tracks after all edits. `chosen` when some were chosen: then they are all there is.

    `shown` are also those that are not meant, for a person to look at, and `fate` says what became of them.
    """

    tracks: list[Track]
    chosen: bool
    shown: list[Track]
    fate: dict[int, str]

    def with_tracks(self, tracks: Sequence[Track]) -> EditedTracks:
        """The same with some tracks replaced by others of their numbers."""
        new = {track.number: track for track in tracks}
        shown = [new.get(track.number, track) for track in self.shown]
        return replace(self, tracks=[new.get(track.number, track) for track in self.tracks], shown=shown)


def edited(tracks: Sequence[Track], edits: Sequence[str]) -> EditedTracks:
    """Apply `edits` in order. Chosen tracks are one person, with the number of the first one's.

    Raises TrackEditInvalid for words that are no edit, for tracks that are not there, for a merge of two that
    are seen in one frame and for a split outside of its track.
    """
    state = _State({track.number: track for track in tracks})
    for words in edits:
        edit = parse_edit(words)
        for number in edit.tracks:
            state.require(number, words)
        match edit.kind:
            case "choose":
                state.has_chosen = True
                state.chosen += [number for number in edit.tracks if number not in state.chosen]
            case "drop":
                state.drop(edit.tracks, words)
            case "merge":
                state.merge(edit.tracks, words)
            case "split":
                state.split(edit.tracks[0], edit.frame, words)
    shown = {
        track.number: track for track in [*state.tracks.values(), *state.dropped.values(), *state.result()]
    }
    return EditedTracks(
        state.result(), state.has_chosen, [track for _, track in sorted(shown.items())], state.fates()
    )


class _State:
    """The tracks between two edits."""

    def __init__(self, tracks: dict[int, Track]) -> None:
        self.tracks = tracks
        self.chosen: list[int] = []
        self.has_chosen = False
        self.dropped: dict[int, Track] = {}
        self._merged: dict[int, list[int]] = {}
        self._gone: dict[int, str] = {}
        self._next = max(tracks, default=0) + 1
        self._next_person = max((track.person for track in tracks.values()), default=0) + 1

    def require(self, number: int, words: str) -> None:
        if number in self.tracks:
            return
        if number in self._gone:
            raise TrackEditInvalid(f"{words}: track {number} is gone since {self._gone[number]}.")
        known = ", ".join(str(n) for n in sorted(self.tracks)) or "none"
        raise TrackEditInvalid(f"{words}: there is no track {number}; there are: {known}.")

    def drop(self, numbers: Sequence[int], words: str) -> None:
        for number in set(numbers):
            self.dropped[number] = self.tracks.pop(number)
            self._gone[number] = words
        self.chosen = [number for number in self.chosen if number in self.tracks]

    def merge(self, numbers: Sequence[int], words: str) -> None:
        first, *others = dict.fromkeys(numbers)
        into = self.tracks[first]
        for number in others:
            other = self.tracks.pop(number)
            both = into.frames() & other.frames()
            if both:
                raise TrackEditInvalid(
                    f"{words}: tracks {first} and {number} are both seen in frame {min(both)}, so they are two "
                    "people. Split one of them first, or drop it."
                )
            sightings = sorted([*into.sightings, *other.sightings], key=lambda s: s.frame.index)
            into = replace(into, sightings=sightings)
            self._gone[number] = words
        self.tracks[first] = into
        self._merged.setdefault(first, []).extend(others)
        self.chosen = list(dict.fromkeys(first if number in others else number for number in self.chosen))

    def split(self, number: int, frame: int, words: str) -> None:
        track = self.tracks[number]
        sooner = [s for s in track.sightings if s.frame.index < frame]
        later = [s for s in track.sightings if s.frame.index >= frame]
        if not sooner or not later:
            raise TrackEditInvalid(
                f"{words}: track {number} goes from frame {track.first} to {track.last}; split it within."
            )
        self.tracks[number] = replace(track, sightings=sooner)
        self.tracks[self._next] = replace(track, number=self._next, person=self._next_person, sightings=later)
        self._next += 1
        self._next_person += 1

    def result(self) -> list[Track]:
        if not self.has_chosen:
            return [self.tracks[number] for number in sorted(self.tracks)]
        if not self.chosen:
            return []
        person = self.tracks[self.chosen[0]].person
        return [replace(self.tracks[number], person=person) for number in sorted(self.chosen)]

    def fates(self) -> dict[int, str]:
        """What became of the tracks that are shown, in words; nothing of those that are as found."""
        words = {n: f"with {', '.join(str(o) for o in others)}" for n, others in self._merged.items()}
        words |= dict.fromkeys(self.dropped, "dropped")
        if self.has_chosen:
            words |= {n: "not chosen" for n in self.tracks if n not in self.chosen}
        return words
