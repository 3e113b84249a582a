"""What a person asks for with `understudy swap`, before any of it is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class SwapRequest:
    """The main job's inputs. The option tables hold only what was said, so that the rest can come from the
    project and the preset."""

    src: tuple[Path, ...] = ()
    dst: tuple[Path, ...] = ()
    out: Path | None = None
    project: Path | None = None
    src_face: int | None = None
    dst_face: int | None = None
    consent: str | None = None
    model: str = ""  # empty where none is said, see `model_meant`
    preset: str | None = None
    device: str = "auto"
    train: Mapping[str, Any] = field(default_factory=dict)
    extract: Mapping[str, Any] = field(default_factory=dict)
    merge: Mapping[str, Any] = field(default_factory=dict)
    encode: Mapping[str, Any] = field(default_factory=dict)
