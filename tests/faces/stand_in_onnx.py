"""Tiny ONNX networks with the tensors of the real ones, so that OpenCV runs our adapters on them for real."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def write_sface(path: Path) -> Path:
    """`data` (1, 3, 112, 112) in RGB, 0..255, to `fc1` (1, 128): means of cells, mixed."""
    mix = np.random.default_rng(3).normal(0, 0.1, (3 * 64, 128)).astype(np.float32)
    nodes = [
        helper.make_node("AveragePool", ["data"], ["cells"], kernel_shape=[14, 14], strides=[14, 14]),
        helper.make_node("Flatten", ["cells"], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "mix"], ["fc1"]),
    ]
    return _written(path, nodes, {"mix": mix}, inputs={"data": (1, 3, 112, 112)}, outputs={"fc1": (1, 128)})


def _written(
    path: Path,
    nodes: list[onnx.NodeProto],
    constants: dict[str, np.ndarray],
    *,
    inputs: dict[str, tuple[int | str, ...]],
    outputs: dict[str, tuple[int | str, ...]],
) -> Path:
    graph = helper.make_graph(
        nodes,
        "stand-in",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 12)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path
