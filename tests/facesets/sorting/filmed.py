"""Small facesets of rendered people for the tests of this room: who, how turned, in which light."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from understudy.actors.identity import identity
from understudy.actors.performance import State
from understudy.actors.render import Rendered, render
from understudy.faces.align import crop
from understudy.facesets.record import FaceRecord
from understudy.facesets.sorting.measure import measure_faces
from understudy.facesets.store import Faceset, StoredFace
from understudy.geometry import crop_from_frame

FRAME_PX, CROP_PX = 128, 96
AHEAD = State()
Change = Callable[[np.ndarray], np.ndarray]


@cache
def frame_of(seed: int, state: State) -> Rendered:
    return render(identity(seed), state, size_px=FRAME_PX)


def add_face(
    faceset: Faceset,
    state: State = AHEAD,
    *,
    seed: int = 3,
    frame: int,
    change: Change | None = None,
    **fields: object,
) -> StoredFace:
    """Film one face and store it as PNG; `change` works on the crop, `fields` replace those of the record."""
    shot = frame_of(seed, state)
    matrix = crop_from_frame(shot.landmarks_68, face_type="full", size_px=CROP_PX)
    pixels = crop(shot.rgb, matrix, CROP_PX)
    values = {
        "clip": "clip",
        "frame": frame,
        "time_s": frame / 25,
        "frame_size": (FRAME_PX, FRAME_PX),
        "box_xyxy": (*shot.landmarks_68.min(0), *shot.landmarks_68.max(0)),
        "score": 1.0,
        "landmarks_68": shot.landmarks_68.tolist(),
        "face_type": "full",
        "size_px": CROP_PX,
        "crop_from_frame": matrix.tolist(),
        "yaw_deg": state.yaw_deg,
        "pitch_deg": state.pitch_deg,
        "roll_deg": state.roll_deg,
    }
    record = FaceRecord.model_validate(values | fields)
    return faceset.add(pixels if change is None else change(pixels), record, image_format="png")


def measured_faceset(folder: Path) -> Faceset:
    """The faceset of a folder with all faces measured."""
    faceset = Faceset(folder)
    for _ in measure_faces(faceset):
        pass
    return faceset


def frames(faces: list[StoredFace]) -> list[int]:
    return [face.record.frame for face in faces]
