"""Writing clean ONNX graphs: fixed opset, constants folded, no leftover shape arithmetic, checked before use."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnx
import onnx.reference
import torch
from onnx import numpy_helper
from torch import nn

OPSET = 17


def export_graph(network: nn.Module, inputs: tuple[torch.Tensor, ...], path: Path, input_names: list[str],
                 output_names: list[str], dynamic: bool, fold: bool = True) -> None:
    """Exports `network` in evaluation mode and checks the file. `dynamic` leaves height and width of every tensor free.

    `fold` replaces every node that depends on constants alone (the exporter leaves a dozen per padding) by its value.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    axes = {name: {2: f"{name}_height", 3: f"{name}_width"} for name in (*input_names, *output_names)} if dynamic else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(network.eval(), inputs, str(path), input_names=input_names, output_names=output_names,
                          dynamic_axes=axes, opset_version=OPSET, do_constant_folding=True, dynamo=False,
                          training=torch.onnx.TrainingMode.PRESERVE)
    model = onnx.load(path)
    model.producer_name, model.producer_version, model.doc_string = "depthtrain", "", ""
    for node in model.graph.node:
        node.doc_string = ""
    if fold:
        fold_constants(model.graph)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def fold_constants(graph: onnx.GraphProto) -> None:
    """Evaluates nodes whose inputs are all constant and stores their outputs as initializers, in place."""
    known: dict[str, np.ndarray] = {}
    for tensor in graph.initializer:
        if len(tensor.dims) <= 1 and tensor.data_type != onnx.TensorProto.FLOAT:
            known[tensor.name] = numpy_helper.to_array(tensor)
    kept = []
    for node in graph.node:
        if node.op_type != "Constant" and not (node.input and all(name in known for name in node.input if name)):
            kept.append(node)
            continue
        values = onnx.reference.ReferenceEvaluator(_single_node_model(node, known)).run(None, {})
        known.update(zip(node.output, [np.asarray(value) for value in values]))
    del graph.node[:]
    graph.node.extend(kept)
    used = {name for node in kept for name in node.input} | {output.name for output in graph.output}
    initializers = [tensor for tensor in graph.initializer if tensor.name in used and tensor.name not in known]
    initializers += [numpy_helper.from_array(np.ascontiguousarray(value) if value.ndim else value, name)
                     for name, value in known.items() if name in used]
    del graph.initializer[:]
    graph.initializer.extend(initializers)


def _single_node_model(node: onnx.NodeProto, known: dict[str, np.ndarray]) -> onnx.ModelProto:
    constants = [numpy_helper.from_array(known[name], name) for name in dict.fromkeys(node.input) if name]
    outputs = [onnx.helper.make_value_info(name, onnx.TypeProto()) for name in node.output]
    graph = onnx.helper.make_graph([node], "constant", [], outputs, constants)
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", OPSET)])
