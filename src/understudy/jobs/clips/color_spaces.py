"""Which colour space a project's clips are in: what understudy.toml says, as a conversion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from understudy.project.project import Project

if TYPE_CHECKING:
    from understudy.media.color_spaces import ColorSpace


def color_space_of(project: Project, clip: str) -> ColorSpace | None:
    """The space of a clip's numbers; None where nothing is said, or the project has no such clip."""
    entry = project.manifest.clips.get(clip)
    return _color_space(project, entry.color_space, project.manifest.ocio_config) if entry else None


def require_color_space(project: Project, name: str, *, config: str | None = None) -> None:
    """Raise PackageMissing or OptionInvalid where the space can't be converted; `config` instead of the
    project's."""
    wanted = _color_space(project, name, project.manifest.ocio_config if config is None else config)
    if wanted is not None:
        wanted.require_known()


def choose_color_space(
    project: Project, clips: Sequence[str], *, name: str | None = None, config: str | None = None
) -> None:
    """Remember the space of these clips, and the config that names it. None leaves what is there, "" forgets.

    Raises what `require_color_space` raises, also for a clip whose space another config does not have.
    """
    others = [entry.color_space for clip, entry in project.manifest.clips.items() if clip not in clips]
    wanted = {name} if name else set[str]()
    for said in sorted(wanted.union(others) if config is not None else wanted):
        require_color_space(project, said, config=config)
    with project.change() as manifest:
        if config is not None:
            manifest.ocio_config = config
        if name is not None:
            for clip in clips:
                manifest.clips[clip].color_space = name


def _color_space(project: Project, name: str, config: str) -> ColorSpace | None:
    if not name:
        return None
    from understudy.media.color_spaces import ColorSpace, config_named

    return ColorSpace(name, config_named(config, project.folder))
