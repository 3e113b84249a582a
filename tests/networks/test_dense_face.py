"""Our own face network: shapes, sizes, and what happens to weights that are missing, damaged or foreign."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from understudy.errors import UnsafeFile, WeightsMissing
from understudy.networks.dense_face import (
    CROP_PX,
    POINTS,
    WEIGHTS_PATH,
    ConvUnit,
    DenseFaceNet,
    DenseFaceOutput,
    load_dense_face,
    mirror_order_70,
)

MOST_BYTES = 6_000_000


def a_network(*, seed: int = 0) -> DenseFaceNet:
    """One whose batch norms have seen something, so that folding has something to fold."""
    torch.manual_seed(seed)
    network = DenseFaceNet()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            assert module.running_mean is not None and module.running_var is not None
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 2)
    return network.eval()


def test_every_crop_gets_points_spreads_a_mask_and_a_score() -> None:
    with torch.inference_mode():
        out = a_network()(torch.rand(2, 3, CROP_PX, CROP_PX))
    assert out.points_BK2.shape == (2, POINTS, 2)
    assert out.spread_BK.shape == (2, POINTS)
    assert out.mask_logits_B1HW.shape == (2, 1, CROP_PX, CROP_PX)
    assert out.score_logit_B.shape == (2,)
    assert all(bool(values.isfinite().all()) for values in out)
    assert out.spread_BK.min() > 0


def test_a_crop_is_read_alike_alone_and_among_others() -> None:
    crops = torch.rand(3, 3, CROP_PX, CROP_PX)
    network = a_network()
    with torch.inference_mode():
        torch.testing.assert_close(network(crops)[0][1:2], network(crops[1:2])[0], atol=1e-5, rtol=1e-4)


def test_folding_the_normalisation_changes_nothing_but_the_time() -> None:
    crops = torch.rand(1, 3, CROP_PX, CROP_PX)
    network = a_network()
    with torch.inference_mode():
        before = network(crops)
        after = network.folded()(crops)
    assert not any(
        isinstance(m, ConvUnit) and isinstance(m.norm, torch.nn.BatchNorm2d) for m in network.modules()
    )
    for name, a, b in zip(before._fields, before, after, strict=True):
        torch.testing.assert_close(a, b, atol=2e-4, rtol=2e-3, msg=name)


def test_the_weights_fit_into_six_megabytes_as_half_floats() -> None:
    assert sum(values.numel() * 2 for values in DenseFaceNet().state_dict().values()) < MOST_BYTES


def test_weights_from_before_the_masks_finer_look_mean_what_they_did(tmp_path: Path) -> None:
    network = a_network()
    torch.nn.init.normal_(network.mask_head.finer_out.weight)
    state = network.state_dict()
    older = {name: value for name, value in state.items() if "finer" not in name}
    save_file(older, tmp_path / "older.safetensors")
    read = load_dense_face(tmp_path / "older.safetensors")
    torch.nn.init.zeros_(network.mask_head.finer_out.weight)
    crops = torch.rand(2, 3, CROP_PX, CROP_PX)
    with torch.inference_mode():
        assert torch.equal(read(crops).mask_logits_B1HW, network(crops).mask_logits_B1HW)
    half = {name: value for name, value in state.items() if "finer.norm" not in name}
    save_file(half, tmp_path / "half.safetensors")
    with pytest.raises(UnsafeFile):
        load_dense_face(tmp_path / "half.safetensors")


def test_mirroring_twice_is_nothing_and_pupils_change_sides() -> None:
    order = mirror_order_70()
    np.testing.assert_array_equal(order[order], np.arange(POINTS))
    assert (order[68], order[0]) == (69, 16)


def test_weights_that_are_not_here_are_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="make face-model"):
        load_dense_face(tmp_path / "none.safetensors")


def test_half_floats_on_disk_are_read_as_the_network_that_wrote_them(tmp_path: Path) -> None:
    network = a_network()
    half = {name: v.half() if v.is_floating_point() else v for name, v in network.state_dict().items()}
    save_file(half, tmp_path / "w.safetensors")
    crops = torch.rand(1, 3, CROP_PX, CROP_PX)
    with torch.inference_mode():
        torch.testing.assert_close(
            load_dense_face(tmp_path / "w.safetensors")(crops)[0], network(crops)[0], atol=2e-3, rtol=0
        )


@pytest.mark.parametrize("content", ["torn", "foreign"])
def test_damaged_and_foreign_weights_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "w.safetensors"
    if content == "torn":
        path.write_bytes(b"\x08\0\0\0\0\0\0\0nonsense")
    else:
        save_file({"weight": torch.zeros(3)}, path)
    with pytest.raises(UnsafeFile):
        load_dense_face(path)


def test_the_network_becomes_torchscript_that_says_the_same_of_any_number_of_crops(tmp_path: Path) -> None:
    network = a_network().folded()
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # torch would rather have its newer export
        torch.jit.trace(network, torch.rand(2, 3, CROP_PX, CROP_PX)).save(str(tmp_path / "net.pt"))
        again = torch.jit.load(str(tmp_path / "net.pt"))
    crops = torch.rand(3, 3, CROP_PX, CROP_PX)
    with torch.inference_mode():
        for own, other in zip(network(crops), again(crops), strict=True):
            torch.testing.assert_close(own, other, atol=1e-4, rtol=1e-3)


def test_the_network_becomes_an_onnx_file_that_says_the_same_of_any_number_of_crops(tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    network = a_network().folded()
    path = tmp_path / "net.onnx"
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (torch.rand(2, 3, CROP_PX, CROP_PX),),
            path,
            input_names=["crops"],
            output_names=list(DenseFaceOutput._fields),
            dynamic_axes={"crops": {0: "batch"}},
            dynamo=False,
        )
    crops = torch.rand(3, 3, CROP_PX, CROP_PX)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        own = network(crops)
    for one, other in zip(own, session.run(None, {"crops": crops.numpy()}), strict=True):
        np.testing.assert_allclose(one.numpy(), other, atol=1e-3, rtol=1e-3)


def test_the_weights_that_are_shipped_fit_the_network_and_six_megabytes() -> None:
    assert WEIGHTS_PATH.stat().st_size < MOST_BYTES
    with torch.inference_mode():
        said = load_dense_face()(torch.rand(1, 3, CROP_PX, CROP_PX))
    assert float(said.score_logit_B.sigmoid()) < 0.5  # noise is no face
