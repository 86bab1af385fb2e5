"""What a training step of a depth network costs on this machine: as written, compiled, in bfloat16.

    make bench-steps
    python -m depthtrain.bench_steps --architecture rpr-lite --size 416 128 --batch 8

One thread, so that the ways can be told apart beside other work; batch norm keeps its statistics, as in most of a run. The ways take turns
in every round, and each is said as the median of its times and of its ratios to the first. The loss is a mean, so losses, pictures
and the optimiser's companions come on top in a run.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable

import torch
from torch import nn

from depthtrain.device import compile_for
from depthtrain.networks.depthwise import DepthwiseConv2d
from depthtrain.networks.registry import ARCHITECTURES, build_network
from depthtrain.schedule import freeze_statistics
from depthtrain.strict_toml import RecipeError

WAYS = {"float32": (), "bfloat16": ("bfloat16",), "float32, compiled": ("compiled",),
        "float32, compiled, depthwise gradients of oneDNN": ("compiled", "library"),
        "bfloat16, compiled": ("bfloat16", "compiled"),
        "bfloat16, compiled, depthwise gradients of oneDNN": ("bfloat16", "compiled", "library")}


def step_of(architecture: str, image: torch.Tensor, way: tuple[str, ...]) -> Callable[[], None]:
    """One step of training a new network in one of the WAYS, compiled and run twice."""
    network = build_network(architecture).to(memory_format=torch.channels_last).train()
    freeze_statistics(network)
    if "library" in way:
        for module in network.modules():
            if isinstance(module, DepthwiseConv2d):
                module.__class__ = nn.Conv2d
    if "compiled" in way:
        compile_for(network, image.device)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-5)

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled="bfloat16" in way):
            out = network(image)
        optimiser.zero_grad(set_to_none=True)
        sum(value.float().mean() for value in out.values()).backward()
        optimiser.step()

    for _ in range(2):
        step()
    return step


def measure(steps: dict[str, Callable[[], None]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each way in each round."""
    taken = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            begun = time.perf_counter()
            step()
            taken[name].append(time.perf_counter() - begun)
    return taken


def table(taken: dict[str, list[float]]) -> list[str]:
    """Markdown: a row for each way, its median time and the median of its ratios to the first way."""
    first = next(iter(taken.values()))
    rows = [f"| {name} | {1000 * statistics.median(times):.0f} | {statistics.median(a / b for a, b in zip(times, first)):.2f} |"
            for name, times in taken.items()]
    return ["| way | ms | of the first |", "|---|---|---|", *rows]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--architecture", choices=tuple(ARCHITECTURES), default="rpr-lite")
    parser.add_argument("--size", nargs=2, type=int, default=(416, 128), metavar=("WIDTH", "HEIGHT"), help="of the images; multiples of 32")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    width, height = arguments.size
    torch.set_num_threads(1)
    image = torch.rand(arguments.batch, 3, height, width).to(memory_format=torch.channels_last)
    try:
        taken = measure({name: step_of(arguments.architecture, image, way) for name, way in WAYS.items()}, arguments.rounds)
    except RecipeError as error:
        print(f"bench_steps: {error}", file=sys.stderr)
        return 1
    print("\n".join(table(taken)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
