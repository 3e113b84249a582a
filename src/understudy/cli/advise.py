"""`understudy advise`: what could be done better, each with what was seen, why it matters and what to do."""

from __future__ import annotations

import json as to_json
import textwrap
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from understudy.cli.flags import Json
from understudy.cli.show import show
from understudy.counts import counted
from understudy.project.project import Project

_WIDTH = 100
_MARKS = {3: "!!", 2: "!", 1: "-"}


def advise(
    project: Path,
    /,
    *,
    model: Annotated[tuple[str, ...], Parameter(negative="", consume_multiple=True)] = (),
    device: str = "auto",
    json: Json = False,
) -> None:
    """Say what could be done better with these faces and models, most important first, and how.

    Every piece of advice names the numbers of this project that it rests on. Nothing is changed.

    Parameters
    ----------
    project:
        The project folder.
    model:
        Models to look at. Without any: all of the project.
    device:
        Where it would train: auto, cpu, cuda, cuda:1, mps, xpu.
    json:
        Print the advice as JSON.
    """
    from understudy.jobs import advise as looks

    events = looks.advise(Project.open(project), models=model, device=device)
    if json:
        *_, finished = events
        print(to_json.dumps(vars(finished)["summary"], indent=1, ensure_ascii=False))
        return
    summary = show(events)[-1].summary
    for number, advice in enumerate(summary["advice"], 1):
        _print(number, advice)
    rules = counted(summary["rules"], "rule")
    print(f"{counted(len(summary['advice']), 'piece')} of advice; {rules} looked at this project.")


def _print(number: int, advice: dict[str, Any]) -> None:
    mark = _MARKS[int(advice["weight"])]
    lead = f"{number:>2} {mark:<2} "
    print(textwrap.fill(advice["seen"], _WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead)))
    for label, text in (("why ", advice["why"]), ("do  ", advice["todo"])):
        indent = " " * len(lead)
        print(
            textwrap.fill(text, _WIDTH, initial_indent=f"{indent}{label} ", subsequent_indent=f"{indent}     ")
        )
    if advice["command"]:
        print(f"{' ' * len(lead)}     {advice['command']}")
