"""What is known about one face: the metadata that travels inside its image file.

Versioned and documented by its JSON schema (docs/reference/face-metadata.md). Points and boxes are in frame
pixels measured from the frame's top left corner; a crop spans 0..size_px.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from understudy.facesets.done_by_hand import Done
from understudy.geometry import FaceType

RECORD_VERSION = 1
NAMESPACE = "urn:understudy:face:1#"  # of the XMP property that holds a record
PACKET_LIMIT_BYTES = 65502  # what one JPEG segment holds beside its length and its identifier

_Row = Annotated[list[float], Field(min_length=3, max_length=3)]


class Polygon(BaseModel):
    """A region drawn by hand. Includes are filled first, then excludes are taken away."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    kind: Literal["include", "exclude"] = Field(description="Whether the region belongs to the face.")
    points: list[tuple[float, float]] = Field(
        min_length=3, max_length=10_000, description="Corners in frame pixels."
    )


class StoredMask(BaseModel):
    """A mask that a program made, as a small grey picture with its place."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    size_px: int = Field(gt=0, le=4096, description="Side of the square mask.")
    mask_from_frame: list[_Row] = Field(
        min_length=2, max_length=2, description="2 x 3 transform from frame to mask pixels."
    )
    png_base64: str = Field(max_length=64_000, description="An 8-bit grey PNG, 255 is face, as Base64.")
    made_by: str = Field(
        default="",
        max_length=100,
        description="Which state of its maker made it, so that it is not made twice.",
    )


class PaintedLayer(BaseModel):
    """What a brush painted by hand, over the drawn regions and every mask."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    size_px: int = Field(gt=0, le=4096, description="Side of the square layer.")
    layer_from_frame: list[_Row] = Field(
        min_length=2, max_length=2, description="2 x 3 transform from frame to layer pixels."
    )
    png_base64: str = Field(
        max_length=64_000,
        description="An 8-bit grey PNG as Base64: 255 is face, 0 is none, 128 leaves what is under it.",
    )


class FaceRecord(BaseModel):
    """One face in one frame of one clip."""

    # A newer minor writer may know more than we do; a hostile one must not hand NaN to the geometry.
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    version: int = Field(RECORD_VERSION, ge=1, description="Version of this layout.")
    clip: str = Field(max_length=1000, description="Name of the clip in the project.")
    frame: int = Field(ge=0, lt=2**31, description="Index of the frame in order of showing.")
    time_s: float = Field(description="When the frame is shown, seconds from the clip's start.")
    frame_size: tuple[int, int] = Field(
        description="Width and height of the upright frame in pixels; 0, 0 where another program did not say."
    )
    box_xyxy: tuple[float, float, float, float] = Field(
        description="The detector's box: left, top, right, bottom, in frame pixels."
    )
    score: float = Field(ge=0, le=1, description="The detector's confidence.")
    landmarks_68: list[tuple[float, float]] = Field(
        min_length=68,
        max_length=68,
        description="x, y in frame pixels; jaw 0-16, brows 17-26, nose 27-35, eyes 36-47, lips 48-67.",
    )
    spread_68: list[Annotated[float, Field(ge=0, le=1e6)]] = Field(
        default_factory=list,
        max_length=68,
        description="Expected error of each landmark in pixels, before smoothing; empty where it is not known.",
    )
    face_type: FaceType = Field(description="How much around the face the crop shows.")
    size_px: int = Field(
        gt=0, le=16384, description="Side of the square crop; of a mark-only face the frame's longer side."
    )
    crop_from_frame: list[_Row] = Field(
        min_length=2,
        max_length=2,
        description="2 x 3 transform from frame to crop pixels; of a mark-only face it changes nothing.",
    )
    yaw_deg: float = Field(0.0, description="Positive turns the face to the image's right.")
    pitch_deg: float = Field(0.0, description="Positive looks up.")
    roll_deg: float = Field(0.0, description="Positive turns the head clockwise in the image.")
    track: int = Field(0, description="Which continuous appearance in the clip.")
    person: int = Field(1, description="Which person, counted from 1, most seen first.")
    sharpness: float = Field(0.0, description="Higher is sharper; comparable between crops of one size.")
    filled: bool = Field(
        False, description="Placed by following its neighbours in time, because no detector found it."
    )
    source_name: str = Field(
        "", max_length=1000, description="Name of the frame's file where the clip is a folder of images."
    )
    brows_up: float = Field(
        1.0,
        ge=-4,
        le=4,
        description="How far a hull rises over the brows; 1 is half their way from the eyes.",
    )
    person_name: str = Field("", max_length=200, description="The person's name in the program it came from.")
    original_name: str = Field("", max_length=300, description="The file's name in the program it came from.")
    polygons: list[Polygon] = Field(default_factory=list, description="Regions drawn by hand.")
    painted: PaintedLayer | None = Field(default=None, description="What was painted by hand over them.")
    drawing_mark: Literal["", "confirmed", "skipped"] = Field(
        default="", description="What a person said of the face's drawing: that it is right, or to leave it."
    )
    masks: dict[str, StoredMask] = Field(default_factory=dict, description="Masks by the name of their maker.")
    mask_used: str = Field(
        "",
        max_length=200,
        description="Which of the masks counts; where none is said, xseg, or else the first.",
    )

    @model_validator(mode="after")
    def _crop_can_be_undone(self) -> Self:
        (a, b, _), (c, d, _) = self.crop_from_frame
        if abs(a * d - b * c) < 1e-12:
            raise ValueError("crop_from_frame has no inverse")
        return self

    @model_validator(mode="after")
    def _errors_are_of_all_landmarks(self) -> Self:
        if len(self.spread_68) not in (0, 68):
            raise ValueError("spread_68 has not 68 numbers")
        return self

    @property
    def done(self) -> Done:
        """What a person did on it, and the masks that are there."""
        return Done(len(self.polygons), self.painted is not None, self.drawing_mark, len(self.masks))

    @property
    def is_drawn_on(self) -> bool:
        """Whether a person drew or painted anything on it."""
        return self.done.is_drawn_on

    @property
    def teaches_masks(self) -> bool:
        """Whether a segmenter can learn from it what a person said is face (`Done.teaches_masks`)."""
        return self.done.teaches_masks

    @property
    def shows_whole_frame(self) -> bool:
        """Whether the picture is no crop but the frame: not square, and not comparable with crops."""
        return self.face_type == "mark-only"

    @property
    def picture_size(self) -> tuple[int, int]:
        """Width and height of the stored picture in pixels."""
        return self.frame_size if self.shows_whole_frame else (self.size_px, self.size_px)

    def landmarks(self) -> npt.NDArray[np.float64]:
        """Landmarks in frame pixels, (68, 2)."""
        return np.array(self.landmarks_68, float)

    def crop_matrix(self) -> npt.NDArray[np.float64]:
        """The 2 x 3 transform from frame to crop pixels."""
        return np.array(self.crop_from_frame, float)

    def as_json(self) -> dict[str, Any]:
        """Plain values for the XMP packet and the index."""
        return self.model_dump(mode="json")
