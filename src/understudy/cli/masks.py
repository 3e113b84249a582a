"""`understudy masks VERB PROJECT …`: regions drawn on faces, and masks that a segmenter makes of them.

The verbs are functions in `jobs.facesets.masks`.
"""

from __future__ import annotations

import json as to_json
import shlex
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter
from cyclopts.validators import Number

from understudy.cli.changes import run_change
from understudy.cli.faceset import ALL, ASKED, choice_of
from understudy.cli.flags import DryRun, Json
from understudy.cli.show import run
from understudy.counts import counted
from understudy.project.project import Project
from understudy.training.segmenting.options import MaskTrainOptions

app = App(name="masks", help="Draw, make and apply masks of faces.")


@app.command
def train(
    project: Path,
    name: str,
    /,
    *facesets: str,
    device: str = "auto",
    json: Json = False,
    options: Annotated[MaskTrainOptions, Parameter(name="*", group="Learning")] = MaskTrainOptions(),
) -> None:
    """Teach a segmenter your own shot from regions drawn on 20 to 50 faces. Run again, it goes on.

    Parameters
    ----------
    project:
        The project folder.
    name:
        What the segmenter is called; it is made if it is new.
    facesets:
        Whose drawn faces it learns from, as PERFORMER/NAME. Without any: all.
    device:
        Where to compute: auto, cpu, cuda:1, mps, xpu.
    json:
        Print every event as a JSON line instead of a progress bar.
    """
    from understudy.jobs.facesets import masks

    run(masks.train(Project.open(project), name, facesets, options, device=device), json=json)


@app.command
def check(
    project: Path,
    name: str,
    /,
    *facesets: str,
    parts: Annotated[int, Parameter(validator=Number(gte=2, lte=50))] = 5,
    device: str = "auto",
    json: Json = False,
    options: Annotated[MaskTrainOptions, Parameter(name="*", group="Learning")] = MaskTrainOptions(),
) -> None:
    """Say how far a segmenter's overlap can be trusted: measure it on every drawn face.

    It learns anew several times, as long as it took to its best state and with the options said now, each time
    without other faces, on which it is measured then. The segmenter stays as it is. Run again, it goes on.

    Parameters
    ----------
    project:
        The project folder.
    name:
        The segmenter's name.
    facesets:
        Whose drawn faces, as PERFORMER/NAME. Without any: all.
    parts:
        In how many parts the faces are held out: so many trainings it takes.
    device:
        Where to compute: auto, cpu, cuda:1, mps, xpu.
    json:
        Print every event as a JSON line instead of a progress bar.
    """
    from understudy.jobs.facesets import masks

    run(masks.check(Project.open(project), name, facesets, options, parts=parts, device=device), json=json)


@app.command
def rename(project: Path, name: str, new_name: str, /) -> None:
    """Give a segmenter of the project another name. Masks that it wrote into faces keep the old one.

    Parameters
    ----------
    project:
        The project folder.
    name:
        Its name.
    new_name:
        Its name from now on.
    """
    from understudy.jobs.facesets import masks

    masks.rename(Project.open(project), name, new_name)
    print(f"{name} is called {new_name} now")


@app.command
def delete(project: Path, name: str, /) -> None:
    """Put a segmenter of the project into its trash. Masks that it wrote into faces stay.

    Parameters
    ----------
    project:
        The project folder.
    name:
        Its name.
    """
    from understudy.jobs.facesets import masks

    lies = masks.put_away(Project.open(project), name)
    back = shlex.join(["understudy", "masks", "restore", str(project), name])
    print(f"{name} lies in the trash; `{back}` brings it back: {lies}")


@app.command
def restore(
    project: Path, name: str | None = None, iteration: int | None = None, /, *, json: Json = False
) -> None:
    """Bring a segmenter back from the trash, or go back to a backup: each finished training is one.

    One that lies in the trash comes back whole. Of one that is there the backups are listed, or the one named
    is gone back to. Without a name: list those in the trash.

    Parameters
    ----------
    project:
        The project folder.
    name:
        The segmenter's name; of several of that name in the trash, the one put away last.
    iteration:
        Which backup.
    json:
        Print as JSON the segmenters in the trash, or what was brought back and which backups there are.
    """
    from understudy.jobs.facesets import masks

    opened = Project.open(project)
    if name is None:
        away = masks.segmenters_put_away(opened)
        if json:
            _print_json([{"name": called, "folder": entry.path} for called, entry in away.items()])
            return
        for called, entry in away.items():
            print(f"{called:<16} {entry.path}")
        print(f"{counted(len(away), 'segmenter')} in the trash")
        return
    was_away = name not in masks.segmenters_of(opened).own()
    if was_away:
        masks.bring_back(opened, name)
        if not json:
            print(f"{name} is back from the trash, whole")
    gone = [] if iteration is None else masks.restore(opened, name, iteration)
    backups = masks.list_backups(opened, name)
    if json:
        told = {"name": name, "was_in_trash": was_away, "backups": backups, "iteration": iteration}
        _print_json(told | {"put_in_trash": gone})
    elif iteration is None:
        print(f"backups of {name}: {', '.join(map(str, backups)) or 'none yet'}")
    else:
        print(f"{name} is back at iteration {iteration}" + (f"; in the trash: {gone[0]}" if gone else ""))


@app.command
def draw(
    project: Path,
    faceset: str,
    /,
    *files: Path,
    face: str = "",
    add: Annotated[bool, Parameter(negative="")] = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Put drawn regions into faces: what belongs to the face (include), and what covers it (exclude).

    Files are those of the program labelme, with the labels include and exclude, or a plain JSON
    {"include": [[[x, y], ...], ...], "exclude": [...]} in pixels of the face's picture. `masks fetch` makes a
    folder to draw in. The regions that a face has are replaced; `faceset undo` takes it back.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone.
    files:
        Drawings, or folders with them. Each is of the face it names, or is called like.
    face:
        The face that a single drawing is of, by its file name.
    add:
        Keep the regions that the faces have.
    dry_run:
        Only say what would be done.
    json:
        Print every event as a JSON line.
    """
    from understudy.jobs.facesets import masks

    opened = Project.open(project)
    events = masks.draw(opened, faceset, files, face=face, keep_others=add, dry_run=dry_run)
    run_change(events, opened, faceset, json=json, dry_run=dry_run)


@app.command
def apply(
    project: Path,
    faceset: str,
    /,
    *names: str,
    segmenter: Annotated[str, Parameter(name=["--segmenter", "-s"])],
    device: str = "auto",
    dry_run: DryRun = False,
    json: Json = False,
    which: ASKED = ALL,
) -> None:
    """Write what a segmenter sees into each face. From then on that mask counts, in training and as seg-dst.

    Regions drawn by hand win over it. `faceset undo` takes it back.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone.
    names:
        File names of faces.
    segmenter:
        Who segments, as `understudy masks list` shows them.
    device:
        Where to compute: auto, cpu, cuda:1, mps, xpu.
    dry_run:
        Only say what would be done.
    json:
        Print every event as a JSON line.
    """
    from understudy.jobs.facesets import masks

    opened, choice = Project.open(project), choice_of(names, which)
    events = masks.apply(opened, faceset, choice, segmenter=segmenter, device=device, dry_run=dry_run)
    run_change(events, opened, faceset, json=json, dry_run=dry_run)


@app.command
def fetch(
    project: Path,
    faceset: str,
    /,
    *names: str,
    to: Path | None = None,
    into: str = "",
    undrawn: Annotated[bool, Parameter(negative="")] = False,
    dry_run: DryRun = False,
    json: Json = False,
    which: ASKED = ALL,
) -> None:
    """Copy the faces that are drawn on to a place of their own. The faceset stays as it is.

    In a folder each gets its drawing beside it, which labelme opens; `masks draw` brings it back.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone.
    names:
        File names of faces.
    to:
        A folder.
    into:
        Another faceset, PERFORMER/NAME, instead of a folder.
    undrawn:
        Also those that nothing is drawn on: to draw on them.
    dry_run:
        Only say what would be done.
    json:
        Print every event as a JSON line.
    """
    from understudy.jobs.facesets import masks

    opened, choice = Project.open(project), choice_of(names, which)
    run(masks.fetch(opened, faceset, choice, folder=to, into=into, undrawn=undrawn, dry_run=dry_run), json=json)


@app.command
def remove(
    project: Path,
    faceset: str,
    /,
    *names: str,
    name: str = "",
    polygons: Annotated[bool, Parameter(negative="")] = False,
    dry_run: DryRun = False,
    json: Json = False,
    which: ASKED = ALL,
) -> None:
    """Take masks out of faces, or what was drawn on them. `faceset undo` brings it back.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone.
    names:
        File names of faces.
    name:
        Only the masks of this name, as `understudy masks list` shows them.
    polygons:
        The drawn regions instead of masks.
    dry_run:
        Only say what would be done.
    json:
        Print every event as a JSON line.
    """
    from understudy.jobs.facesets import masks

    opened, choice = Project.open(project), choice_of(names, which)
    events = masks.remove(opened, faceset, choice, name=name, polygons=polygons, dry_run=dry_run)
    run_change(events, opened, faceset, json=json, dry_run=dry_run)


@app.command
def mark(
    project: Path,
    faceset: str,
    said: Literal["confirmed", "skipped", "none"],
    /,
    *names: str,
    dry_run: DryRun = False,
    json: Json = False,
    which: ASKED = ALL,
) -> None:
    """Note of faces that their mask is right (confirmed), or that they are left out (skipped), or neither.

    A segmenter learns from a confirmed face's mask as from a drawn one, and never from a skipped face. The
    column drawing_mark filters by it. `faceset undo` takes it back.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone.
    said:
        confirmed, skipped, or none.
    names:
        File names of faces.
    dry_run:
        Only say what would be done.
    json:
        Print every event as a JSON line.
    """
    from understudy.jobs.facesets import drawing

    opened, choice = Project.open(project), choice_of(names, which)
    events = drawing.mark(opened, faceset, "" if said == "none" else said, choice, dry_run=dry_run)
    run_change(events, opened, faceset, json=json, dry_run=dry_run)


@app.command
def carry(
    project: Path,
    faceset: str,
    giver: str,
    /,
    *names: str,
    dry_run: DryRun = False,
    json: Json = False,
    which: ASKED = ALL,
) -> None:
    """Give faces what is drawn on another face, laid where their own landmarks are.

    What is drawn on them is replaced. `faceset undo` takes it back.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone.
    giver:
        The face whose drawing it is, by its file name.
    names:
        File names of the faces that get it.
    dry_run:
        Only say what would be done.
    json:
        Print every event as a JSON line.
    """
    from understudy.jobs.facesets import drawing

    opened, choice = Project.open(project), choice_of(names, which)
    events = drawing.carry(opened, faceset, giver, choice, dry_run=dry_run)
    run_change(events, opened, faceset, json=json, dry_run=dry_run)


@app.command(name="list")
def list_masks(project: Path, /, *, json: Json = False) -> None:
    """List every segmenter that can be named, and how many faces are drawn on and have masks.

    Parameters
    ----------
    project:
        The project folder.
    json:
        Print it as JSON.
    """
    from understudy.jobs.facesets import masks

    opened = Project.open(project)
    segmenters, facesets = masks.segmenters_listed(opened), list(masks.facesets_listed(opened))
    if json:
        _print_json({"segmenters": segmenters, "facesets": facesets})
        return
    for one in segmenters:
        print(f"{one['name']:<16} {one['what']}")
    for one in facesets:
        made = ", ".join(f"{count} of {name}" for name, count in one["masks"].items())
        learned = "" if one["learned_from"] == one["drawn_on"] else f", {one['learned_from']} to learn from"
        marks = "".join(f", {one[mark]} {mark}" for mark in ("confirmed", "skipped") if one[mark])
        print(
            f"{one['faceset']:<16} {one['faces']} faces, {one['drawn_on']} drawn on{learned}{marks}; "
            f"masks: {made or 'none'}"
        )


def _print_json(value: Any) -> None:
    print(to_json.dumps(value, indent=2, default=str, ensure_ascii=False))
