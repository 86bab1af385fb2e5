"""Exports a teacher as ONNX: `teacher.onnx` with two neighbours, `teacher_single.onnx` for one frame.

    python -m depthtrain.teacher.export --checkpoint training/runs/teacher/checkpoint.pt --size 832x256 --out teacher

Sampling the neighbours is GridSample, which ONNX Runtime runs and the daemon's own engine does not: on the robot only the
single-frame graph runs, and banks are built with this package.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

from depthtrain.checkpoint import CheckpointError
from depthtrain.onnxfile import export_graph
from depthtrain.teacher.inference import TeacherEye
from depthtrain.teacher.network import Teacher
from depthtrain.teacher.volume import Lookup


INPUTS = ("image", "before", "after", "T_source_target", "intrinsics", "metres_per_unit")


class SingleGraph(nn.Module):
    """image -> f_r (the feature at stride 16) and disparity."""

    def __init__(self, teacher: Teacher) -> None:
        super().__init__()
        self.teacher = teacher

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        f_r, skips = self.teacher.encode(image)
        return f_r, self.teacher.decode(f_r, skips)["disparity"]


class NeighbourGraph(SingleGraph):
    """image, before, after (1, 3, H, W), T_source_target (1, 2, 4, 4), intrinsics (1, 4), metres_per_unit (1,) -> as above."""

    def forward(self, image, before, after, T_source_target, intrinsics, metres_per_unit):  # noqa: ANN001
        lookup = Lookup(torch.stack([before, after], 1), T_source_target, intrinsics, metres_per_unit,
                        torch.ones(1, 2, dtype=torch.bool))
        f_r, skips = self.teacher.encode(image, lookup)
        return f_r, self.teacher.decode(f_r, skips)["disparity"]


def export_teacher(teacher: Teacher, folder: Path, size: tuple[int, int]) -> float:
    """Writes both graphs for one (width, height); returns their largest difference from PyTorch. ValueError above 3e-4."""
    import onnxruntime
    width, height = size
    generator = torch.Generator().manual_seed(1)
    frames = [torch.randn(1, 3, height, width, generator=generator) for _ in range(3)]
    poses = torch.eye(4).repeat(1, 2, 1, 1)
    poses[0, :, 2, 3] = torch.tensor([0.3, -0.3])
    camera = torch.tensor([[0.6 * width, 0.6 * width, width / 2 - 0.5, height / 2 - 0.5]])
    graphs = (("teacher_single.onnx", SingleGraph(teacher), INPUTS[:1], (frames[0],)),
              ("teacher.onnx", NeighbourGraph(teacher), INPUTS, (*frames, poses, camera, torch.ones(1))))
    worst = 0.0
    for name, graph, names, inputs in graphs:
        graph.eval()
        with torch.no_grad():
            expected = graph(*inputs)
        export_graph(graph, inputs, folder / name, list(names), ["f_r", "disparity"], dynamic=False)
        session = onnxruntime.InferenceSession(str(folder / name), providers=["CPUExecutionProvider"])
        wanted = {item.name for item in session.get_inputs()}
        found = session.run(["disparity"], {key: value.numpy() for key, value in zip(names, inputs) if key in wanted})[0]
        worst = max(worst, float(np.abs(found - expected[1].numpy()).max()))
    if worst > 3e-4:
        raise ValueError(f"{folder}: exported teacher differs from PyTorch by {worst:.2e}")
    return worst


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--size", help="WxH; default: the first size that the teacher was trained at")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        eye = TeacherEye(arguments.checkpoint)
        first = eye.recipe.groups[0]
        size = tuple(int(part) for part in arguments.size.split("x")) if arguments.size else (first.width, first.height)
        worst = export_teacher(eye.teacher, arguments.out, size)
    except (CheckpointError, ValueError) as error:
        print(f"export: {error}", file=sys.stderr)
        return 1
    print(f"{arguments.out}: teacher.onnx and teacher_single.onnx for {size[0]}x{size[1]}; largest difference {worst:.1e}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
