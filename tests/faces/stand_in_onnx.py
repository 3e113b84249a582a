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


def write_yunet(path: Path, *, level: int = 1) -> Path:
    """`input` (1, 3, h, w) in BGR, 0..255, to YuNet's twelve outputs: a face where a cell is red all over.

    Only cells of one level (0, 1, 2 for strides of 8, 16, 32) answer. A box lies about its cell, four cells
    wide; the points lie at known places: see `YUNET_POINTS`.
    """
    nodes, constants, outputs = [], {}, {}
    for number, stride in enumerate((8, 16, 32)):
        gain = 20 / 255 if number == level else 0.0
        bias = -10.0 if number == level else -20.0
        constants[f"red_w_{stride}"] = np.array([-gain / 2, -gain / 2, gain], np.float32).reshape(1, 3, 1, 1)
        constants[f"red_b_{stride}"] = np.array([bias], np.float32)
        nodes += [
            helper.make_node(
                "AveragePool", ["input"], [f"seen_{stride}"], kernel_shape=[stride] * 2, strides=[stride] * 2
            ),
            helper.make_node(
                "Conv", [f"seen_{stride}", f"red_w_{stride}", f"red_b_{stride}"], [f"red_{stride}"]
            ),
            helper.make_node("Sigmoid", [f"red_{stride}"], [f"sure_{stride}"]),
            *_rows(f"sure_{stride}", f"cls_{stride}", 1, constants),
            *_rows(f"sure_{stride}", f"obj_{stride}", 1, constants),
        ]
        for name, values in (
            ("bbox", [0.5, 0.5, np.log(4), np.log(4)]),
            ("kps", YUNET_POINTS.ravel().tolist()),
        ):
            count = len(values)
            constants[f"{name}_w_{stride}"] = np.zeros((count, 3, 1, 1), np.float32)
            constants[f"{name}_b_{stride}"] = np.array(values, np.float32)
            maps = f"{name}_maps_{stride}"
            nodes.append(
                helper.make_node("Conv", [f"seen_{stride}", f"{name}_w_{stride}", f"{name}_b_{stride}"], [maps])
            )
            nodes += _rows(maps, f"{name}_{stride}", count, constants)
    for name, count in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
        outputs |= {f"{name}_{stride}": (1, f"n{stride}", count) for stride in (8, 16, 32)}
    return _written(path, nodes, constants, inputs={"input": (1, 3, "h", "w")}, outputs=outputs)


# In cells, from the corner of the cell that saw the face.
YUNET_POINTS = np.array([(-0.5, -0.5), (1.5, -0.5), (0.5, 0.5), (-0.25, 1.25), (1.25, 1.25)])


def _rows(maps: str, rows: str, count: int, constants: dict[str, np.ndarray]) -> list[onnx.NodeProto]:
    """Maps (1, count, h, w) as rows (1, h * w, count)."""
    constants[f"{rows}_shape"] = np.array([1, -1, count], np.int64)
    return [
        helper.make_node("Transpose", [maps], [f"{rows}_last"], perm=[0, 2, 3, 1]),
        helper.make_node("Reshape", [f"{rows}_last", f"{rows}_shape"], [rows]),
    ]


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
