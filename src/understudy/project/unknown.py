"""Names that a person wrote, looked up in a project; one that nothing has is refused in one sentence, with the
names there are and the nearest.

Clips and models are refused here; of other things, whoever looks for them knows which error that is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from understudy.errors import ClipMissing, ModelUnknown
from understudy.options import meant

if TYPE_CHECKING:
    from understudy.project.manifest import ClipEntry, ModelEntry, Role
    from understudy.project.project import Project

_MAKES_ONE = {"model": " `understudy train PROJECT` makes one."}


def unknown(what: str, name: str, known: Iterable[str], *, short: Iterable[str] = ()) -> str:
    """`what` is what was looked for, like "dst clip". `short` are further ways to name one of those known."""
    names = list(known)
    near = meant(name, [*names, *short])
    there, next_step = ", ".join(names) or "none yet", near if names else _MAKES_ONE.get(what, "")
    return f"The project has no {what} called {name!r}; it has {there}.{next_step}"


def clip_named(project: Project, name: str, role: Role | None = None) -> ClipEntry:
    """A clip, of one side where a `role` is said. Raises ClipMissing for a name that is none."""
    clips = project.manifest.clips_of(role) if role else project.manifest.clips
    if name not in clips:
        raise ClipMissing(unknown(f"{role} clip" if role else "clip", name, clips))
    return clips[name]


def model_named(project: Project, name: str) -> ModelEntry:
    """A model. Raises ModelUnknown for a name that is none."""
    if name not in project.manifest.models:
        raise ModelUnknown(unknown("model", name, project.manifest.models))
    return project.manifest.models[name]
