"""Which value of an option counts: what was said now, else the project, else the preset, else the default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from understudy.facesets.extraction.options import ExtractOptions
from understudy.jobs.option_names import require_names
from understudy.jobs.presets import purpose_options
from understudy.merging.delivery.options import EncodeOptions
from understudy.merging.options import MergeOptions
from understudy.options import parse_options
from understudy.project.manifest import ClipEntry
from understudy.project.project import Project
from understudy.training.options import TrainOptions
from understudy.training.presets import preset_named

Said = Mapping[str, Any]


def extract_options(project: Project, said: Said) -> ExtractOptions:
    """Settings of extraction; a file named in the manifest lies in the project. Raises OptionInvalid."""
    require_names(project, ExtractOptions, said)
    stored = dict(project.manifest.extract)
    if file := stored.get("import_file"):
        stored["import_file"] = str(project.folder / str(file))
    return parse_options(ExtractOptions, {**stored, **said})


def train_options(project: Project, model: str, said: Said) -> TrainOptions:
    """Settings of one model's training; a recipe's file and an embedder's folder named in the manifest lie in
    the project. Raises OptionInvalid, ModelUnknown."""
    require_names(project, TrainOptions, said)
    entry = project.manifest.models[model]
    preset = preset_named(entry.preset)
    stored = {**preset.train, **project.manifest.train, **entry.train}
    if (project.model_folder(model) / "model.toml").exists():
        stored.pop("seed", None)  # that of the models to come; this one has its own
    if (recipe := stored.get("recipe")) and str(recipe).endswith(".toml"):
        stored["recipe"] = str(project.folder / str(recipe))
    kind, colon, place = str(stored.get("identity_embedder", "")).partition(":")
    if place:
        stored["identity_embedder"] = f"{kind}{colon}{project.folder / place}"
    return parse_options(TrainOptions, {**stored, **said})


def merge_options(project: Project, clip: str | ClipEntry, said: Said) -> MergeOptions:
    """Settings of merging into one clip, named or as an entry. Raises OptionInvalid."""
    require_names(project, MergeOptions, said)
    entry = project.manifest.clips[clip] if isinstance(clip, str) else clip
    return parse_options(MergeOptions, {**project.manifest.merge, **entry.merge, **said})


def encode_options(project: Project, said: Said) -> EncodeOptions:
    """Settings of encoding. What is said beside a purpose counts more than the purpose, and a purpose that is
    said now more than what the project keeps. Raises OptionInvalid, also for a purpose that is none."""
    require_names(project, EncodeOptions, said)
    kept, values = project.manifest.encode, purpose_options(project, said.get("purpose", ""))
    if "purpose" not in said:
        kept = {**purpose_options(project, kept.get("purpose", "")), **kept}
    return parse_options(EncodeOptions, {**kept, **values, **said})
