"""The network that a bundle holds, as one to go on training.

Whoever has a bundle has the network: the exporter keeps the names of parameters, folds nothing into convolutions, and only
transposes what linear layers multiply with. What the graphs lack is what prediction does not need: the side heads of training,
which start anew.
"""

from __future__ import annotations

from collections.abc import Iterable

import onnx
import torch
from onnx import numpy_helper

from depthtrain.bundle import Bundle, BundleError
from depthtrain.networks.registry import ARCHITECTURES, build_network
from depthtrain.networks.split import SplitNetwork
from depthtrain.verification import verify

GRAPHS = ("encoder.onnx", "decoder.onnx")
WRAPPED = "network."  # the exporter's graphs are of modules that hold the network under this name
CHECKED_SIZE = (160, 96)


def bundle_network(bundle: Bundle) -> SplitNetwork:
    """The plain depth network of an opened bundle, without its bank and its completion.

    Raises BundleError for graphs that another exporter made, or of an architecture not known here: when the network does not
    predict what the bundle predicts.
    """
    path, architecture = bundle.path, bundle.description["architecture"]
    if architecture not in ARCHITECTURES:
        raise BundleError(f"{path}: is of architecture {architecture!r}; training knows {', '.join(ARCHITECTURES)}")
    network, states = build_network(architecture), {}
    own = network.state_dict()
    for name in GRAPHS:
        states |= graph_states(onnx.load(path / name).graph, own)
    wrong = sorted(name for name, value in states.items() if name not in own or own[name].shape != value.shape)
    if wrong:
        raise BundleError(f"{path}: its graphs hold {len(wrong)} tensors that {architecture} does not have, or not of that shape "
                          f"(first {wrong[0]}); start from the checkpoint that it was exported from")
    network.load_state_dict(states, strict=False)
    try:
        verify(network.eval(), path, [CHECKED_SIZE])  # a parameter that was missed would have kept its random start
    except BundleError as error:
        raise BundleError(f"{error}; start from the checkpoint that it was exported from") from error
    return network


def graph_states(graph: onnx.GraphProto, names: Iterable[str]) -> dict[str, torch.Tensor]:
    """Parameters of one exported graph. Those of linear layers, which have no name there, take the one among `names` that the node
    which uses them says the end of."""
    tensors = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in graph.initializer}
    states = {name.removeprefix(WRAPPED): value for name, value in tensors.items() if not name.startswith(("/", "onnx::"))}
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in tensors:
            module = f"{module_of(node.name)}.weight"
            full = next((name for name in names if name == module or name.endswith(f".{module}")), module)
            states[full] = tensors[node.input[1]].T.contiguous()
    return states


def module_of(node: str) -> str:
    """The module of a node: "/decoder/d3/attention/fc/fc.0/MatMul" is of "decoder.d3.attention.fc.0", for a member of a
    sequence says its sequence's name again."""
    parts = node.strip("/").split("/")[:-1]
    return ".".join(part for part, later in zip(parts, [*parts[1:], ""]) if not later.startswith(f"{part}."))

