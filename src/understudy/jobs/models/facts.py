"""What there is to say about models, presets and architectures, as plain values. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from understudy.errors import CheckpointCorrupt, ModelUnknown, OptionInvalid
from understudy.networks.catalog import ARCHITECTURES, architecture_named, build
from understudy.networks.face_model import parameter_count
from understudy.options import OptionInfo, describe
from understudy.project.project import Project
from understudy.project.state import newest_checkpoint
from understudy.project.trash import size_bytes
from understudy.project.unknown import model_named
from understudy.training.keeping.about import ModelAbout, ModelWish, network_settings, read_about, wished
from understudy.training.keeping.lock import Holder, holder_of
from understudy.training.presets import PRESETS

_NETWORK_UNKNOWN: Mapping[str, Any] = {
    "architecture": "?",
    "settings": {},
    "face_type": "?",
    "size_px": 0,
    "parameters": 0,
    "parts": {},
}


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """One model. `made` is False while it is but a wish in the manifest; `trained_last` is None until then.

    `settings` holds every option of its network. `complaint` says what keeps the rest from being known.
    """

    name: str
    preset: str
    architecture: str
    settings: Mapping[str, Any]
    face_type: str
    size_px: int
    parameters: int
    parts: Mapping[str, int]  # parameters of each
    iterations: int
    loss: float | None
    size_bytes: int
    trained_last: datetime | None
    in_use: Holder | None
    made: bool
    origin: Mapping[str, Any]
    complaint: str = ""


def list_models(project: Project) -> list[ModelFacts]:
    """Every model of the manifest, in its order. One that can't be read says so and hides no other."""
    return [model_facts(project, name) for name in project.manifest.models]


def model_facts(project: Project, name: str) -> ModelFacts:
    """One model. Raises ModelUnknown for a name that is none."""
    entry, folder = model_named(project, name), project.model_folder(name)
    complaint, about, network = "", None, _NETWORK_UNKNOWN
    try:
        about = read_about(folder)
        network = _network_facts(about or wished(ModelWish(entry.preset, entry.network, entry.face_type)))
    except (CheckpointCorrupt, ModelUnknown, OptionInvalid) as error:
        complaint = error.message
    newest = newest_checkpoint(folder)
    return ModelFacts(
        name=name,
        preset=entry.preset,
        **network,
        iterations=int(newest[0]["iteration"]) if newest else 0,
        loss=_loss(newest[0]) if newest else None,
        size_bytes=size_bytes(folder),
        trained_last=_changed(newest[1]) if newest else None,
        in_use=holder_of(folder),
        made=about is not None,
        origin=about.origin if about else {},
        complaint=complaint,
    )


def _network_facts(about: ModelAbout) -> dict[str, Any]:
    model = build(about.architecture, about.network, device="meta")
    return {
        "architecture": about.architecture,
        "settings": network_settings(about.architecture, about.network),
        "face_type": about.face_type,
        "size_px": about.size_px,
        "parameters": parameter_count(model),
        "parts": {part: parameter_count(module) for part, module in model.parts().items()},
    }


def _loss(checkpoint: Mapping[str, Any]) -> float | None:
    state = checkpoint.get("state")
    loss = state.get("loss") if isinstance(state, Mapping) else None
    return float(loss) if isinstance(loss, int | float) else None


def _changed(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None


@dataclass(frozen=True, kw_only=True)
class PresetFacts:
    """One preset: what it makes and what it is for."""

    name: str
    architecture: str
    face_type: str
    size_px: int
    parameters: int
    help: str
    network: Mapping[str, Any]  # where it differs from the architecture's defaults
    train: Mapping[str, Any]  # where it differs from the defaults of training


def list_presets() -> list[PresetFacts]:
    """Every preset, in the catalog's order."""
    return [_preset(name) for name in PRESETS]


def _preset(name: str) -> PresetFacts:
    preset = PRESETS[name]
    model = build(preset.architecture, preset.network, device="meta")
    return PresetFacts(
        name=name,
        architecture=preset.architecture,
        face_type=preset.face_type,
        size_px=model.size_px,
        parameters=parameter_count(model),
        help=preset.help,
        network=preset.network,
        train=preset.train,
    )


@cache
def list_architectures() -> dict[str, str]:
    """Name and source of every architecture."""
    return {name: architecture.source for name, architecture in ARCHITECTURES.items()}


def architecture_options(name: str) -> list[OptionInfo]:
    """What an architecture can be given. Raises ModelUnknown."""
    return describe(architecture_named(name).options)
