"""What a person may ask about how a model learns, beside training it: to finish, and for a better rate."""

from __future__ import annotations

from functools import partial

from understudy.errors import ModelUnknown
from understudy.events import Events, Notice, StageFinished
from understudy.jobs import stages
from understudy.jobs.settings import Said, train_options
from understudy.project.project import Project
from understudy.training.keeping.lock import holder_of
from understudy.training.keeping.requests import ask
from understudy.training.recipe.recipe import Recipe
from understudy.training.steering.options import RateSearchOptions

_OF_FINISHING = {"finish_iterations": "iterations", "finish_share": "share"}


def finish(project: Project, model: str, *, said: Said, device: str) -> Events:
    """Let a model settle and end: the training that runs elsewhere, else here and now.

    Raises ModelUnknown where it has learnt nothing yet, and what training raises.
    """
    folder = project.model_folder(model)
    running = holder_of(folder)
    if running is None and not any(folder.glob("checkpoints/[0-9]*")):
        raise ModelUnknown(f"Model {model!r} has learnt nothing yet, so there is nothing to finish.")
    ask(folder, "finish", **{key: said[name] for name, key in _OF_FINISHING.items() if name in said})
    if running is None:
        yield from stages.train(project, model, said=said, device=device)
        return
    yield Notice(f"Asked {running.words} to finish: it settles, saves and ends by itself.")


def check_recipe(project: Project, model: str, recipe: Recipe) -> None:
    """Raise RecipeInvalid where a stage doesn't fit a model's options or asks its network in vain.

    Raises ModelUnknown too.
    """
    from understudy.training.keeping.about import network_settings, read_about
    from understudy.training.presets import preset_named
    from understudy.training.recipe.trial import require_possible

    if model not in project.manifest.models:
        known = ", ".join(project.manifest.models) or "none yet"
        raise ModelUnknown(f"The project has no model called {model!r}; it has {known}.")
    options = train_options(project, model, {})
    recipe.require_fit(options)
    about, entry = read_about(project.model_folder(model)), project.manifest.models[model]
    preset = preset_named(entry.preset)
    kind = about or preset
    network = network_settings(kind.architecture, kind.network, entry.network or {})
    require_possible(recipe, options, kind.architecture, network, iteration=0)


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
