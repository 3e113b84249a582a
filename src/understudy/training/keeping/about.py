"""model.toml: what a model is and always will be. Written when it is made; training state is in checkpoints."""

from __future__ import annotations

import json
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

import tomlkit

from understudy.errors import CheckpointCorrupt, ModelUnknown, OptionInvalid
from understudy.files import write_text
from understudy.geometry import FaceType
from understudy.networks.catalog import ARCHITECTURES, architecture_named, build
from understudy.options import parse_options
from understudy.training.keeping.options import KeepOptions
from understudy.training.presets import preset_named

FILE_NAME = "model.toml"


@dataclass(frozen=True)
class ModelAbout:
    """What never changes about a model."""

    preset: str
    architecture: str
    face_type: FaceType
    size_px: int
    seed: int
    network: Mapping[str, Any] = field(default_factory=dict)  # the architecture's options
    origin: Mapping[str, Any] = field(default_factory=dict)  # what its first weights were taken from
    trunk: bool = False  # pretrained on many people, for others to start from


@dataclass(frozen=True)
class ModelWish:
    """What a model is to be: a preset, and what is said beside it. A `seed` of None is not said."""

    preset: str = "quick"
    network: Mapping[str, Any] = field(default_factory=dict)
    face_type: FaceType | None = None
    seed: int | None = None
    trunk: bool = False


def seed_said(options: KeepOptions) -> int | None:
    """The seed that somebody said; None where it is the default's."""
    return options.seed if "seed" in options.model_fields_set else None


def read_about(model_dir: Path) -> ModelAbout | None:
    """What model.toml says; None where there is none yet. Raises CheckpointCorrupt or ModelUnknown."""
    path = model_dir / FILE_NAME
    if not path.exists():
        return None
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        about = ModelAbout(
            preset=str(values["preset"]),
            architecture=str(values["architecture"]),
            face_type=values["face_type"],
            size_px=int(values["size_px"]),
            seed=int(values["seed"]),
            network=dict(values.get("network", {})),
            origin=dict(values.get("origin", {})),
            trunk=values.get("trunk") is True,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointCorrupt(
            f"The model's description can't be read ({error}). Put back a copy of it.", path
        ) from error
    if about.architecture not in ARCHITECTURES or about.face_type not in get_args(FaceType):
        raise ModelUnknown(
            f"This model is a {about.architecture!r} for {about.face_type!r} faces, which this version "
            "doesn't know. Update understudy.",
            path,
        )
    return about


def network_settings(architecture: str, *settings: Mapping[str, Any]) -> dict[str, Any]:
    """Every option of a network: what is said last counts, then what is said before, then the default.

    All of them are kept with a model, so that it stays what it is when a default changes. Raises ModelUnknown,
    OptionInvalid.
    """
    said = {name: value for part in settings for name, value in part.items()}
    whole = parse_options(architecture_named(architecture).options, said).model_dump(mode="json")
    return {name: value for name, value in whole.items() if value is not None}


def wished(wish: ModelWish) -> ModelAbout:
    """The description of a model to be. Raises ModelUnknown, OptionInvalid."""
    chosen = preset_named(wish.preset)
    settings = network_settings(chosen.architecture, chosen.network, wish.network)
    size_px = _size_px(chosen.architecture, json.dumps(settings, sort_keys=True))
    face_type = wish.face_type or chosen.face_type
    if face_type == "mark-only":
        raise OptionInvalid(
            "No model sees mark-only faces: they are whole frames. Leave the face type to the preset; the "
            "preset avatar-source paints the whole frames of a src that is extracted as mark-only."
        )
    return ModelAbout(
        wish.preset, chosen.architecture, face_type, size_px, wish.seed or 0, settings, trunk=wish.trunk
    )


@lru_cache(maxsize=64)  # a training asks three times before it begins, and building takes long for one number
def _size_px(architecture: str, settings: str) -> int:
    """How large a network paints, its settings as JSON. Raises OptionInvalid."""
    return build(architecture, json.loads(settings), device="meta").size_px


def about_to_be(model_dir: Path, wish: ModelWish) -> ModelAbout:
    """What the model in `model_dir` is, or would become; nothing is written.

    Raises OptionInvalid where it exists and was made otherwise, CheckpointCorrupt, ModelUnknown.
    """
    about = read_about(model_dir)
    if about is None:
        return wished(wish)
    require_trunk(about, wish.trunk, model_dir)
    require_as_wished(about, wish, model_dir)
    return replace(about, network=network_settings(about.architecture, about.network))


def about_model(model_dir: Path, wish: ModelWish) -> ModelAbout:
    """The description of the model in `model_dir`, written there if it is new; raises like `about_to_be`."""
    about = about_to_be(model_dir, wish)
    if not (model_dir / FILE_NAME).exists():
        write_about(model_dir, about)
    return about


def write_about(model_dir: Path, about: ModelAbout) -> None:
    """Write the description of a new model."""
    values = {name: value for name, value in asdict(about).items() if value != {} and value is not False}
    write_text(model_dir / FILE_NAME, f"# What this model is. Don't change it.\n{tomlkit.dumps(values)}")


def require_trunk(about: ModelAbout, wanted: bool, path: Path) -> None:
    """Raise OptionInvalid where a trunk is to learn two performers, or another model to be a trunk."""
    if about.trunk and not wanted:
        raise OptionInvalid(
            "This model was pretrained on many people. Leave it as it is and start a new one from it, as with "
            f"`understudy train PROJECT --model NAME --start-from {shlex.quote(str(path))}`.",
            path,
        )
    if wanted and not about.trunk:
        raise OptionInvalid(
            "This model has learnt two performers, so it can't be pretrained any more. Name a new folder.", path
        )


def require_as_wished(about: ModelAbout, wish: ModelWish, path: Path) -> None:
    """Raise OptionInvalid where a wish differs from what a model was made with."""
    require_same(
        about,
        preset=wish.preset,
        network=wish.network,
        face_type=wish.face_type,
        seed=wish.seed,
        path=path,
    )


def require_same(
    about: ModelAbout,
    *,
    preset: str | None = None,
    network: Mapping[str, Any] | None = None,
    face_type: FaceType | None = None,
    seed: int | None = None,
    path: Path | None = None,
) -> None:
    """Raise OptionInvalid where something is said that differs from what a model was made with."""
    if preset is not None and about.preset != preset:
        raise _made_otherwise("preset", about.preset, preset, path)
    if face_type is not None and about.face_type != face_type:
        raise _made_otherwise("face type", about.face_type, face_type, path)
    if seed is not None and about.seed != seed:
        raise _made_otherwise("seed", about.seed, seed, path)
    is_now = network_settings(about.architecture, about.network)
    for name, value in network_settings(about.architecture, about.network, network or {}).items():
        if is_now.get(name) != value:
            raise _made_otherwise(name, is_now.get(name), value, path)


def _made_otherwise(what: str, made_with: object, said: object, path: Path | None) -> OptionInvalid:
    return OptionInvalid(
        f"This model was made with {what} {made_with!r} and can't become {said!r}. Train it as it is, or give "
        "the new one another name.",
        path,
    )
