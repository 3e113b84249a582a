"""The report of a finished shot: each frame that was not swapped, with its reason.

Not here: writing it (`beside`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from understudy.files import read_json


def report_paths(out: Path) -> tuple[Path, Path]:
    """Where the reports of `out` lie, for programs and for people: NAME.report.json and NAME.report.txt. Where
    those are another file's, as of film.mp4 beside film.mov, the ending of `out` stands in their names too."""
    name, whole = (out.stem, out.name) if out.suffix else (out.name, f"{out.name}.images")
    plain, apart = _named(out, name), _named(out, whole)
    is_anothers = _whose(plain[0]) not in ("", out.name)
    return apart if is_anothers or _whose(apart[0]) == out.name else plain


def _named(out: Path, name: str) -> tuple[Path, Path]:
    return out.with_name(f"{name}.report.json"), out.with_name(f"{name}.report.txt")


def _whose(report: Path) -> str:
    """The file that a report is of; empty where it is none."""
    try:
        told = read_json(report)
    except (OSError, ValueError):
        return ""
    return str(told.get("file", "")) if isinstance(told, dict) else ""


def report_of(
    out: Path, *, frames: int, unswapped: Sequence[Mapping[str, Any]], stretch: str = ""
) -> dict[Path, Any]:
    """What NAME.report.json tells programs and NAME.report.txt people, by their paths.

    `stretch` says which frames of dst these are, where they are not all; frames are numbered as in dst.
    """
    as_json, as_text = report_paths(out)
    swapped = frames - len(unswapped)
    about = {"file": out.name, "frames": frames, "swapped": swapped, "unswapped": list(unswapped)}
    about |= {"stretch": stretch} if stretch else {}
    lines = [f"{out.name}: {swapped} of {frames} frames are swapped."]
    lines += [f"It shows frames {stretch} of dst."] if stretch else []
    lines += [f"frame {entry['frame']}: {entry['reason']}" for entry in unswapped]
    return {as_json: about, as_text: "\n".join(lines) + "\n"}
