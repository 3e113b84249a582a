"""Models are made with what is said of their networks, and keep it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import torch

from understudy.cli.main import main
from understudy.errors import ModelUnknown, OptionInvalid
from understudy.jobs.models.making import await_model, new_model, require_model, settings_said
from understudy.networks.catalog import build
from understudy.project.project import Project
from understudy.training.keeping.about import ModelAbout, ModelWish, about_model, read_about
from understudy.training.keeping.checkpoint import Checkpoint, newest_checkpoint
from understudy.training.keeping.starting import make_model

SMALL = {"size_px": 32, "width": 8, "code": 16}  # of "quick"


def make(project: Project, name: str = "main") -> Path:
    """The model's folder with its description, as training makes it."""
    entry = project.manifest.models[name]
    folder = project.model_folder(name)
    about_model(folder, ModelWish(entry.preset, entry.network, entry.face_type))
    return folder


def test_settings_are_read_as_understudy_toml_would_have_them() -> None:
    said = settings_said(["e_dims=64", "archi=df-ud", "learn-mask = true", "rate=0.5"])
    assert said == {"e_dims": 64, "archi": "df-ud", "learn_mask": True, "rate": 0.5}


@pytest.mark.parametrize("word", ["e_dims", "=64"])
def test_what_is_no_setting_is_refused_with_an_example(word: str) -> None:
    with pytest.raises(OptionInvalid, match="NAME=VALUE"):
        settings_said([word])


def test_what_is_said_of_a_new_model_stays_in_the_manifest(project: Project) -> None:
    new_model(project, "small", network=SMALL, face_type="whole")
    entry = Project.open(project.folder).manifest.models["small"]
    assert (entry.network, entry.face_type) == (SMALL, "whole")


def test_a_second_model_of_a_name_is_refused(project: Project) -> None:
    for name in ("main", "Main"):
        with pytest.raises(OptionInvalid, match="already"):
            new_model(project, name)


@pytest.mark.parametrize("network", [{"sizepx": 64}, {"size_px": 5}, {"width": "wide"}])
def test_what_a_network_does_not_take_is_refused_before_the_model_is_made(
    project: Project, network: dict[str, object]
) -> None:
    with pytest.raises(OptionInvalid):
        require_model(project, "second", preset=None, network=network)
    with pytest.raises(ModelUnknown):
        require_model(project, "second", preset="best")
    assert "second" not in project.manifest.models


@pytest.mark.parametrize(
    ("preset", "network"), [("saehd", {"archi": "xx"}), ("sae", {"archi": "vg", "e_ch_dims": 41})]
)
def test_what_only_the_network_can_refuse_leaves_no_model_behind(
    project: Project, preset: str, network: dict[str, object]
) -> None:
    with pytest.raises(OptionInvalid):
        new_model(project, "second", preset=preset, network=network)
    with pytest.raises(OptionInvalid):
        require_model(project, "main", preset=preset, network=network)
    models = Project.open(project.folder).manifest.models
    assert "second" not in models
    assert models["main"].network == {}


def test_a_model_that_nobody_named_before_is_said_to_be_new(project: Project) -> None:
    assert require_model(project, "second", preset=None)
    assert not require_model(project, "second", preset=None)


def test_a_training_that_could_not_begin_leaves_no_new_model_and_takes_no_old_one(project: Project) -> None:
    assert main(["train", str(project.folder), "--model", "night", "--iterations", "1"]) == 2
    assert "night" not in Project.open(project.folder).manifest.models
    require_model(project, "day", preset="quick")
    assert main(["train", str(project.folder), "--model", "day", "--iterations", "1"]) == 2
    assert "day" in Project.open(project.folder).manifest.models


def test_before_it_is_made_a_model_can_become_another(project: Project) -> None:
    assert not require_model(project, "main", preset=None, network={"width": 16})
    require_model(project, "main", preset=None, network={"code": 32})
    assert project.manifest.models["main"].network == {"width": 16, "code": 32}
    require_model(project, "main", preset="df", face_type="whole")
    entry = project.manifest.models["main"]
    assert (entry.preset, entry.network, entry.face_type) == ("df", {}, "whole"), "width is no setting of df"


def test_a_made_model_keeps_its_network_and_faces(project: Project) -> None:
    require_model(project, "main", preset=None, network=SMALL)
    make(project)
    require_model(project, "main", preset="quick", network={"width": 8}, face_type="full")
    with pytest.raises(OptionInvalid, match="width 8 and can't become 16"):
        require_model(project, "main", preset=None, network={"width": 16})
    with pytest.raises(OptionInvalid, match="face type 'full' and can't become 'whole'"):
        require_model(project, "main", preset=None, face_type="whole")
    with pytest.raises(OptionInvalid, match="preset 'quick'"):
        require_model(project, "main", preset="df")
    assert project.manifest.models["main"].network == SMALL


def test_a_new_model_starts_from_one_of_the_project_or_from_a_folder(project: Project, tmp_path: Path) -> None:
    weights = build("quick", SMALL, seed=3).state_dict()
    about = ModelAbout("quick", "quick", "full", 32, 0, SMALL)
    make_model(project.model_folder("main"), about, weights, iteration=9)
    make_model(tmp_path / "trunk", about, weights, iteration=9)
    for name, source in (("near", "main"), ("far", str(tmp_path / "trunk"))):
        words = new_model(project, name, network=SMALL, source=source, parts=["decoder"])
        assert "decoder is taken" in words
        (begun,) = newest_checkpoint(project.model_folder(name))
        assert isinstance(begun, Checkpoint)
        assert torch.equal(begun.model["decoder.start.weight"], weights["decoder.start.weight"])
        assert not torch.equal(begun.model["encoder.code.weight"], weights["encoder.code.weight"])
        made = read_about(project.model_folder(name))
        assert made is not None
        assert made.origin["model"] == source


@pytest.mark.parametrize("source", ["nowhere", "main"])
def test_a_model_that_cant_start_so_is_not_made(project: Project, source: str) -> None:
    with pytest.raises(ModelUnknown):
        new_model(project, "second", network=SMALL, source=source)
    assert "second" not in project.manifest.models
    new_model(project, "second")


def test_processes_that_follow_wait_until_the_model_stands_in_the_project_as_it_was_said(
    project: Project,
) -> None:
    new_model(project, "small", network={**SMALL, "width": 16})

    def wait(patience_s: float) -> Project:
        return await_model(
            project.folder,
            "small",
            preset="quick",
            network=SMALL,
            face_type=None,
            facesets={"src": (), "dst": ()},
            patience_s=patience_s,
        )

    with pytest.raises(ModelUnknown, match="same project folder"):
        wait(0.0)
    leader = threading.Timer(
        0.3, require_model, (project, "small"), {"preset": None, "network": SMALL, "face_type": None}
    )
    leader.start()
    assert wait(60.0).manifest.models["small"].network == SMALL
    leader.join()
