"""The last words of a command: what it made and what it measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from understudy.counts import counted
from understudy.events import StageFinished

# What a person wants to read of each stage's summary, in this order: the whole first, then what was done now.
_TOLD: dict[str, tuple[str, ...]] = {
    "extract": ("clip", "frames", "frames_with_chosen", "faces_written"),
    "train": ("iterations_in_all", "iterations", "iteration", "rate", "loss", "seconds"),
    "merge": ("frames", "swapped", "layers_kept", "passed_through", "made_now"),
    "encode": ("out", "frames"),
}
_CALLED = {
    ("extract", "frames_with_chosen"): "faces",
    ("extract", "faces_written"): "written now",
    ("train", "iterations_in_all"): "iterations",
    ("train", "iterations"): "trained now",
}
_MOST_NAMED = 6


def print_result(finished: Sequence[StageFinished]) -> None:
    """Print one line for every stage."""
    for stage in finished:
        if "to_make" in stage.summary:  # a dry run
            count = counted(len(stage.summary["to_make"]), "frame")
            print(f"{stage.stage:<9} {end_of(stage) if stage.skipped else f'{count} would be made'}")
            continue
        summary = dict(stage.summary)
        if "layers_kept" in summary:  # these pass through as pictures alone, which is not news
            summary["passed_through"] -= summary["layers_kept"]
        told = [name for name in _TOLD.get(stage.stage, tuple(summary)) if not _is_empty(summary.get(name))]
        figures = ", ".join(_figure(stage.stage, name, summary[name]) for name in told)
        print(f"{stage.stage:<9} {figures or 'done'}")


def end_of(stage: StageFinished) -> str:
    """How a stage ended. How many frames a dry run would make is said by its notice and its last line."""
    if stage.skipped:
        return "nothing left to do"
    return "a dry run, so nothing is made" if "to_make" in stage.summary else "done"


def clock_time(seconds: float) -> str:
    """Minutes and seconds, and hours where there are any, as a clock shows them."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def _figure(stage: str, name: str, value: Any) -> str:
    """A figure with its name, which a stage like `read src faces` may have said already."""
    words = _CALLED.get((stage, name), name.replace("_", " "))
    return _short(value) if stage.endswith(f" {words}") else f"{words} {_short(value)}"


def _is_empty(value: Any) -> bool:
    return value is None or value in ((), [], {}, "")


def _short(value: Any) -> str:
    """A value as a person reads it, on one line."""
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.4g}"
        case list() | tuple():
            more = f" and {len(value) - _MOST_NAMED} more" if len(value) > _MOST_NAMED else ""
            return " ".join(_short(one) for one in value[:_MOST_NAMED]) + more
        case dict():
            return " ".join(f"{name} {_short(one)}" for name, one in value.items())
        case _:
            return str(value)
