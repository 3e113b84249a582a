"""Write a graph in the ONNX operators of 2020, which programs with an older runtime read.

The exporter speaks opset 18. Swap networks use few operators, and nearly all of these mean the same in opset
12; the rest differ in where axes are given. A graph with any other operator is left as it is.
Source: ONNX's own operator change log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

LOWERED_OPSET = 12
_IR_VERSION = 7  # the file format that came with opset 12
_SAME = {
    *("Add", "Sub", "Mul", "Div", "Pow", "Sqrt", "Reciprocal", "Neg", "Abs", "Exp", "Floor", "Cos", "Sin"),
    *("Sigmoid", "Tanh", "Relu", "LeakyRelu", "Softplus", "Clip", "Where", "Less", "Greater", "Equal", "Not"),
    *("Conv", "ConvTranspose", "Gemm", "MatMul", "Concat", "Slice", "Transpose", "Flatten", "DepthToSpace"),
    *("SpaceToDepth", "Gather", "Expand", "Shape", "Cast", "Constant", "Identity"),
}
_AXES_AS_ATTRIBUTE = {"ReduceMean", "ReduceSum", "ReduceMax", "Unsqueeze", "Squeeze"}


def lowered(model: ModelProto) -> ModelProto | None:
    """The same graph in opset 12; None where it has an operator that isn't known to mean the same there."""
    import onnx

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    if not all(_lower(node, copy.graph) for node in copy.graph.node):
        return None
    _drop_unused(copy.graph)
    del copy.opset_import[:]
    copy.opset_import.append(onnx.helper.make_opsetid("", LOWERED_OPSET))
    copy.ir_version = _IR_VERSION
    onnx.checker.check_model(copy)
    return copy


def _lower(node: NodeProto, graph: GraphProto) -> bool:
    """Change a node in place; False where that can't be done."""
    if node.domain not in ("", "ai.onnx"):
        return False
    if node.op_type in _AXES_AS_ATTRIBUTE:
        return _axes_to_attribute(node, graph)
    if node.op_type == "Reshape":
        return _reshape_without_zero(node, graph)
    return node.op_type in _SAME


def _axes_to_attribute(node: NodeProto, graph: GraphProto) -> bool:
    from onnx import helper

    if _without(node, "noop_with_empty_axes") or len(node.input) < 2:
        return False
    axes = _constant(graph, node.input[1])
    if axes is None:
        return False
    node.attribute.append(helper.make_attribute("axes", axes))
    del node.input[1:]
    return True


def _reshape_without_zero(node: NodeProto, graph: GraphProto) -> bool:
    """A zero in a shape has come to mean two things; where there is none, both are the same."""
    shape = _constant(graph, node.input[1])
    return not _without(node, "allowzero") or (shape is not None and 0 not in shape)


def _drop_unused(graph: GraphProto) -> None:
    """Take out constants that became attributes, which runtimes complain of."""
    used = {name for node in graph.node for name in node.input} | {value.name for value in graph.output}
    for value in [value for value in graph.initializer if value.name not in used]:
        graph.initializer.remove(value)


def _without(node: NodeProto, name: str) -> int:
    """Take an attribute away; returns its value, 0 where it was not said."""
    found = [attribute for attribute in node.attribute if attribute.name == name]
    for attribute in found:
        node.attribute.remove(attribute)
    return found[0].i if found else 0


def _constant(graph: GraphProto, name: str) -> list[int] | None:
    from onnx import numpy_helper

    values = [value for value in graph.initializer if value.name == name]
    return numpy_helper.to_array(values[0]).tolist() if values else None
