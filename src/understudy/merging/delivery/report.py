"""The report beside a finished shot: each frame that was not swapped, with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from understudy.files import write_json, write_text


def report_paths(out: Path) -> tuple[Path, Path]:
    """Where the reports of `out` lie, for programs and for people."""
    name = out.stem if out.suffix else out.name
    return out.with_name(f"{name}.report.json"), out.with_name(f"{name}.report.txt")


def write_report(out: Path, *, frames: int, unswapped: Sequence[Mapping[str, Any]]) -> tuple[Path, Path]:
    """Write NAME.report.json for programs and NAME.report.txt for people beside `out`; returns both."""
    as_json, as_text = report_paths(out)
    swapped = frames - len(unswapped)
    about = {"file": out.name, "frames": frames, "swapped": swapped, "unswapped": list(unswapped)}
    write_json(as_json, about)
    lines = [f"{out.name}: {swapped} of {frames} frames are swapped."]
    lines += [f"frame {entry['frame']}: {entry['reason']}" for entry in unswapped]
    write_text(as_text, "\n".join(lines) + "\n")
    return as_json, as_text
