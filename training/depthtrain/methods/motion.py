"""Where the source frames were, and what they look like from the target: shared by every method that reprojects."""

from __future__ import annotations

import dataclasses

import torch
from torch import nn

from depthtrain.config import ModelRecipe
from depthtrain.data.batches import Batch
from depthtrain.geometry import pose_matrix, warp_sources


@dataclasses.dataclass
class SourceViews:
    """P samples with S source slots each. A slot that a sample does not fill is not `present`."""

    target: torch.Tensor            # (P, 3, H, W)
    metres: torch.Tensor            # (P, 1, H, W) predicted depth
    T_source_target: torch.Tensor   # (P, S, 4, 4) known, or learned with gradient
    translation_m: torch.Tensor     # (P, S, 3) of the learned poses; zero where the pose is known
    warped: torch.Tensor            # (P, S, 3, H, W) sources moved to the target by predicted depth
    inside: torch.Tensor            # (P, S, 1, H, W) bool: present, in front and within the source image


def source_views(batch: Batch, metres: torch.Tensor, pose_network: nn.Module | None, model: ModelRecipe) -> SourceViews:
    """Warps every source slot into the target with known poses, or with learned ones where the pose is not known."""
    target, slots = batch.clean[batch.photo_index], batch.sources.shape[1]
    transforms, translations = [], []
    for slot in range(slots):
        T, known = batch.T_source_target[:, slot], batch.pose_known[:, slot]
        translation = torch.zeros_like(T[:, :3, 3])
        if pose_network is not None and not bool(known.all()):
            learned, translation = _learned_pose(pose_network, batch.sources[:, slot], target, model, is_before=slot == 0)
            T = torch.where(known[:, None, None], T, learned)
            translation = torch.where(known[:, None], torch.zeros_like(translation), translation)
        transforms.append(T)
        translations.append(translation)
    T_source_target = torch.stack(transforms, 1)
    warped, inside = warp_sources(batch.sources, metres, T_source_target, batch.intrinsics, batch.present)
    return SourceViews(target, metres, T_source_target, torch.stack(translations, 1), warped, inside)


def _learned_pose(pose_network: nn.Module, source: torch.Tensor, target: torch.Tensor, model: ModelRecipe,
                  is_before: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """(P, 4, 4) source-from-target and its translation (P, 3); the pair goes in in temporal order, as published."""
    pair = torch.cat((source, target) if is_before else (target, source), dim=1)
    axis_angle, translation = pose_network((pair - model.mean) / model.std)
    axis_angle, translation = axis_angle.float(), translation.float()
    return pose_matrix(axis_angle, translation, invert=is_before), translation
