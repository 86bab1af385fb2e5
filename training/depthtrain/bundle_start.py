"""The network that a bundle holds, as one to go on training.

Whoever has a bundle has the network: the exporter keeps the names of parameters, folds nothing into convolutions, and only
transposes what linear layers multiply with. What the graphs lack is what prediction does not need: the side heads of training,
which start anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper

from depthtrain.bundle import BundleError, graph_predictor, open_bundle
from depthtrain.networks.registry import ARCHITECTURES, build_network
from depthtrain.networks.split import SplitNetwork

GRAPHS = ("encoder.onnx", "decoder.onnx")
WRAPPED = "network."  # the exporter's graphs are of modules that hold the network under this name
TOLERANCE = 3e-4


def bundle_network(path: Path) -> SplitNetwork:
    """The plain depth network of a bundle folder, without its bank and its completion.

    Raises BundleError as `open_bundle` does, and for graphs that another exporter made, or of an architecture not known here: when
    the network does not predict what the bundle predicts.
    """
    bundle = open_bundle(path)
    architecture = bundle.description["architecture"]
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
    _check(network.eval(), path)
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


@torch.no_grad()
def _check(network: SplitNetwork, path: Path) -> None:
    """Compares with the graphs themselves: a parameter that was missed would have kept its random start."""
    image = torch.rand(1, 3, 96, 160, generator=torch.Generator().manual_seed(1))
    found = network(image)["disparity"][0, 0]
    expected = torch.from_numpy(graph_predictor(path, completes=False, fuses=False)(image.numpy())[0])
    worst = float((found - expected).abs().max())
    if worst > TOLERANCE:
        raise BundleError(f"{path}: the weights found in its graphs predict otherwise than the graphs, by {worst:.1e} in "
                          "disparity; start from the checkpoint that it was exported from")
