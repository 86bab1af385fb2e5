"""Builds reference sets from drives, selects the references that matter, and projects them into a model's bank."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from depthtrain.bundle import BANK_NAME, open_bundle, write_description
from depthtrain.checkpoint import load_network
from depthtrain.config import Recipe, group_sizes, matching_drives
from depthtrain.data.batches import normalise
from depthtrain.data.drive import open_drive
from depthtrain.data.views import whole_view
from depthtrain.evaluate import nearest_size
from depthtrain.priors.bank import reference_side, write_bank
from depthtrain.priors.cells import Cells
from depthtrain.priors.fusion import FusedNetwork, PriorFusion
from depthtrain.priors.parts import Parts
from depthtrain.priors.references import PriorError, convention_of, open_references, write_subset
from depthtrain.priors.selection import attention_weights, stratified, top
from depthtrain.safetensors import open_tensors
from depthtrain.teacher.inference import TeacherEye


def build_references(eye: TeacherEye, drives: list[str], student: Recipe, path: Path, every: int = 1,
                     minimum_trust: float = 0.0) -> int:
    """Looks at every `every`-th frame of the drives and writes one reference per stride-16 cell; returns their number.

    Disparities are in the student's convention: the unit of depth belongs to a focal length in pixels, and the teacher's pixels
    are smaller. Cells that the teacher trusts less than `minimum_trust` are left out. Drives whose name ends in _val are refused.
    What an interrupted build has made stays in a folder beside `path`; the same call goes on from there, to the same bytes.
    """
    folders = [folder for name in drives for folder in matching_drives(name)]
    held_out = [folder.name for folder in folders if "_val" in folder.name]
    if held_out:
        raise PriorError(f"{', '.join(held_out)}: validation drives must not be in a reference set")
    opened = [open_drive(folder) for folder in folders]
    frames, parts = [range(0, len(drive), every) for drive in opened], Parts(path)
    with tqdm(total=sum(map(len, frames)), unit="frame", disable=None) as bar:
        for number, drive in enumerate(opened):
            parts.add(Cells(eye, drive, number, student, minimum_trust), frames[number], bar.update)
            bar.write(f"{drive.name}: {len(frames[number])} frames, {parts.count} references so far")
    if parts.count == 0:
        raise PriorError(f"{path}: the teacher trusts no cell by {minimum_trust:g} or more; choose a smaller --minimum-trust")
    parts.join({"teacher": eye.name, "teacher_sha256": eye.sha256, "every": str(every), "minimum_trust": f"{minimum_trust:g}",
                "drives": json.dumps([folder.name for folder in folders]), **convention_of(student.model)})
    return open_references(path).count


def select_references(checkpoint: Path, source: Path, path: Path, count: int, is_stratified: bool,
                      drives: list[str] | None = None) -> np.ndarray:
    """Keeps the `count` references that the network of `checkpoint` attends to most; returns their indices.

    It looks at the frames of the training drives that no step has seen (the recipe's calibration share), or at `drives`.
    """
    network, recipe = load_network(checkpoint)
    if not isinstance(network, FusedNetwork):
        raise PriorError(f"{checkpoint}: has no prior fusion; train it with priors.references first")
    references = open_references(source)
    if references.channels != network.reference_features.shape[1]:
        raise PriorError(f"{source}: references have {references.channels} channels, the network was trained with "
                         f"{network.reference_features.shape[1]}: another teacher")
    if count < 1:
        raise PriorError(f"{path}: M = {count}; a bank needs at least one reference")
    weights = attention_weights(network.fusion, held_out_features(network, recipe, drives), references.count, references.chunks)
    disparity = np.array(references.tensors["disparity"])
    index = stratified(weights, disparity, count) if is_stratified else top(weights, count)
    rule = f"{'stratified' if is_stratified else 'top'} {len(index)} of {references.count}"
    with source.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    write_subset(references, index, path, {"selection": rule, "selected_from": digest})
    return index


@torch.no_grad()
def held_out_features(network: FusedNetwork, recipe: Recipe, drives: list[str] | None) -> Iterator[torch.Tensor]:
    """F_s (1, C, h, w) of frames that training has not seen."""
    for image in held_out_images(recipe, drives):
        yield network.network.encode(image)[0]


def held_out_images(recipe: Recipe, drives: list[str] | None = None, most: int | None = None) -> Iterator[torch.Tensor]:
    """Frames that training has not seen, or all of `drives`, (1, 3, H, W), normalised; of each drive `most` evenly spaced ones at
    most."""
    names = drives or [source.drive for group in recipe.groups for source in group.sources]
    for folder in dict.fromkeys(folder for name in names for folder in matching_drives(name)):
        drive = open_drive(folder)
        frames = range(len(drive)) if drives else drive.held_out(recipe.calibration_share)
        size = nearest_size(drive.width, drive.height, group_sizes(recipe))
        view = whole_view((drive.width, drive.height), size)
        for index in frames[::max(1, -(-len(frames) // most)) if most else 1]:
            yield torch.from_numpy(normalise(view.image(drive.image(index)), recipe.model))[None]


def project_references(bundle: Path, source: Path, path: Path | None, half: bool = True) -> None:
    """Makes a bank for the model in `bundle`, which has one already, out of other references of the same teacher.

    Without `path` it takes the place of the bundle's own, and bundle.json gets its hash; `measured` there stays that of the old
    bank, so measure again.
    """
    opened = open_bundle(bundle)
    existing = bundle / BANK_NAME
    if not existing.exists():
        raise PriorError(f"{existing}: missing; the model was exported without prior fusion")
    tensors, references = open_tensors(existing), open_references(source)
    known, found = tensors.metadata["teacher_sha256"], references.metadata["teacher_sha256"]
    if known != found:
        raise PriorError(f"{source}: was made by teacher {found[:16]}..., {existing} knows {known[:16]}...")
    fusion = PriorFusion(tensors.entries["compress.weight"].shape[0], references.channels).eval()
    reference_side(existing, fusion)
    write_bank(path or existing, fusion, references, opened.description["architecture"], bundle / "encoder.onnx", half)
    if path is None:
        write_description(bundle, opened.description)
