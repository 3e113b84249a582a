"""A model of DeepFaceLab becomes one of the project that can be trained, shown and merged like any other."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.training.exchange.dfl_files import saehd_options, saehd_parts, write_model
from understudy.errors import ExchangeUnreadable, OptionInvalid
from understudy.events import Notice
from understudy.files import write_bytes
from understudy.jobs.models import importing
from understudy.jobs.models.facts import model_facts
from understudy.jobs.models.importing import import_model
from understudy.jobs.models.making import require_model
from understudy.jobs.settings import train_options
from understudy.project.project import Project
from understudy.training.exchange.dfl_models import model_in, read_model
from understudy.training.keeping.starting import source_in


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    return write_model(tmp_path / "dfl", saehd_parts("liae-ud"), saehd_options("liae-ud"))


def test_an_imported_model_says_where_it_is_from_and_how_far(project: Project, foreign: Path) -> None:
    events = list(import_model(project, foreign.parent, "bought"))
    assert any("optimiser" in event.text for event in events if isinstance(event, Notice))
    facts = model_facts(Project.open(project.folder), "bought")
    assert (facts.architecture, facts.face_type, facts.size_px) == ("saehd", "whole", 64)
    assert (facts.iterations, facts.loss) == (12_345, 0.75)
    assert (facts.origin["program"], facts.origin["model"]) == ("DeepFaceLab", "new_SAEHD")
    weights = read_model(model_in(foreign)).weights
    made = source_in(project.model_folder("bought")).weights
    assert all(torch.equal(made[name], tensor) for name, tensor in weights.items())
    assert train_options(project, "bought", {}).batch_size == 8, "its preset is one that can be trained with"
    require_model(project, "bought", preset="saehd", network={"ae_dims": 32})


def test_a_name_that_is_taken_is_refused_and_nothing_is_touched(project: Project, foreign: Path) -> None:
    with pytest.raises(OptionInvalid, match="already"):
        list(import_model(project, foreign, "main"))
    assert not (project.model_folder("main") / "model.toml").exists()


def test_a_damaged_model_makes_nothing(project: Project, foreign: Path) -> None:
    write_bytes(foreign.with_name("new_SAEHD_decoder.npy"), b"\x80\x04}.")
    with pytest.raises(ExchangeUnreadable):
        list(import_model(project, foreign, "bought"))
    assert "bought" not in project.manifest.models
    assert not project.model_folder("bought").exists()


def test_an_import_that_was_killed_before_its_entry_is_finished(
    project: Project, foreign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Project, "add_model", die)
        list(import_model(project, foreign, "bought"))
    assert "bought" not in Project.open(project.folder).manifest.models
    monkeypatch.setattr(importing, "make_model", die)  # it is made already
    list(import_model(project, foreign, "bought"))
    assert "bought" in Project.open(project.folder).manifest.models
