"""A graph in old operators computes the same, and one that can't be so is left alone."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from understudy.training.exchange.onnx_lowering import LOWERED_OPSET, lowered


def graph(*nodes: onnx.NodeProto, **values: np.ndarray) -> onnx.ModelProto:
    """x (2, 3) to y, in opset 18."""
    made = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", "columns"])],
        [numpy_helper.from_array(value, name) for name, value in values.items()],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def run(model: onnx.ModelProto) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": np.arange(6, dtype=np.float32).reshape(2, 3)})[0]


def test_axes_become_attributes_and_the_result_stays() -> None:
    model = graph(
        helper.make_node("ReduceMean", ["x", "axes"], ["mean"], keepdims=1, noop_with_empty_axes=0),
        helper.make_node("Unsqueeze", ["mean", "place"], ["wide"]),
        helper.make_node("Reshape", ["wide", "shape"], ["y"], allowzero=0),
        axes=np.array([1], np.int64),
        place=np.array([0], np.int64),
        shape=np.array([2, 1], np.int64),
    )
    old = lowered(model)
    assert old is not None
    assert old.opset_import[0].version == LOWERED_OPSET
    assert [value.name for value in old.graph.initializer] == ["shape"], "what became an attribute is gone"
    assert run(old).tolist() == run(model).tolist() == [[1.0], [4.0]]
    assert model.opset_import[0].version == 18, "the graph that was given stays as it was"


def test_operators_that_may_mean_something_else_are_left_alone() -> None:
    assert lowered(graph(helper.make_node("Mish", ["x"], ["y"]))) is None
    reshape = helper.make_node("Reshape", ["x", "shape"], ["y"], allowzero=1)
    assert lowered(graph(reshape, shape=np.array([0, 3], np.int64))) is None
    assert lowered(graph(reshape, shape=np.array([3, 2], np.int64))) is not None, "no zero, no other meaning"
