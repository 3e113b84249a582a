"""What becomes of runs that wait when one before them fails: the choice, and which of them need it.

Not here: who waits for whom, and the beginning of the next (`book.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Literal

from understudy.jobs.runs.run import Run
from understudy.options import Options, option
from understudy.project.model_changes import models_put_away
from understudy.project.project import Project

# The pipeline: each needs what those before it make. What is not listed makes nothing that another run needs.
_PLACE = {"extract": 0, "train": 1, "merge": 2, "measure": 3, "encode": 3}
_FAILED = ("failed", "lost")
_MODEL_FLAGS = ("--model", "--merged", "--start-from")
_MAKES_A_MODEL = ("train", "swap")  # where there is none of the name that is said; all others refuse that


IfOneFails = Literal["needing", "all", "none"]
WORDS_OF_FAILING: dict[IfOneFails, str] = {
    "needing": "what needs it is taken out of the queue, the rest goes on",
    "all": "all that waits is taken out of the queue",
    "none": "the queue goes on",
}


class QueueOptions(Options):
    """How the runs of a project wait for each other."""

    if_one_fails: IfOneFails = option(
        "needing",
        "Which waiting runs are taken out of the queue when one before them fails: those needing what it was "
        "to make, all, or none.",
    )


def failed_before(
    run: Run, runs: Mapping[str, Run], options: QueueOptions, *, clips: Collection[str]
) -> Run | None:
    """The failed run that takes this waiting one out of the queue; None where it may begin.

    Of those that ran or waited when it was queued. One that was taken out itself counts as failed. `clips` are
    those of the project.
    """
    if options.if_one_fails == "none":
        return None
    for id in run.after:
        before = runs.get(id)
        if before is None or not (before.state in _FAILED or before.because):
            continue
        if options.if_one_fails == "all" or needs(run.words, before.words, clips=clips):
            return runs.get(before.because, before)
    return None


def needs(words: Sequence[str], before: Sequence[str], *, clips: Collection[str]) -> bool:
    """Whether a command takes what another one makes: a later stage, of a clip and a model that both mean.

    A command that names no clip means all of them; extracting is for every model.
    """
    if before and before[0] == "swap":
        return True
    if not words or not before or words[0] not in _PLACE or before[0] not in _PLACE:
        return False
    if _PLACE[words[0]] <= _PLACE[before[0]]:
        return False
    theirs, ours = _clips(before, clips), _clips(words, clips)
    if "train" not in (words[0], before[0]) and theirs and ours and not theirs & ours:
        return False
    return before[0] == "extract" or model_of(words) == model_of(before)


def model_put_away_since(run: Run, project: Project) -> str:
    """The model of a waiting run that was put in the trash after the run was asked for: it would begin a new
    one of that name, which nobody meant. Empty where the run may begin."""
    name = model_of(run.words)
    if run.words[0] not in _MAKES_A_MODEL or name in project.manifest.models:
        return ""
    away = models_put_away(project)
    return name if any(one.name == name and one.at > run.created for one in away) else ""


def with_model_renamed(words: Sequence[str], name: str, new: str) -> list[str]:
    """A command after a model got another name: it would begin a new model under the one it says."""
    told, flag = list[str](), ""
    for word in words:
        head, equals, value = word.partition("=")
        if equals and head in _MODEL_FLAGS and value == name:
            told.append(f"{head}={new}")
        else:
            told.append(new if flag in _MODEL_FLAGS and word == name else word)
        flag = word
    return told


def _clips(words: Sequence[str], known: Collection[str]) -> frozenset[str]:
    """The clips of the project that are named, by themselves or behind a flag."""
    return frozenset(_split(words)[2:]) & frozenset(known)


def model_of(words: Sequence[str]) -> str:
    """The model that a command is about."""
    said = pairwise(_split(words))
    return next((value for flag, value in said if flag in ("--model", "--merged")), "main")


def _split(words: Sequence[str]) -> list[str]:
    """Words with --flag=value as two, which is the same to a command."""
    return [part for word in words for part in (word.split("=", 1) if word.startswith("--") else [word])]
