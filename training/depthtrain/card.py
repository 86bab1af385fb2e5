"""The model card, written from what was measured so that it cannot disagree with bundle.json."""

from __future__ import annotations

from pathlib import Path

from depthtrain.calibration import Calibration
from depthtrain.config import Recipe, matching_drives, source_drives
from depthtrain.data.drive import open_drive

ROW = "| {drive} | {frames} | {width}x{height} | {kind} | {abs_rel:.3f} | {sq_rel:.3f} | {rmse:.3f} | {rmse_log:.3f} | {d1:.3f} | {d2:.3f} | {d3:.3f} |"


LITE_FAILURES = (
    "- Trained on few real places: 92 KITTI stills with depth, two residential drives, four indoor scenes; near vehicles and",
    "  people come mostly from a simulator. In other places expect larger errors, above all in scale.",
    "- Close traffic remains weak: vehicles and people within 5 m are seen too far away (docs/benchmarks/accuracy.md has the",
    "  error by distance). Do not use the depth alone to keep clear of obstacles.",
    "- It underfits: pictures that it was trained on score little better than new ones of the same kind. A longer run should help.",
    "- `robot_lab_*` depth is only roughly registered to colour, which bounds both training and score there.")
COMMON_FAILURES = (
    "- Fine structure (railings, wires, chair legs) is lost at the network's resolution.",
    "- Sky has truth in the simulator only (far); in real frames its depth is a guess. Glass, mirrors and water are wrong.",
    "- Without intrinsics the focal factor is 1 and the depth is not metric.")


def model_card(recipe: Recipe, description: dict, calibration: Calibration, parameters: int) -> str:
    """Markdown text of MODEL_CARD.md."""
    provenance = description["provenance"]
    return "\n".join([
        f"# Model card: {description['name']}", "",
        f"Architecture `{description['architecture']}` ({parameters / 1e6:.2f} M parameters), trained for "
        f"{provenance['steps']} steps with `{provenance['recipe']}`; exported {provenance['date']} from commit "
        f"`{provenance['git_commit'][:12]}`.", "",
        "## Licence", "", *_licence_lines(recipe), "",
        "## What it predicts", "",
        "Sigmoid disparity s; scaled inverse depth = 1/max + (1/min - 1/max) s with min "
        f"{recipe.model.min_depth_m} m and max {recipe.model.max_depth_m} m; metres = depth * fx_px / "
        f"{recipe.model.canonical_fx_px} with fx_px the focal length of the network's input grid. `log_sigma` becomes the standard",
        "deviation of ln(depth), the frame's own scale removed, as exp(a log_sigma + b).", "",
        "## Training data", "", "| drive | supervision | licence |", "|---|---|---|", *_data_rows(recipe), "",
        f"The last {recipe.calibration_share:.0%} of each drive with depth is not trained on; it calibrates confidence and",
        "scale. Drives named `*_val` are never trained on.", "",
        "## Measured accuracy", "",
        "Mean over images; truth 1e-3 < depth < 80 m, no crop; disparity resized bilinearly to truth size, then inverted;",
        "prediction clamped to [1e-3, 80] m after scaling. \"median\" multiplies each image by median(truth) / median(prediction),",
        "\"unscaled\" is the network's own metric depth.", "",
        "| drive | images | network size | scaling | AbsRel | SqRel | RMSE m | RMSElog | d1 | d2 | d3 |",
        "|---|---|---|---|---|---|---|---|---|---|---|", *_score_rows(description["measured"]), "",
        "Reproduce a row with", "",
        f"    depthctl eval --bundle models/{recipe.name} --drive ../shared/data/kitti2015_val --json",
        f"    python -m depthtrain.evaluate --bundle models/{recipe.name} --drive kitti2015_val --json", "",
        "`sim_*_val` are simulator drives with seeds that no training drive has (`python -m depthtrain.data.simulated`).", "",
        "These validation sets are small (21 KITTI images from a few drives), so differences below about 0.01 AbsRel mean little.", "",
        "## Confidence and scale", "", *_calibration_lines(calibration), "",
        "## Known failures", "", *(LITE_FAILURES if recipe.name == "lite" else ()), *COMMON_FAILURES, ""])


def with_section(card: str, section: str) -> str:
    """The card with a section replaced by heading, or added before the known failures."""
    heading, parts = section.split("\n", 1)[0].removeprefix("## "), card.split("\n## ")
    kept = [part for part in parts if part.split("\n", 1)[0] != heading]
    place = next((index for index, part in enumerate(kept) if part.startswith("Known failures")), len(kept))
    kept.insert(place, section.removeprefix("## "))
    return "\n## ".join(kept)


def imported_card(description: dict, licence: str) -> str:
    """Markdown text of MODEL_CARD.md of a bundle made from published weights."""
    return "\n".join([
        f"# Model card: {description['name']}", "",
        f"Published weights of `{description['architecture']}`, imported {description['provenance']['date']}; not trained or "
        "measured here.", "", "## Licence", "", f"That of the weights' authors: {licence}.", "",
        "## What it predicts", "", "Sigmoid disparity without an estimate of its error, in a unit of its own: depth is metric only",
        "after the scale has been observed.", "", "## Known failures", "", *COMMON_FAILURES, ""])


def _calibration_lines(calibration: Calibration) -> list[str]:
    if calibration.frames == 0:
        return ["No training drive has frames with depth to hold the network against: its confidence is not calibrated, and",
                "nothing was measured of its scale (`initial_scale_log_sigma` is 1)."]
    return [f"On {calibration.frames} held-out frames of the training drives {calibration.coverage_1_sigma:.0%} of the pixels lie",
            f"within one calibrated sigma and {calibration.coverage_2_sigma:.0%} within two. Those frames neighbour trained ones, so",
            "expect lower coverage in new places. `initial_scale` is 1 because the network is trained in metres;",
            "`initial_scale_log_sigma` is the root mean square of ln(truth / prediction) per frame there, but never below 0.15."]


def _licence_lines(recipe: Recipe) -> list[str]:
    licences = sorted({open_drive(folder).licence for folder in source_drives(recipe)})
    limit = ["The weights are for **non-commercial use only**: the strictest licence of the training data holds for them."]
    return [*(limit if any("non-commercial" in licence.lower() or "-NC" in licence for licence in licences) else []),
            f"Licences of the training data: {'; '.join(licences)}. The code that made the weights is Apache-2.0."]


def _data_rows(recipe: Recipe) -> list[str]:
    kinds: dict[str, set[str]] = {}
    for group in recipe.groups:
        for source in group.sources:
            parts = {"depth": {"depth"}, "photometric": {"photometric"}, "both": {"depth", "photometric"}}[source.supervision]
            helpers = {f"{name} {what}" for name, what in ((source.hints, "hints"), (source.pseudo, "labels")) if name}
            kinds.setdefault(source.drive, set()).update(parts | helpers)
    rows = []
    for name, parts in sorted(kinds.items()):
        folders = matching_drives(name)
        count = f" ({len(folders)} drives)" if len(folders) > 1 else ""
        rows.append(f"| `{Path(name).name}`{count} | {', '.join(sorted(parts))} | {open_drive(folders[0]).licence} |")
    return rows


def _score_rows(measured: dict) -> list[str]:
    return [ROW.format(drive=f"`{name}`", frames=result["frames"], width=result["size"][0], height=result["size"][1],
                       kind=kind, **result[part])
            for name, result in measured.items() for kind, part in (("median", "median_scaled"), ("unscaled", "unscaled"))]
