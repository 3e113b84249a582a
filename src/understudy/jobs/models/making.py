"""The models of a project: made with what is said, looked at, copied, renamed, put away.

The commands `understudy model …` and `understudy train` are thin above this. What a model leaves on disk is
`training.keeping`'s, how a change survives a kill `project.model_changes`'.
"""

from __future__ import annotations

import contextlib
import shlex
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from understudy.errors import ModelUnknown, OptionInvalid, UnderstudyError
from understudy.events import Notice
from understudy.geometry import FaceType
from understudy.jobs.settings import Said, train_options
from understudy.options import meant
from understudy.project.manifest import ModelEntry, Role
from understudy.project.model_changes import require_free_name
from understudy.project.project import Project
from understudy.project.state import UNSAID_MODEL
from understudy.project.unknown import unknown
from understudy.training.presets import preset_named

_LOOK_EVERY_S = 0.2


def settings_said(
    words: Sequence[str], *, what: str = "setting of a network", like: str = "ae_dims=256"
) -> dict[str, Any]:
    """Settings as people write them, like `ae_dims=256`. Raises OptionInvalid."""
    said: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.strip():
            raise OptionInvalid(f"{word!r} is no {what}. Write NAME=VALUE, like {like}.")
        said[name.strip().replace("-", "_")] = plain_value(value.strip())
    return said


def plain_value(text: str) -> Any:
    """A number, a yes or no, a list or else the text itself, as understudy.toml would have it."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def model_meant(project: Project, said: str | None) -> str:
    """The model that a training is about. Raises ModelUnknown where none is said and the project has models, of
    which none has the name that is meant then: a new one beside them would begin from nothing, unasked."""
    there = list(project.manifest.models)
    if said is not None or not there or UNSAID_MODEL in there:
        return UNSAID_MODEL if said is None else said
    raise ModelUnknown(
        f"{unknown('model', UNSAID_MODEL, there)} Say --model {shlex.quote(there[0])} to go on training "
        f"{'that one' if len(there) == 1 else 'the first of them'}, or --model {UNSAID_MODEL} to make a new "
        "one that begins from nothing.",
        project.folder,
    )


def require_model(
    project: Project,
    name: str,
    *,
    preset: str | None,
    network: Mapping[str, Any] | None = None,
    face_type: FaceType | None = None,
) -> bool:
    """Note the model in the manifest if it is not there yet; True where it was not. Training makes its folder.

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
    return entry is None


@contextlib.contextmanager
def forgotten_if_unmade(project: Project, name: str, *, is_new: bool = True) -> Iterator[None]:
    """Take a new model out of the manifest again where the block raises before the model has a folder."""
    try:
        yield
    except UnderstudyError:
        if is_new and not project.model_folder(name).exists():
            with project.change() as manifest:
                manifest.models.pop(name, None)
        raise


def new_model(
    project: Project,
    name: str,
    *,
    preset: str = "quick",
    network: Mapping[str, Any] | None = None,
    face_type: FaceType | None = None,
    source: str | None = None,
    parts: Sequence[str] = (),
) -> list[str]:
    """Note a new model in the manifest; with a `source`, make it with parts of that and say which.

    Raises OptionInvalid where there is one of that name, and what `require_model` and `start_from` raise; then
    there is no such model.
    """
    require_free_name(project, name)
    require_model(project, name, preset=preset, network=network, face_type=face_type)
    if source is None:
        return []
    with forgotten_if_unmade(project, name):
        return [event.text for event in start_from(project, name, source, parts=parts)]


def start_from(
    project: Project, name: str, source: str, *, parts: Sequence[str] = (), said: Said | None = None
) -> Iterator[Notice]:
    """Make the model, which is noted already, with parts of another: of one of this project, or of the model in
    a folder. Where that was done before, nothing happens. Raises what `training.keeping.starting` raises."""
    from understudy.training.keeping.about import ModelWish, seed_said
    from understudy.training.keeping.starting import begin_from

    entry = project.manifest.models[name]
    seed = seed_said(train_options(project, name, said or {}))
    wish = ModelWish(entry.preset, entry.network, entry.face_type, seed)
    known = source in project.manifest.models
    folder = project.model_folder(source) if known else Path(source)
    if not known and not folder.is_dir():
        there = ", ".join(project.manifest.models)
        raise ModelUnknown(
            f"There is no model {source!r} to start from. Name one of this project ({there}), or the folder of "
            f"any other.{meant(source, project.manifest.models)}"
        )
    if known and source == name:
        raise OptionInvalid(f"Model {name!r} can't start from itself.")
    called = source if known else str(folder.resolve())
    for taken in begin_from(project.model_folder(name), wish, folder, parts=parts, called=called):
        yield Notice(taken.words)


def require_valid(entry: ModelEntry) -> None:
    """Raise ModelUnknown or OptionInvalid unless a model can be made of this."""
    chosen = preset_named(entry.preset)
    if entry.network:
        from understudy.networks.catalog import build  # imports torch
        from understudy.training.keeping.about import network_settings

        settings = network_settings(chosen.architecture, chosen.network, entry.network)
        build(chosen.architecture, settings, device="meta")  # what only the network itself can refuse


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


def await_model(
    folder: Path,
    name: str,
    *,
    preset: str | None,
    network: Mapping[str, Any],
    face_type: FaceType | None,
    facesets: Mapping[Role, Sequence[str]],
    patience_s: float = 60.0,
) -> Project:
    """The project as soon as its manifest has the model as it was said: the process that leads a training notes
    it there, and those that follow must not be ahead of it. Raises ModelUnknown where it does not."""
    until = time.monotonic() + patience_s
    while True:
        project = Project.open(folder)
        if (entry := project.manifest.models.get(name)) is not None and (
            entry.preset == (preset or entry.preset)
            and entry.face_type == (face_type or entry.face_type)
            and dict(entry.network) | dict(network) == dict(entry.network)
            and all(_learns_from(project, name, role, names) for role, names in facesets.items())
        ):
            return project
        if time.monotonic() > until:
            raise ModelUnknown(
                f"The process that leads this training has not noted model {name!r} in the project after "
                f"{patience_s:.0f} s. All processes must see the same project folder.",
                folder,
            )
        time.sleep(_LOOK_EVERY_S)


def _learns_from(project: Project, model: str, role: Role, names: Sequence[str]) -> bool:
    from understudy.jobs.facesets.curating import full_name

    return not names or list(project.facesets_of(role, model)) == [full_name(project, name) for name in names]
