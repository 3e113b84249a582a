"""model.toml: what a model is and always will be. Written when it is made; training state is in checkpoints."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, get_args

import tomlkit

from understudy.errors import CheckpointCorrupt, ModelUnknown, OptionInvalid
from understudy.files import write_text
from understudy.geometry import FaceType
from understudy.networks.catalog import ARCHITECTURES
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
    network: Mapping[str, Any] = field(default_factory=dict)  # the architecture's options that were said


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


def about_model(model_dir: Path, *, preset: str, seed: int, size_px: int) -> ModelAbout:
    """The description of the model in `model_dir`, written there if it is new.

    Raises OptionInvalid when the model exists with another preset.
    """
    about = read_about(model_dir)
    if about is not None:
        if about.preset != preset:
            raise OptionInvalid(
                f"This model was made with preset {about.preset!r} and can't become {preset!r}. Train it as "
                "it is, or give the new one another name.",
                model_dir,
            )
        return about
    chosen = preset_named(preset)
    about = ModelAbout(preset, chosen.architecture, chosen.face_type, size_px, seed, chosen.network)
    text = tomlkit.dumps(asdict(about))
    write_text(model_dir / FILE_NAME, f"# What this model is. Don't change it.\n{text}")
    return about
