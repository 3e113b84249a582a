"""Merge settings that change over a clip: frame -> MergeOptions, pure.

Layers, each over the one before: the clip's settings, key frames, ranges of frames (a later range over an
earlier one), the part a face has in the clip's cast, and what is said on the command line. Not here: reading
the manifest (`jobs.settings`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal, get_args

from understudy.errors import OptionInvalid
from understudy.masks.segmenter import PRODUCTS_OWN, Segmenters
from understudy.merging.blending.modes import MODES
from understudy.merging.blending.options import Mode
from understudy.merging.frame_ranges import EVERY_FRAME, in_words, require_within
from understudy.merging.options import FIXED, WHOLE_FRAME, MergeOptions
from understudy.options import meant, parse_options

Ease = Literal["hold", "linear", "smooth"]
EASES: dict[str, Callable[[float], float]] = {
    "hold": lambda share: 0.0,
    "linear": lambda share: share,
    "smooth": lambda share: share * share * (3 - 2 * share),  # Hermite: begins and ends without a jerk
}
_SQUARE = "raw-predict"  # the one mode whose pictures are not as large as the clip's
_CACHED = 4096  # frames in a ramp have settings of their own, which must not all stay in memory


@dataclass(frozen=True)
class FrameRange:
    """Settings of some frames. `name` is how an error calls it."""

    stretches: Sequence[range]
    values: Mapping[str, Any]
    name: str = "the range"


@dataclass(frozen=True)
class KeyFrame:
    """Settings that are reached at one frame; `ease` is how they go on from it to the option's next key."""

    frame: int
    values: Mapping[str, Any]
    ease: Ease = "smooth"
    name: str = "the key"


@dataclass(frozen=True)
class _Piece:
    """Neighbouring frames under the same ranges."""

    values: Mapping[str, Any]
    said: Mapping[str, Any]
    plain: MergeOptions  # where no key frames and no cast say more


class SettingsOverTime:
    """The settings of every frame, and of every part in the cast.

    `parts` are settings by the name of a part in the cast; `said` counts most, for the frames of `said_for`
    alone where that is given. `segmenters` are those that can be named. `notices` says which ranges cover one
    another. Raises OptionInvalid, naming the range, key or part, for options that are unknown, out of range, or
    can't change within a clip.
    """

    def __init__(
        self,
        base: MergeOptions,
        *,
        ranges: Sequence[FrameRange] = (),
        keys: Sequence[KeyFrame] = (),
        parts: Mapping[str, Mapping[str, Any]] | None = None,
        said: Mapping[str, Any] | None = None,
        said_for: Sequence[range] | None = None,
        segmenters: Segmenters = PRODUCTS_OWN,
    ) -> None:
        self.base, self.segmenters = base, segmenters
        self.notices: list[str] = []
        self._parts = {who: _checked_part(base, values, who) for who, values in (parts or {}).items()}
        self._tracks = _key_tracks(base, keys)
        self._places = [
            *((entry.stretches, f"The frames of {entry.name}") for entry in ranges),
            *(([range(key.frame, key.frame + 1)], f"The frame of {key.name}") for key in keys),
            *(((said_for, "Frames"),) if said_for is not None else ()),
        ]
        top = _checked(base, said or {}, "what was said")
        self._starts, self._pieces = self._laid_out(
            ranges, [EVERY_FRAME] if said_for is None else said_for, top
        )
        named = [(entry.name, entry.values) for entry in (*ranges, *keys)]
        self._require_one_size([*named, ("what was said", top)])
        self._require_segmenters(
            [("the settings", vars(base)), *named, *self._parts.items(), ("what was said", top)]
        )
        self._require_room_for_parts()
        self._remembered = lru_cache(_CACHED)(self._worked_out)

    def at(self, frame: int, part: str = "") -> MergeOptions:
        """The settings of a frame, for the faces of one part of the cast; equal ones are mostly one object."""
        place = bisect_right(self._starts, frame) - 1
        moving = tuple((name, track.at(frame)) for name, track in self._tracks.items())
        return self._remembered(place, moving, part)

    def __getstate__(self) -> dict[str, Any]:
        """For other processes: all but what is remembered, which can't be sent."""
        return {name: value for name, value in self.__dict__.items() if name != "_remembered"}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state)
        self._remembered = lru_cache(_CACHED)(self._worked_out)

    def require_within(self, frame_count: int) -> None:
        """Raise OptionInvalid where a range or key lies outside a clip of so many frames."""
        for stretches, who in self._places:
            require_within(stretches, frame_count, who=who)

    def _worked_out(self, place: int, moving: tuple[tuple[str, Any], ...], part: str) -> MergeOptions:
        piece, own = self._pieces[place], self._parts.get(part, {})
        if not moving and not own:
            return piece.plain
        # Every value was checked by itself, and between two allowed numbers all are allowed.
        return self.base.model_copy(update={**dict(moving), **piece.values, **own, **piece.said})

    def _modes(self, *, beside_said: bool = False) -> set[Mode]:
        """The modes frames can have; `beside_said` leaves out those of frames where one was said."""
        keyed, found = self._tracks.get("mode"), set[Mode]()
        for start, piece in zip(self._starts, self._pieces, strict=True):
            if start < EVERY_FRAME.stop and not (beside_said and "mode" in piece.said):
                over = piece.said.get("mode", piece.values.get("mode"))
                found |= {over} if over else set(keyed.values) if keyed else {self.base.mode}
        return found

    def _require_one_size(self, entries: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Refuse squares of the model among frames; `entries` are who says what."""
        modes = {*self._modes(), self.base.mode}  # what blanks and reports go by
        if _SQUARE not in modes or modes == {_SQUARE}:
            return
        square = self.base.mode == _SQUARE
        who, mode = next((w, v["mode"]) for w, v in entries if "mode" in v and (v["mode"] == _SQUARE) != square)
        raise OptionInvalid(
            f"In {who}: mode {mode!r} gives pictures of another size than other frames, which have "
            f"{self.base.mode!r}. {_SQUARE} is for a whole clip."
        )

    def _require_segmenters(self, entries: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Refuse segmenters that are not there; `entries` are who says what."""
        known = self.segmenters.names()
        for who, values in entries:
            if (name := values.get("segmenter", known[0])) not in known:
                there = f"known are {', '.join(known)}.{meant(name, known)}"
                raise OptionInvalid(f"In {who}: there is no segmenter {name!r}; {there}")

    def _require_room_for_parts(self) -> None:
        raw = sorted(mode for mode in self._modes(beside_said=True) if MODES[mode].raw)
        who, values = next(((who, values) for who, values in self._parts.items() if "mode" in values), ("", {}))
        if raw and who:
            raise OptionInvalid(
                f"In {who}: the mode {values['mode']!r} of one face can't stand in frames whose mode is "
                f"{raw[0]!r}, which is about the whole frame. Take one of them out."
            )

    def _laid_out(
        self,
        ranges: Sequence[FrameRange],
        said_at: Sequence[range],
        said: Mapping[str, Any],
    ) -> tuple[list[int], list[_Piece]]:
        laid: list[tuple[range, int]] = []
        values = [_checked(self.base, entry.values, entry.name) for entry in ranges]
        for number, entry in enumerate(ranges):
            for stretch in entry.stretches:
                self._tell_of_overlap(stretch, number, laid, ranges, values)
                laid.append((stretch, number))
        stretches = [*(stretch for stretch, _ in laid), *said_at]
        starts = sorted({0, *(end for stretch in stretches for end in (stretch.start, stretch.stop))})
        pieces = []
        for start in starts:
            over = {number: None for stretch, number in laid if start in stretch}
            together = {name: value for number in sorted(over) for name, value in values[number].items()}
            top = said if any(start in stretch for stretch in said_at) else {}
            pieces.append(_Piece(together, top, self.base.model_copy(update={**together, **top})))
        return starts, pieces

    def _tell_of_overlap(
        self,
        stretch: range,
        number: int,
        laid: Sequence[tuple[range, int]],
        ranges: Sequence[FrameRange],
        values: Sequence[Mapping[str, Any]],
    ) -> None:
        for earlier, other in laid:
            shared = range(max(earlier.start, stretch.start), min(earlier.stop, stretch.stop))
            both = sorted(set(values[other]) & set(values[number])) if other != number else []
            if shared and both:
                self.notices.append(
                    f"Frames {in_words([shared])}: {ranges[number].name} counts, not {ranges[other].name}, for "
                    f"{', '.join(both)}, because it comes later."
                )


@dataclass(frozen=True)
class _Track:
    """All keys of one option, in order of frames."""

    frames: list[int]
    values: list[Any]
    eases: list[Ease]

    def at(self, frame: int) -> Any:
        """The value; before the first key that of the first, after the last that of the last."""
        place = bisect_right(self.frames, frame) - 1
        if place < 0:
            return self.values[0]
        before = self.values[place]
        if place + 1 == len(self.frames) or isinstance(before, bool) or not isinstance(before, int | float):
            return before
        share = (frame - self.frames[place]) / (self.frames[place + 1] - self.frames[place])
        value = before + EASES[self.eases[place]](share) * (self.values[place + 1] - before)
        return round(value) if isinstance(before, int) else value


def _key_tracks(base: MergeOptions, keys: Sequence[KeyFrame]) -> dict[str, _Track]:
    found: dict[str, list[tuple[int, Any, Ease]]] = {}
    for key in keys:
        if key.ease not in get_args(Ease):
            raise OptionInvalid(f"{key.name} can't ease {key.ease!r}; it takes {', '.join(EASES)}.")
        for name, value in _checked(base, key.values, key.name).items():
            found.setdefault(name, []).append((key.frame, value, key.ease))
    for name, entries in found.items():
        entries.sort(key=lambda entry: entry[0])
        twice = next((a[0] for a, b in pairwise(entries) if a[0] == b[0]), None)
        if twice is not None:
            raise OptionInvalid(f"Two keys at frame {twice} set {name!r}. Leave one of them.")
    return {name: _Track(*map(list, zip(*entries, strict=True))) for name, entries in found.items()}


def _checked_part(base: MergeOptions, values: Mapping[str, Any], who: str) -> dict[str, Any]:
    """The same for one part of a cast, whose frame has other faces too."""
    of_frame = sorted(set(values) & WHOLE_FRAME)
    if of_frame:
        raise OptionInvalid(f"In {who}: option {of_frame[0]!r} is about the whole frame, not about one face.")
    checked = _checked(base, values, who)
    mode = MODES[checked.get("mode", "overlay")]
    if mode.raw or not mode.paints:
        raise OptionInvalid(
            f"In {who}: the mode {checked['mode']!r} is about the whole frame, not about one face."
        )
    return checked


def _checked(base: MergeOptions, values: Mapping[str, Any], who: str) -> dict[str, Any]:
    """The values as the options' own types."""
    fixed = sorted(set(values) & FIXED)
    if fixed:
        raise OptionInvalid(f"In {who}: option {fixed[0]!r} holds for the whole clip and can't change in it.")
    try:
        parsed = parse_options(MergeOptions, {**base.model_dump(), **values})
    except OptionInvalid as error:
        raise OptionInvalid(f"In {who}: {error.message[:1].lower()}{error.message[1:]}") from None
    return {name: getattr(parsed, name) for name in values}
