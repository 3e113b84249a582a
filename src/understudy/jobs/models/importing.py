"""Models of DeepFaceLab become models of a project."""

from __future__ import annotations

from pathlib import Path

from understudy.errors import OptionInvalid
from understudy.events import Events, Made, Notice, StageFinished, StageStarted
from understudy.project.model_changes import require_free_name
from understudy.project.project import Project
from understudy.training.exchange.dfl_models import ForeignModel, Imported, model_in, read_model
from understudy.training.keeping.about import ModelAbout, read_about
from understudy.training.keeping.starting import make_model

STAGE = "import"


def import_model(project: Project, place: Path, name: str, *, called: str = "") -> Events:
    """Read the model in `place`, a folder or the file of its settings, and make it the project's model `name`.

    `called` says which one where there are several. Run again after a kill, it finishes. Raises
    ExchangeUnreadable, UnsafeFile, OptionInvalid, DiskFull or FolderUnwritable; then nothing is made.
    """
    if name in project.manifest.models:
        require_free_name(project, name)
    foreign = model_in(place, name=called)
    yield StageStarted(stage=STAGE, unit="model", total=1, why=f"{foreign.name}, a {foreign.kind}")
    imported = read_model(foreign)
    about = _about(foreign, imported)
    if not _was_made(project, name, about):
        require_free_name(project, name)
        make_model(
            project.model_folder(name),
            about,
            imported.weights,
            iteration=imported.iteration,
            loss=imported.loss,
        )
    project.add_model(
        name, preset=imported.preset, face_type=imported.face_type, network=dict(imported.settings)
    )
    for text in imported.notices:
        yield Notice(text, level="warning")
    yield Notice("What its optimiser knew is not taken over: it starts anew, which costs a little at first.")
    yield Made("model", project.model_folder(name))
    summary = {
        "model": name,
        "network": imported.architecture,
        "face_type": imported.face_type,
        "size_px": imported.size_px,
        "iterations": imported.iteration,
    }
    yield StageFinished(stage=STAGE, summary=summary)


def _about(foreign: ForeignModel, imported: Imported) -> ModelAbout:
    origin = {"program": "DeepFaceLab", "model": f"{foreign.name}_{foreign.kind}", "sha256": imported.sha256}
    return ModelAbout(
        imported.preset,
        imported.architecture,
        imported.face_type,
        imported.size_px,
        0,
        imported.settings,
        origin | {"iteration": imported.iteration},
    )


def _was_made(project: Project, name: str, about: ModelAbout) -> bool:
    """Whether a killed import had made the model and only not named it in the manifest."""
    if name in project.manifest.models:
        raise OptionInvalid(f"There is a model called {name!r} already. Take another name.")
    return read_about(project.model_folder(name)) == about
