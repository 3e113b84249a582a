"""The commands that a window may start as runs, and the words each becomes.

A window says a command's name and facts: names of the project and values of options. What follows here is the
command line; paths and programs never come from a window.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from understudy.errors import OptionInvalid, RunImpossible, Stopped
from understudy.facesets.extraction.options import ExtractOptions
from understudy.jobs.runs.run import Run
from understudy.merging.delivery.options import EncodeOptions
from understudy.merging.options import MergeOptions
from understudy.options import NONE, Options, describe, meant, parse_options
from understudy.project.manifest import require_name
from understudy.project.project import Project
from understudy.project.unknown import clip_named, model_named
from understudy.training.options import TrainOptions
from understudy.training.segmenting.options import MaskTrainOptions

Facts = Mapping[str, Any]
HERE = "."  # a run stands in its project's folder
_BARE = re.compile(r"[A-Za-z0-9_-]*")  # a name that comes with the program, or a number; never a place
_FRAMES = re.compile(r"[0-9:, ]*")
_CARRY_AGAIN = "“Carry many” (P) from frame {first} goes on behind the last frame."
# Where a stopped run goes on, by its command.
_BUTTONS = {
    "extract": "“Find faces” in Project",
    "train": "“Start” in Training",
    "merge": "“Make the rest” (Enter) in Merge",
    "encode": "“Deliver” (D) in Deliver",
    "masks": "“Train on what is drawn” in Masks",
}


@dataclass(frozen=True)
class Command:
    """One command: what a run of it is called, and its words after `understudy`."""

    title: Callable[[Facts], str]
    words: Callable[[Project, Facts], list[str]]


def run_words(project: Project, command: str, facts: Facts) -> tuple[list[str], str]:
    """The words and the title of a run. Raises RunImpossible, OptionInvalid, ClipMissing, ModelUnknown."""
    if command not in COMMANDS:
        near = meant(command, COMMANDS)
        raise RunImpossible(f"The studio can't run {command!r}; it runs {', '.join(COMMANDS)}.{near}")
    return COMMANDS[command].words(project, facts), COMMANDS[command].title(facts)


def option_words(options: type[Options], said: Mapping[str, Any], *, prefix: str = "") -> list[str]:
    """The flags that say these values. Raises OptionInvalid for one that its option doesn't take."""
    require_no_places(options, said)
    parse_options(options, said)
    words = []
    for name, value in said.items():
        flag = f"{prefix}{name.replace('_', '-')}"
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--{_no(flag)}")
        else:  # None is said too: it stands against what the project keeps
            words.append(f"--{flag}={NONE if value is None else value}")
    return words


def require_no_places(options: type[Options], said: Mapping[str, Any]) -> None:
    """Raise OptionInvalid where a value leads to a file, a folder or another machine: a window names none."""
    places = {info.name for info in describe(options) if info.place}
    for name, value in said.items():
        if name in places and value is not None and not _BARE.fullmatch(str(value)):
            raise OptionInvalid(
                f"The studio can't take a place for {name}. Say it on the command line or in understudy.toml."
            )


def _no(flag: str) -> str:
    head, dot, name = flag.rpartition(".")
    return f"{head}{dot}no-{name}"


def _extract(project: Project, facts: Facts) -> list[str]:
    words = ["extract", HERE, *_clips(project, facts), *_device(facts), *_flags(facts, "redo_deleted")]
    words += _numbers(facts, "src_face", "dst_face")
    if faceset := facts.get("faceset"):
        require_name(str(faceset))
        words.append(f"--faceset={faceset}")
    return [*words, *option_words(ExtractOptions, _said(facts))]


def _train(project: Project, facts: Facts) -> list[str]:
    words = ["train", HERE, f"--model={_model(project, facts, new=True)}", *_device(facts)]
    words += [*_flags(facts, "finish", "find_rate", "set_rate"), *_numbers(facts, "processes", "show_samples")]
    words += _facesets(project, facts, "src_faceset", "dst_faceset")
    if source := facts.get("start_from"):
        words.append(f"--start-from={_model(project, {'model': source})}")
    return [*words, *option_words(TrainOptions, _said(facts))]


def _merge(project: Project, facts: Facts) -> list[str]:
    words = ["merge", HERE, *_clips(project, facts), f"--model={_model(project, facts)}", *_device(facts)]
    words += _flags(facts, "changed", "dry_run", "save")
    if frames := facts.get("frames"):
        if not _FRAMES.fullmatch(str(frames)):
            raise OptionInvalid(
                f"Frames can't be {frames!r}. Say them like 120:160, with commas between several."
            )
        words.append(f"--frames={frames}")
    return [*words, *option_words(MergeOptions, _said(facts))]


def _measure(project: Project, facts: Facts) -> list[str]:
    (clip,) = _clips(project, {"clips": [facts.get("clip", "")]})
    return ["measure", f"--project={HERE}", f"--clip={clip}", f"--merged={_model(project, facts)}"]


def _encode(project: Project, facts: Facts) -> list[str]:
    clips = _clips(project, facts)
    cast = bool(clips) and all(
        project.manifest.clips[clip].cast for clip in clips
    )  # whose frames no model names
    model = _model(project, facts, new=cast)
    words = ["encode", HERE, *clips, f"--model={model}"]
    if (name := str(facts.get("name") or "").strip()) and len(clips) == 1:
        from understudy.jobs.delivery.finished_files import (
            goal_of,  # imports torch, and the studio starts without
        )

        goal = goal_of(project, model, clips[0], name)
        words.append(f"--out={goal.relative_to(project.folder)}")
    return [*words, *option_words(EncodeOptions, _said(facts))]


def _swap(project: Project, facts: Facts) -> list[str]:
    words = ["swap", f"--project={HERE}", f"--model={_model(project, facts, new=True)}", *_device(facts)]
    if preset := facts.get("preset"):
        words.append(f"--preset={_listed(preset)}")
    return [*words, *option_words(TrainOptions, _said(facts))]


def _advise(project: Project, facts: Facts) -> list[str]:
    return ["advise", HERE, *_device(facts)]


def _masks_train(project: Project, facts: Facts) -> list[str]:
    name = str(facts.get("segmenter", ""))
    require_name(name)
    if name.startswith("-"):  # it stands by itself among the words, where this would be a flag
        raise OptionInvalid(f"A segmenter can't be called {name!r}: a name doesn't begin with a dash.")
    return ["masks", "train", HERE, name, *_device(facts), *option_words(MaskTrainOptions, _said(facts))]


# One command a line; the key is what a window says.
COMMANDS: dict[str, Command] = {
    "extract": Command(lambda facts: f"Find faces{_of_clips(facts)}", _extract),
    "train": Command(lambda facts: f"Train {facts.get('model', 'main')}", _train),
    "merge": Command(lambda facts: f"{_merge_verb(facts)}{_of_clips(facts)}", _merge),
    "measure": Command(lambda facts: f"Measure what is merged: {facts.get('clip', '')}", _measure),
    "encode": Command(lambda facts: f"Encode{_of_clips(facts)}", _encode),
    "swap": Command(lambda _: "Swap, from clips to finished shot", _swap),
    "advise": Command(lambda _: "Look for what could be better", _advise),
    "masks-train": Command(lambda facts: f"Train segmenter {facts.get('segmenter', '')}", _masks_train),
}


def _merge_verb(facts: Facts) -> str:
    return "Count what a merge would make" if facts.get("dry_run") else "Merge"


def _of_clips(facts: Facts) -> str:
    clips = [str(clip) for clip in facts.get("clips") or ()]
    return f": {', '.join(clips)}" if clips else ""


def _clips(project: Project, facts: Facts) -> list[str]:
    clips = [str(clip) for clip in facts.get("clips") or ()]
    for clip in clips:
        clip_named(project, clip)
        if clip.startswith("-"):
            raise OptionInvalid(f"Clip {clip!r} begins with a dash, so it can't be named to a command.")
    return clips


def _model(project: Project, facts: Facts, *, new: bool = False) -> str:
    name = str(facts.get("model") or "main")
    require_name(name)
    if not new:
        model_named(project, name)
    return name


def _facesets(project: Project, facts: Facts, *names: str) -> list[str]:
    said = [(name, str(faceset)) for name in names for faceset in facts.get(name) or ()]
    if not said:
        return []
    from understudy.jobs.facesets.curating import full_name  # imports what faces are measured with

    return [f"--{name.replace('_', '-')}={full_name(project, faceset)}" for name, faceset in said]


def _listed(preset: Any) -> str:
    from understudy.training.presets import preset_named

    preset_named(str(preset))
    return str(preset)


def _device(facts: Facts) -> list[str]:
    device = str(facts.get("device") or "auto")
    if not all(letter.isalnum() or letter in ":," for letter in device):
        raise OptionInvalid(f"{device!r} is no device. Say auto, cpu, cuda:1, mps or xpu.")
    return [] if device == "auto" else [f"--device={device}"]


def _flags(facts: Facts, *names: str) -> list[str]:
    return [f"--{name.replace('_', '-')}" for name in names if facts.get(name) is True]


def _numbers(facts: Facts, *names: str) -> list[str]:
    said = {name: facts[name] for name in names if facts.get(name) is not None}
    for name, value in said.items():
        if not isinstance(value, int) or isinstance(value, bool):
            raise OptionInvalid(f"{name} must be a whole number, not {value!r}.")
    return [f"--{name.replace('_', '-')}={value}" for name, value in said.items()]


def _said(facts: Facts) -> Mapping[str, Any]:
    said = facts.get("said") or {}
    if not isinstance(said, Mapping):
        raise OptionInvalid("Options are said as names with values.")
    return said


def way_on(run: Run) -> str:
    """What a person should read of a run's end, with the studio's way to go on where it was stopped: what the
    command said names the command."""
    if run.state != "stopped" or run.exit_code != Stopped.exit_code:
        return run.sentence
    if run.words[:2] == ("frames", "carry"):
        return f"Stopped. What was carried is kept; {_CARRY_AGAIN.format(first=run.words[4])}"
    if {"--find-rate", "--set-rate"} & {*run.words}:
        return run.sentence
    how = _BUTTONS.get(run.words[0])
    return f"Stopped. What was finished is kept; {how or 'start it again here'} goes on where it was."


def carried_on(run: Run) -> str:
    """The same of a carry that was broken off."""
    return f"{run.sentence or 'The carrying was cut off.'} {_CARRY_AGAIN.format(first=run.words[4])}"


def said_words(words: Sequence[str]) -> str:
    """The command as a hand would type it in the project's folder."""
    import shlex

    return shlex.join(["understudy", *(word for word in words if word != "--json")])
