"""`understudy preset list | save | remove`: named sets of options to encode and merge with."""

from __future__ import annotations

import json as json_text
import shlex
from dataclasses import asdict
from pathlib import Path

from cyclopts import App

from understudy.cli.flags import Json
from understudy.errors import OptionInvalid
from understudy.project.own_presets import PresetStage
from understudy.project.project import Project
from understudy.project.unknown import clip_named

app = App(name="preset", help="Named sets of options to encode and merge with.")

_STAGES: tuple[PresetStage, ...] = ("encode", "merge")
_WHOSE = {"understudy": "", "project": " (of this project)", "user": " (yours)"}


@app.command(name="list")
def list_(stage: PresetStage | None = None, /, *, project: Path | None = None, json: Json = False) -> None:
    """List the presets that `encode --purpose` and `merge --preset` take.

    Parameters
    ----------
    stage:
        encode or merge. Without it: both.
    project:
        List those of this project too.
    json:
        Print the list as JSON.
    """
    from understudy.jobs.presets import list_presets, option_words

    opened = None if project is None else Project.open(project)
    stages = (stage,) if stage else _STAGES
    found = [one for each in stages for one in list_presets(opened, each)]
    if json:
        print(json_text.dumps([asdict(one) for one in found], ensure_ascii=False))
        return
    for one in found:
        print(f"{one.stage} {one.name}{_WHOSE[one.origin]}: {one.says or 'says nothing of itself.'}")
        print(f"  {option_words(one.options)}")
    if not found:
        print("There are no presets yet. `understudy preset save` keeps one.")


@app.command
def save(
    stage: PresetStage,
    name: str,
    /,
    *options: str,
    project: Path | None = None,
    clip: str = "",
    frame: int = 0,
    says: str = "",
) -> None:
    """Keep a set of options under a name. One of that name goes to the trash.

    Parameters
    ----------
    stage:
        encode or merge.
    name:
        What it is called from now on.
    options:
        What it sets, like codec=hevc crf=20.
    project:
        Keep it in this project. Without it: for all your projects.
    clip:
        Take all merge settings that count in this dst clip of the project, and the options beside them.
    frame:
        Those of this frame.
    says:
        One sentence on what it is for.
    """
    from understudy.jobs.merging.settings_at import look_at
    from understudy.jobs.models.making import settings_said
    from understudy.jobs.presets import save_preset

    opened = None if project is None else Project.open(project)
    said = settings_said(options, what="option", like="crf=20")
    if clip:
        if opened is None or stage != "merge":
            raise OptionInvalid("--clip takes merge settings of a clip in --project. Say both, and merge.")
        clip_named(opened, clip, "dst")
        said = {**look_at(opened, clip, frame), **said}
    print(save_preset(opened, stage, name, said, says=says))


@app.command
def remove(stage: PresetStage, name: str, /, *, project: Path | None = None) -> None:
    """Take out a preset of your own; it goes to the trash.

    Parameters
    ----------
    stage:
        encode or merge.
    name:
        As `understudy preset list` shows it.
    project:
        One of this project. Without it: one of all your projects.
    """
    from understudy.jobs.presets import option_word, remove_preset
    from understudy.project.own_presets import own_presets

    opened = None if project is None else Project.open(project)
    gone = own_presets(opened, stage).get(name)
    print(remove_preset(opened, stage, name))
    if gone is not None:
        words = [f"{key}={option_word(value)}" for key, value in gone.options.items()]
        words += ["--says", gone.says] if gone.says else []
        words += ["--project", str(project)] if project is not None else []
        print(f"`{shlex.join(['understudy', 'preset', 'save', stage, name, *words])}` brings it back")
