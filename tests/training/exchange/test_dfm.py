"""A model for live programs has their names, order, shapes and colours, and paints what the model does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from understudy.errors import ExchangeRefused
from understudy.networks.architectures.amp import Amp
from understudy.networks.catalog import build
from understudy.training.exchange import dfm
from understudy.training.exchange.dfm import Exported, LiveModel, write_dfm
from understudy.training.exchange.onnx_lowering import LOWERED_OPSET

SMALL = {"size_px": 64, "ae_dims": 32, "inter_dims": 32, "e_dims": 16, "d_dims": 16, "d_mask_dims": 16}
METADATA = {"made_by": "understudy", "consent": "fictional"}


@pytest.fixture(scope="module")
def amp() -> Amp:
    model = build("amp", SMALL, seed=1).eval()
    assert isinstance(model, Amp)
    return model


@pytest.fixture(scope="module")
def exported(amp: Amp, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return write_dfm(amp, tmp_path_factory.mktemp("dfm") / "amp.dfm", metadata=METADATA)


@pytest.fixture(scope="module")
def session(exported: Exported) -> Iterator[onnxruntime.InferenceSession]:
    return onnxruntime.InferenceSession(exported.path, providers=["CPUExecutionProvider"])  # type: ignore[return-value]


def blue_first(count: int) -> np.ndarray:
    return np.random.default_rng(count).random((count, 64, 64, 3)).astype(np.float32)


def test_names_order_shapes_and_metadata_are_those_of_a_dfm(session, exported: Exported) -> None:
    assert [(value.name, value.type, value.shape[1:]) for value in session.get_inputs()] == [
        ("in_face:0", "tensor(float)", [64, 64, 3]),
        ("morph_value:0", "tensor(float)", []),
    ]
    assert session.get_inputs()[1].shape == [1]
    assert isinstance(session.get_inputs()[0].shape[0], str), "any number of faces"
    assert [(value.name, value.shape[1:]) for value in session.get_outputs()] == [
        ("out_face_mask:0", [64, 64, 1]),
        ("out_celeb_face:0", [64, 64, 3]),
        ("out_celeb_face_mask:0", [64, 64, 1]),
    ]
    file = onnx.load(exported.path)
    assert {entry.key: entry.value for entry in file.metadata_props} == METADATA
    folder = Path(dfm.__file__).parents[3].as_posix().encode()
    assert folder not in exported.path.read_bytes(), "nothing of the machine it was made on"
    assert exported.opset == LOWERED_OPSET == file.opset_import[0].version
    assert exported.difference is not None
    assert exported.difference < 1e-4


@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize("morph", [0.0, 0.3, 1.0])
def test_it_paints_what_the_model_does_in_blue_green_red(session, amp: Amp, count: int, morph: float) -> None:
    faces = blue_first(count)
    dst_mask, face, mask = session.run(
        None, {"in_face:0": faces, "morph_value:0": np.array([morph], np.float32)}
    )
    rgb = torch.from_numpy(faces[..., ::-1].copy()).permute(0, 3, 1, 2)
    with torch.no_grad():
        swap, dst = amp.swap_morphed(rgb, torch.tensor([morph])), amp(rgb, "dst")
    np.testing.assert_allclose(face[..., ::-1], swap.faces_BCHW.permute(0, 2, 3, 1), atol=1e-4)
    np.testing.assert_allclose(mask[..., 0], swap.masks_B1HW[:, 0], atol=1e-4)
    np.testing.assert_allclose(dst_mask[..., 0], dst.masks_B1HW[:, 0], atol=1e-4)
    assert 0 <= face.min() < face.max() <= 1


def test_models_that_do_not_blend_have_one_input() -> None:
    live = LiveModel(build("quick", {"size_px": 32, "width": 8, "code": 16})).eval()
    (faces,) = dfm._examples(live, 2)
    mask, face, face_mask = live(faces)
    assert (mask.shape, face.shape, face_mask.shape) == ((2, 32, 32, 1), (2, 32, 32, 3), (2, 32, 32, 1))
    swap = live.model.swap(faces.permute(0, 3, 1, 2).flip(1))
    torch.testing.assert_close(face.flip(-1).permute(0, 3, 1, 2), swap.faces_BCHW)


@pytest.mark.parametrize("archi", ["df-ud", "liae-udtc"])
def test_a_saehd_is_painted_there_as_here_in_blue_green_red(tmp_path: Path, archi: str) -> None:
    sizes = {"size_px": 64, "ae_dims": 16, "e_dims": 8, "d_dims": 8, "d_mask_dims": 8}
    model = build("saehd", {**sizes, "archi": archi}, seed=1).eval()
    path = write_dfm(model, tmp_path / "saehd.dfm", metadata=METADATA).path
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [value.name for value in session.get_inputs()] == ["in_face:0"]
    faces = blue_first(3)
    dst_mask, face, mask = session.run(None, {"in_face:0": faces})
    rgb = torch.from_numpy(faces[..., ::-1].copy()).permute(0, 3, 1, 2)
    with torch.no_grad():
        swap, dst = model.swap(rgb), model(rgb, "dst")
    np.testing.assert_allclose(face[..., ::-1], swap.faces_BCHW.permute(0, 2, 3, 1), atol=1e-4)
    np.testing.assert_allclose(mask[..., 0], swap.masks_B1HW[:, 0], atol=1e-4)
    np.testing.assert_allclose(dst_mask[..., 0], dst.masks_B1HW[:, 0], atol=1e-4)


@pytest.mark.parametrize("difference", [0.2, float("nan")])
def test_a_file_that_paints_something_else_is_not_written(
    tmp_path: Path, amp: Amp, exported: Exported, difference: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = onnx.load(exported.path)
    for value in file.graph.initializer:
        array = onnx.numpy_helper.to_array(value)
        if array.dtype == np.float32 and array.size > 100:
            value.CopyFrom(onnx.numpy_helper.from_array(array + np.float32(difference), value.name))
    monkeypatch.setattr(dfm, "_graph", lambda _: file)
    with pytest.raises(ExchangeRefused, match="paints something else"):
        write_dfm(amp, tmp_path / "bad.dfm", metadata={})
    assert list(tmp_path.iterdir()) == []
