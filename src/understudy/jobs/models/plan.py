"""What a training will need, said before anything starts: memory, and time for an iteration. Estimates."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from understudy.errors import ModelUnknown
from understudy.jobs.models.making import require_model
from understudy.jobs.settings import Said, train_options
from understudy.options import parse_options
from understudy.project.project import Project, Rehearsal
from understudy.project.unknown import unknown_model
from understudy.training.keeping.about import read_about
from understudy.training.keeping.metrics import METRICS_NAME, read_metrics
from understudy.training.machine.batch import most_that_fits
from understudy.training.machine.device import choose_device, free_memory_bytes
from understudy.training.machine.need import Need, needed_on
from understudy.training.machine.peak import peak_flops
from understudy.training.options import TrainOptions
from understudy.training.presets import preset_named
from understudy.training.recipe.recipe import recipe_named

_USUAL_SHARE = 0.5  # of the machine's peak that a step reaches
_LINES_LOOKED_AT = 50


@dataclass(frozen=True)
class Outlook:
    """What a training needs on a device, and how long an iteration takes there."""

    preset: str
    device: str
    batch_size: int
    need: Need
    free_bytes: int
    seconds_each: float
    seconds_from: str
    note: str = ""  # what was taken for what is not there yet

    @property
    def fits(self) -> bool:
        """Whether the device has so much memory free now."""
        extra = self.need.host_bytes if self.device == "cpu" else 0
        return self.need.device_bytes + extra <= self.free_bytes


def plan_training(
    project: Project, model: str, *, said: Said, device: str, network: Mapping[str, Any] | None = None
) -> Outlook:
    """For a model of a project; where that has none yet, for the one that a training would make. These settings
    of its `network` count as for a training, which takes none of a model that was made with others. Raises
    ModelUnknown, OptionInvalid, DeviceUnavailable."""
    if not project.manifest.models:
        new = Rehearsal.of(project.folder)
        require_model(new, model, preset=None, network=network)
        note = (
            "The project has no model yet. Planned for a new one of preset "
            f"{new.manifest.models[model].preset}, as a training would make it; --preset plans for another."
        )
        return replace(plan_training(new, model, said=said, device=device), note=note)
    if model not in project.manifest.models:
        raise ModelUnknown(f"{unknown_model(project, model)} Or plan with --preset.")
    if network:
        project = Rehearsal.of(project.folder)
        require_model(project, model, preset=None, network=network)
    entry, folder = project.manifest.models[model], project.model_folder(model)
    about = read_about(folder)
    network = about.network if about else {**preset_named(entry.preset).network, **entry.network}
    options = train_options(project, model, said)
    return _outlook(entry.preset, network, options, device, history=folder / METRICS_NAME)


def plan_preset(preset: str, *, network: dict[str, Any], said: Said, device: str) -> Outlook:
    """For a new model. Raises ModelUnknown, OptionInvalid, DeviceUnavailable."""
    chosen = preset_named(preset)
    options = parse_options(TrainOptions, {**chosen.train, **said})
    return _outlook(preset, {**chosen.network, **network}, options, device, history=None)


def _outlook(
    preset: str, network: Mapping[str, Any], options: TrainOptions, device: str, *, history: Path | None
) -> Outlook:
    recipe_named(options.recipe)  # one that the training would refuse is refused before its figures
    compute, architecture = choose_device(device), preset_named(preset).architecture
    free = free_memory_bytes(compute.device)
    if not options.batch_size:
        batch = most_that_fits(architecture, network, options, compute, free_bytes=free)
        options = options.changed(batch_size=max(1, batch))
    need = needed_on(compute, architecture, network, options)
    seconds, source = _from_history(history), "this model's own training"
    if seconds is None:
        seconds = need.flops / (_USUAL_SHARE * peak_flops(compute))
        source = (
            f"half of the arithmetic this device was just measured to do; {need.flops / 1e9:,.0f} GFLOP each"
        )
    return Outlook(preset, str(compute.device), options.batch_size, need, free, seconds, source)


def _from_history(path: Path | None) -> float | None:
    """Seconds an iteration of this model took lately; None where it has not been trained."""
    lines = deque(read_metrics(path), maxlen=_LINES_LOOKED_AT) if path else ()
    pairs = [
        (b["seconds"] - a["seconds"], b["iteration"] - a["iteration"])
        for a, b in itertools.pairwise(lines)
        if b.get("seconds", 0) > a.get("seconds", 0)  # a new plan counts from 0
    ]
    iterations = sum(count for _, count in pairs)
    return sum(seconds for seconds, _ in pairs) / iterations if iterations else None
