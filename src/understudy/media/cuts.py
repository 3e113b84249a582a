"""Where a new shot begins: hard cuts, and dissolves and fades by their middle.

`SceneWatch` looks at one frame after the other and keeps a thumbnail of the last one alone, so that it can run
inside any pass over a clip; what it says of a frame is small enough for a log. `shot_starts` decides later, on
these notes. Not here: what happens at a cut (`faces.track`).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
import numpy.typing as npt

from understudy.color import lab_from_rgb

Array = npt.NDArray[np.float32]

_WIDE, _HIGH = 64, 36  # of the thumbnail that changes are measured on
_GRID = (16, 9)  # of the picture that is kept of every frame
_CONTRAST = (
    15.0  # standard deviation of lightness that every thumbnail is brought to, so that a flash counts less
)
_LEAST_CONTRAST = 3.0  # a darker or flatter picture is not blown up to it, or its noise would be a change
_NEAR = 2  # how far anything is looked for, in pixels of the thumbnail, beside the camera's move
_MOST_MOVED = 0.6  # of the picture's side: by how much the camera may move between two frames
_PATCH = 5  # pixels that must fit together
_SUM = np.ones((1, 3), np.float32)  # over the channels

# Measured on rendered scenes: a close face that turns 80 degrees in six frames reaches 10, but so do its
# neighbours; grain of 25 of 255 reaches 5 in every frame; a cut to another person in one room makes 13, and
# 4.6 at a sixth of the light.
_SURE_CHANGE, _SURE_RATIO = 8.0, 2.2  # the ratio is that to the usual change before and after
_WEAK_CHANGE, _WEAK_RATIO = 4.0, 3.2
_NEIGHBOURS = 4  # frames on each side that say what is usual
_LONGEST_FLASH = 4  # frames
_FLASH_LIGHT = 8.0  # L by which a flash or a dropout differs
_STILL_LIT = 0.5  # of that difference: when more of it is left, the flash isn't over
_DRIFT, _DRIFT_RATIO = 2.0, 1.3  # how far the picture after a flash may be from the one before it, in Lab and
# against how far it usually gets in that time

_DISSOLVE_FRAMES = (8, 12, 16, 24)
_LEAST_DIFFERENCE = 12.0  # Lab, between the two ends of a dissolve
_MOST_OFF_THE_MIX = 0.28  # of that difference: how far the frames between may be from a mixture of the ends
_CELL_DIFFERS = 6.0  # Lab, of one cell of the grid
_AT_ONCE = 2048  # frames
_LEAST_CHANGED = 0.5  # of the cells: a head that turns before a wall changed a third, a dissolve two thirds
_BLACK, _LIT = 3.0, 20.0  # L: what the lightest part of a black picture stays below, of a lit one goes beyond


@dataclass(frozen=True, eq=False)
class SceneNote:
    """What is kept of one frame. `change` is 0 for the first, about 1 in gentle motion, beyond 10 at a cut."""

    change: float  # from the frame looked at before, in units of CIE Lab after the camera's motion is taken off
    grid: npt.NDArray[np.uint8]  # (9, 16, 3): the picture in coarse, L * 2.55, a + 128, b + 128

    def as_json(self) -> dict[str, str | float]:
        """Plain values for a log."""
        return {"change": round(self.change, 3), "grid": base64.b64encode(self.grid.tobytes()).decode()}

    @classmethod
    def from_json(cls, value: dict[str, str | float]) -> SceneNote:
        """Inverse of `as_json`. Raises ValueError, KeyError or TypeError for anything else."""
        numbers = np.frombuffer(base64.b64decode(str(value["grid"]), validate=True), np.uint8)
        return cls(float(value["change"]), numbers.reshape(_GRID[1], _GRID[0], 3))


NOTHING_SEEN = SceneNote(0.0, np.zeros((_GRID[1], _GRID[0], 3), np.uint8))


class SceneWatch:
    """Measures how much the picture changed since the frame before."""

    def __init__(self) -> None:
        self._before: Array | None = None

    def look(self, frame_rgb: npt.NDArray[np.uint8]) -> SceneNote:
        """The note on the next frame, (height, width, 3)."""
        small = cv2.resize(frame_rgb, (_WIDE, _HIGH), interpolation=cv2.INTER_AREA)
        lab = lab_from_rgb(small.astype(np.float32) / 255)
        thumbnail = cv2.GaussianBlur(lab, (0, 0), 0.8).astype(np.float32)
        change = 0.0 if self._before is None else change_between(self._before, thumbnail)
        self._before = thumbnail
        coarse = cv2.resize(lab, _GRID, interpolation=cv2.INTER_AREA)
        grid = np.clip(np.rint(coarse * [2.55, 1, 1] + [0, 128, 128]), 0, 255).astype(np.uint8)
        return SceneNote(change, grid)


def change_between(before: Array, after: Array) -> float:
    """The root mean square of what is left when every patch was looked for where it may have gone.

    Both are Lab thumbnails (height, width, 3). The camera's move is found by phase correlation (Kuglin and
    Hines, 1975); only what both show is compared, in the same exposure and contrast.
    """
    window = cv2.createHanningWindow((before.shape[1], before.shape[0]), cv2.CV_32F)
    (x, y), _ = cv2.phaseCorrelate(before[..., 0].copy(), after[..., 0].copy(), window)
    return min(_left_over(*_shared(before, after, dx, dy)) for dx, dy in {(0, 0), (round(x), round(y))})


def _shared(before: Array, after: Array, dx: int, dy: int) -> tuple[Array, Array]:
    """What both thumbnails show when the camera's move shifted the picture by (dx, dy), each made even."""
    high, wide = before.shape[:2]
    if abs(dx) > wide * _MOST_MOVED or abs(dy) > high * _MOST_MOVED:
        dx = dy = 0
    now = after[max(0, dy) : min(high, high + dy), max(0, dx) : min(wide, wide + dx)]
    then = before[max(0, -dy) : min(high, high - dy), max(0, -dx) : min(wide, wide - dx)]
    return _evened(then), _evened(now)


def _evened(lab: Array) -> Array:
    """Lightness without the exposure: mean 0, the same contrast everywhere. Colours as they are."""
    even = lab.copy()
    lightness = lab[..., 0]
    contrast = max(float(lightness.std()), _LEAST_CONTRAST)
    even[..., 0] = (lightness - lightness.mean()) * (_CONTRAST / contrast)
    return even


def _left_over(before: Array, after: Array) -> float:
    """How badly the patches of `after` fit the best place nearby in `before`."""
    high, wide = before.shape[:2]
    padded = cv2.copyMakeBorder(before, _NEAR, _NEAR, _NEAR, _NEAR, cv2.BORDER_REPLICATE)
    left = np.full((high, wide), np.inf, np.float32)
    for dy, dx in product(range(2 * _NEAR + 1), repeat=2):
        apart = cv2.absdiff(after, padded[dy : dy + high, dx : dx + wide])
        np.minimum(left, cv2.blur(cv2.transform(apart, _SUM), (_PATCH, _PATCH)), out=left)
    return float(np.sqrt(np.mean(left**2)))


def shot_starts(notes: Sequence[SceneNote]) -> set[int]:
    """The places in `notes` (one for every looked-at frame, in order) where a new shot begins, 0 left out.

    A hard cut stands out of the change before and after it, and its picture doesn't come back within a few
    frames, as after a flash. A dissolve is a run of mixtures of two pictures; it is cut in its middle, a fade
    through black at the first frame that is no longer black.
    """
    if len(notes) < 2:
        return set()
    change = np.array([note.change for note in notes])
    grids = _Grids(notes)
    hard = _hard_cuts(change, grids)
    soft = _after_black(grids) | _dissolves(grids, hard)
    reach = _DISSOLVE_FRAMES[0] // 2
    near = {k for cut in hard for k in range(cut - reach, cut + reach + 1)}
    return hard | (soft - near)


class _Grids:
    """The grids of notes as Lab, (cells, 3) each. They are made where they are asked for: all those of a film
    would take gigabytes."""

    def __init__(self, notes: Sequence[SceneNote]) -> None:
        self._notes = notes

    def __len__(self) -> int:
        return len(self._notes)

    def __getitem__(self, k: int) -> Array:
        return self.of(range(k, k + 1))[0]

    def of(self, frames: range) -> Array:
        """Those of some frames, (frames, cells, 3)."""
        grids = np.stack([self._notes[k].grid for k in frames]).reshape(len(frames), -1, 3).astype(np.float32)
        return (grids - np.array([0, 128, 128], np.float32)) / np.array([2.55, 1, 1], np.float32)

    def stretches(self, *, further: int = 0) -> Iterator[range]:
        """All frames, so many at a time that they fit into memory, each time with so many of those after."""
        for start in range(0, len(self), _AT_ONCE):
            yield range(start, min(start + _AT_ONCE + further, len(self)))


def _hard_cuts(change: npt.NDArray[np.float64], grids: _Grids) -> set[int]:
    padded = np.pad(change, _NEIGHBOURS, mode="reflect" if len(change) > _NEIGHBOURS else "edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _NEIGHBOURS + 1)
    usual = np.maximum(
        np.median(windows[:, :_NEIGHBOURS], axis=1), np.median(windows[:, -_NEIGHBOURS:], axis=1)
    )
    sure = (change >= _SURE_CHANGE) & (change >= _SURE_RATIO * usual)
    peaks = np.flatnonzero(sure | (change >= _WEAK_CHANGE) & (change >= _WEAK_RATIO * usual))
    cuts: set[int] = set()
    over = -1  # the last frame that a flash reaches
    for k in (int(peak) for peak in peaks if peak > 0):
        if k <= over or _light_goes_out(grids, k, cuts):
            continue
        over = _flash_end(grids, k)
        if over < 0:
            cuts.add(k)
    return cuts


def _flash_end(grids: _Grids, k: int) -> int:
    """The frame at which the picture from before `k` is back after a flash or a dropout; -1: it is none."""
    before, lit = grids[k - 1], grids[k]
    jump = abs(float(lit[:, 0].mean() - before[:, 0].mean()))
    if jump < _FLASH_LIGHT:
        return -1
    for j in range(k + 1, min(k + 1 + _LONGEST_FLASH, len(grids))):
        if abs(float(grids[j][:, 0].mean() - before[:, 0].mean())) > _STILL_LIT * jump:
            continue  # two faces before plain walls look alike but for the light, and that is not back
        span = j - (k - 1)
        usual = max(
            _apart(_evened(grids[max(0, k - 1 - span)]), _evened(before)),
            _apart(_evened(grids[min(len(grids) - 1, j + span)]), _evened(grids[j])),
        )
        if _apart(_evened(grids[j]), _evened(before)) < _DRIFT + _DRIFT_RATIO * usual:
            return j
    return -1


def _light_goes_out(grids: _Grids, k: int, cuts: set[int]) -> bool:
    """Whether at `k` only the light goes out of a flash that hid the cut just before."""

    def light(frame: int) -> float:
        return float(grids[frame][:, 0].mean())

    return any(
        abs(light(cut) - light(cut - 1)) >= _FLASH_LIGHT
        and abs(light(k) - light(cut - 1)) <= _STILL_LIT * abs(light(cut) - light(cut - 1))
        for cut in (k - 1, k - 2)
        if cut in cuts
    )


def _apart(a: Array, b: Array) -> float:
    return float(np.sqrt(((a - b) ** 2).sum(-1).mean()))


def _after_black(grids: _Grids) -> set[int]:
    """The first frames that show something after black, where something was seen before it."""
    black = np.concatenate([grids.of(frames)[:, :, 0].max(1) < _BLACK for frames in grids.stretches()])
    ends = np.flatnonzero(black[:-1] & ~black[1:]) + 1
    seen = np.flatnonzero(~black)
    found = {int(k) for k in ends if len(seen) and seen[0] < k}
    return {k for k in found if not _same_after_dropout(black, grids, k)}


def _same_after_dropout(black: npt.NDArray[np.bool_], grids: _Grids, end: int) -> bool:
    start = end
    while start > 0 and black[start - 1]:
        start -= 1
    before, after = grids[start - 1], grids[end]
    sudden = min(float(before[:, 0].max()), float(after[:, 0].max())) > _LIT
    return sudden and end - start <= _LONGEST_FLASH and _apart(before, after) < _LEAST_DIFFERENCE / 3


def _dissolves(grids: _Grids, hard: set[int]) -> set[int]:
    """The middles of runs of mixtures of two different pictures."""
    found: dict[int, float] = {}
    for frames in grids.stretches(further=_DISSOLVE_FRAMES[-1]):
        seen = grids.of(frames)
        structure = np.stack([_evened(grid) for grid in seen])  # a light that is dimmed is no other picture
        for length in (length for length in _DISSOLVE_FRAMES if length < len(frames)):
            for place, off in _mixtures(seen, structure, length).items():
                k = frames.start + place
                if hard.isdisjoint(range(k - length // 2, k + length // 2 + 1)):
                    found[k] = min(off, found.get(k, np.inf))
    kept: set[int] = set()
    for k in sorted(found, key=lambda k: found[k]):
        if kept.isdisjoint(range(k - _DISSOLVE_FRAMES[-1], k + _DISSOLVE_FRAMES[-1] + 1)):
            kept.add(k)
    return kept


def _mixtures(grids: Array, structure: Array, length: int) -> dict[int, float]:
    """By the middle of each run of `length` frames that mixes its two ends: how badly it does. `structure` are
    the grids, each made even."""
    first, last = grids[:-length], grids[length:]
    way = (last - first).reshape(len(first), -1)
    size = np.maximum((way**2).sum(1), 1e-6)
    shares, off = [np.zeros(len(first))], np.zeros(len(first))
    for step in range(1, length):
        gone = (grids[step : step + len(first)] - first).reshape(len(first), -1)
        share = (gone * way).sum(1) / size
        off = np.maximum(off, np.sqrt(((gone - share[:, None] * way) ** 2).sum(1) / size))
        shares.append(share)
    path = np.stack([*shares, np.ones(len(first))])
    steps = np.diff(path, axis=0)
    even = (steps.min(0) > -0.05) & (steps.max(0) < 0.4)
    apart = np.sqrt(((structure[length:] - structure[:-length]) ** 2).sum(2))
    differs = np.sqrt((apart**2).mean(1)) > _LEAST_DIFFERENCE
    everywhere = (apart > _CELL_DIFFERS).mean(1) > _LEAST_CHANGED
    lit = np.minimum(first[..., 0].max(1), last[..., 0].max(1)) > _LIT
    good = even & differs & everywhere & lit & (off < _MOST_OFF_THE_MIX)
    return {int(k) + int(np.argmax(path[:, k] >= 0.5)): float(off[k]) for k in np.flatnonzero(good)}
