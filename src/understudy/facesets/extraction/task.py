"""What is to be extracted, where to, and with what: handed from step to step of one extraction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

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
    plan_of: Callable[[ExtractOptions, FinderInputs], FinderPlan] = field(default=FinderPlan)

    def finder_plan(self, device: str = "") -> FinderPlan:
        """Which programs look, on `device` or the first one."""
        inputs = FinderInputs(
            device=device or self.devices[0],
            smallest_face_share=self.options.min_face,
            clip_name=self.clip_name,
        )
        return self.plan_of(self.options, inputs)
