"""What a teacher's look at a frame says about its stride-16 cells: the rows of a reference set."""

from __future__ import annotations

import dataclasses

import torch
import torch.nn.functional as F

from depthtrain.config import Recipe, group_sizes
from depthtrain.data.drive import Drive
from depthtrain.evaluate import nearest_size
from depthtrain.priors.references import ReferenceWriter
from depthtrain.teacher.inference import TeacherEye

STRIDE = 16


@dataclasses.dataclass(frozen=True)
class Cells:
    """The cells of one drive's frames, with disparities in the student's convention."""

    eye: TeacherEye
    drive: Drive
    number: int
    """Of the drive in the set."""
    student: Recipe
    minimum_trust: float
    """Cells that the teacher trusts less are left out."""

    @property
    def student_units(self) -> float:
        """Student units in one teacher unit of depth."""
        return unit_ratio(self.eye.recipe, self.eye.size_for(self.drive), self.student, (self.drive.width, self.drive.height))

    def write(self, index: int, writer: ReferenceWriter) -> None:
        """Adds the references of one frame; disparities are averaged over the cell."""
        look = self.eye.look(self.drive, index)
        disparity, trust = (F.avg_pool2d(plane[None, None], STRIDE).flatten() for plane in (look.disparity, look.trust))
        kept = torch.nonzero(trust >= self.minimum_trust).flatten()
        features = look.features.flatten(1).T
        writer.add(features[kept].numpy(), rescaled(disparity[kept], self.eye.recipe, self.student, self.student_units).numpy(),
                   trust[kept].numpy(), self.number, index, kept.numpy())


def unit_ratio(teacher: Recipe, teacher_size: tuple[int, int], student: Recipe, frame: tuple[int, int]) -> float:
    """Student units in one teacher unit for a whole frame (width, height): depth is metres * canonical fx / fx of the grid, and
    fx grows with the grid's width."""
    student_width = nearest_size(*frame, group_sizes(student))[0]
    return (teacher_size[0] / teacher.model.canonical_fx_px) / (student_width / student.model.canonical_fx_px)


def rescaled(disparity: torch.Tensor, teacher: Recipe, student: Recipe, ratio: float) -> torch.Tensor:
    """Sigmoid disparity of the teacher as sigmoid disparity of the student, whose unit of depth is `ratio` times smaller."""
    a, b = (1 / model.max_depth_m for model in (teacher.model, student.model))
    span_a, span_b = (1 / model.min_depth_m - 1 / model.max_depth_m for model in (teacher.model, student.model))
    inverse = (a + span_a * disparity) / ratio
    return ((inverse - b) / span_b).clamp(0, 1)
