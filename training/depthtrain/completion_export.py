"""Adds a trained completion network to the depth bundle whose network it was trained beside.

    python -m depthtrain.completion_export --checkpoint training/runs/lite-san/checkpoint.pt --bundle models/lite

The bundle's other files stay as they are, byte for byte, but for the completion section of its card, so that prediction is what
it was. For runs with `completion.frozen_network`; joint runs are exported whole (depthtrain.export).
"""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

from depthtrain import bundle_addition, checkpoint
from depthtrain.bundle import BundleError, open_bundle, write_description
from depthtrain.card import with_section
from depthtrain.checkpoint import CheckpointError, load_completion, load_network
from depthtrain.completion_file import FILE_NAME
from depthtrain.config import drive_path, source_drives
from depthtrain.data.drive import open_drive
from depthtrain.data.sparse_request import SparseRequest
from depthtrain.evaluate import evaluate_drive, nearest_size, network_predictor
from depthtrain.export import export_completion
from depthtrain.run_folder import git_commit
from depthtrain.verification import verify

HEADING = "## Completion from range points"
COUNTS = (0, 50, 500, 2000)


def export_to_bundle(path: Path, folder: Path) -> None:
    """Writes san.safetensors and the card's section. Raises BundleError when the bundle holds another depth network than the
    checkpoint, CheckpointError or DriveError; the bundle is touched only after everything was measured."""
    (network, recipe), bundle = load_network(path), open_bundle(folder)
    if not recipe.completion.frozen_network:
        raise CheckpointError(f"{path}: its depth network learned too, so the bundle's is another one; use depthtrain.export")
    san = load_completion(path, recipe)
    try:
        verify(network, folder, bundle.description["input_sizes"])
    except BundleError as error:
        raise BundleError(f"{folder}: holds another depth network than {path} was trained beside ({error})") from error
    steps, predict = int(checkpoint.read(path)["step"]), network_predictor(network, san)
    rows = []
    for drive in (open_drive(drive_path(name)) for name in recipe.validation):
        size = nearest_size(drive.width, drive.height, bundle.sizes)
        errors = [evaluate_drive(predict, drive, recipe.model, size, sparse=SparseRequest(count) if count else None)
                  ["unscaled"]["abs_rel"] for count in COUNTS]
        rows.append(f"| `{drive.path.name}` | " + " | ".join(f"{error:.3f}" for error in errors) + " |")
        print(rows[-1], flush=True)
    origin = {"recipe": f"training/recipes/{recipe.name}.toml", "steps": str(steps), "git_commit": git_commit(),
              "date": datetime.date.today().isoformat(), "drives": ",".join(sorted(f.name for f in source_drives(recipe)))}
    partial = path.parent / FILE_NAME
    export_completion(san, partial, origin)
    partial.replace(folder / FILE_NAME)
    card = folder / "MODEL_CARD.md"
    card.write_text(with_section(card.read_text(), section(origin, rows)))
    write_description(folder, bundle.description)
    open_bundle(folder)
    print(f"{folder}: completion network of step {steps}")


def section(origin: dict[str, str], rows: list[str]) -> str:
    """Markdown of the card's section."""
    return "\n".join([
        HEADING, "",
        f"`{FILE_NAME}`, trained for {origin['steps']} steps with `{origin['recipe']}` beside the finished depth network, which is",
        f"unchanged; exported {origin['date']} from commit `{origin['git_commit'][:12]}`. AbsRel, unscaled, by number of random points",
        "given, on the pixels not given; points from `sparse/`, or from the truth where a drive has none:", "",
        "| drive | " + " | ".join(str(count) for count in COUNTS) + " |", "|---" * (len(COUNTS) + 1) + "|", *rows, "",
        "docs/benchmarks/completion.md has more, against completion without learning. `log_sigma` does not know of the points.", ""])


if __name__ == "__main__":
    sys.exit(bundle_addition.run("completion_export", __doc__, export_to_bundle))
