"""`understudy faceset new | copy | merge`: several named facesets of a performer."""

from __future__ import annotations

import json as to_json
from pathlib import Path

from understudy.cli.changes import run_change
from understudy.cli.faceset import ALL, ASKED, choice_of
from understudy.cli.flags import DryRun, Json
from understudy.project.project import Project


def new(project: Path, faceset: str, /, *, json: Json = False) -> None:
    """Make an empty faceset of a performer, to copy, import or extract faces into.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, like src/close.
    json:
        Print its name, and whether it was made now, as JSON.
    """
    from understudy.jobs.facesets import sets

    made = sets.new_set(Project.open(project), faceset)
    if json:
        print(to_json.dumps({"faceset": faceset, "made": made}, ensure_ascii=False))
        return
    print(f"{'made faceset' if made else 'there is already'} {faceset}")


def copy(
    project: Path,
    faceset: str,
    goal: str,
    /,
    *names: str,
    dry_run: DryRun = False,
    json: Json = False,
    which: ASKED = ALL,
) -> None:
    """Copy faces of one faceset into another, which is made where it is missing. Nothing is overwritten.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        Where they come from: PERFORMER/NAME, or PERFORMER alone.
    goal:
        Where they go to: PERFORMER/NAME.
    names:
        File names of faces.
    dry_run:
        Only say what would be done.
    json:
        Print every event as a JSON line.
    """
    from understudy.jobs.facesets import sets

    opened = Project.open(project)
    events = sets.copy_faces(opened, faceset, goal, choice_of(names, which), dry_run=dry_run)
    run_change(events, opened, goal, json=json, dry_run=dry_run)


def merge(project: Path, goal: str, /, *sources: str, dry_run: DryRun = False, json: Json = False) -> None:
    """Bring all faces of several facesets together in one. The others stay; nothing is overwritten.

    Parameters
    ----------
    project:
        The project folder.
    goal:
        Where they go to: PERFORMER/NAME; it is made where it is missing.
    sources:
        Where they come from.
    dry_run:
        Only say what would be done.
    json:
        Print every event as a JSON line.
    """
    from understudy.jobs.facesets import sets

    opened = Project.open(project)
    events = sets.merge_sets(opened, goal, sources, dry_run=dry_run)
    run_change(events, opened, goal, json=json, dry_run=dry_run)
