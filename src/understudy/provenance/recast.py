"""Our own assertion inside the credentials: what was made from what, with which model and whose consent.

A versioned shape that is written by `sign.py` and read back, leniently, by `verify.py`. Names only, never
folders: a signed file must not tell how its maker's disk is laid out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from understudy.provenance.consent import Consent

LABEL = "understudy.recast"
RECAST_VERSION = 1


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")  # a newer writer may say more than we know


class HashedFile(_Shape):
    """A clip by name and contents."""

    name: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class LearntClip(_Shape):
    """A clip whose faces a model learnt from. The hash is empty where the clip wasn't there to be hashed.

    `model` is the one that had learnt from it, where another began with that one's weights; `fictional` says
    that these are rendered people, as a trunk's crowd, or a performer whose consent says so.
    """

    name: str
    sha256: str = Field("", pattern=r"^([0-9a-f]{64})?$")
    performer: str = ""
    faces: int = Field(0, ge=0)
    model: str = ""
    fictional: bool = False


class UsedModel(HashedFile):
    """The model that painted the face; the hash is that of its weights."""

    iterations: int = Field(ge=0)


class FrameCount(_Shape):
    """How many frames the result has, and how many of them show a recast face."""

    total: int = Field(ge=0)
    swapped: int = Field(ge=0)
    stretch: str = ""  # which frames of dst they are, like "120:160", where they are not all


class Recast(_Shape):
    """All that the maker states about one finished file."""

    version: int = RECAST_VERSION
    title: str
    dst: HashedFile
    src: list[LearntClip]  # whose face is painted, as far as the models saw it
    also_learnt: list[LearntClip] = []  # dst's faces, and those of models they began with
    learnt_whole: bool = True  # False: they learnt from more than is known
    model: UsedModel
    more_models: list[UsedModel] = []  # where several painted, each their own faces
    plate: HashedFile | None = None  # the footage whose frames these are, where they are not dst's
    frames: FrameCount
    use: str = ""  # what it was made for
    watermark: str = ""  # the number in the picture itself, as hexadecimal digits
    consents: dict[str, Consent]
    software: str

    def for_manifest(self) -> dict[str, Any]:
        """Plain values for the manifest; a consent's evidence is named without its folder."""
        values = self.with_fictional_clips().model_dump(mode="json")
        values["consents"] = {performer: consent.for_marks() for performer, consent in self.consents.items()}
        return values

    def with_fictional_clips(self) -> Recast:
        """The same, where a clip also shows rendered people if its performer's consent says so."""
        learnt = {name: with_fictional(getattr(self, name), self.consents) for name in ("src", "also_learnt")}
        return self.model_copy(update=learnt)


def with_fictional(clips: Sequence[LearntClip], consents: Mapping[str, Consent]) -> list[LearntClip]:
    """The clips; those of a performer who is fictional show rendered people too."""
    nobody = {performer for performer, consent in consents.items() if consent.status == "fictional"}
    return [clip.model_copy(update={"fictional": clip.fictional or clip.performer in nobody}) for clip in clips]


def recast_in(manifest: dict[str, Any]) -> Recast | None:
    """Our assertion in a manifest as the library gives it; None where there is none or it has another shape."""
    for assertion in manifest.get("assertions", []):
        if assertion.get("label", "").startswith(LABEL):
            try:
                return Recast.model_validate(assertion.get("data"))
            except ValidationError:
                return None
    return None
