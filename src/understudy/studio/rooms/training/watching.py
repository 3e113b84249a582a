"""What a window shows of models that learn: figures, the loss curve thinned to its pixels, options in force."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from understudy.studio.lanes import HEAVY
from understudy.studio.open_studio import Studio, StudioHere

routes = APIRouter()

_CURVES_KEPT = 4
_LINES_AT_ONCE = 20_000  # of a file that is read for the first time; a window asks for the rest
_MOST_SERIES = 40


class Curves:
    """The loss curves that windows look at. Each file is read once, by one thread at a time."""

    def __init__(self) -> None:
        self._lock, self._kept = threading.Lock(), OrderedDict[Path, tuple[Any, threading.Lock]]()

    def of(self, path: Path) -> tuple[Any, threading.Lock]:
        """The curve of a metrics file, and the lock to hold while it is used."""
        from understudy.training.viewing.curve import Curve

        with self._lock:
            if path not in self._kept:
                self._kept[path] = (Curve(path), threading.Lock())
            self._kept.move_to_end(path)
            while len(self._kept) > _CURVES_KEPT:
                self._kept.popitem(last=False)
            return self._kept[path]


def curves_of(studio: Studio) -> Curves:
    """What this studio keeps of loss curves between two requests."""
    with studio.keeping:
        return studio.kept.setdefault("training curves", Curves())


@routes.get("/watch")
def watch(studio: StudioHere) -> dict[str, Any]:
    """Every model of the project as it stands now."""
    from understudy.jobs.models.watching import watch_model

    project, beginning = studio.project(), _beginning(studio)
    told = [watch_model(project, name) for name in project.manifest.models]
    for model in told:
        model["running"] = model["running"] or beginning.get(model["name"])
    return {"models": told}


def _beginning(studio: Studio) -> dict[str, dict[str, Any]]:
    """Who is about to train, by model: a run's process takes seconds until it holds its model."""
    from understudy.jobs.runs.queue import model_of

    book = studio.runs
    runs = [run for run in book.all() if run.words[:1] == ("train",) and run.state in ("running", "stopping")]
    about = {model_of(run.words): run for run in runs if not book.standing(run.id).stage}
    return {model: {"process": run.process, "words": run.title} for model, run in about.items()}


class CurveWish(BaseModel):
    """What a window shows: which figures between two iterations, on how many columns of pixels.

    `have` is the `version` of the last answer: where nothing is new, only that is told.
    """

    model: str
    series: str = "loss_src,loss_dst"
    first: int | None = None
    last: int | None = None
    places: int = Field(1000, ge=16, le=4000)
    smooth: int = Field(1, ge=1, le=1_000_000)
    have: str = ""


@routes.get("/curve")
def curve(studio: StudioHere, wish: Annotated[CurveWish, Query()]) -> dict[str, Any]:
    """The figures of a model, thinned. `more` asks the window to come again at once: a long file is read in
    stretches."""
    from understudy.jobs.models.watching import require_known
    from understudy.training.keeping.metrics import METRICS_NAME

    names = [name for name in wish.series.split(",") if name][:_MOST_SERIES]
    found, lock = curves_of(studio).of(require_known(studio.project(), wish.model) / METRICS_NAME)
    with lock:
        more = found.follow(most_lines=_LINES_AT_ONCE)
        version = f"{found.count}-{found.span[1]}"
        told: dict[str, Any] = {"version": version, "more": more, "span": found.span, "names": found.names}
        if version == wish.have:
            return {**told, "same": True}
        ends = {"first": wish.first, "last": wish.last}
        return {**told, **found.thinned(names, **ends, places=wish.places, smooth=wish.smooth)}


@routes.get("/options")
def options(studio: StudioHere, model: str) -> dict[str, Any]:
    """Every option of a model's training with its value, and what counts in the training that runs."""
    from understudy.jobs.models.watching import options_of

    return {"options": options_of(studio.project(), model)}


@routes.get("/plan", dependencies=[HEAVY])
def plan(studio: StudioHere, model: str = "", preset: str = "", device: str = "auto") -> dict[str, Any]:
    """What training will need: memory by part, whether it fits, seconds for an iteration. Estimates."""
    from dataclasses import asdict

    from understudy.jobs.models.plan import plan_preset, plan_training

    if model:
        found = plan_training(studio.project(), model, said={}, device=device)
    else:
        found = plan_preset(preset, network={}, said=dict(studio.project().manifest.train), device=device)
    needs = {"device_bytes": found.need.device_bytes, "host_bytes": found.need.host_bytes}
    return {**asdict(found), **needs, "fits": found.fits}


@routes.get("/rate")
def rate(studio: StudioHere, model: str) -> dict[str, Any]:
    """What the last search for a learning rate found: rates, losses, the advice. Empty where there was none."""
    from understudy.files import read_json
    from understudy.jobs.models.watching import RATE_NAME, require_known

    try:
        return read_json(require_known(studio.project(), model) / RATE_NAME)
    except FileNotFoundError:
        return {}
