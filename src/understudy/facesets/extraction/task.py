"""What is to be extracted, where to, and with what: handed from step to step of one extraction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from understudy.faces.finders import import_file_of
from understudy.faces.inputs import FinderInputs
from understudy.facesets.extraction.finder import FinderPlan
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.store import Faceset, StoredFace
from understudy.media.color_spaces import ColorSpace

Role = Literal["src", "dst"]


@dataclass(frozen=True)
class Shelf:
    """Where faces go that are not meant, and from where they come back by the names they had."""

    put: Callable[[Sequence[StoredFace]], None]
    bring_back: Callable[[Sequence[str]], list[str]]


@dataclass(frozen=True)
class Task:
    """One clip's extraction."""

    clip_path: Path
    clip_name: str
    content: str  # tells two contents of one clip's name apart
    role: Role
    faceset: Faceset
    options: ExtractOptions
    cache: Path
    people_folder: Path
    person: int | None
    devices: tuple[str, ...]
    overlays_folder: Path
    manual_file: Path | None = None  # regions of this clip drawn by hand
    trust: bool = False  # whether TorchScript weights may be run
    plan_of: Callable[[ExtractOptions, FinderInputs], FinderPlan] = field(default=FinderPlan)
    edits: tuple[str, ...] = ()  # what a person said about the tracks
    shelf: Shelf | None = None
    color_space: ColorSpace | None = None

    def binding(self) -> dict[str, Any]:
        """What the finds depend on."""
        return {"content": self.content, **self.finder_plan().binding()}

    def finder_plan(self, device: str = "") -> FinderPlan:
        """Which programs look, on `device` or the first one."""
        inputs = FinderInputs(
            device=device or self.devices[0],
            smallest_face_share=self.options.min_face,
            clip_name=self.clip_name,
            import_file=import_file_of(self.options.import_file, self.clip_name),
            manual_file=self.manual_file,
            trust=self.trust,
        )
        return self.plan_of(self.options, inputs)
