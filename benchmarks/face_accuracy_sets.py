"""What `face_accuracy.py` measures on: rendered people kept from the training, clips by path, and damage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np

from understudy.actors.crowd.backgrounds import backgrounds
from understudy.actors.crowd.draw import STATES, sample
from understudy.actors.crowd.no_faces import no_faces
from understudy.actors.crowd.sample import Sample
from understudy.actors.mesh_look.samples import mesh_studio
from understudy.actors.scene import UInt8, with_sensor_noise
from understudy.faces.pose import poses_from_landmarks
from understudy.measure.landmark_accuracy import eye_spans_px
from understudy.media.clip import ColorTags
from understudy.media.movie import MovieWriter
from understudy.media.opening import open_clip

SIZE_PX = 176
STILL_PX = 256
STILL_FRAMES = 12
SEED = 99  # of evaluations alone: the training's own report tests with another
_BT709 = ColorTags(matrix=1, range=1, primaries=1, transfer=1)
_CRF = 35
_SHOT_FRAMES, _DRIFT_PX, _NOISE = 12, 0.7, 3.0  # of a shot; a frame; of 255
_GRAIN = 9.0  # of 255


@dataclass(frozen=True, eq=False)
class Looked:
    """Pictures of one size with one face each, and what is true of them."""

    name: str
    pictures: Sequence[UInt8]
    points: np.ndarray  # (n, 70 or 68, 2)
    spans_px: np.ndarray  # (n,) outer-eye distance in space at the picture's scale
    poses_deg: np.ndarray  # (n, 3)
    skin: Sequence[np.ndarray] | None = None
    tone: np.ndarray | None = None
    age: np.ndarray | None = None
    skin_fixed_jaw: bool = False

    def seen(self, pictures: Sequence[UInt8]) -> Looked:
        """The same faces in other pictures of the same size."""
        return replace(self, pictures=pictures)


def rendered(look: str, count: int, *, mesh_pack: Path | None = None) -> Looked:
    """People of the part "test" in rooms: of our own look, or of a mesh pack's."""
    rng = np.random.default_rng([SEED, len(look)])
    taken = []
    for k in range(count):
        number = k * STATES + k % STATES  # a person each
        if mesh_pack is None:
            taken.append(sample(number, SEED, SIZE_PX, part="test"))
        else:
            taken.append(mesh_studio(mesh_pack).sample(number, SIZE_PX, part="test", seed=SEED))
    rooms = backgrounds(rng, count, SIZE_PX)
    points = np.stack([one.points for one in taken])
    poses = np.array([[one.yaw_deg, one.pitch_deg, one.roll_deg] for one in taken])
    return Looked(
        look,
        [in_room(one, room) for one, room in zip(taken, rooms, strict=True)],
        points,
        eye_spans_px(points, poses),
        poses,
        [one.skin for one in taken],
        np.array([one.tone for one in taken]),
        np.array([one.age for one in taken]),
    )


def in_room(one: Sample, room: UInt8) -> UInt8:
    """The performer before a room."""
    alpha = one.person[..., None]
    return np.round(one.rgb * alpha + room * (1 - alpha)).astype(np.uint8)


def of_clip(name: str, clip: Path, points_file: Path, key: str, every: int) -> Looked:
    """Frames of a clip with true points by vertex of a mesh: hidden ones too, the jaw fixed to the skin."""
    with np.load(points_file, allow_pickle=False) as stored:
        points = np.asarray(stored[key], float)[::every]
    with open_clip(clip) as opened:
        frames = [frame.rgb_8bit for frame in opened.frames() if frame.index % every == 0]
    poses = poses_from_landmarks(points)
    return Looked(name, frames[: len(points)], points, eye_spans_px(points, poses), poses, skin_fixed_jaw=True)


def still_heads(count: int) -> Iterator[tuple[list[UInt8], np.ndarray]]:
    """Heads that stand still before a noisy sensor, 256 px pictures, with their true points."""
    rng = np.random.default_rng([SEED, 3])
    number = found = 0
    while found < count:
        one = sample(number, SEED, STILL_PX, part="test")
        number += 1
        if abs(one.yaw_deg) > 45 or abs(one.roll_deg) > 45 or abs(one.pitch_deg) > 25:
            continue
        found += 1
        clean = in_room(one, backgrounds(rng, 1, STILL_PX)[0])
        yield [with_sensor_noise(clean, rng) for _ in range(STILL_FRAMES)], one.points


def nobody(count: int) -> UInt8:
    """Pictures without a face, of the part "test"."""
    return no_faces(np.random.default_rng([SEED, 5]), count, SIZE_PX, part="test")


def half_resolution(pictures: Sequence[UInt8]) -> list[UInt8]:
    """Every second pixel lost, and the size brought back."""
    out = []
    for picture in pictures:
        height, width = picture.shape[:2]
        small = cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        out.append(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))
    return out


def grainy(pictures: Sequence[UInt8]) -> list[UInt8]:
    """Grain as of fast film, clumps of about two pixels, alike in all colours but for a little."""
    rng = np.random.default_rng([SEED, 7])
    out = []
    for picture in pictures:
        grain = cv2.GaussianBlur(rng.normal(0, 1, picture.shape[:2]).astype(np.float32), (0, 0), 0.7)
        grain = _GRAIN * grain / max(float(grain.std()), 1e-6)
        color = rng.normal(0, 0.3 * _GRAIN, picture.shape)
        out.append(np.round(np.clip(picture + grain[..., None] + color, 0, 255)).astype(np.uint8))
    return out


def in_shots(pictures: Sequence[UInt8]) -> list[UInt8]:
    """Frames of footage at crf 35: each picture is shot for half a second by a drifting, noisy camera."""
    rng = np.random.default_rng([SEED, 9])
    shown = []
    for picture in pictures:
        angle = rng.uniform(0, 2 * np.pi)
        for k in range(-(_SHOT_FRAMES // 2), _SHOT_FRAMES - _SHOT_FRAMES // 2):
            away = _DRIFT_PX * k * np.array([np.cos(angle), np.sin(angle)])
            shown.append(with_sensor_noise(_moved(picture, away) if k else picture, rng, strength=_NOISE))
    return through_h264(shown)[_SHOT_FRAMES // 2 :: _SHOT_FRAMES]


def _moved(picture: UInt8, away: np.ndarray) -> UInt8:
    height, width = picture.shape[:2]
    matrix = np.column_stack([np.eye(2), away])
    moved = cv2.warpAffine(
        picture, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    return moved.astype(np.uint8)


def through_h264(pictures: Sequence[UInt8]) -> list[UInt8]:
    """Encoded as one movie at crf 35 and read again.

    Where each picture is another one, x264 gives each fewer bits than in footage: none is of use to the next.
    """
    height, width = pictures[0].shape[:2]
    rate = Fraction(25)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "through.mp4"
        settings: dict[str, Any] = {"width": width, "height": height, "time_base": 1 / rate, "rate": rate}
        with MovieWriter(path, color=_BT709, crf=_CRF, **settings) as movie:
            for index, picture in enumerate(pictures):
                movie.write(picture, index)
        with open_clip(path) as clip:
            return [frame.rgb_8bit for frame in clip.frames()]


DAMAGES: dict[str, Callable[[Sequence[UInt8]], list[UInt8]]] = {
    "half resolution": half_resolution,
    "H.264 crf 35": in_shots,
    "H.264 crf 35, a slide show": through_h264,
    "grain": grainy,
}
