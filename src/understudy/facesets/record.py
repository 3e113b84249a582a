"""What is known about one face: the metadata that travels inside its image file.

Versioned and documented by its JSON schema (docs/reference/face-metadata.md). Points and boxes are in frame
pixels measured from the frame's top left corner; a crop spans 0..size_px.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from understudy.geometry import FaceType

RECORD_VERSION = 1


class FaceRecord(BaseModel):
    """One face in one frame of one clip."""

    model_config = ConfigDict(frozen=True, extra="ignore")  # a newer minor writer may know more than we do

    version: int = RECORD_VERSION
    clip: str = Field(description="Name of the clip in the project.")
    frame: int = Field(ge=0, description="Index of the frame in order of showing.")
    time_s: float = Field(description="When the frame is shown, seconds from the clip's start.")
    frame_size: tuple[int, int] = Field(description="Width and height of the upright frame in pixels.")
    box_xyxy: tuple[float, float, float, float]
    score: float = Field(ge=0, le=1, description="The detector's confidence.")
    landmarks_68: list[tuple[float, float]] = Field(min_length=68, max_length=68)
    face_type: FaceType
    size_px: int = Field(gt=0, description="Side of the square crop.")
    crop_from_frame: list[list[float]] = Field(description="2 x 3 transform from frame to crop pixels.")
    yaw_deg: float = Field(0.0, description="Positive turns the face to the image's right.")
    pitch_deg: float = Field(0.0, description="Positive looks up.")
    roll_deg: float = Field(0.0, description="Positive turns the head clockwise in the image.")
    track: int = Field(0, description="Which continuous appearance in the clip.")
    person: int = Field(1, description="Which person, counted from 1, most seen first.")
    sharpness: float = 0.0

    def landmarks(self) -> npt.NDArray[np.float64]:
        """Landmarks in frame pixels, (68, 2)."""
        return np.array(self.landmarks_68, float)

    def crop_matrix(self) -> npt.NDArray[np.float64]:
        """The 2 x 3 transform from frame to crop pixels."""
        return np.array(self.crop_from_frame, float)

    def as_json(self) -> dict[str, Any]:
        """Plain values for the XMP packet and the index."""
        return self.model_dump(mode="json")
