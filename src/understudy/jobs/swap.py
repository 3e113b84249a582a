"""The main job: two clips in, a finished, signed shot out.

It only strings stages together and writes the report; run again, every stage finds what is done and goes on.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from understudy.errors import OptionInvalid, ProjectInvalid, UnderstudyError
from understudy.events import Events, Made, Notice, Progress, StageFinished, StageStarted
from understudy.files import require_free_space, require_writable, write_json
from understudy.jobs import stages
from understudy.jobs.clips.adding import add_clips, require_own_side, warnings_of
from understudy.jobs.delivery.marks import consents_shown, performers_shown, require_consent, unstated_told
from understudy.jobs.delivery.new_folder import new_folder_told
from understudy.jobs.delivery.outputs import output_paths, require_outputs
from understudy.jobs.journal import DEFAULT_MINUTES, SwapJournal
from understudy.jobs.memory import peak_memory_bytes, peak_memory_of_children_bytes
from understudy.jobs.models.making import model_meant, require_model
from understudy.jobs.request import SwapRequest
from understudy.jobs.settings import Said, encode_options, extract_options, merge_options, train_options
from understudy.merging.delivery.report import path_beside
from understudy.project.project import MANIFEST_NAME, Project, Rehearsal
from understudy.training.recipe.recipe import recipe_named
from understudy.workers.cluster import require_reachable

_ROOM_TO_START_BYTES = 200_000_000


def swap(request: SwapRequest) -> Events:
    """Do the whole job. Raises what its stages raise; run again after mending what they say."""
    began = time.monotonic()
    folder = project_folder(request)
    request = with_model(folder, request)
    yield from found_possible(folder, request)
    new = not (folder / MANIFEST_NAME).exists()
    project = Project.open_or_create(folder)
    yield Notice(f"{'Made' if new else 'Going on with'} the project {folder}.")
    moved: list[str] = []
    clips, faces_before = added(project, request, tell=moved.append)
    yield from map(Notice, moved)
    yield from (Notice(text, level="warning") for text in warnings_of(project, clips))
    dst = dst_of(project, clips)
    if request.consent is None:  # "not stated" can be said too, and is an answer
        yield from unstated_told(project, request.model, dst, before_training=True)
    journal = SwapJournal(project, request.model)
    report = Report(journal)
    yield from report.over(
        stages.extract(project, said=request.extract, device=request.device, faces_before=faces_before)
    )
    yield from report.over(_trained(project, request, journal))
    yield from report.over(
        stages.merge(project, request.model, clips=dst, said=request.merge, device=request.device)
    )
    yield from report.over(
        stages.encode(project, request.model, clips=dst, out=request.out, said=request.encode, just_merged=True)
    )
    journal.delivered()
    about = reported(project, request.model, dst, request.out, said=request.encode)
    path = path_beside(about, ".swap.json")
    recorded = consents_shown(Project.open(folder), request.model, dst)  # as the marks say it, not as it was
    report.write(path, file=about.name, seconds=time.monotonic() - began, consent=recorded)
    yield Made("report", path)


def _trained(project: Project, request: SwapRequest, journal: SwapJournal) -> Events:
    length = training_left(project, request, journal)
    journal.begin(request.train)
    if length is None:
        yield StageStarted(stage="train", unit="iterations", why="is done; --minutes trains more")
        summary = {"iterations": 0, "iterations_in_all": journal.iteration}
        yield StageFinished(stage="train", summary=summary, skipped=True)
    else:
        if request.train.get("minutes") is None and length == {"minutes": DEFAULT_MINUTES}:
            yield Notice(f"Training for {DEFAULT_MINUTES:g} minutes; --minutes says otherwise.")
        said = {**request.train, **length}
        yield from stages.train(project, request.model, said=said, device=request.device)


def with_model(folder: Path, request: SwapRequest) -> SwapRequest:
    """The request with the name of the model that it is about. Raises ModelUnknown where that can't be told."""
    return replace(request, model=model_meant(Rehearsal.of(folder), request.model or None))


def training_left(project: Project, request: SwapRequest, journal: SwapJournal) -> dict[str, Any] | None:
    """The length to train now, as options; None where that is done."""
    return journal.training_left(
        request.train, train_options(project, request.model, request.train).model_dump()
    )


def project_folder(request: SwapRequest) -> Path:
    """Where the project is or will be: as said, else beside the finished file, else here with dst's name."""
    if request.project is not None:
        return request.project
    if request.out is not None:
        return request.out.with_name(f"{request.out.stem}.understudy")
    if request.dst:
        return Path.cwd() / f"{request.dst[0].stem}.understudy"
    raise OptionInvalid("Name SRC and DST, or the project to go on with: --project DIR.")


def reported(project: Project, model: str, clips: Sequence[str], out: Path | None, *, said: Said) -> Path:
    """What the report of a swap lies beside and is called after: the file that it made, or the model where
    there are several."""
    goals = output_paths(project, model, clips, out, options=encode_options(project, said))
    return goals[0] if len(goals) == 1 else goals[0].parent / model


class Report:
    """Collects what the stages say about themselves: those of this run, and from the journal what earlier runs
    did, which this one need not do again. What a stage did until it was stopped is noted in the journal too."""

    def __init__(self, journal: SwapJournal | None = None) -> None:
        self.stages: list[dict[str, Any]] = []
        self.notices: list[str] = []
        self._journal = journal
        self._earlier = journal.noted if journal else []

    def over(self, events: Events) -> Events:
        """The same events, noted down as they pass; what one stage said no other says again. Closing this
        closes the stage; its errors come through."""
        began, under_way = time.monotonic(), dict[str, Any]()
        said_before = {*self.notices}
        with contextlib.ExitStack() as stack:
            stack.callback(lambda: self._keep_of_stopped(under_way, seconds=time.monotonic() - began))
            if isinstance(events, Generator):
                stack.callback(events.close)
            for event in events:
                match event:
                    case StageStarted():
                        began, under_way = time.monotonic(), {"stage": event.stage, "ended": False}
                        said_before = {*self.notices}
                    case Progress() if under_way:
                        under_way["done"] = event.done
                    case StageFinished():
                        self._note(event, seconds=time.monotonic() - began)
                        under_way = {}
                    case Notice():
                        if event.text in said_before:
                            continue
                        self.notices.append(event.text)
                yield event

    def _note(self, event: StageFinished, *, seconds: float) -> None:
        about = {"stage": event.stage, "seconds": round(seconds, 1), "skipped": event.skipped}
        self.stages.append({**about, **event.summary})
        if not event.skipped:
            self._keep({"stage": event.stage, "ended": True, **event.summary}, seconds=seconds)

    def _keep(self, figures: Mapping[str, Any], *, seconds: float) -> None:
        if self._journal and figures:
            self._journal.note({"seconds": round(seconds, 1), **figures})

    def _keep_of_stopped(self, figures: Mapping[str, Any], *, seconds: float) -> None:
        # What stopped it, as a full disk, is what a person has to read.
        with contextlib.suppress(UnderstudyError):
            self._keep(figures, seconds=seconds)

    def write(self, path: Path, *, file: str, seconds: float, consent: Mapping[str, str]) -> None:
        """Write everything about `file` as JSON. `stages` are those of this run, `earlier` what runs before it
        did, until they ended or were stopped. `consent`: what is recorded of each performer who is shown."""
        write_json(
            path,
            {
                "file": file,
                "seconds": round(seconds, 1),
                "consent": dict(consent),
                "peak_memory_bytes": peak_memory_bytes(),
                "peak_memory_of_children_bytes": peak_memory_of_children_bytes(),
                "stages": self.stages,
                "earlier": self._earlier,
                "notices": self.notices,
            },
        )


def found_possible(folder: Path, request: SwapRequest) -> Events:
    """Raise what would stop this swap at its beginning or, which is worse, after hours of training; nothing is
    written yet. What can be refused without torch is, before a word: importing it takes seconds. Raises
    what its stages raise."""
    if bool(request.src) != bool(request.dst):
        raise OptionInvalid("Name both SRC and DST, or neither to go on with --project.")
    if not request.src and not (folder / MANIFEST_NAME).exists():
        raise ProjectInvalid("There is no project here to go on with. Name SRC and DST to make one.", folder)
    project = Rehearsal.of(folder)
    require_own_side(project, src=request.src, dst=request.dst)
    dst = dst_of(project, added(project, request)[0])
    for name in dst:
        shown = performers_shown(project, request.model, name, before_training=True)
        require_consent(project, use=encode_options(project, request.encode).use, performers=shown)
        require_reachable(merge_options(project, name, request.merge).workers)
    require_outputs(project, request.model, clips=dst, out=request.out, said=request.encode)
    require_reachable(extract_options(project, request.extract).workers)
    options = train_options(project, request.model, request.train)
    # A recipe that nothing is trained by any more may be gone.
    trains = training_left(project, request, SwapJournal(project, request.model)) is not None
    trains = trains or "recipe" in request.train
    if trains:
        recipe_named(options.recipe).require_fit(options)
    _check_room(folder, request)
    yield from new_folder_told(request.out)
    yield Notice(f"Looking whether all of the swap can be done, in the project {folder}.")
    if trains:
        stages.check_recipe(project, request.model, said=request.train)
    from understudy.training.machine.device import choose_device

    choose_device(request.device)  # of several only extracting and merging know what to do


def _check_room(folder: Path, request: SwapRequest) -> None:
    """Say now, not after hours of training, that the result can't be written. No folder is made for that."""
    goal = request.out.parent if request.out is not None else folder
    for place in {folder, goal}:
        require_writable(place)
        require_free_space(place, needed_bytes=_ROOM_TO_START_BYTES)


def added(
    project: Project, request: SwapRequest, *, tell: Callable[[str], object] = lambda _: None
) -> tuple[list[str], dict[str, int | None]]:
    """Put the named clips, faces, consent and model into the manifest; returns the clips' names and which faces
    were meant before. `tell` is told of clips that were only moved."""
    names = add_clips(project, src=request.src, dst=request.dst, consent=request.consent, tell=tell)
    before = stages.choose_faces(project, names, src=request.src_face, dst=request.dst_face)
    require_model(project, request.model, preset=request.preset)
    return names, before


def dst_of(project: Project, names: Sequence[str]) -> list[str]:
    """The dst clips among the named ones, or all where none are named."""
    dst = project.manifest.clips_of("dst")
    return [name for name in names if name in dst] or list(dst)
