"""What is to be extracted, where to, and with what: handed from step to step of one extraction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from understudy.faces.finders import import_file_of
from understudy.faces.inputs import FinderInputs
from understudy.facesets.extraction.finder import FinderPlan
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.store import Faceset

Role = Literal["src", "dst"]


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
