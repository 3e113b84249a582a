"""model.toml is written once, read back, and refuses what this version does not know."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.conftest import TINY, TINY_NETWORK
from understudy.errors import CheckpointCorrupt, ModelUnknown, OptionInvalid
from understudy.training.keeping.about import (
    FILE_NAME,
    ModelAbout,
    ModelWish,
    about_model,
    read_about,
    seed_said,
)
from understudy.training.options import TrainOptions


def test_what_a_model_is_survives_in_its_folder(tmp_path: Path) -> None:
    made = about_model(tmp_path, ModelWish(TINY, seed=7))
    assert made == read_about(tmp_path) == ModelAbout(TINY, "quick", "full", 32, 7, TINY_NETWORK)


def test_a_model_that_exists_keeps_its_seed_and_refuses_another(tmp_path: Path) -> None:
    about_model(tmp_path, ModelWish(TINY, seed=7))
    assert [about_model(tmp_path, ModelWish(TINY, seed=said)).seed for said in (None, 7)] == [7, 7]
    with pytest.raises(OptionInvalid, match=r"made with seed 7 and can't become 8.*another name"):
        about_model(tmp_path, ModelWish(TINY, seed=8))


def test_the_default_is_no_seed_that_was_said_also_where_other_options_changed() -> None:
    assert seed_said(TrainOptions()) is None is seed_said(TrainOptions().changed(batch_size=3))
    assert seed_said(TrainOptions(seed=0)) == seed_said(TrainOptions(seed=0).changed(batch_size=3)) == 0


def test_a_model_that_exists_keeps_its_preset(tmp_path: Path) -> None:
    about_model(tmp_path, ModelWish(TINY, seed=0))
    with pytest.raises(OptionInvalid, match="another name"):
        about_model(tmp_path, ModelWish("quick"))


def test_every_setting_of_the_network_is_kept_so_that_new_defaults_change_no_model(tmp_path: Path) -> None:
    about = about_model(tmp_path, ModelWish("quick", {"size_px": 32}, "whole"))
    assert about == read_about(tmp_path)
    assert (about.network, about.face_type) == ({"size_px": 32, "width": 48, "code": 256}, "whole")


def test_a_model_that_exists_keeps_its_network_and_faces(tmp_path: Path) -> None:
    about_model(tmp_path, ModelWish(TINY))
    about_model(tmp_path, ModelWish(TINY, {"width": 8}, "full"))
    with pytest.raises(OptionInvalid, match="width 8 and can't become 9"):
        about_model(tmp_path, ModelWish(TINY, {"width": 9}))
    with pytest.raises(OptionInvalid, match="'full' and can't become 'head'"):
        about_model(tmp_path, ModelWish(TINY, face_type="head"))
    with pytest.raises(OptionInvalid, match="no option 'depth'"):
        about_model(tmp_path, ModelWish(TINY, {"depth": 9}))


def test_a_folder_without_a_model_has_none(tmp_path: Path) -> None:
    assert read_about(tmp_path) is None


@pytest.mark.parametrize("text", ["", "preset = ", "\x00\x01", 'preset = "tiny"\nsize_px = "large"'])
def test_a_scribbled_over_description_is_said_to_be_so(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(CheckpointCorrupt, match="description can't be read"):
        read_about(tmp_path)


@pytest.mark.parametrize("key, value", [("architecture", "quick9"), ("face_type", "torso")])
def test_a_network_or_face_type_of_the_future_asks_for_an_update(tmp_path: Path, key: str, value: str) -> None:
    values = {"preset": TINY, "architecture": TINY, "face_type": "full", key: value}
    lines = [f'{name} = "{said}"' for name, said in values.items()]
    (tmp_path / FILE_NAME).write_text("\n".join([*lines, "size_px = 32", "seed = 0"]))
    with pytest.raises(ModelUnknown, match="Update understudy"):
        read_about(tmp_path)


def test_no_model_is_made_for_mark_only_faces(tmp_path: Path) -> None:
    for preset in (TINY, "amp"):
        with pytest.raises(OptionInvalid, match=r"whole frames.*avatar-source"):
            about_model(tmp_path, ModelWish(preset, face_type="mark-only"))
    assert not list(tmp_path.iterdir())
