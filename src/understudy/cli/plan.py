"""`understudy plan`: what a training will need, before anything starts."""

from __future__ import annotations

import dataclasses
import json as to_json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from understudy.cli.flags import Json, Network
from understudy.cli.words import clock_time
from understudy.project.project import Project
from understudy.training.options import TrainOptions

if TYPE_CHECKING:  # imports torch, which `--help` does not need
    from understudy.jobs.models.plan import Outlook

_PARTS = ("weights", "gradients", "moments", "average", "critics", "activations", "batch")
_AWAY = ("moments", "average")


def plan(
    project: Path | None = None,
    /,
    *,
    model: str = "main",
    preset: str | None = None,
    network: Network = (),
    device: str = "auto",
    json: Json = False,
    options: Annotated[TrainOptions, Parameter(name="*", group="Training")] = TrainOptions(),
) -> None:
    """Say what memory and time a training will take, before anything starts. All of it is estimated.

    Parameters
    ----------
    project:
        The project folder; not needed with --preset. Where it has no model yet, the one that `train` would make
        is planned for.
    model:
        Name of a model in the project.
    preset:
        Plan for a new model of this preset instead.
    network:
        Settings of the new model's network, like ae_dims=256.
    device:
        Where it would be trained: auto, cpu, cuda, cuda:1, mps, xpu.
    json:
        Print everything as JSON.
    """
    from understudy.errors import OptionInvalid
    from understudy.jobs.models import plan as plans
    from understudy.jobs.models.making import settings_said

    said = options.model_dump(exclude_unset=True)
    if preset is not None:
        outlook = plans.plan_preset(preset, network=settings_said(network), said=said, device=device)
    elif project is not None:
        opened, settings = Project.open(project), settings_said(network)
        outlook = plans.plan_training(opened, model, said=said, device=device, network=settings)
    else:
        raise OptionInvalid("Name a project, or a preset with --preset.")
    if json:
        print(to_json.dumps({**dataclasses.asdict(outlook), "fits": outlook.fits}, indent=2))
    else:
        _print(outlook, minutes=options.minutes)


def _print(outlook: Outlook, *, minutes: float | None) -> None:
    need = outlook.need
    if outlook.note:
        print(outlook.note)
    print(f"{outlook.preset} on {outlook.device}, batch size {outlook.batch_size}: estimates")
    for part in _PARTS:
        where = "  in the computer's memory" if need.offloaded and part in _AWAY else ""
        print(f"  {part:<12} {getattr(need, part) / 1e6:>10,.0f} MB{where}")
    enough = "fits" if outlook.fits else "does not fit"
    free = f"{outlook.free_bytes / 1e6:,.0f} MB are free"
    print(f"  {'device':<12} {need.device_bytes / 1e6:>10,.0f} MB, {free}: {enough}")
    each = outlook.seconds_each
    within = f", {60 * minutes / each:,.0f} in {minutes:g} min" if minutes else ""
    print(f"  time         {each:.3g} s an iteration, {clock_time(1000 * each)} for 1000{within}")
    print(f"               from {outlook.seconds_from}")
