"""A change of a faceset at the terminal: what was done, and who learns from it as it was before."""

from __future__ import annotations

from understudy.cli.show import run, show
from understudy.events import Events
from understudy.jobs.stopping import joined
from understudy.project.project import Project


def run_change(events: Events, project: Project, faceset: str, *, json: bool, dry_run: bool = False) -> None:
    """Show a job that changes a faceset, its figures, and who learns from it at this moment."""
    from understudy.jobs.facesets.still_learning import still_learning_told

    run(events if dry_run else joined(events, still_learning_told(project, faceset)), json=json)


def say_who_learns(project: Project, faceset: str) -> None:
    """Say of a change that is done who learns from the faceset at this moment, beside the output."""
    from understudy.jobs.facesets.still_learning import still_learning_told

    show(still_learning_told(project, faceset), beside_output=True)
