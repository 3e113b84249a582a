"""The report of a finished shot: each frame that was not swapped, with its reason.

And where it and what else is told of the shot lies. Not here: writing that (`beside`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from understudy.files import read_json


def report_paths(out: Path) -> tuple[Path, Path]:
    """Where the reports of `out` lie, for programs and for people: NAME.report.json and NAME.report.txt."""
    as_json = path_beside(out, ".report.json")
    return as_json, as_json.with_suffix(".txt")


def path_beside(out: Path, ending: str) -> Path:
    """Where JSON about `out` lies, with its name under "file": NAME and an ending. Where that is another
    file's, as of film.mp4 beside film.mov, the ending of `out` stands in the name too."""
    name, whole = (out.stem, out.name) if out.suffix else (out.name, f"{out.name}.images")
    plain, apart = out.with_name(f"{name}{ending}"), out.with_name(f"{whole}{ending}")
    is_anothers = _whose(plain) not in ("", out.name)
    return apart if is_anothers or _whose(apart) == out.name else plain


def _whose(told: Path) -> str:
    """The file that JSON is about; empty where it tells none."""
    try:
        about = read_json(told)
    except (OSError, ValueError):
        return ""
    return str(about.get("file", "")) if isinstance(about, dict) else ""


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
