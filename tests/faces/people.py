"""Faces to look at: rendered actors, and mean faces turned in space and drawn nowhere."""

from __future__ import annotations

import numpy as np

from understudy.faces.pose import rotation
from understudy.mean_face import MEAN_FACE_68_IN_SPACE
from understudy.media.clip import Frame, loose_frame

FIVE = ([*range(36, 42)], [*range(42, 48)], [30], [48], [54])


def turned_face(yaw_deg=0.0, pitch_deg=0.0, roll_deg=0.0, *, scale=1.0, centre=(160.0, 150.0)) -> np.ndarray:
    """The mean face seen from afar, (68, 2)."""
    turn = rotation(np.radians([yaw_deg, pitch_deg, roll_deg]))
    return (MEAN_FACE_68_IN_SPACE @ turn.T)[:, :2] * scale + np.asarray(centre)


def five_of(landmarks_68: np.ndarray) -> np.ndarray:
    """Eye centres, nose tip and mouth corners of (…, 68, 2)."""
    return np.stack([landmarks_68[..., region, :].mean(-2) for region in FIVE], -2)


def frames_of(*pictures: np.ndarray) -> list[Frame]:
    """Frames as a clip would give them, of pictures that belong to none."""
    return [loose_frame(picture, index=index) for index, picture in enumerate(pictures)]
