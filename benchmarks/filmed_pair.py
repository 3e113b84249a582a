"""Two rendered actors as facesets with exact landmarks, and held-out frames with their true swap.

Shared by the benchmarks of training. Rendered once and kept in the folder that is named; faces go through the
product's own store and cache. Landmarks are the renderer's, so no error of place is in any figure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from understudy.actors.identity import DEMO_DST, DEMO_SRC, Identity, identity
from understudy.actors.performance import Light, State, dst_track, src_track
from understudy.actors.render import render_frames
from understudy.faces.align import crop
from understudy.facesets.record import FaceRecord
from understudy.facesets.store import Faceset
from understudy.geometry import crop_from_frame
from understudy.training.feeding.cache import FaceCache, face_cache

FRAME_PX, STORED_PX = 160, 160
_SEED, _SEED_HELD_OUT = 7, 31
_FIRST_OF_CROWD = 100

# The lights of footage that walks through a room: warm from the right, cold from the left, from above, weak.
LIGHTS = (
    Light((0.62, -0.42, 0.62), (1.0, 0.88, 0.72), 0.95, (0.78, 0.90, 1.0), 0.50, 0.40, 1.15),
    Light((-0.75, -0.25, 0.45), (0.75, 0.88, 1.0), 1.0, (0.9, 0.92, 1.0), 0.35, 0.3, 1.0),
    Light((0.05, -0.85, 0.40), (1.0, 0.95, 0.85), 1.1, (0.85, 0.90, 1.0), 0.35, 0.2, 0.9),
    Light((0.80, 0.05, 0.35), (1.0, 0.75, 0.50), 1.0, (0.60, 0.75, 1.0), 0.45, 0.3, 0.85),
)


@dataclass(frozen=True)
class Casting:
    """Who plays, and for how many frames. `lights` are those dst walks through; none: the demo's own."""

    name: str
    src: Identity
    dst: Identity
    src_frames: int = 200
    dst_frames: int = 80
    held_out_frames: int = 24
    lights: tuple[Light, ...] = ()


PAIR = Casting("demo", DEMO_SRC, DEMO_DST)
# Two pairs of like skins, light and dark; in the last they differ, and light and skin can't be told apart.
LIT_PAIRS = (
    Casting("walk", DEMO_SRC, DEMO_DST, dst_frames=120, held_out_frames=40, lights=LIGHTS),
    Casting("walk-14-9", identity(14), identity(9), dst_frames=120, held_out_frames=40, lights=LIGHTS),
    Casting("walk-5-9", identity(5), identity(9), dst_frames=120, held_out_frames=40, lights=LIGHTS),
)


@dataclass(frozen=True, eq=False)
class Footage:
    """What a model learns from and is judged by: `truth` is src filmed in dst's place, frame by frame."""

    src: FaceCache
    dst: FaceCache
    held_out: FaceCache
    truth: FaceCache
    states: Sequence[State]  # of the held-out frames


def filmed(folder: Path, casting: Casting, *, size_px: int) -> Footage:
    """Render what is missing below `folder` and open the caches of a model's size."""
    held_out = _walking(dst_track(casting.held_out_frames, _SEED_HELD_OUT), casting.lights)
    shoots = {
        "src": (casting.src, src_track(casting.src_frames, _SEED)),
        "dst": (casting.dst, _walking(dst_track(casting.dst_frames, _SEED), casting.lights)),
        "held_out": (casting.dst, held_out),
        "truth": (casting.src, held_out),
    }
    place = folder / casting.name
    caches = {name: cached(place, name, [shoot], size_px=size_px) for name, shoot in shoots.items()}
    return Footage(caches["src"], caches["dst"], caches["held_out"], caches["truth"], held_out)


def crowd(folder: Path, *, size_px: int, people: int = 20, frames: int = 20) -> FaceCache:
    """People who are in no pair, in any pose, expression and light: what a trunk learns from."""
    rng = np.random.default_rng(17)
    shoots = [
        (identity(_FIRST_OF_CROWD + number), [any_state(rng) for _ in range(frames)])
        for number in range(people)
    ]
    return cached(folder / "crowd", "crowd", shoots, size_px=size_px)


def cached(
    place: Path, name: str, shoots: Sequence[tuple[Identity, Sequence[State]]], *, size_px: int
) -> FaceCache:
    """The cache of a faceset that holds these shoots; what else was filmed under that name lies beside it."""
    what = hashlib.sha256(repr([(who.name, list(track)) for who, track in shoots]).encode()).hexdigest()[:8]
    with Faceset(place / f"{name}-{what}") as faceset:
        there = len(faceset.faces())
        for who, track in shoots if there < sum(len(track) for _, track in shoots) else ():
            _shoot(faceset, who.name if len(shoots) > 1 else name, who, track)
        steps = face_cache(place / "cache", [faceset], side=name, face_type="full", size_px=size_px)
        return next(step for step in steps if isinstance(step, FaceCache))


def straight(cache: FaceCache) -> npt.NDArray[np.uint8]:
    """Crops as a model sees them, without the cache's margin, (n, size_px, size_px, 3)."""
    inner = slice(cache.margin_px, cache.margin_px + cache.size_px)
    return np.ascontiguousarray(cache.images_NHWC[:, inner, inner])


def face_masks(cache: FaceCache) -> npt.NDArray[np.float32]:
    """Where the face is in `straight`, (n, size_px, size_px), 0..1."""
    return part_masks(cache, 0)


def part_masks(cache: FaceCache, part: int) -> npt.NDArray[np.float32]:
    """Where the face (0), the eyes (1) or the mouth (2) are in `straight`, (n, size_px, size_px), 0..1."""
    inner = slice(cache.margin_px, cache.margin_px + cache.size_px)
    return cache.masks_NHW3[:, inner, inner, part].astype(np.float32) / 255


def any_state(rng: np.random.Generator) -> State:
    """Any pose a film shows, any expression, any light."""

    def some(low: float, high: float) -> float:  # below zero: not at all
        return float(max(0.0, rng.uniform(low, high)))

    blink = float(rng.random() < 0.15)
    right, down, near = rng.uniform([-0.9, -0.9, 0.3], [0.9, 0.1, 0.8])
    return State(
        yaw_deg=float(rng.uniform(-42, 42)),
        pitch_deg=float(rng.uniform(-16, 16)),
        roll_deg=float(rng.uniform(-6, 6)),
        jaw=some(-0.3, 0.8),
        smile=some(-0.5, 1.0),
        pucker=some(-0.5, 0.6),
        brow=float(rng.uniform(-0.8, 0.8)),
        frown=some(-0.6, 0.7),
        blink_left=blink,
        blink_right=blink,
        gaze_deg=(float(rng.uniform(-12, 12)), float(rng.uniform(-6, 6))),
        light=Light(
            key_direction=(float(right), float(down), float(near)),
            key_strength=some(0.7, 1.2),
            fill_strength=some(0.3, 0.6),
            exposure=some(0.8, 1.2),
        ),
    )


def _walking(track: Sequence[State], lights: Sequence[Light]) -> list[State]:
    """The track, its light going once through `lights`."""
    if not lights:
        return list(track)
    at = np.linspace(0, len(lights) - 1, len(track))
    return [replace(state, light=_between(lights, k)) for state, k in zip(track, at, strict=True)]


def _between(lights: Sequence[Light], at: float) -> Light:
    first = min(int(at), len(lights) - 2)
    share = at - first

    def mixed(name: str) -> object:
        a, b = (np.asarray(getattr(light, name), float) for light in lights[first : first + 2])
        value = (1 - share) * a + share * b
        return tuple(float(v) for v in value) if value.ndim else float(value)

    return Light(**{name: mixed(name) for name in Light.__dataclass_fields__})


def _shoot(faceset: Faceset, name: str, who: Identity, track: Sequence[State]) -> None:
    for number, shown in enumerate(render_frames(who, track, size_px=FRAME_PX, processes=1)):
        matrix = crop_from_frame(shown.landmarks_68, face_type="whole", size_px=STORED_PX)
        low, high = shown.landmarks_68.min(0), shown.landmarks_68.max(0)
        record = FaceRecord(
            clip=name,
            frame=number,
            time_s=number / 25,
            frame_size=(FRAME_PX, FRAME_PX),
            box_xyxy=(*low.tolist(), *high.tolist()),
            score=1.0,
            landmarks_68=[(float(x), float(y)) for x, y in shown.landmarks_68],
            face_type="whole",
            size_px=STORED_PX,
            crop_from_frame=matrix.tolist(),
        )
        faceset.add(crop(shown.rgb, matrix, STORED_PX), record, image_format="png")
