"""Runs: start, queue and stop stages, and read what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from understudy.jobs.runs.book import RunBook, runs_ahead
from understudy.jobs.runs.elsewhere import under_way_elsewhere
from understudy.jobs.runs.queue import WORDS_OF_FAILING
from understudy.jobs.runs.run import Run
from understudy.studio.open_studio import StudioHere
from understudy.studio.run_words import run_words, said_words, way_on

routes = APIRouter()


class RunWish(BaseModel):
    """A run that a window asks for. `queue` lets it wait until all that runs is over."""

    model_config = ConfigDict(extra="forbid")

    command: str
    facts: dict[str, Any] = {}
    queue: bool = False


class StopWish(BaseModel):
    """How a run is to stop: after its present step, or at once."""

    model_config = ConfigDict(extra="forbid")

    at_once: bool = False


class MoveWish(BaseModel):
    """Before which other waiting run one is to begin; after all of them without."""

    model_config = ConfigDict(extra="forbid")

    before: str = ""


@routes.get("/runs")
def all_runs(studio: StudioHere) -> dict[str, Any]:
    """Every run, the newest first, with where it stands, and what a terminal does besides; none without a
    project."""
    if studio.folder is None:
        return {"runs": [], "queue": None, "elsewhere": []}
    book = studio.runs
    queue = {"if_one_fails": book.queue_options().if_one_fails, "choices": WORDS_OF_FAILING}
    runs = book.all()
    ahead = runs_ahead(runs)
    elsewhere = under_way_elsewhere(book.project, runs)
    return {"runs": [_told(book, run, ahead) for run in runs], "queue": queue, "elsewhere": elsewhere}


@routes.get("/runs/{id}")
def one_run(studio: StudioHere, id: str) -> dict[str, Any]:
    """One run with where it stands."""
    return _told(studio.runs, studio.runs.get(id))


@routes.get("/runs/{id}/events")
def run_events(studio: StudioHere, id: str, since: int = 0) -> dict[str, Any]:
    """What a run said after a place in its log, and the place to ask from next."""
    events, place = studio.runs.events(id, since)
    return {"events": events, "next": place}


@routes.get("/runs/{id}/result")
def run_result(studio: StudioHere, id: str) -> dict[str, Any]:
    """What a run answered, where it has."""
    return {"result": studio.runs.result(id)}


@routes.get("/runs/{id}/output")
def run_output(studio: StudioHere, id: str) -> dict[str, str]:
    """The end of what a run wrote beside its events."""
    return {"text": studio.runs.output_end(id)}


@routes.post("/runs")
def start_run(studio: StudioHere, wish: RunWish) -> dict[str, Any]:
    """Start a run, or queue it."""
    words, title = run_words(studio.project(), wish.command, wish.facts)
    book = studio.runs
    run = book.queue(words, title=title) if wish.queue else book.start(words, title=title)
    studio.live.say("runs", id=run.id, state=run.state)
    return _told(book, run)


@routes.post("/runs/queue")
def keep_queue(studio: StudioHere, values: dict[str, Any]) -> dict[str, Any]:
    """Choose what becomes of waiting runs when one fails."""
    book = studio.runs
    book.keep_queue_options(book.queue_options().changed(**values))
    studio.live.say("runs", id="", state="queue")
    return {}


@routes.post("/runs/{id}/stop")
def stop_run(studio: StudioHere, id: str, wish: StopWish) -> dict[str, Any]:
    """Ask a run to stop."""
    book = studio.runs
    run = book.stop(id, at_once=wish.at_once)
    studio.live.say("runs", id=run.id, state=run.state)
    return _told(book, run)


@routes.post("/runs/{id}/move")
def move_run(studio: StudioHere, id: str, wish: MoveWish) -> dict[str, Any]:
    """Let a waiting run begin earlier or later."""
    book = studio.runs
    run = book.move(id, before=wish.before)
    studio.live.say("runs", id="", state="queue")
    return _told(book, run)


@routes.post("/runs/{id}/accept")
def accept_run(studio: StudioHere, id: str) -> dict[str, Any]:
    """Let a run begin that waits from elsewhere."""
    book = studio.runs
    run = book.accept(id)
    studio.live.say("runs", id=run.id, state=run.state)
    return _told(book, run)


def _told(book: RunBook, run: Run, ahead: Mapping[str, int] | None = None) -> dict[str, Any]:
    standing = asdict(book.standing(run.id)) if run.started else None
    words = {"sentence": way_on(run), "typed": said_words(run.words)}
    if ahead is None:
        ahead = runs_ahead(book.all()) if run.state == "queued" else {}
    more = {"living": run.living, "standing": standing, "ahead": ahead.get(run.id, 0)}
    return {**asdict(run), **words, **more}
