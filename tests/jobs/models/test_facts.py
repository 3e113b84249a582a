"""What is said of models is what lies on the disk, and one that can't be read hides no other."""

from __future__ import annotations

import os

import pytest

from tests.jobs.models.test_making import SMALL, make
from understudy.errors import ModelUnknown
from understudy.files import write_json, write_text
from understudy.jobs.models.facts import (
    architecture_options,
    list_architectures,
    list_models,
    list_presets,
    model_facts,
)
from understudy.jobs.models.making import new_model, require_model
from understudy.networks.catalog import ARCHITECTURES, build
from understudy.networks.face_model import parameter_count
from understudy.project.project import Project
from understudy.training.keeping.lock import model_lock
from understudy.training.presets import PRESETS


def test_a_trained_model_says_what_it_is_and_how_far(project: Project) -> None:
    require_model(project, "main", preset=None, network=SMALL, face_type="whole")
    folder = make(project)
    state = {"iteration": 120, "state": {"loss": 0.25}, "sha256": {}, "layout": 1}
    write_json(folder / "checkpoints" / "000000120" / "state.json", state)
    facts = model_facts(project, "main")
    assert facts.made
    assert (facts.preset, facts.architecture, facts.face_type, facts.size_px) == ("quick", "quick", "whole", 32)
    assert facts.settings == SMALL
    assert facts.parameters == sum(facts.parts.values()) == parameter_count(build("quick", SMALL))
    assert (facts.iterations, facts.loss) == (120, 0.25)
    assert facts.trained_last is not None
    assert facts.size_bytes > 0


def test_a_model_that_is_only_wished_for_says_what_it_will_be(project: Project) -> None:
    new_model(project, "second", preset="h64")
    facts = model_facts(project, "second")
    assert not facts.made
    assert (facts.architecture, facts.face_type, facts.size_px, facts.iterations) == ("h64", "half", 64, 0)
    assert facts.loss is facts.trained_last is facts.in_use is None


def test_who_uses_a_model_is_said(project: Project) -> None:
    with model_lock(project.model_folder("main")):
        holder = model_facts(project, "main").in_use
    assert holder is not None
    assert holder.process == os.getpid()
    assert model_facts(project, "main").in_use is None


def test_a_model_that_cant_be_read_hides_no_other(project: Project) -> None:
    new_model(project, "second")
    write_text(project.model_folder("main") / "model.toml", "scribble")
    broken, whole = list_models(project)
    assert "can't be read" in broken.complaint
    assert (whole.name, whole.complaint) == ("second", "")


def test_a_model_whose_network_is_refused_hides_no_other(project: Project) -> None:
    project.add_model("second", preset="saehd", network={"archi": "xx"})
    whole, broken = list_models(project)
    assert (whole.complaint, whole.architecture) == ("", "quick")
    assert "archi" in broken.complaint
    assert (broken.architecture, broken.parameters) == ("?", 0)


def test_an_unknown_model_names_those_there_are(project: Project) -> None:
    with pytest.raises(ModelUnknown, match="main"):
        model_facts(project, "other")


def test_every_preset_and_architecture_is_listed_with_its_size_and_options() -> None:
    assert [preset.name for preset in list_presets()] == list(PRESETS)
    assert all(preset.size_px and preset.parameters for preset in list_presets())
    assert list(list_architectures()) == list(ARCHITECTURES)
    assert [option.name for option in architecture_options("quick")] == ["size_px", "width", "code"]
    with pytest.raises(ModelUnknown, match="quick"):
        architecture_options("slow")
