"""What could be done better in a project: measure, look at it with every rule, and say what to do, in words.

Each piece of advice rests on a number of this project. Changes nothing but measures of faces that were missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import psutil
import torch

from understudy.errors import FacesUnknown, OptionInvalid
from understudy.events import Events, Notice, StageFinished, StageStarted
from understudy.facesets.curation.coverage import coverage
from understudy.facesets.sorting.measure import measure_faces
from understudy.facesets.sorting.table import COLUMNS, Table, landmarks_in_unit, table_of
from understudy.geometry import FaceType, crop_from_frame
from understudy.jobs.advice import faces as of_faces
from understudy.jobs.advice import training as of_training
from understudy.jobs.advice.facts import Advice, Faces, Facts, Machine, Model
from understudy.jobs.models.facts import ModelFacts, model_facts
from understudy.jobs.settings import train_options
from understudy.project.manifest import ROLES, Role
from understudy.project.project import Project
from understudy.project.state import model_state
from understudy.training.keeping.metrics import METRICS_NAME, read_metrics
from understudy.training.keeping.milestones import losses_since
from understudy.training.machine.device import choose_device

STAGE = "advise"
_AHEAD_DEG = 15.0
_SOME_FACES = 400  # enough for a median

Rule = Callable[[Facts], Iterator[Advice]]
RULES_OF_FACES: dict[str, Rule] = {
    "few_faces": of_faces.few_faces,
    "too_many_faces": of_faces.too_many_faces,
    "gaps": of_faces.gaps,
    "blurred_faces": of_faces.blurred_faces,
    "strangers": of_faces.strangers,
    "several_in_dst": of_faces.several_in_dst,
    "guessed_places": of_faces.guessed_places,
    "one_sided_light": of_faces.one_sided_light,
    "wider_face": of_faces.wider_face,
}
RULES_OF_MODELS: dict[str, Rule] = {
    "unripe": of_training.unripe,
    "lopsided_counts": of_faces.lopsided_counts,
    "open_eyes": of_faces.open_eyes,
    "turned_heads": of_training.turned_heads,
    "straight_faces": of_training.straight_faces,
    "own_light": of_training.own_light,
    "too_small": of_training.too_small,
    "too_coarse": of_training.too_coarse,
    "warp_still_on": of_training.warp_still_on,
    "stuck": of_training.stuck,
    "detail_at_last": of_training.detail_at_last,
    "critic_too_soon": of_training.critic_too_soon,
    "strong_style": of_training.strong_style,
    "no_way_back": of_training.no_way_back,
    "unclear_part": of_training.unclear_part,
    "getting_worse": of_training.getting_worse,
    "sides_apart": of_training.sides_apart,
    "waiting": of_training.waiting,
    "small_batch": of_training.small_batch,
    "too_large": of_training.too_large,
}


def advise(project: Project, *, models: Sequence[str] = (), device: str = "auto") -> Events:
    """Look at a project's faces and models (all where none is named); the last event's summary has the advice,
    most important first, and how many rules looked. A model that can't be read is left out with a notice.

    Raises FacesUnknown where nothing was extracted yet, ModelUnknown, DeviceUnavailable.
    """
    looked_at = [model_facts(project, name) for name in models or project.manifest.models]
    machine = _machine(device)
    with ExitStack() as stack:
        tables: dict[Role, list[Table]] = {}
        sides: dict[Role, Faces] = {}
        for role in ROLES:
            names = project.facesets_with_clips(role)
            opened = {name: stack.enter_context(project.faceset(*name.split("/"))) for name in names}
            for faceset in opened.values():
                yield from measure_faces(faceset)
            found = {name: table_of(faceset) for name, faceset in opened.items() if len(faceset)}
            tables[role] = list(found.values())
            if not tables[role]:
                raise FacesUnknown(
                    f"There are no {role} faces to look at yet. Add clips with `understudy add` and run "
                    "`understudy extract`.",
                    project.folder,
                )
            sides[role] = _faces(found)
        facts = Facts(
            _as_written(project.folder),
            sides["src"],
            sides["dst"],
            coverage(tables["src"], tables["dst"]),
            machine,
        )
        told, complaints = _told(project, facts, looked_at, tables)
    yield from (Notice(words, level="warning") for words in complaints)
    yield StageStarted(stage=STAGE, unit="rules", total=_rules(len(told)))
    advice = given(facts, told)
    yield StageFinished(stage=STAGE, summary=_summary(advice, len(told), complaints))


def _told(
    project: Project, facts: Facts, looked_at: Sequence[ModelFacts], tables: dict[Role, list[Table]]
) -> tuple[list[Facts], list[str]]:
    """The facts with each model, and what keeps the other models from being looked at."""
    told, complaints = [], []
    for one in looked_at:
        complaint = one.complaint
        if not complaint:
            try:
                told.append(replace(facts, model=_model(project, one, tables)))
            except OptionInvalid as error:
                complaint = f"Its settings can't be read: {error.message}"
        if complaint:
            complaints.append(f"Model {one.name!r} was not looked at. {complaint}")
    return told, complaints


def given(facts: Facts, of_models: Sequence[Facts]) -> list[Advice]:
    """All advice, the weightiest first."""
    found = [advice for rule in RULES_OF_FACES.values() for advice in rule(facts)]
    for one in of_models:
        name = one.model.name if one.model else ""
        found += [replace(said, model=name) for rule in RULES_OF_MODELS.values() for said in rule(one)]
    return sorted(found, key=lambda advice: -advice.weight)


def _summary(found: Sequence[Advice], models: int, complaints: Sequence[str]) -> dict[str, object]:
    advice = [asdict(advice) for advice in found]
    return {"advice": advice, "rules": _rules(models), "complaints": list(complaints)}


def _rules(models: int) -> int:
    """How many rules look: those of models once for each."""
    return len(RULES_OF_FACES) + models * len(RULES_OF_MODELS)


def _as_written(folder: Path) -> str:
    here = Path.cwd()
    return str(folder.relative_to(here)) if folder.is_relative_to(here) and folder != here else str(folder)


def _machine(name: str) -> Machine:
    device = choose_device(name).device
    if device.type == "cuda":
        return Machine(str(device), torch.cuda.get_device_properties(device).total_memory)
    return Machine(str(device), psutil.virtual_memory().total)


def _faces(found: Mapping[str, Table]) -> Faces:
    tables = found.values()
    columns = {name: np.concatenate([table.columns[name] for table in tables]) for name in COLUMNS}
    widths = np.concatenate([_widths(table) for table in tables])
    sets = {name: len(table.faces) for name, table in found.items()}
    return Faces(sets, columns, float(np.median(widths)) if len(widths) else float("nan"))


def _widths(table: Table) -> npt.NDArray[np.float64]:
    """Width by height of the faces that look ahead: between the ears, from the nose's root to the chin."""
    ahead = np.abs(table.columns["yaw_deg"]) < _AHEAD_DEG
    records = [face.record for face, looks in zip(table.faces, ahead, strict=True) if looks][:_SOME_FACES]
    if not records:
        return np.empty(0)
    points = landmarks_in_unit(records)
    width = np.linalg.norm(points[:, 16] - points[:, 0], axis=1)
    return width / np.maximum(np.linalg.norm(points[:, 8] - points[:, 27], axis=1), 1e-6)


def _model(project: Project, facts: ModelFacts, tables: dict[Role, list[Table]]) -> Model:
    face_type: FaceType = facts.face_type  # type: ignore[assignment]
    folder = project.model_folder(facts.name)
    return Model(
        name=facts.name,
        preset=facts.preset,
        architecture=facts.architecture,
        face_type=face_type,
        size_px=facts.size_px,
        parameters=facts.parameters,
        iterations=facts.iterations,
        options=train_options(project, facts.name, {}),
        metrics=list(read_metrics(folder / METRICS_NAME)),
        losses_since=losses_since(folder),
        crop_px={role: _spans_px(tables[role], face_type) for role in tables},
        unripe=model_state(project, facts.name).unripe,
    )


def _spans_px(tables: Sequence[Table], face_type: FaceType) -> float:
    """How many pixels of the frame a crop of this type spans, the median over faces spread over all of them."""
    if face_type == "mark-only":
        return 0.0
    records = [face.record for table in tables for face in table.faces]
    some = records[:: max(1, len(records) // _SOME_FACES)]
    crops = [crop_from_frame(record.landmarks(), face_type=face_type, size_px=1) for record in some]
    return float(np.median([1 / np.sqrt(abs(np.linalg.det(crop[:, :2]))) for crop in crops]))
