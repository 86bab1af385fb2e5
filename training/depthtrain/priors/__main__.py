"""Prior banks: build, select, project, look at, check.

    python -m depthtrain.priors build --teacher training/runs/teacher/checkpoint.pt --student training/recipes/lite_priors.toml \\
        --drive kitti_odom00 --drive kitti2015_train --out training/runs/references.safetensors
    python -m depthtrain.priors select --checkpoint training/runs/lite_priors/checkpoint.pt \\
        --references training/runs/references.safetensors --count 4096 --stratified --out training/runs/selected.safetensors
    python -m depthtrain.priors project --bundle models/lite --references selected.safetensors
    python -m depthtrain.priors info FILE
    python -m depthtrain.priors verify FILE --bundle models/lite
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

from depthtrain.bundle import BundleError, sha256
from depthtrain.checkpoint import CheckpointError
from depthtrain.config import load_recipe
from depthtrain.data.drive import DriveError
from depthtrain.geometry import disparity_to_depth
from depthtrain.priors.bank import FORMAT, open_bank
from depthtrain.priors.build import build_references, project_references, select_references
from depthtrain.priors.references import PriorError, open_references
from depthtrain.safetensors import TensorFileError, open_tensors
from depthtrain.strict_toml import RecipeError
from depthtrain.teacher.inference import TeacherEye


def info(path: Path) -> list[str]:
    """What a reference set or bank holds, in lines: metadata, size, and the depths of its references."""
    tensors = open_tensors(path)
    kind = "bank" if tensors.metadata.get("format") == FORMAT else "reference set"
    disparity = (open_bank(path).projected if kind == "bank" else open_references(path).load()).disparity.numpy()
    lines = [f"{path}: {kind} of {len(disparity)} references, {path.stat().st_size / 1e6:.1f} MB"]
    lines += [f"  {name} = {value}" for name, value in tensors.metadata.items()]
    lines += [f"  tensor {name} {entry.dtype} {entry.shape}" for name, entry in tensors.entries.items()]
    limits = (float(tensors.metadata.get(key, usual)) for key, usual in (("min_depth_m", 0.1), ("max_depth_m", 100.0)))
    depth = disparity_to_depth(disparity, *limits)
    deciles = np.quantile(depth, np.linspace(0, 1, 11))
    return [*lines, "  depth by decile, network units: " + " ".join(f"{value:.2f}" for value in deciles)]


def verify(path: Path, bundle: Path | None) -> str:
    """Checks a file completely, and that a bank belongs to a bundle's encoder."""
    if open_tensors(path).metadata.get("format") != FORMAT:
        return f"{path}: a sound reference set of {open_references(path).count}"
    bank = open_bank(path, sha256(bundle / "encoder.onnx") if bundle else None)
    belongs = f" for {bundle}" if bundle else "; encoder not checked, give --bundle"
    return f"{path}: a sound bank of {bank.count} references{belongs}"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    root = argparse.ArgumentParser(prog="depthtrain.priors", description=__doc__.splitlines()[0])
    root.add_argument("--threads", type=int, default=2)
    verbs = root.add_subparsers(dest="verb", required=True)
    build = verbs.add_parser("build", help="reference set from drives, by a teacher")
    build.add_argument("--teacher", type=Path, required=True, help="checkpoint of a teacher")
    build.add_argument("--student", type=Path, required=True, help="recipe whose sizes and units the disparities are for")
    build.add_argument("--drive", action="append", required=True, help="as recipes name drives; patterns too (repeatable)")
    build.add_argument("--every", type=int, default=1, help="look at every N-th frame")
    build.add_argument("--minimum-trust", type=float, default=0.0, help="leave out cells the teacher trusts less, 0 to 1")
    select = verbs.add_parser("select", help="keep the references that a trained network attends to")
    select.add_argument("--checkpoint", type=Path, required=True, help="run with prior fusion")
    select.add_argument("--references", type=Path, required=True)
    select.add_argument("--count", type=int, required=True, help="M, references to keep")
    select.add_argument("--stratified", action="store_true", help="the same number from each tenth of the disparities")
    select.add_argument("--drive", action="append", help="frames to look at instead of the recipe's held-out ones")
    project = verbs.add_parser("project", help="bank for an exported model from other references of its teacher")
    project.add_argument("--bundle", type=Path, required=True)
    project.add_argument("--references", type=Path, required=True)
    project.add_argument("--float32", action="store_true", help="store keys and values as float32 instead of float16")
    project.add_argument("--out", type=Path, help="default: replace the bundle's own bank")
    for verb in (build, select):
        verb.add_argument("--out", type=Path, required=True)
    verbs.add_parser("info", help="what a file holds").add_argument("file", type=Path)
    check = verbs.add_parser("verify", help="check a file completely")
    check.add_argument("file", type=Path)
    check.add_argument("--bundle", type=Path, help="the model that a bank must belong to")
    return root


def run(arguments: argparse.Namespace) -> None:
    """One verb."""
    if arguments.verb == "build":
        count = build_references(TeacherEye(arguments.teacher), arguments.drive, load_recipe(arguments.student), arguments.out,
                                 arguments.every, arguments.minimum_trust)
        print(f"{arguments.out}: {count} references")
    elif arguments.verb == "select":
        index = select_references(arguments.checkpoint, arguments.references, arguments.out, arguments.count,
                                  arguments.stratified, arguments.drive)
        print(f"{arguments.out}: {len(index)} references")
    elif arguments.verb == "project":
        project_references(arguments.bundle, arguments.references, arguments.out, not arguments.float32)
        print(f"{arguments.out or arguments.bundle}: bank for the encoder of {arguments.bundle}" +
              ("" if arguments.out else "; the accuracy in bundle.json is that of the bank before: run depthtrain.evaluate"))
    elif arguments.verb == "info":
        print("\n".join(info(arguments.file)))
    else:
        print(verify(arguments.file, arguments.bundle))


def main() -> int:
    arguments = parser().parse_args()
    torch.set_num_threads(arguments.threads)
    try:
        run(arguments)
    except (PriorError, TensorFileError, BundleError, CheckpointError, DriveError, RecipeError) as error:
        print(f"priors {arguments.verb}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"priors {arguments.verb}: interrupted" +
              ("; what was built is kept, the same command goes on from there" if arguments.verb == "build" else ""), file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
