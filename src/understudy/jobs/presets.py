"""Presets of encoding and merging: the purposes that come with understudy, those of a project, those of a user.

A preset is a named set of options. A project's own counts before the user's of the same name. Those of training
are another matter (`training.presets`): they choose a network too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from understudy.counts import counted
from understudy.errors import OptionInvalid, PresetInvalid
from understudy.merging.delivery.options import EncodeOptions
from understudy.merging.delivery.purposes import PURPOSES
from understudy.merging.options import FIXED, MergeOptions
from understudy.options import Options, meant, parse_options
from understudy.project.manifest import PresetEntry, require_name
from understudy.project.own_presets import PresetStage, own_presets, put_own_preset
from understudy.project.project import Project

Origin = Literal["understudy", "project", "user"]
STAGES: dict[PresetStage, type[Options]] = {"encode": EncodeOptions, "merge": MergeOptions}
# A preset in a preset, and what must be said for every single file; what belongs to one clip or machine.
_NEVER: dict[PresetStage, frozenset[str]] = {
    "encode": frozenset({"purpose", "frames", "closed_production", "closed_production_by"}),
    "merge": FIXED,
}


@dataclass(frozen=True)
class Preset:
    """One preset: what it is called, who made it, what it is for, and its options."""

    stage: PresetStage
    name: str
    origin: Origin
    says: str
    options: Mapping[str, Any]


def list_presets(project: Project | None, stage: PresetStage) -> list[Preset]:
    """Every preset of a stage that a name means: understudy's, the project's, the user's.

    Raises PresetInvalid where the user's can't be read.
    """
    own: Sequence[Preset] = []
    if stage == "encode":
        own = [Preset(stage, name, "understudy", one.help, one.encode) for name, one in PURPOSES.items()]
    if project is not None:
        own = [*own, *_of(stage, "project", own_presets(project, stage))]
    names = {one.name for one in own}
    return [*own, *(one for one in _of(stage, "user", own_presets(None, stage)) if one.name not in names)]


def _of(stage: PresetStage, origin: Origin, entries: Mapping[str, PresetEntry]) -> list[Preset]:
    return [Preset(stage, name, origin, entry.says, entry.options) for name, entry in entries.items()]


def preset_options(project: Project | None, stage: PresetStage, name: str) -> dict[str, Any]:
    """The options of a preset. Raises PresetInvalid for a name or for options that don't exist (any more)."""
    known = {one.name: one for one in list_presets(project, stage)}
    if name not in known:
        there = ", ".join(known) or "none yet"
        raise PresetInvalid(f"There is no {stage} preset {name!r}; there are {there}.{meant(name, known)}")
    values = dict(known[name].options)
    _require_sound(stage, name, values)
    return values


def purpose_options(project: Project | None, purpose: str) -> dict[str, Any]:
    """The encode options of a purpose; none for no purpose."""
    return preset_options(project, "encode", str(purpose)) if purpose else {}


def flattened(project: Project | None, said: Mapping[str, Any]) -> dict[str, Any]:
    """Encode options that are said, with those of their purpose, as a preset of one's own can hold them."""
    values = {**purpose_options(project, said.get("purpose", "")), **said}
    return {name: value for name, value in values.items() if name not in _NEVER["encode"]}


def save_preset(
    project: Project | None, stage: PresetStage, name: str, options: Mapping[str, Any], *, says: str = ""
) -> str:
    """Keep options under a name, in a project or (None) for all of the user's; tells what was done.

    Raises PresetInvalid for a name of understudy's own, and for no options or such that a preset can't hold;
    OptionInvalid for a name that is none.
    """
    require_name(name)
    if stage == "encode" and name in PURPOSES:
        raise PresetInvalid(f"{name!r} is a preset of understudy's own. Choose another name.")
    values = {key: value for key, value in options.items() if value is not None}
    if not values:
        raise PresetInvalid("A preset without options would do nothing. Say some, like crf=20.")
    _require_sound(stage, name, values)
    replaced = name in own_presets(project, stage)
    put_own_preset(project, stage, name, PresetEntry(says=says.strip(), options=values))
    where = "for all your projects" if project is None else "in the project"
    before = " The one of that name before it lies in the trash." if replaced else ""
    return f"Kept the {stage} preset {name} {where}: {_own_words(stage, values)}.{before}"


def remove_preset(project: Project | None, stage: PresetStage, name: str) -> str:
    """Take a preset of one's own out, of a project or (None) of the user; tells what went.

    Raises PresetInvalid where there is none of that name.
    """
    if name not in (known := own_presets(project, stage)):
        whose = "You have" if project is None else "The project has"
        there = ", ".join(known) or "none"
        raise PresetInvalid(f"{whose} no own {stage} preset {name!r}; there is {there}.{meant(name, known)}")
    put_own_preset(project, stage, name, None)
    return (
        f"Took out the {stage} preset {name}: {_own_words(stage, known[name].options)}. It lies in the trash."
    )


def option_words(options: Mapping[str, Any]) -> str:
    """Options as people say them: name=value, with commas."""
    return ", ".join(f"{name}={option_word(value)}" for name, value in options.items())


def _own_words(stage: PresetStage, options: Mapping[str, Any]) -> str:
    """The same of those that aren't as they are by default, and how many others there are: a clip has forty."""
    usual = STAGES[stage]().model_dump()
    own = {name: value for name, value in options.items() if value != usual.get(name)}
    left = len(options) - len(own)
    others = f"{counted(left, 'option')} as by default" if left else ""
    return ", ".join(filter(None, [option_words(own), others]))


def option_word(value: Any) -> str:
    """A value as people say it after the name: yes and no as TOML has them."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _require_sound(stage: PresetStage, name: str, values: Mapping[str, Any]) -> None:
    if never := [key for key in values if key in _NEVER[stage]]:
        raise PresetInvalid(f"A preset can't hold {never[0]}, which is said for each work anew. Leave it out.")
    try:
        parse_options(STAGES[stage], values)
    except OptionInvalid as error:
        raise PresetInvalid(f"The {stage} preset {name!r} can't be used. {error.message}") from None
