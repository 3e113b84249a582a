"""Option lists for forms."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.errors import OptionInvalid
from understudy.jobs.keep_options import KEPT, keep_options
from understudy.jobs.presets import save_preset
from understudy.networks.catalog import ARCHITECTURES
from understudy.project.project import Project
from understudy.studio.forms import FORMS, form, form_errors, option_list
from understudy.training.options import TrainOptions
from understudy.training.presets import PRESETS


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path / "project")
    made.add_model("main", network={"width": 64})
    return made


def test_every_option_of_training_is_in_its_form_with_what_counts(project: Project) -> None:
    keep_options(project, "train", {"batch_size": 3}, of="main")
    options = {option["name"]: option for option in form(project, "train", of="main")}
    assert set(options) == set(TrainOptions.model_fields)
    assert (options["batch_size"]["value"], options["batch_size"]["said"]) == (3, True)
    rate = options["learning_rate"]
    assert (rate["default"], rate["value"], rate["said"]) == (0.003, 0.003, False)  # the preset quick's
    assert options["minutes"]["unit"] == "min" and options["optimizer"]["choices"]


def test_a_models_network_is_a_form_whose_values_are_chosen_when_it_is_made(project: Project) -> None:
    options = {option["name"]: option for option in form(project, "network", of="main")}
    assert (options["width"]["value"], options["width"]["said"]) == (64, True)
    assert {option["when"] for option in options.values()} == {"create"}


def test_every_preset_and_every_stage_has_its_form(project: Project) -> None:
    for preset in PRESETS:
        names = {option["name"] for option in form(project, "network", of=preset)}
        assert names == set(ARCHITECTURES[PRESETS[preset].architecture].options.model_fields)
    for name in (*KEPT, *FORMS):
        assert form(project, name)
    for refused in (form, lambda project, name: form_errors(project, name, {})):
        with pytest.raises(OptionInvalid, match='Did you mean "masks-train"'):
            refused(project, "mask-train")
    (wrong,) = form_errors(project, "masks-train", {"start": "dens"}).values()
    assert wrong.endswith('known are dense, nothing. Did you mean "dense"?')


def test_each_wrong_value_has_its_sentence(project: Project) -> None:
    wrong = form_errors(project, "train", {"batch_size": -1, "minutes": "long", "seed": 5}, of="main")
    assert set(wrong) == {"batch_size", "minutes"}
    assert "batch_size" in wrong["batch_size"]
    assert form_errors(project, "network", {"width": 1}, of="main").keys() == {"width"}
    assert form_errors(project, "extract", {}) == {}


def test_an_option_that_nobody_said_stands_at_its_default() -> None:
    listed = option_list(TrainOptions)
    assert all(option["value"] == option["default"] and not option["said"] for option in listed)


def test_the_form_of_encoding_offers_every_purpose_and_shows_what_the_kept_one_sets(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))
    save_preset(None, "encode", "festival", {"crf": 12})
    keep_options(project, "encode", {"purpose": "review"})
    options = {option["name"]: option for option in form(project, "encode")}
    assert {"", "web", "festival"} <= set(options["purpose"]["choices"])
    assert (options["crf"]["default"], options["crf"]["said"]) == (28, False)


@pytest.mark.parametrize(
    ("stage", "option", "right"),
    [
        ("extract", "detector", "manual"),
        ("extract", "landmarker", "five-point"),
        ("train", "mask_from", "hull"),
        ("merge", "segmenter", "skin"),
        ("merge", "super_resolution", "none"),
        ("masks-train", "start", "nothing"),
    ],
)
def test_what_takes_a_name_offers_those_there_are_and_refuses_another_before_a_run(
    project: Project, stage: str, option: str, right: str
) -> None:
    (told,) = (one for one in form(project, stage) if one["name"] == option)
    assert right in told["choices"] and not told["others"]
    assert form_errors(project, stage, {option: right}) == {}
    sentence = form_errors(project, stage, {option: "nobody"})[option]
    assert f"'{option}' can't be 'nobody': known are" in sentence and right in sentence


def test_a_kept_name_that_is_gone_is_still_shown_as_what_counts(project: Project) -> None:
    with project.change() as manifest:
        manifest.merge = {"segmenter": "gone"}
    (told,) = (one for one in form(project, "merge") if one["name"] == "segmenter")
    assert told["value"] == "gone" and told["choices"][-1] == "gone"
    assert "segmenter" in form_errors(project, "merge", {})


def test_a_place_is_refused_in_the_form_as_it_is_when_a_run_is_started(project: Project) -> None:
    (told,) = (one for one in form(project, "extract") if one["name"] == "workers")
    assert "auto" in told["choices"] and told["others"]
    assert "can't take a place" in form_errors(project, "train", {"recipe": "/tmp/mine.toml"})["recipe"]
    assert form_errors(project, "extract", {"workers": "4"}) == {}
