"""Where a run computes: CPU, one GPU, or several processes that torchrun started, and in which precision."""

from __future__ import annotations

import dataclasses
import os
import shutil

import torch
import torch.distributed as distributed
from torch import nn

from depthtrain.strict_toml import RecipeError


@dataclasses.dataclass(frozen=True)
class Place:
    """The device of this process and its rank among `world` processes. Rank 0 writes files and prints."""

    device: torch.device
    rank: int
    world: int
    amp_type: torch.dtype | None

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def agreed(self, progress: float, wants_stop: bool) -> tuple[float, bool]:
        """The first process's progress, and whether any process wants to stop: all leave the loop in the same step."""
        if self.world == 1:
            return progress, wants_stop
        values = torch.tensor([progress, float(wants_stop)], dtype=torch.float64, device=self.device)
        distributed.broadcast(values[:1], src=0)
        distributed.all_reduce(values[1:], op=distributed.ReduceOp.MAX)
        return float(values[0]), bool(values[1] > 0)

    def leave(self) -> None:
        """Ends the process group, if there is one."""
        if self.world > 1:
            distributed.destroy_process_group()


def choose_place(device: str, precision: str) -> Place:
    """`device` is "auto", "cpu" or "cuda"; under torchrun each process takes the GPU of its local rank.

    Raises RecipeError for a GPU that is not there and for float16 on a CPU.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise RecipeError("--device cuda: PyTorch sees no GPU here; use --device cpu, or install a CUDA build of PyTorch")
    world, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
    chosen = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if device == "cuda" else torch.device(device)
    amp_type = _amp_type(chosen, precision)
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)
        torch.backends.cudnn.benchmark = True
    if world > 1:
        distributed.init_process_group("nccl" if chosen.type == "cuda" else "gloo")
    return Place(chosen, rank, world, amp_type)


def compile_for(network: nn.Module, device: torch.device) -> None:
    """Has PyTorch compile a network for a device when it first meets each input size; names of weights stay as they are.

    Raises RecipeError on a CPU without a C++ compiler.
    """
    compiler = os.environ.get("CXX", "g++")
    if device.type == "cpu" and shutil.which(compiler) is None:
        raise RecipeError(f"optimisation.compiled needs a C++ compiler on a CPU, and {compiler} is not there; install g++, name another "
                          "in the environment variable CXX, or train without")
    network.compile(dynamic=False)  # every size for itself: symbolic sizes take many minutes


def _amp_type(device: torch.device, precision: str) -> torch.dtype | None:
    if precision == "auto":
        if device.type != "cuda":
            return None
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if precision == "float16" and device.type != "cuda":
        raise RecipeError("optimisation.precision = 'float16' needs a GPU; on a CPU use float32 or bfloat16")
    return {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}[precision]
