"""DeepFaceLab's models paint here what they paint there, and files that are no models are refused in words."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.training.exchange.dfl_files import (
    amp_parts,
    amp_swap,
    saehd_options,
    saehd_parts,
    saehd_swap,
    write_model,
)
from understudy.errors import ExchangeUnreadable, OptionInvalid, UnderstudyError, UnsafeFile
from understudy.networks.catalog import build
from understudy.networks.face_model import FaceModel
from understudy.training.exchange.dfl_models import Imported, model_in, models_in, read_model
from understudy.training.presets import PRESETS

FACES = np.random.default_rng(7).random((2, 64, 64, 3)).astype(np.float32)  # BGR
AMP_OPTIONS = {
    "resolution": 64,
    "face_type": "f",
    "ae_dims": 32,
    "inter_dims": 32,
    "e_dims": 16,
    "d_dims": 16,
    "d_mask_dims": 16,
    "morph_factor": 0.4,
}


def network(imported: Imported) -> FaceModel:
    model = build(imported.architecture, imported.settings)
    model.load_state_dict(dict(imported.weights))
    return model.eval()


def swapped(model: FaceModel, bgr: np.ndarray = FACES) -> tuple[np.ndarray, np.ndarray]:
    faces = torch.from_numpy(bgr[..., ::-1].copy()).permute(0, 3, 1, 2)
    with torch.no_grad():
        painted = model.swap(faces)
    return painted.faces_BCHW.permute(0, 2, 3, 1).flip(-1).numpy(), painted.masks_B1HW.permute(
        0, 2, 3, 1
    ).numpy()


@pytest.mark.parametrize("archi", ["df", "df-ud", "liae-udt", "liae-c", "df-tc", "liae-d"])
def test_a_saehd_paints_the_same_pixels_here(tmp_path: Path, archi: str) -> None:
    parts = saehd_parts(archi)
    imported = read_model(model_in(write_model(tmp_path, parts, saehd_options(archi))))
    for here, there in zip(swapped(network(imported)), saehd_swap(parts, archi, FACES), strict=True):
        np.testing.assert_allclose(here, there, atol=2e-4)
    assert (imported.settings["archi"], imported.face_type, imported.size_px) == (archi, "whole", 64)
    assert (imported.iteration, imported.loss, imported.notices) == (12_345, 0.75, [])


@pytest.mark.parametrize("morph", [1.0, 0.5])
def test_an_amp_paints_the_same_blends_here(tmp_path: Path, morph: float) -> None:
    parts = amp_parts()
    imported = read_model(model_in(write_model(tmp_path, parts, AMP_OPTIONS, kind="AMP")))
    model = network(imported)
    model.morph = morph
    for here, there in zip(swapped(model), amp_swap(parts, FACES, morph), strict=True):
        np.testing.assert_allclose(here, there, atol=2e-4)
    assert imported.settings["morph_factor"] == 0.4


def test_a_quick96_needs_no_settings_and_paints_the_same_pixels_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = PRESETS["quick96"]
    sizes = {"size_px": 96, "archi": "df-ud", "ae_dims": 128, "e_dims": 64, "d_dims": 64, "d_mask_dims": 16}
    assert published.network == sizes
    thin = sizes | {"ae_dims": 16, "e_dims": 4, "d_dims": 4, "d_mask_dims": 4}  # the same layers, quicker
    monkeypatch.setitem(PRESETS, "quick96", replace(published, network=thin))
    parts = saehd_parts("df-ud", res=96, ae=16, e=4, d=4, m=4)
    imported = read_model(model_in(write_model(tmp_path, parts, {}, kind="Quick96")))
    assert (imported.architecture, imported.size_px, imported.face_type) == ("saehd", 96, "full")
    assert imported.preset in PRESETS
    assert set(imported.weights) == set(network(imported).state_dict())
    faces = np.random.default_rng(9).random((2, 96, 96, 3)).astype(np.float32)
    for here, there in zip(swapped(network(imported), faces), saehd_swap(parts, "df-ud", faces), strict=True):
        np.testing.assert_allclose(here, there, atol=2e-4)


def test_of_several_models_in_a_folder_one_is_named(tmp_path: Path) -> None:
    parts = saehd_parts("df")
    write_model(tmp_path, parts, saehd_options("df"), name="first take")
    write_model(tmp_path, parts, saehd_options("df"), name="second_one")
    assert [model.name for model in models_in(tmp_path)] == ["first take", "second_one"]
    with pytest.raises(OptionInvalid, match="first take_SAEHD, second_one_SAEHD"):
        model_in(tmp_path)
    assert model_in(tmp_path, name="second_one").name == "second_one"
    assert model_in(tmp_path, name="first take_SAEHD").name == "first take"
    with pytest.raises(ExchangeUnreadable, match="no model of DeepFaceLab"):
        model_in(tmp_path / "elsewhere")


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("run",)


@pytest.mark.parametrize(
    ("part", "content", "kind"),
    [
        ("encoder", b"", UnsafeFile),
        ("encoder", b"\x80\x04}", UnsafeFile),
        ("encoder", pickle.dumps(Evil(), 4), UnsafeFile),
        ("encoder", pickle.dumps([1, 2], 4), ExchangeUnreadable),
        ("encoder", pickle.dumps({}, 4), ExchangeUnreadable),
        ("decoder_src", None, ExchangeUnreadable),
        ("data", pickle.dumps({"iter": 3}, 4), ExchangeUnreadable),
        ("data", pickle.dumps({"iter": -1, "options": saehd_options("df")}, 4), ExchangeUnreadable),
        ("data", pickle.dumps({"iter": 3, "options": {"archi": "df"}}, 4), ExchangeUnreadable),
        ("data", pickle.dumps({"iter": 3, "options": saehd_options("df-x")}, 4), OptionInvalid),
        ("data", pickle.dumps({"iter": 3, "options": saehd_options("df", res=70)}, 4), OptionInvalid),
        (
            "data",
            pickle.dumps({"iter": 3, "options": saehd_options("df", face="torso")}, 4),
            ExchangeUnreadable,
        ),
        ("data", pickle.dumps({"iter": 3, "options": saehd_options("df", res=128)}, 4), ExchangeUnreadable),
        ("data", pickle.dumps({"iter": 3, "options": saehd_options("liae")}, 4), ExchangeUnreadable),
        ("data", pickle.dumps(Evil(), 4), UnsafeFile),
    ],
)
def test_a_file_that_is_no_such_model_is_refused_in_words(
    tmp_path: Path, part: str, content: bytes | None, kind: type[UnderstudyError]
) -> None:
    data = write_model(tmp_path, saehd_parts("df"), saehd_options("df"))
    path = model_in(data).file(part, "dat" if part == "data" else "npy")
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(kind):
        read_model(model_in(data))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_torn_file_is_refused(tmp_path: Path, share: float) -> None:
    data = write_model(tmp_path, saehd_parts("df"), saehd_options("df"))
    path = model_in(data).file("inter")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(UnsafeFile, match="inter"):
        read_model(model_in(data))


def test_arrays_that_have_no_place_here_are_said(tmp_path: Path) -> None:
    parts = saehd_parts("df")
    parts["inter"]["dense3/weight:0"] = np.ones((2, 2), np.float32)
    imported = read_model(model_in(write_model(tmp_path, parts, saehd_options("df"))))
    assert "dense3/weight:0" in imported.notices[0]
