"""The models of a project: made with what is said, looked at, copied, renamed, put away.

The commands `understudy model …` and `understudy train` are thin above this. What a model leaves on disk is
`training.keeping`'s, how a change survives a kill `project.model_changes`'.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from understudy.errors import OptionInvalid
from understudy.geometry import FaceType
from understudy.project.manifest import ModelEntry
from understudy.project.project import Project
from understudy.training.presets import preset_named


def network_said(words: Sequence[str]) -> dict[str, Any]:
    """Settings of a network as people write them, like `ae_dims=256`. Raises OptionInvalid."""
    said: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.strip():
            raise OptionInvalid(f"{word!r} is no setting of a network. Write NAME=VALUE, like ae_dims=256.")
        said[name.strip().replace("-", "_")] = _value(value.strip())
    return said


def _value(text: str) -> Any:
    """A number, a yes or no, a list or else the text itself, as understudy.toml would have it."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def require_model(
    project: Project,
    name: str,
    *,
    preset: str | None,
    network: Mapping[str, Any] | None = None,
    face_type: FaceType | None = None,
) -> None:
    """Note the model in the manifest if it is not there yet; its folder is made when it is trained.

    Raises ModelUnknown for a preset that is none, OptionInvalid for settings that its network doesn't take or
    that differ from what the model was made with.
    """
    entry = project.manifest.models.get(name)
    if entry is None:
        wish = ModelEntry(preset=preset or "quick", face_type=face_type, network=dict(network or {}))
        require_valid(wish)
        project.add_model(name, preset=wish.preset, face_type=wish.face_type, network=wish.network)
    elif (project.model_folder(name) / "model.toml").exists():
        _require_same(project, name, entry, preset=preset, network=network, face_type=face_type)
    elif preset or network or face_type:
        wish = _changed(entry, preset=preset, network=network, face_type=face_type)
        require_valid(wish)
        with project.change() as manifest:  # nothing is learnt yet, so nothing is lost
            manifest.models[name] = wish


def new_model(
    project: Project,
    name: str,
    *,
    preset: str = "quick",
    network: Mapping[str, Any] | None = None,
    face_type: FaceType | None = None,
) -> None:
    """Note a new model in the manifest. Raises OptionInvalid where there is one of that name, and what
    `require_model` raises."""
    require_free_name(project, name)
    require_model(project, name, preset=preset, network=network, face_type=face_type)


def require_free_name(project: Project, name: str) -> None:
    """Raise OptionInvalid where a model, or what is left of one, has this name."""
    # Folders of some systems don't tell cases apart.
    taken = {known.casefold() for known in project.manifest.models}
    if name.casefold() in taken or project.model_folder(name).exists():
        raise OptionInvalid(f"There is a model called {name!r} already. Take another name.")


def require_valid(entry: ModelEntry) -> None:
    """Raise ModelUnknown or OptionInvalid unless a model can be made of this."""
    chosen = preset_named(entry.preset)
    if entry.network:
        from understudy.training.keeping.about import network_settings  # imports torch

        network_settings(chosen.architecture, chosen.network, entry.network)


def _changed(
    entry: ModelEntry, *, preset: str | None, network: Mapping[str, Any] | None, face_type: FaceType | None
) -> ModelEntry:
    """What a model that has learnt nothing yet is to become. Settings of another architecture are dropped."""
    wish = entry.model_copy(deep=True)
    wish.preset = preset or entry.preset
    wish.face_type = face_type or entry.face_type
    alike = preset_named(wish.preset).architecture == preset_named(entry.preset).architecture
    wish.network = {**(entry.network if alike else {}), **(network or {})}
    return wish


def _require_same(
    project: Project,
    name: str,
    entry: ModelEntry,
    *,
    preset: str | None,
    network: Mapping[str, Any] | None,
    face_type: FaceType | None,
) -> None:
    if preset is not None and preset != entry.preset:
        preset_named(preset)
        raise OptionInvalid(
            f"Model {name!r} was made with preset {entry.preset!r}, which can't change. "
            "Name another model with --model to start a new one beside it."
        )
    if network or face_type:
        from understudy.training.keeping.about import read_about, require_same

        folder = project.model_folder(name)
        about = read_about(folder)
        if about is not None:
            require_same(about, network=network, face_type=face_type, path=folder)
