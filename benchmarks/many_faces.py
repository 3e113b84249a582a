"""A faceset of rendered people, as varied as a collection of many shoots: who, light, pose, speech, room.

Every shot is one person under a light that moves slowly, so that neighbouring frames are alike and shots run
into each other, as in footage; nothing comes in clusters of copies. Rendering takes about 0.1 s a face once;
the faces are kept, and the next run goes on where the last one stopped.
Run: python benchmarks/many_faces.py FOLDER [COUNT]
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from understudy.actors.identity import identity
from understudy.actors.performance import Background, Light, State, dst_track, src_track
from understudy.actors.render import Rendered, render
from understudy.faces.align import crop
from understudy.faces.pose import pose_from_landmarks
from understudy.facesets.record import FaceRecord
from understudy.facesets.store import Faceset
from understudy.geometry import crop_from_frame

PEOPLE = 40
FRAMES_A_SHOT = 50
FRAME_PX = 160
CROP_PX = 128


def random_light(rng: np.random.Generator) -> Light:
    """Daylight to lamp, frontal to side, dim to bright."""
    warmth = rng.uniform(-1, 1)
    side, height = rng.uniform(-0.95, 0.95), rng.uniform(-0.8, 0.3)
    fill = rng.uniform(0.75, 1.0)
    return Light(
        key_direction=(side, height, float(np.sqrt(max(0.05, 1.2 - side**2 - height**2)))),
        key_color=(1.0, 0.93 - 0.12 * max(warmth, 0), 0.85 - 0.35 * warmth),
        key_strength=rng.uniform(0.5, 1.3),
        fill_color=(fill, 0.9, 1.0 - 0.2 * max(-warmth, 0)),
        fill_strength=rng.uniform(0.15, 0.9),
        rim_strength=rng.uniform(0, 0.6),
        exposure=rng.uniform(0.55, 1.6),
    )


def between(a: Light, b: Light, share: float) -> Light:
    """A light on its way from `a` to `b`."""
    mixed = {}
    for name in Light.__dataclass_fields__:
        both = np.asarray(getattr(a, name)) * (1 - share) + np.asarray(getattr(b, name)) * share
        mixed[name] = tuple(both.tolist()) if both.ndim else float(both)
    return Light(**mixed)


def shot_states(shot: int) -> list[State]:
    """What is done in one shot, FRAMES_A_SHOT frames taken from a longer performance."""
    rng = np.random.default_rng([shot, 77])
    performance = (src_track if rng.random() < 0.6 else dst_track)(4 * FRAMES_A_SHOT, shot)[::4]
    first, last = random_light(rng), random_light(rng)
    colors = [tuple(rng.uniform(0.05, 0.75, 3).tolist()) for _ in range(2)]
    background = Background(above=colors[0], below=colors[1], lights=int(rng.integers(10)), seed=shot)
    wider, lean = rng.uniform(0.8, 1.7), rng.uniform(-15, 15)
    return [
        replace(
            state,
            yaw_deg=float(np.clip(state.yaw_deg * wider + lean, -65, 65)),
            pitch_deg=float(np.clip(state.pitch_deg * wider + 0.4 * lean, -25, 25)),
            light=between(first, last, number / FRAMES_A_SHOT),
            background=background,
            scale=float(rng.uniform(0.98, 1.02)) * state.scale,
        )
        for number, state in enumerate(performance)
    ]


def stored(faceset: Faceset, frame: Rendered, clip: str, number: int) -> None:
    """Cut the face out and add it, as extraction would."""
    points = frame.landmarks_68
    matrix = crop_from_frame(points, face_type="full", size_px=CROP_PX)
    pose = pose_from_landmarks(points, (FRAME_PX, FRAME_PX))
    record = FaceRecord.model_validate(
        {
            "clip": clip,
            "frame": number,
            "time_s": number / 25,
            "frame_size": (FRAME_PX, FRAME_PX),
            "box_xyxy": np.round([*points.min(0), *points.max(0)], 2).tolist(),
            "score": 1.0,
            "landmarks_68": np.round(points, 3).tolist(),
            "face_type": "full",
            "size_px": CROP_PX,
            "crop_from_frame": np.round(matrix, 9).tolist(),
            "yaw_deg": round(pose.yaw_deg, 2),
            "pitch_deg": round(pose.pitch_deg, 2),
            "roll_deg": round(pose.roll_deg, 2),
        }
    )
    faceset.add(crop(frame.rgb, matrix, CROP_PX), record)


def make(folder: Path, count: int) -> None:
    """Render until `folder` holds `count` faces."""
    with Faceset(folder) as faceset:
        there = {(face.record.clip, face.record.frame) for face in faceset.faces()}
        for place in range(count):
            # All people come early, so that a smaller count is as varied.
            shot, number = place // FRAMES_A_SHOT, place % FRAMES_A_SHOT
            clip = f"shot-{shot:03d}"
            if (clip, number) in there:
                continue
            state = shot_states(shot)[number]
            stored(faceset, render(identity(100 + shot % PEOPLE), state, size_px=FRAME_PX), clip, number)
            if len(faceset) % 500 == 0:
                print(f"{len(faceset)} of {count} faces", flush=True)


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
