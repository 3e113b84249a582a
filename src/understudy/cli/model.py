"""`understudy model VERB …`: the models of a project, and what new ones can be made from.

The verbs are functions in `jobs.models.making` and `jobs.models.facts`; here their words become flags and their
results lines.
"""

from __future__ import annotations

import dataclasses
import json as to_json
import shlex
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from understudy.cli.flags import Json, Network, Parts
from understudy.cli.show import run
from understudy.counts import counted
from understudy.geometry import FaceType
from understudy.options import OptionInfo
from understudy.project.project import Project

if TYPE_CHECKING:  # imports torch, which `--help` does not need
    from understudy.jobs.models.facts import ModelFacts

model = App(name="model", help="Make, list, copy, rename and put away the models of a project.")


@model.command(name="list")
def list_models(project: Path, /, *, json: Json = False) -> None:
    """List the models of a project: what they are, how far, how large, and who uses one right now.

    Parameters
    ----------
    project:
        The project folder.
    json:
        Print everything as JSON.
    """
    from understudy.jobs.models import facts as model_facts

    facts = model_facts.list_models(Project.open(project))
    if json:
        _print_json([dataclasses.asdict(model) for model in facts])
        return
    print(
        f"{'name':<16} {'preset':<12} {'network':<12} {'faces':<9} {'size':>6} {'params':>9} {'iteration':>9} "
        f"{'loss':>8} {'on disk':>9}  trained last"
    )
    for row in facts:
        print(
            f"{row.name:<16} {row.preset:<12} {row.architecture:<12} {row.face_type:<9} "
            f"{f'{row.size_px} px':>6} {f'{row.parameters / 1e6:.2f} M':>9} {row.iterations:>9} "
            f"{_loss(row.loss):>8} {_size(row.size_bytes):>9}  {_when(row.trained_last)}"
        )
        for remark in _remarks(row):
            print(f"{'':<16} {remark}")
    print(counted(len(facts), "model"))


@model.command
def show(project: Path, name: str, /, *, json: Json = False) -> None:
    """Say everything about one model: its network's settings and parts, and what it was made from.

    Parameters
    ----------
    project:
        The project folder.
    name:
        The model.
    json:
        Print it as JSON.
    """
    from understudy.jobs.models import facts as model_facts

    facts = model_facts.model_facts(Project.open(project), name)
    if json:
        _print_json(dataclasses.asdict(facts))
        return
    print(f"{facts.name}: preset {facts.preset}, network {facts.architecture}, {facts.face_type} faces")
    print(f"  size        {facts.size_px} px, {facts.parameters / 1e6:.2f} M parameters")
    for part, count in facts.parts.items():
        print(f"              {part:<14} {count / 1e6:>8.2f} M")
    print(f"  settings    {', '.join(f'{key}={value}' for key, value in facts.settings.items())}")
    print(f"  learnt      {facts.iterations} iterations, loss {_loss(facts.loss)}, {_when(facts.trained_last)}")
    print(f"  on disk     {_size(facts.size_bytes)}")
    for remark in _remarks(facts):
        print(f"  {remark}")


@model.command
def new(
    project: Path,
    name: str,
    /,
    *,
    preset: str = "quick",
    network: Network = (),
    face_type: FaceType | None = None,
    start_from: str | None = None,
    parts: Parts = (),
    json: Json = False,
) -> None:
    """Make a new model beside the others; `understudy train --model NAME` trains it.

    Parameters
    ----------
    project:
        The project folder.
    name:
        What to call it.
    preset:
        Which network and settings it takes; `understudy model presets` lists them.
    network:
        Settings of its network, like ae_dims=256 e_dims=64. They can't change later.
    face_type:
        How much of the head it sees and paints, where it is not to be as the preset says.
    start_from:
        Begin with what another model has learnt: a model of this project, or the folder of any.
    parts:
        Which parts to take from it: encoder, inter, decoder, or one like decoder_src. Without it: all that fit.
    json:
        Print what `understudy model show` says of it as JSON.
    """
    from understudy.jobs.models import facts as model_facts
    from understudy.jobs.models import making

    opened = Project.open(project)
    taken = making.new_model(
        opened,
        name,
        preset=preset,
        network=making.settings_said(network),
        face_type=face_type,
        source=start_from,
        parts=parts,
    )
    facts = model_facts.model_facts(opened, name)
    if json:
        _print_json(dataclasses.asdict(facts))
        return
    for words in taken:
        print(words)
    print(
        f"made model {name}: {facts.architecture}, {facts.face_type} faces of {facts.size_px} px, "
        f"{facts.parameters / 1e6:.2f} M parameters"
    )


@model.command
def copy(project: Path, name: str, new: str, /) -> None:
    """Make a second model of all that one has learnt, to try something with. It has merged nothing yet.

    Parameters
    ----------
    project:
        The project folder.
    name:
        The model.
    new:
        What to call the copy.
    """
    from understudy.project.model_changes import copy_model

    copy_model(Project.open(project), name, new)
    print(f"copied model {name} to {new}; {_command('trash', project, new)} puts it away again")


@model.command
def rename(project: Path, name: str, new: str, /) -> None:
    """Give a model another name. Its merged frames go with it, and runs that wait for it; finished files keep
    their names.

    Parameters
    ----------
    project:
        The project folder.
    name:
        The model.
    new:
        What to call it from now on.
    """
    from understudy.jobs.runs.book import RunBook

    RunBook(Project.open(project)).rename_model(name, new)
    print(f"renamed model {name} to {new}; {_command('rename', project, new, name)} takes it back")


@model.command
def trash(project: Path, name: str, /) -> None:
    """Move a model and its merged frames to the project's trash. Nothing is deleted.

    Parameters
    ----------
    project:
        The project folder.
    name:
        The model.
    """
    from understudy.project.model_changes import put_away_model

    away = put_away_model(Project.open(project), name)
    print(
        f"model {name} went to the trash ({_size(away.size_bytes)}); "
        f"{_command('restore', project, name)} brings it back"
    )


@model.command
def restore(
    project: Path,
    name: str | None = None,
    /,
    *,
    as_: Annotated[str, Parameter(name="--as")] = "",
    json: Json = False,
) -> None:
    """Bring a model back from the trash, with its merged frames; without a name: list those there are.

    Parameters
    ----------
    project:
        The project folder.
    name:
        The model; of several of that name, the one put away last.
    as_:
        Another name for it, where its own is taken.
    json:
        Print the models in the trash as JSON.
    """
    from understudy.project.model_changes import bring_back_model, models_put_away

    opened = Project.open(project)
    if name is not None:
        for words in bring_back_model(opened, name, new=as_):
            print(words)
        print(f"brought back model {as_ or name}")
    away = models_put_away(opened)
    if json:
        _print_json([dataclasses.asdict(one) for one in away])
    elif name is None:
        for one in away:
            print(f"{one.name:<16} {_size(one.size_bytes):>9}  {one.folder}")
        print(f"{counted(len(away), 'model')} in the trash")


@model.command
def backups(project: Path, name: str, /) -> None:
    """List the backups that training has kept of a model.

    Parameters
    ----------
    project:
        The project folder.
    name:
        The model.
    """
    from understudy.jobs.models import backups as model_backups

    found = model_backups.list_backups(Project.open(project), name)
    for words in found:
        print(words)
    print(counted(len(found), "backup"))


@model.command(name="back-up")
def back_up(project: Path, name: str, /) -> None:
    """Keep the newest state of a model that nobody trains as a backup.

    Parameters
    ----------
    project:
        The project folder.
    name:
        The model.
    """
    from understudy.jobs.models import backups as model_backups

    made = model_backups.make(Project.open(project), name)
    print(
        f"backup of model {name} at iteration {int(made.name)}; {_command('backups', project, name)} lists all"
    )


@model.command(name="restore-backup")
def restore_backup(project: Path, name: str, iteration: int, /) -> None:
    """Make a backup a model's newest state; what was learnt after it goes to the trash.

    Parameters
    ----------
    project:
        The project folder.
    name:
        The model.
    iteration:
        Which backup, by its iteration.
    """
    from understudy.jobs.models import backups as model_backups

    moved = model_backups.restore(Project.open(project), name, iteration)
    print(
        f"model {name} is at iteration {iteration} again; {counted(len(moved), 'checkpoint')} went to the trash"
    )


@model.command(name="import")
def import_model(project: Path, files: Path, name: str, /, *, called: str = "", json: Json = False) -> None:
    """Take a model of DeepFaceLab: SAEHD, AMP or Quick96, from its .npy and .dat files, which are not run.

    Parameters
    ----------
    project:
        The project folder.
    files:
        The folder of the model's files, or its file that ends in _data.dat.
    name:
        What to call it here.
    called:
        Its name there, where the folder holds several.
    json:
        Print every event as a JSON line.
    """
    from understudy.jobs.models.importing import import_model as take_over

    run(take_over(Project.open(project), files, name, called=called), json=json)


@model.command
def presets(*, json: Json = False) -> None:
    """List what `--preset` can be.

    Parameters
    ----------
    json:
        Print everything as JSON.
    """
    from understudy.jobs.models import facts as model_facts

    rows = model_facts.list_presets()
    if json:
        _print_json([dataclasses.asdict(row) for row in rows])
        return
    print(f"{'preset':<14} {'network':<12} {'faces':<9} {'size':>6} {'params':>10}  what for")
    for row in rows:
        print(
            f"{row.name:<14} {row.architecture:<12} {row.face_type:<9} {f'{row.size_px} px':>6} "
            f"{f'{row.parameters / 1e6:.2f} M':>10}  {row.help}"
        )


@model.command
def architectures(name: str | None = None, /, *, json: Json = False) -> None:
    """List the networks there are, or what one of them can be given when a model is made.

    Parameters
    ----------
    name:
        The network whose settings are listed.
    json:
        Print everything as JSON.
    """
    from understudy.jobs.models import facts as model_facts

    if name is None:
        sources = model_facts.list_architectures()
        if json:
            _print_json(sources)
            return
        for architecture, source in sources.items():
            print(f"{architecture:<14} {source}")
        return
    options = model_facts.architecture_options(name)
    if json:
        _print_json([dataclasses.asdict(option) for option in options])
        return
    for option in options:
        print(f"{f'{option.name}={option.default}':<28} {_takes(option)}")
        print(f"{'':<28} {option.help}")


def _takes(option: OptionInfo) -> str:
    if option.choices:
        return " | ".join([*option.choices, *(["others"] if option.others else [])])
    unit = f" {option.unit}" if option.unit else ""
    if option.low is None or option.high is None:
        return f"{option.kind}{unit}"
    return f"{option.kind}, {option.low:g} to {option.high:g}{unit}"


def _remarks(facts: ModelFacts) -> list[str]:
    remarks = []
    if facts.in_use:
        remarks.append(f"in use by {facts.in_use.words if facts.in_use.process else 'another process'}")
    if facts.origin:
        remarks.append(f"made from {', '.join(f'{key} {value}' for key, value in facts.origin.items())}")
    if facts.complaint:
        remarks.append(facts.complaint)
    if not facts.made and not facts.complaint:
        remarks.append("nothing is made of it yet; `understudy train` does that")
    return remarks


def _command(*words: str | Path) -> str:
    return f"`{shlex.join(['understudy', 'model', *map(str, words)])}`"


def _print_json(value: Any) -> None:
    print(to_json.dumps(value, indent=2, default=str, ensure_ascii=False))


def _loss(loss: float | None) -> str:
    return "-" if loss is None else f"{loss:.4f}"


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.2f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.1f} MB"


def _when(moment: datetime | None) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M") if moment else "not yet"
