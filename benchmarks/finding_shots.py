"""What `finding.py` films: actors of many looks in many lights, and plates without anybody. Seeds are fixed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from understudy.actors.identity import DEMO_DST, DEMO_SRC, Identity, identity
from understudy.actors.performance import RATE_HZ, Background, Light, State, src_track
from understudy.actors.scene import Cover, Placed, SceneFace, UInt8, staged, with_sensor_noise
from understudy.files import write_json
from understudy.media.clip import ColorTags
from understudy.media.images import encode_png
from understudy.media.movie import MovieWriter

LIGHTS = {
    "soft": Light(),
    "warm": Light(key_direction=(0.62, -0.42, 0.62), key_color=(1.0, 0.88, 0.72), exposure=1.15),
    "side": Light(key_direction=(-0.95, -0.10, 0.30), fill_strength=0.18),
    "top": Light(key_direction=(0.05, -0.95, 0.30), fill_strength=0.30),
    "back": Light(key_direction=(0.30, -0.40, -0.80), fill_strength=0.40, rim_strength=0.6, exposure=1.3),
    "dim": Light(key_direction=(-0.5, -0.3, 0.8), fill_strength=0.3, exposure=0.40),
}
_BT709 = ColorTags(matrix=1, range=1, primaries=1, transfer=1)


@dataclass(frozen=True)
class Shot:
    """One clip: who acts how, how large, before what. `states` holds one or more states for each frame."""

    name: str
    who: Identity
    states: Sequence[tuple[State, ...]]
    size_px: int  # of the actor's square; the face is 0.46 of it from brows to chin
    plate: str = "room"
    covers: Sequence[Sequence[Cover]] = ()  # for each frame, in shares of the square
    noise: float = 0.0
    lossless: bool = False

    def frames(self) -> Iterator[tuple[UInt8, list[SceneFace]]]:
        """Every frame with its truth. The actor stands in the middle, lower edge to lower edge."""
        width, height = 2 * round(0.85 * self.size_px), 2 * round(0.55 * self.size_px)
        left, top = (width - self.size_px) // 2, height - self.size_px
        plate = texture(self.plate, 1, width, height)
        for index, states in enumerate(self.states):
            covers = [
                replace(
                    cover,
                    centre=(left + cover.centre[0] * self.size_px, top + cover.centre[1] * self.size_px),
                    half_size=(cover.half_size[0] * self.size_px, cover.half_size[1] * self.size_px),
                )
                for cover in (self.covers[index] if self.covers else ())
            ]
            rgb, truth = staged(plate, [Placed(self.who, states, self.size_px, left, top)], covers=covers)
            if self.noise:
                rgb = with_sensor_noise(rgb, np.random.default_rng([index, 5]), strength=self.noise)
            yield rgb, truth


def film(shot: Shot, folder: Path) -> Path:
    """Make the shot's clip and `truth.json` in `folder`; returns the clip."""
    folder.mkdir(parents=True, exist_ok=True)
    clip = folder / ("frames" if shot.lossless else "clip.mp4")
    truths = []
    movie: MovieWriter | None = None
    for index, (rgb, truth) in enumerate(shot.frames()):
        truths.append([_plain(face) for face in truth])
        if shot.lossless:
            clip.mkdir(exist_ok=True)
            (clip / f"{index:05d}.png").write_bytes(encode_png(rgb))
            continue
        if movie is None:
            height, width = rgb.shape[:2]
            rate = Fraction(RATE_HZ)
            movie = MovieWriter(clip, width=width, height=height, time_base=1 / rate, rate=rate, color=_BT709)
            movie.__enter__()
        movie.write(rgb, index)
    if movie is not None:
        movie.__exit__(None, None, None)
    write_json(folder / "truth.json", {"frames": truths})
    return clip


def _plain(face: SceneFace) -> dict[str, object]:
    return {
        "landmarks_68": face.landmarks_68.round(3).tolist(),
        "yaw_deg": round(face.yaw_deg, 2),
        "seen_share": round(face.seen_share, 3),
        "box_xyxy": face.box_xyxy.round(2).tolist(),
        "height_px": round(face.height_px, 2),
    }


def truth_of(folder: Path) -> list[list[dict]]:
    """For every frame its faces, as `film` wrote them."""
    return json.loads((folder / "truth.json").read_text(encoding="utf-8"))["frames"]


# How they act.


def talking(frames: int, seed: int, light: str) -> list[tuple[State, ...]]:
    """Talking, blinking, smiling, turning calmly within 35 degrees."""
    return [(_in(state, light),) for state in src_track(max(200, frames), seed)[:frames]]


def sweep(frames: int, seed: int, light: str) -> list[tuple[State, ...]]:
    """Talking while the head goes from 45 degrees left to 45 right and back, nodding a little."""
    out = []
    for index, state in enumerate(src_track(max(200, frames), seed)[:frames]):
        yaw = -45 * np.cos(2 * np.pi * index / max(1, frames - 1))
        pitch = 8 * np.sin(2 * np.pi * 2.5 * index / frames)
        out.append((replace(_in(state, light), yaw_deg=float(yaw), pitch_deg=float(pitch)),))
    return out


def quick_turns(frames: int, seed: int, light: str) -> list[tuple[State, ...]]:
    """The head darts from side to side, 70 degrees within a quarter of a second, blurred by the shutter."""
    out = []
    for index, (state,) in enumerate(talking(frames, seed, light)):
        exposed = []
        for part in (-0.25, 0.0, 0.25):
            phase = (index + part) % 30
            turned = np.interp(phase, [0, 9, 15, 24, 30], [-35, -35, 35, 35, -35])
            moved = np.interp(phase, [0, 9, 15, 24, 30], [-0.06, -0.06, 0.06, 0.06, -0.06])
            exposed.append(replace(state, yaw_deg=float(turned), position=(float(moved), 0.0)))
        out.append(tuple(exposed))
    return out


def tilting(frames: int, seed: int, light: str) -> list[tuple[State, ...]]:
    """Nodding and tilting by 20 degrees and more."""
    out = []
    for index, (state,) in enumerate(talking(frames, seed, light)):
        phase = 2 * np.pi * index / 50
        tilted = replace(state, roll_deg=float(25 * np.sin(phase)), pitch_deg=float(18 * np.cos(1.7 * phase)))
        out.append((tilted,))
    return out


def still(frames: int, yaw_deg: float, light: str) -> list[tuple[State, ...]]:
    """Nothing moves."""
    return [(_in(State(yaw_deg=yaw_deg, pitch_deg=2.0, jaw=0.1), light),)] * frames


def passing(frames: int, *, every: int = 30, lasts: int = 7) -> list[list[Cover]]:
    """A dark solid, as broad as half the face, crosses it within `lasts` frames."""
    out: list[list[Cover]] = []
    for index in range(frames):
        phase = index % every - 8
        x = 0.28 + 0.44 * phase / max(1, lasts - 1)
        out.append([Cover((x, 0.55), (0.10, 0.38), -12)] if 0 <= phase < lasts else [])
    return out


def _in(state: State, light: str) -> State:
    return replace(state, light=LIGHTS[light], background=Background())


def shots(frames: int) -> list[Shot]:
    """All shots with somebody in them."""
    n = frames
    return [
        Shot("talking", identity(1), talking(n, 1, "soft"), 240),
        Shot("talking, dark skin", identity(11), talking(n, 2, "warm"), 240, "bricks"),
        Shot("sweep", identity(4), sweep(n, 3, "soft"), 240, "leaves"),
        Shot("sweep, dark skin, side light", identity(13), sweep(n, 4, "side"), 240, "cloud"),
        Shot("sweep, small", identity(5), sweep(n, 5, "warm"), 176, "writing"),
        Shot("sweep, small, dark skin, top light", identity(9), sweep(n, 6, "top"), 176, "stripes"),
        Shot("sweep, large", identity(12), sweep(n, 7, "warm"), 400, "room"),
        Shot("sweep, back light", DEMO_DST, sweep(n, 8, "back"), 240, "checkerboard"),
        Shot("quick turns", identity(7), quick_turns(n, 9, "soft"), 240, "room"),
        Shot("quick turns, small", identity(3), quick_turns(n, 10, "warm"), 192, "sockets"),
        Shot("covered", identity(6), talking(n, 11, "warm"), 240, "room", passing(n)),
        Shot("covered, dark skin", identity(14), talking(n, 12, "soft"), 240, "bricks", passing(n)),
        Shot("dim and noisy", identity(8), sweep(n, 13, "dim"), 240, "room", noise=6),
        Shot("dim and noisy, dark skin", identity(2), talking(n, 14, "dim"), 240, "cloud", noise=6),
        Shot("tilting", DEMO_SRC, tilting(n, 15, "soft"), 240, "leaves"),
    ]


def still_heads(frames: int) -> list[Shot]:
    """Heads that don't move before a sensor that makes noise: what trembles is ours."""
    heads = [
        ("still", identity(1), 0, "soft"),
        ("still, turned 25", identity(11), 25, "warm"),
        ("still, turned 40", identity(4), -40, "side"),
        ("still, dim", identity(2), 10, "dim"),
    ]
    return [
        Shot(name, who, still(frames, yaw, light), 240, noise=4, lossless=True)
        for name, who, yaw, light in heads
    ]


# Plates without anybody.

Painter = Callable[[np.random.Generator, int, int], np.ndarray]


def _noise(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    return rng.normal(128, rng.uniform(10, 70), (height, width, 3))


def _cloud(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    picture = np.full((height, width, 3), 120.0)
    for level in range(2, 8):
        small = rng.normal(0, 1, (2 + height >> level, 2 + width >> level, 3)).clip(-2, 2)
        small = small if min(small.shape[:2]) else rng.normal(0, 1, (1, 1, 3))
        picture += cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC) * 6 * level
    return picture


def _checkerboard(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    side = int(rng.integers(4, 60))
    board = (np.arange(height)[:, None] // side + np.arange(width) // side) % 2
    return np.where(board[..., None] == 0, rng.uniform(0, 120, 3), rng.uniform(130, 255, 3))


def _stripes(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    turn, period = rng.uniform(0, np.pi), rng.uniform(5, 50)
    y, x = np.mgrid[0:height, 0:width]
    wave = np.sin(2 * np.pi * (x * np.cos(turn) + y * np.sin(turn)) / period)
    return 128 + wave[..., None] * rng.uniform(30, 110, 3)


def _bricks(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    long, high = int(rng.integers(30, 90)), int(rng.integers(14, 40))
    picture = np.full((height, width, 3), 150.0)
    for row in range(height // high + 1):
        for column in range(-1, width // long + 1):
            x, y = column * long + (row % 2) * long // 2, row * high
            tone = np.array([150, 80, 60]) * rng.uniform(0.6, 1.2)
            cv2.rectangle(picture, (x + 2, y + 2), (x + long - 2, y + high - 2), tone.tolist(), -1)
    return picture + rng.normal(0, 6, picture.shape)


def _leaves(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    picture = np.full((height, width, 3), 40.0)
    for _ in range(500):
        centre = int(rng.integers(0, width)), int(rng.integers(0, height))
        axes = int(rng.integers(4, 30)), int(rng.integers(3, 12))
        color = np.array([90, 140, 60]) * rng.uniform(0.3, 1.5)
        cv2.ellipse(picture, centre, axes, float(rng.uniform(0, 180)), 0, 360, color.tolist(), -1)
    return picture


def _writing(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    picture = np.full((height, width, 3), 225, np.uint8)
    letters = "ABCDEFGHKLMNOPRSTUVWXYZabdeghkmnopqrsuw03689%&@  "
    for y in range(10, height + 20, int(rng.integers(14, 44))):
        line = "".join(rng.choice(list(letters), 60))
        cv2.putText(picture, line, (-5, y), cv2.FONT_HERSHEY_DUPLEX, float(rng.uniform(0.4, 1.5)), (30,) * 3, 1)
    return picture


def _sockets(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Two round holes and a slit under them on light plates, as on walls and cars: nearly a drawn face."""
    picture = np.full((height, width, 3), 170.0) + rng.normal(0, 3, (height, width, 3))
    for _ in range(4):
        side = int(rng.integers(30, 110))
        x, y = int(rng.integers(0, max(1, width - side))), int(rng.integers(0, max(1, height - side)))
        cv2.rectangle(picture, (x, y), (x + side, y + side), (235,) * 3, -1)
        for eye in (0.3, 0.7):
            cv2.circle(picture, (x + int(eye * side), y + int(0.38 * side)), side // 11, (40,) * 3, -1)
        slit = (x + int(0.35 * side), y + int(0.72 * side)), (x + int(0.65 * side), y + int(0.78 * side))
        cv2.rectangle(picture, *slit, (60,) * 3, -1)
    return picture


def _balls(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Smooth skin-coloured spheres: the tone and shading of heads without a face."""
    picture = np.full((height, width, 3), 90.0)
    y, x = np.mgrid[0:height, 0:width]
    for _ in range(5):
        radius = rng.uniform(20, 80)
        away = np.hypot(x - rng.uniform(0, width), y - rng.uniform(0, height)) / radius
        shade = np.sqrt(np.clip(1 - away**2, 0, 1))[..., None] * 0.7 + 0.3
        tone = np.array([220, 170, 140]) * rng.uniform(0.4, 1.0)
        picture = np.where(away[..., None] < 1, shade * tone, picture)
    return picture


def _room(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    from understudy.actors.camera import room

    side = max(width, height)
    return room(Background(seed=int(rng.integers(1000))), side)[:height, :width] * 255


TEXTURES: dict[str, Painter] = {
    "noise": _noise,
    "cloud": _cloud,
    "checkerboard": _checkerboard,
    "stripes": _stripes,
    "bricks": _bricks,
    "leaves": _leaves,
    "writing": _writing,
    "sockets": _sockets,
    "balls": _balls,
    "room": _room,
}


@cache
def texture(kind: str, seed: int, width: int, height: int) -> UInt8:
    """A plate with nobody on it."""
    rng = np.random.default_rng([seed, list(TEXTURES).index(kind)])
    picture = TEXTURES[kind](rng, width, height)
    return np.round(np.clip(picture, 0, 255)).astype(np.uint8)


def plates(count: int) -> Iterator[UInt8]:
    """`count` plates of all kinds in turn, some blurred, 480 x 360."""
    kinds = list(TEXTURES)
    for index in range(count):
        plate = texture.__wrapped__(kinds[index % len(kinds)], 100 + index, 480, 360)
        yield cv2.GaussianBlur(plate, (0, 0), 2.5) if index // len(kinds) % 3 == 2 else plate
