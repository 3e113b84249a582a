"""`understudy runs`: stages that go on without a terminal: started, listed, read and stopped."""

from __future__ import annotations

import dataclasses
import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import App, CycloptsError, MissingArgumentError, Parameter

from understudy.cli.flags import Json
from understudy.cli.words import clock_time
from understudy.errors import RunImpossible
from understudy.jobs.runs.book import RunBook
from understudy.jobs.runs.queue import WORDS_OF_FAILING, QueueOptions
from understudy.jobs.runs.reading import Standing
from understudy.jobs.runs.run import Run
from understudy.project.project import Project
from understudy.provenance.words import as_json, escaped

app = App(name="runs", help="Stages that go on without a terminal: start, list, read and stop them.")


@app.command(name="list")
def list_runs(project: Path, /, *, json: Json = False) -> None:
    """List what runs, waits and ran, the newest first.

    Parameters
    ----------
    project:
        The project folder.
    json:
        Print everything as JSON.
    """
    book = RunBook(Project.open(project))
    found = [(run, book.standing(run.id)) for run in book.all()]
    if json:
        told = [{**dataclasses.asdict(run), "standing": dataclasses.asdict(now)} for run, now in found]
        print(as_json(told, indent=2))
        return
    for run, now in found:
        # A project may be somebody else's, and a person accepts what is read here.
        print(escaped(f"{run.id}  {run.state:<8}  {run.title}  {_words(run, now)}".rstrip()))
    if any(run.from_elsewhere for run, _ in found):
        print(
            "What waits from elsewhere was not asked for here and begins only with `understudy runs accept`; "
            "`understudy runs stop` takes it out."
        )
    if any(run.state == "queued" for run, _ in found):
        print(_of_the_queue(book))
    if not found:
        print("Nothing has run here yet.")


@app.command
def start(
    project: Path,
    /,
    *words: Annotated[str, Parameter(allow_leading_hyphen=True)],
    queue: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Start a command that goes on when this terminal is closed.

    Parameters
    ----------
    project:
        The project folder.
    words:
        The command as it would be typed in the project's folder, like: train . --minutes 60
    queue:
        Let it wait until all that runs is over. Say it before the project.
    """
    book = RunBook(Project.open(project))
    _require_command(words)
    run = book.queue(words) if queue else book.start(words)
    print(f"{run.id} {'waits' if run.state == 'queued' else 'runs'}; `understudy runs list` says how far it is")


@app.command
def queue(
    project: Path,
    /,
    *,
    options: Annotated[QueueOptions | None, Parameter(name="*", group="Queue")] = None,
) -> None:
    """Say what becomes of waiting runs when one before them fails, or choose it.

    Parameters
    ----------
    project:
        The project folder.
    """
    book = RunBook(Project.open(project))
    if options is not None:
        book.keep_queue_options(options)
    print(_of_the_queue(book))


@app.command
def move(project: Path, run: str, /, *, before: str = "") -> None:
    """Let a run that waits begin earlier or later: after all others, or before one of them.

    Parameters
    ----------
    project:
        The project folder.
    run:
        Its name, as `runs list` shows it.
    before:
        The name of the run that waits and is to begin after it.
    """
    book = RunBook(Project.open(project))
    book.move(run, before=before)
    for number, waits in enumerate(book.waiting(), 1):
        print(escaped(f"{number}. {waits.id}  {waits.title}"))


@app.command
def stop(project: Path, run: str, /, *, at_once: Annotated[bool, Parameter(negative="")] = False) -> None:
    """Ask a run to end after its present step; one that waits is taken out of the queue.

    Parameters
    ----------
    project:
        The project folder.
    run:
        Its name, as `runs list` shows it.
    at_once:
        End its processes now. What was finished before is kept.
    """
    print(escaped(_end(RunBook(Project.open(project)).stop(run, at_once=at_once))))


@app.command
def accept(project: Path, run: str, /) -> None:
    """Let a run begin that came with a project from elsewhere; `runs list` shows which command it is.

    Parameters
    ----------
    project:
        The project folder.
    run:
        Its name, as `runs list` shows it.
    """
    accepted = RunBook(Project.open(project)).accept(run)
    print(escaped(f"{accepted.id} {'waits' if accepted.state == 'queued' else 'runs'}: {_typed(accepted)}"))


@app.command
def log(project: Path, run: str, /) -> None:
    """Print what a run said: its events as JSON lines, then what it wrote beside them.

    Parameters
    ----------
    project:
        The project folder.
    run:
        Its name, as `runs list` shows it.
    """
    book = RunBook(Project.open(project))
    place, before = 0, -1
    while place != before:
        before = place
        events, place = book.events(run, place)
        for event in events:
            print(as_json(event))
    place, before = 0, -1
    while place != before:
        before = place
        text, place = book.output(run, place)
        print(escaped(text, keep="\n\t"), end="")


def _require_command(words: Sequence[str]) -> None:
    """Raise what typing these words would, as far as that is known without running them; a run fails unseen.

    Raises RunImpossible for a command that can't tell of itself as a run does.
    """
    from understudy.cli.main import app as understudy  # which names this module
    from understudy.cli.main import lacks_project

    if not words:
        return  # the book refuses that
    chain, apps, rest = understudy.parse_commands(list(words))
    command = " ".join(("understudy", *chain))
    try:
        understudy.parse_args(list(words), exit_on_error=False, print_error=False)
    except MissingArgumentError as error:
        if not lacks_project(error):
            raise
        typed = shlex.join((*chain, ".", *rest))
        raise RunImpossible(
            f"`{command}` needs the project's folder, which a run calls . because it begins there: `{typed}`."
        ) from None
    if apps[-1].default_command is None:
        names = ", ".join(name for name in apps[-1] if not name.startswith("-"))
        raise RunImpossible(f"`{command}` alone does nothing. Say which of its commands is meant: {names}.")
    if "--json" in words:
        return
    try:
        understudy.parse_args([*words, "--json"], exit_on_error=False, print_error=False)
    except CycloptsError:
        raise RunImpossible(
            f"`{command}` can't go on without a terminal, because it has no --json to tell of "
            "itself. Type it as it is."
        ) from None


def _of_the_queue(book: RunBook) -> str:
    chosen = book.queue_options().if_one_fails
    return f"When a run fails: {WORDS_OF_FAILING[chosen]} (`understudy runs queue` changes it)."


def _words(run: Run, now: Standing) -> str:
    if not run.living:
        return run.sentence or (_took(run) if run.state == "done" else "")
    if run.from_elsewhere:
        return f"from elsewhere: {_typed(run)}"
    if not now.stage:
        return ""
    total = f" of {now.total}" if now.total else ""
    left = f", {clock_time(now.seconds_left)} left" if now.seconds_left is not None else ""
    return f"{now.stage}: {now.done}{total} {now.unit}{left}"


def _typed(run: Run) -> str:
    return shlex.join(["understudy", *run.words])


def _took(run: Run) -> str:
    seconds = (run.ended or time.time()) - (run.started or run.created)
    return f"in {clock_time(seconds)}"


def _end(run: Run) -> str:
    if run.state == "stopping":
        return f"{run.title}: stops after this step"
    return f"{run.title}: {run.state}" + (f". {run.sentence}" if run.sentence else "")
