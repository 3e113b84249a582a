"""Options that a project keeps for a stage: what counts now, what it would be unsaid, and a change of it.

`settings.py` says which value counts; this tells where each comes from, and writes what people chose into
the manifest, as hands write them there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from understudy.errors import OptionInvalid
from understudy.facesets.extraction.options import ExtractOptions
from understudy.jobs.merging.kept_settings import noted
from understudy.jobs.presets import purpose_options
from understudy.jobs.settings import encode_options, extract_options, merge_options
from understudy.merging.delivery.options import EncodeOptions
from understudy.merging.options import MergeOptions
from understudy.options import Options, meant
from understudy.project.project import Project
from understudy.project.unknown import clip_named, model_named
from understudy.training.options import TrainOptions
from understudy.training.presets import preset_named

KeptStage = Literal["extract", "train", "merge", "encode"]
KEPT: dict[KeptStage, type[Options]] = {
    "extract": ExtractOptions,
    "train": TrainOptions,
    "merge": MergeOptions,
    "encode": EncodeOptions,
}


@dataclass(frozen=True)
class Kept:
    """Values of a stage's options. `unsaid` counts where nothing is said here: the preset's values, or for one
    clip or model the project's. `said` is what is kept here."""

    options: type[Options]
    unsaid: Mapping[str, Any]
    said: Mapping[str, Any]


def kept_options(project: Project, stage: KeptStage, *, of: str = "") -> Kept:
    """What is kept for a stage: in the whole project, or `of` one model (train) or clip (merge) alone.

    Raises ModelUnknown, ClipMissing.
    """
    options = KEPT[stage]
    defaults = {name: field.default for name, field in options.model_fields.items()}
    whole: Mapping[str, Any] = getattr(project.manifest, stage)
    if stage == "encode":
        defaults |= purpose_options(project, whole.get("purpose", ""))
    if not of:
        return Kept(options, defaults, dict(whole))
    if stage == "train":
        entry = model_named(project, of)
        return Kept(options, {**defaults, **preset_named(entry.preset).train, **whole}, dict(entry.train))
    return Kept(options, {**defaults, **whole}, dict(clip_named(project, of).merge))


def keep_options(project: Project, stage: KeptStage, values: Mapping[str, Any], *, of: str = "") -> str:
    """Keep values from now on; None takes back what was kept. Tells what became of it.

    What a running training can take over it is asked to. Raises OptionInvalid, ModelUnknown, ClipMissing; then
    nothing has changed.
    """
    unknown = [name for name in values if name not in KEPT[stage].model_fields]
    if unknown:
        near = meant(unknown[0], KEPT[stage].model_fields)
        raise OptionInvalid(f"There is no option {unknown[0]!r} of {stage}.{near}")
    if of and stage == "train":
        from understudy.jobs.models.steering import change

        return change(project, of, values).words
    if of:
        clip_named(project, of)
        with noted(project, of, f"kept {_words(values)} for the whole clip"):
            _write(project, stage, values, of=of)
    else:
        _write(project, stage, values)
    return f"{_words(values)} counts from the next {stage} on."


def _write(project: Project, stage: KeptStage, values: Mapping[str, Any], *, of: str = "") -> None:
    with project.change() as manifest:
        entry = manifest.clips[of] if of else None
        before: Mapping[str, Any] = entry.merge if entry else getattr(manifest, stage)
        left = {name: value for name, value in before.items() if name not in values}
        kept = {**left, **{name: value for name, value in values.items() if value is not None}}
        if entry:
            entry.merge = kept
        else:
            setattr(manifest, stage, kept)
        _require_sound(Project(project.folder, manifest), stage, of=of)


def _require_sound(project: Project, stage: KeptStage, *, of: str) -> None:
    match stage:
        case "extract":
            extract_options(project, {})
        case "encode":
            encode_options(project, {})
        case "merge":
            for clip in [of] if of else project.manifest.clips_of("dst"):
                merge_options(project, clip, {})
        case "train":
            from understudy.jobs.settings import train_options

            for model in project.manifest.models:
                train_options(project, model, {})


def _words(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {'as before' if value is None else value}" for name, value in values.items())
