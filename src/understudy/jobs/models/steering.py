"""What a person may ask about how a model learns: other options, to finish, a better rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from understudy.errors import ModelUnknown, OptionInvalid
from understudy.events import Events, Notice, StageFinished
from understudy.jobs import stages
from understudy.jobs.settings import Said, train_options
from understudy.options import describe, meant
from understudy.project.project import Project
from understudy.project.unknown import model_named
from understudy.training.keeping.lock import Holder, holder_of
from understudy.training.keeping.requests import Wish, ask, withdraw
from understudy.training.options import TrainOptions
from understudy.training.steering.options import RateSearchOptions

_OF_FINISHING = {"finish_iterations": "iterations", "finish_share": "share"}


@dataclass(frozen=True)
class Changed:
    """What became of a change: options that the running training was asked to take over, and those that count
    from the next start on."""

    asked: tuple[str, ...]
    later: tuple[str, ...]

    @property
    def words(self) -> str:
        """For people."""
        parts = [f"Asked the running training to take over {', '.join(self.asked)}."] if self.asked else []
        if self.later:
            parts.append(f"From the next start on: {', '.join(self.later)}.")
        return " ".join(parts) or "Nothing changes."


def change(project: Project, model: str, values: Mapping[str, Any]) -> Changed:
    """Let a model learn with other options from now on, where they are live also in the training that runs.

    They are kept in the manifest for this model; None takes back what was kept there. Raises ModelUnknown,
    OptionInvalid; then nothing has changed.
    """
    folder = project.model_folder(model)
    model_named(project, model)
    when = {info.name: info.when for info in describe(TrainOptions)}
    for name in values:
        if name not in when:
            raise OptionInvalid(f"There is no option {name!r} of training.{meant(name, when)}")
        if when[name] == "create" and (folder / "model.toml").exists():
            raise OptionInvalid(
                f"{name} is part of model {model!r} since it was made. Make another model for it."
            )
    with project.change() as manifest:
        before = train_options(Project(project.folder, manifest), model, {})
        kept = {name: kept for name, kept in manifest.models[model].train.items() if name not in values}
        said = {name: value for name, value in values.items() if value is not None}
        manifest.models[model].train = {**kept, **said}
        options = train_options(Project(project.folder, manifest), model, {})
    # Also what the manifest had already: the running training may have been started with other words.
    running = holder_of(folder) is not None
    live = tuple(name for name in values if running and when[name] == "live")
    if live:
        wanted = options.model_dump(mode="json")
        ask(folder, "change", **{name: wanted[name] for name in live})
    changed = (name for name in values if getattr(options, name) != getattr(before, name))
    return Changed(live, tuple(name for name in changed if name not in live))


def wish(project: Project, model: str, wish: Wish) -> None:
    """Ask the training of a model that runs, wherever it was started. Raises ModelUnknown, OptionInvalid where
    nobody trains it."""
    model_named(project, model)
    folder = project.model_folder(model)
    running = holder_of(folder)
    if running is None or not _asked_of(running, folder, wish):
        raise OptionInvalid(f"Nobody trains model {model!r} right now, so there is nobody to ask.")


def finish(project: Project, model: str, *, said: Said, device: str) -> Events:
    """Let a model settle and end: the training that runs elsewhere, else here and now.

    Raises ModelUnknown where it has learnt nothing yet, and what training raises.
    """
    from understudy.training.machine.launch import is_follower

    folder = project.model_folder(model)
    # Of several processes the leader is no other training.
    running = None if is_follower() else holder_of(folder)
    if running is None and not any(folder.glob("checkpoints/[0-9]*")):
        raise ModelUnknown(f"Model {model!r} has learnt nothing yet, so there is nothing to finish.")
    details = {key: said[name] for name, key in _OF_FINISHING.items() if name in said}
    if running is not None and _asked_of(running, folder, "finish", **details):
        yield Notice(f"Asked {running.words} to finish: it settles, saves and ends by itself.")
        return
    # It settles what was going on, so in the recipe that was followed, whatever a new training would take.
    keep = "recipe" not in said
    yield from stages.train(project, model, said=said, device=device, keep_recipe=keep, finish=details)


def _asked_of(running: Holder, folder: Path, wish: Wish, **details: Any) -> bool:
    """Ask who holds a model; False where it has ended meanwhile, and then nobody is asked."""
    path = ask(folder, wish, **details)
    if holder_of(folder) == running:
        return True
    withdraw(path)
    return False


def find_rate(
    project: Project, model: str, *, said: Said, search: RateSearchOptions, keep: bool, device: str
) -> Events:
    """Look for a model's learning rate; with `keep` it is written into the manifest for this model."""
    from understudy.training.find_rate import STAGE, find_rate

    for event in stages.train(
        project, model, said=said, device=device, stage=partial(find_rate, search=search)
    ):
        yield event
        if keep and isinstance(event, StageFinished) and event.stage == STAGE:
            rate = float(event.summary["learning_rate"])
            with project.change() as manifest:
                manifest.models[model].train["learning_rate"] = rate
            yield Notice(f"Model {model!r} trains with a learning rate of {rate:g} from now on.")
