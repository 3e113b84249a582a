"""Names that a person wrote, looked up in a project; one that nothing has is refused in one sentence, with the
names there are and the nearest.

Clips and models are refused here; of other things, whoever looks for them knows which error that is.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from understudy.errors import ClipMissing, ModelUnknown, ProjectInvalid
from understudy.options import meant

if TYPE_CHECKING:
    from understudy.project.manifest import ClipEntry, ModelEntry, Role
    from understudy.project.project import Project


def unknown(what: str, name: str, known: Iterable[str], *, short: Iterable[str] = ()) -> str:
    """`what` is what was looked for, like "dst clip". `short` are further ways to name one of those known."""
    names = list(known)
    there, near = ", ".join(names) or "none yet", meant(name, [*names, *short])
    return f"The project has no {what} called {name!r}; it has {there}.{near}"


def unknown_model(project: Project, name: str) -> str:
    """The same of a model; where there is none yet, the command that makes one is named."""
    models = project.manifest.models
    command = shlex.join(["understudy", "train", str(project.folder)])
    return unknown("model", name, models) + ("" if models else f" `{command}` makes one.")


def clip_named(project: Project, name: str, role: Role | None = None) -> ClipEntry:
    """A clip, of one side where a `role` is said. Raises ClipMissing for a name that is none."""
    clips = project.manifest.clips_of(role) if role else project.manifest.clips
    if name not in clips:
        raise ClipMissing(unknown(f"{role} clip" if role else "clip", name, clips))
    return clips[name]


def model_named(project: Project, name: str) -> ModelEntry:
    """A model. Raises ModelUnknown for a name that is none."""
    if name not in project.manifest.models:
        raise ModelUnknown(unknown_model(project, name))
    return project.manifest.models[name]


def named_clips(project: Project, clips: Sequence[str], *, role: Role | None = None) -> list[str]:
    """These clips, or all. Raises ClipMissing, and ProjectInvalid where there is none."""
    known = project.manifest.clips_of(role) if role else project.manifest.clips
    for name in clips:
        clip_named(project, name, role)
    if not known:
        what = f"{role} clips" if role else "clips"
        raise ProjectInvalid(f"The project has no {what} yet. Add one with `understudy add`.")
    return list(clips or known)
