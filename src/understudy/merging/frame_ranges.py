"""Frames said in words: `120:160,300` is frames 120 to 160, both included, and frame 300."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from understudy.errors import OptionInvalid

_LONGEST = 2**31
EVERY_FRAME = range(_LONGEST)


def parse_frames(text: str) -> list[range]:
    """The stretches `text` names, in its order. Either end of `A:B` may be left out. Raises OptionInvalid."""
    return [_stretch(part.strip(), text) for part in text.split(",")]


def _stretch(part: str, text: str) -> range:
    first, colon, last = part.partition(":")
    numbers = [end.strip() for end in ((first, last) if colon else (first,))]
    if (not any(numbers) and not colon) or any(
        end and not (end.isascii() and end.isdigit()) for end in numbers
    ):
        raise OptionInvalid(
            f"Frames can't be {text!r}. Say them like 120:160 (both included), 300, :50 or 900:, with commas "
            "between several; frames count from 0."
        )
    start = int(numbers[0] or 0)
    stop = int(numbers[-1]) + 1 if numbers[-1] else _LONGEST
    if stop <= start:
        raise OptionInvalid(f"Frames can't be {text!r}: {part} ends before it begins.")
    return range(start, stop)


def require_within(stretches: Iterable[range], frame_count: int, *, who: str) -> list[range]:
    """The stretches with open ends closed. Raises OptionInvalid where one begins or ends outside the clip."""
    closed = []
    for stretch in stretches:
        stop = frame_count if stretch.stop == _LONGEST else stretch.stop
        if stretch.start >= frame_count or stop > frame_count:
            raise OptionInvalid(
                f"{who} can't be {in_words([stretch])}: the clip's frames are 0 to {frame_count - 1}."
            )
        closed.append(range(stretch.start, stop))
    return closed


def one_stretch(text: str, frame_count: int) -> range:
    """The frames of a clip that one finished file shows: all where `text` is empty. Raises OptionInvalid."""
    if not text.strip():
        return range(frame_count)
    stretches = parse_frames(text)
    if len(stretches) > 1:
        raise OptionInvalid(
            f"A finished file shows one stretch of frames, and {text!r} names {len(stretches)}. Deliver each "
            "by itself."
        )
    return require_within(stretches, frame_count, who="Frames")[0]


def stretches_of(frames: Iterable[int], *, longest_gap: int = 0) -> list[range]:
    """The fewest stretches that hold these frames, in order, and between them no gap longer than said."""
    found: list[range] = []
    for frame in sorted(set(frames)):
        if found and frame - found[-1].stop <= longest_gap:
            found[-1] = range(found[-1].start, frame + 1)
        else:
            found.append(range(frame, frame + 1))
    return found


def in_words(stretches: Sequence[range]) -> str:
    """The text `parse_frames` reads."""
    return ",".join(_said(stretch) for stretch in stretches)


def in_a_name(stretches: Sequence[range]) -> str:
    """The same as a part of a file's name: 120-160, 900-end."""
    return "+".join(_said(each).replace(":", "-") + "end" * (each.stop == _LONGEST) for each in stretches)


def _said(stretch: range) -> str:
    if stretch.stop == _LONGEST:
        return f"{stretch.start}:"
    return str(stretch.start) if len(stretch) == 1 else f"{stretch.start}:{stretch.stop - 1}"
