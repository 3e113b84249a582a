"""At how many frames a second a project's image sequences are shown: what understudy.toml says of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from understudy.errors import OptionInvalid
from understudy.media.rates import MOST_FRAMES_PER_SECOND
from understudy.project.project import Project


def fps_of(project: Project, clip: str | None) -> float | None:
    """The rate that was said for a clip; None where none was, or the project has no such clip."""
    entry = project.manifest.clips.get(clip) if clip else None
    return entry.fps if entry else None


def require_rate(paths: Sequence[Path], fps: float) -> None:
    """Raise OptionInvalid for a rate that is none, and for one that is said of a video. 0 takes a rate back."""
    from understudy.media.opening import holds_images

    if not 0 <= fps <= MOST_FRAMES_PER_SECOND:
        raise OptionInvalid(
            f"A rate can't be {fps:g}: say how many frames of the images are shown in a second, like 24 or "
            "23.976, or 0 for what the images say themselves."
        )
    for path in paths:
        if fps and not holds_images(path):
            raise OptionInvalid(
                "A rate is said of images; a video keeps its own times. Add the two by two commands.",
                path,
            )


def choose_rate(project: Project, clips: Sequence[str], fps: float) -> None:
    """Remember the rate of these clips; 0 forgets what was said. Raises what `require_rate` raises."""
    require_rate([project.clip_path(name) for name in clips], fps)
    with project.change() as manifest:
        for name in clips:
            manifest.clips[name].fps = fps or None
