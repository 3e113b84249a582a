"""Whose word counts: the flag's, the clip's or model's, the project's, the preset's, the default's."""

from __future__ import annotations

import pytest

from understudy.errors import OptionInvalid
from understudy.jobs.settings import encode_options, extract_options, merge_options, train_options
from understudy.project.project import Project
from understudy.training.keeping.about import seed_said
from understudy.training.presets import PRESETS


def test_a_flag_beats_the_model_beats_the_project_beats_the_preset(project: Project) -> None:
    with project.change() as manifest:
        manifest.models["main"].preset = "df"
    preset_value = PRESETS["df"].train["batch_size"]
    assert train_options(project, "main", {}).batch_size == preset_value
    with project.change() as manifest:
        manifest.train = {"batch_size": 5}
    assert train_options(project, "main", {}).batch_size == 5
    with project.change() as manifest:
        manifest.models["main"].train = {"batch_size": 6}
    assert train_options(project, "main", {}).batch_size == 6
    assert train_options(project, "main", {"batch_size": 7}).batch_size == 7


def test_a_clip_has_merge_settings_of_its_own(project: Project) -> None:
    with project.change() as manifest:
        manifest.merge = {"blur": 0.2, "erode": 0.1}
        manifest.clips["dst"].merge = {"blur": 0.3}
    options = merge_options(project, "dst", {})
    assert (options.blur, options.erode) == (0.3, 0.1)


def test_a_projects_seed_is_that_of_models_to_come_and_one_that_is_said_counts(project: Project) -> None:
    with project.change() as manifest:
        manifest.train["seed"] = 9
    assert seed_said(train_options(project, "main", {})) == 9
    project.model_folder("main").mkdir(parents=True)
    (project.model_folder("main") / "model.toml").touch()
    assert seed_said(train_options(project, "main", {})) is None
    assert seed_said(train_options(project, "main", {"seed": 3})) == 3


def test_a_typo_in_the_project_is_named(project: Project) -> None:
    with project.change() as manifest:
        manifest.extract = {"sise_px": 256}
    with pytest.raises(OptionInvalid, match="sise_px"):
        extract_options(project, {})


def test_encode_reads_its_own_table(project: Project) -> None:
    with project.change() as manifest:
        manifest.encode = {"codec": "hevc"}
    assert encode_options(project, {}).codec == "hevc"


def test_an_embedder_named_in_the_project_lies_in_it(project: Project) -> None:
    with project.change() as manifest:
        manifest.train = {"identity_embedder": "encoder:models/everyone"}
    options = train_options(project, "main", {})
    assert options.identity_embedder == f"encoder:{project.folder}/models/everyone"
    said = train_options(project, "main", {"identity_embedder": "encoder:here"})
    assert said.identity_embedder == "encoder:here", "what is said now lies where it is said"
