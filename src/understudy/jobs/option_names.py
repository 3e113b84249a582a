"""Names that options take in a project: those of the program, and what the project has of its own.

Which options take names is said where they are declared (`options.Names`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from understudy.jobs.presets import list_presets
from understudy.masks.segmenter import Segmenters
from understudy.options import Names, Options, names_of
from understudy.project.project import Project

# What a project has more of, by the words of `Names.of_project`.
OWN: Mapping[str, Callable[[Project], Iterable[str]]] = {
    "segmenters": lambda project: Segmenters(project.masks_folder).own(),
    "clips": lambda project: project.manifest.clips,
    "encode presets": lambda project: (one.name for one in list_presets(project, "encode")),
}


def names_in(project: Project, options: type[Options], option: str) -> list[str]:
    """Every name that an option takes here; none for an option that takes no names."""
    names = names_of(options, option)
    return [] if names is None else list(dict.fromkeys([*names.known(), *_own(project, names)]))


def require_names(project: Project, options: type[Options], said: Mapping[str, Any]) -> None:
    """Raise OptionInvalid, with the names there are, for one that neither the program nor the project has."""
    for option, value in said.items():
        names = names_of(options, option) if option in options.model_fields else None
        if names and value is not None:
            names.require(option, value, more=_own(project, names))


def _own(project: Project, names: Names) -> list[str]:
    return list(OWN[names.of_project](project)) if names.of_project else []
