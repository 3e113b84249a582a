"""A trained model paints crops; an untrained or damaged one says what is the matter."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.conftest import TINY, TINY_NETWORK
from understudy.errors import CheckpointCorrupt, ModelUnknown, OptionInvalid
from understudy.files import read_json
from understudy.networks.catalog import build
from understudy.networks.swap import Predictor
from understudy.training import presets
from understudy.training.keeping.about import ModelWish, about_model
from understudy.training.keeping.checkpoint import FOLDER_NAME, Checkpoint, save_checkpoint
from understudy.training.keeping.lock import model_lock
from understudy.training.machine.device import Compute
from understudy.training.predictor import load_predictor
from understudy.training.presets import Preset


def saved(model_dir: Path, *iterations: int) -> Path:
    """A model of random weights with some checkpoints; its average differs from its newest weights."""
    about_model(model_dir, ModelWish(TINY))
    for iteration in iterations:
        weights = build("quick", TINY_NETWORK, seed=iteration).state_dict()
        average = build("quick", TINY_NETWORK, seed=100 + iteration).state_dict()
        save_checkpoint(model_dir, Checkpoint(iteration, weights, average))
    return model_dir


def crops(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def float32(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Exact enough to compare single faces with batches."""
    monkeypatch.setattr(Compute, "autocast", lambda self: torch.autocast("cpu", enabled=False))
    yield


def test_it_is_a_predictor_that_knows_its_model(tmp_path: Path) -> None:
    predictor: Predictor = load_predictor(saved(tmp_path / "hero", 5), device="cpu")
    assert (predictor.face_type, predictor.size_px, predictor.name) == ("full", 32, "hero")
    state = read_json(tmp_path / "hero" / FOLDER_NAME / "000000005" / "state.json")
    assert predictor.sha256 == state["sha256"]["ema"]


def test_it_paints_dst_crops_as_src_with_the_averaged_weights(tmp_path: Path) -> None:
    painted = load_predictor(saved(tmp_path / "m", 5), device="cpu").predict(crops(2))
    average = build("quick", TINY_NETWORK, seed=105).eval()
    faces = torch.from_numpy(crops(2)).permute(0, 3, 1, 2).float() / 255
    with torch.inference_mode():
        as_src, as_dst = average(faces, "src"), average(faces, "dst")
    np.testing.assert_allclose(painted.rgb_NHWC, as_src.faces_BCHW.permute(0, 2, 3, 1), atol=1e-5)
    np.testing.assert_allclose(painted.mask_NHW, as_src.masks_B1HW[:, 0], atol=1e-5)
    np.testing.assert_allclose(painted.dst_mask_NHW, as_dst.masks_B1HW[:, 0], atol=1e-5)
    assert painted.device == "cpu"


def test_a_face_is_painted_alike_in_any_company(tmp_path: Path) -> None:
    predictor = load_predictor(saved(tmp_path / "m", 5), device="cpu")
    many = predictor.predict(crops(19))
    assert many.rgb_NHWC.shape == (19, 32, 32, 3)
    assert many.mask_NHW.shape == many.dst_mask_NHW.shape == (19, 32, 32)
    alone = predictor.predict(crops(19)[17:18])
    np.testing.assert_allclose(alone.rgb_NHWC[0], many.rgb_NHWC[17], atol=1e-5)
    assert len(predictor.predict(crops(19)[:0]).rgb_NHWC) == 0


@pytest.mark.parametrize("wrong", [np.zeros((1, 64, 64, 3), np.uint8), np.zeros((1, 32, 32, 3), np.float32)])
def test_crops_of_another_size_or_kind_are_refused(tmp_path: Path, wrong: np.ndarray) -> None:
    predictor = load_predictor(saved(tmp_path / "m", 5), device="cpu")
    with pytest.raises(ValueError, match="32 px"):
        predictor.predict(wrong)


def test_a_damaged_newest_checkpoint_is_replaced_by_the_one_before_and_said(tmp_path: Path) -> None:
    folder = saved(tmp_path / "m", 2, 4)
    (folder / FOLDER_NAME / "000000004" / "ema.safetensors").write_bytes(b"torn")
    predictor = load_predictor(folder, device="cpu")
    assert predictor.iterations == 2
    assert "000000004" in predictor.notices[0]


def test_damage_that_painting_does_not_need_is_no_matter(tmp_path: Path) -> None:
    folder = saved(tmp_path / "m", 200, 400)
    (folder / FOLDER_NAME / "000000400" / "model.safetensors").write_bytes(b"torn")
    predictor = load_predictor(folder, device="cpu")
    assert (predictor.iterations, predictor.notices) == (400, [])


def test_a_model_that_has_hardly_learned_says_so(tmp_path: Path) -> None:
    predictor = load_predictor(saved(tmp_path / "m", 40), device="cpu")
    assert "40 iterations only" in predictor.notices[0]
    assert "understudy train" not in predictor.notices[0]  # whoever ran swap or the demo runs that again


def test_an_untrained_model_says_what_to_do(tmp_path: Path) -> None:
    for folder in (tmp_path / "never", saved(tmp_path / "made")):
        with pytest.raises(ModelUnknown, match="understudy train"):
            load_predictor(folder, device="cpu")


def test_a_model_whose_first_training_runs_is_waited_for_and_not_trained_a_second_time(tmp_path: Path) -> None:
    model_dir = saved(tmp_path / "made")
    with model_lock(model_dir), pytest.raises(ModelUnknown, match="saved nothing yet") as told:
        load_predictor(model_dir, device="cpu")
    assert "Run `understudy train`" not in told.value.message and "process " in told.value.message


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    about_model(tmp_path / "m", ModelWish(TINY))
    foreign = {"w": torch.zeros(2)}
    save_checkpoint(tmp_path / "m", Checkpoint(1, foreign, foreign))
    with pytest.raises(CheckpointCorrupt, match="quick"):
        load_predictor(tmp_path / "m", device="cpu")


def test_a_model_that_blends_paints_the_share_of_src_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = {"size_px": 64, "ae_dims": 32, "inter_dims": 32, "e_dims": 16, "d_dims": 16, "d_mask_dims": 16}
    monkeypatch.setitem(presets.PRESETS, "tiny-amp", Preset("amp", "full", "for tests", network=network))
    about_model(tmp_path, ModelWish("tiny-amp"))
    weights = build("amp", network).state_dict()
    save_checkpoint(tmp_path, Checkpoint(1, weights, weights))
    predictor = load_predictor(tmp_path, device="cpu")
    seen = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), dtype=np.uint8)
    whole = predictor.predict(seen).rgb_NHWC
    predictor.blend(0.5)
    half = predictor.predict(seen).rgb_NHWC
    predictor.blend(0.0)
    none = predictor.predict(seen)
    assert not np.allclose(whole, half) and not np.allclose(half, none.rgb_NHWC)
    np.testing.assert_array_equal(none.mask_NHW, none.dst_mask_NHW)


def test_an_avatar_paints_the_middle_of_three_frames_and_a_still_one_as_three_equal_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = {"size_px": 80, "face_px": 48, "dims": 8, "view_dims": 8}
    monkeypatch.setitem(
        presets.PRESETS, "tiny-avatar", Preset("avatar", "head-no-align", "tests", network=network)
    )
    about_model(tmp_path, ModelWish("tiny-avatar"))
    weights = build("avatar", network).state_dict()
    save_checkpoint(tmp_path, Checkpoint(1, weights, weights))
    predictor = load_predictor(tmp_path, device="cpu")
    assert predictor.frames_together == 3
    runs = np.random.default_rng(0).integers(0, 256, (2, 3, 80, 80, 3), dtype=np.uint8)
    moving = predictor.predict_runs(runs).rgb_NHWC
    still = predictor.predict(runs[:, 1]).rgb_NHWC
    assert moving.shape == still.shape == (2, 80, 80, 3) and not np.allclose(moving, still)
    backwards = predictor.predict_runs(runs[:, ::-1]).rgb_NHWC
    assert not np.allclose(moving, backwards)
    equal = predictor.predict_runs(np.repeat(runs[:, 1:2], 3, axis=1)).rgb_NHWC
    np.testing.assert_array_equal(equal, still)
    with pytest.raises(ValueError, match="80 px"):
        predictor.predict_runs(runs[:, :2])


def test_a_model_that_does_not_blend_says_so(tmp_path: Path) -> None:
    predictor = load_predictor(saved(tmp_path / "m", 5), device="cpu")
    predictor.blend(1.0)
    with pytest.raises(OptionInvalid, match="morph"):
        predictor.blend(0.5)


def test_another_process_loads_the_same_weights_or_says_that_they_are_gone(tmp_path: Path) -> None:
    predictor = load_predictor(saved(tmp_path / "hero", 5), device="cpu")
    assert predictor.source is not None
    source = pickle.loads(pickle.dumps(predictor.source))
    np.testing.assert_array_equal(
        source("cpu").predict(crops(1)).rgb_NHWC, predictor.predict(crops(1)).rgb_NHWC
    )
    saved(tmp_path / "hero", 6)
    with pytest.raises(ModelUnknown, match="trained on while"):
        source("cpu")
