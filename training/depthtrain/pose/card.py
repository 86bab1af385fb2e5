"""The pose network's section of a model card, written from what was measured."""

from __future__ import annotations

HEADING = "## Motion between two frames"
ROW = ("| `{drive}` | {pairs} | {width}x{height} | {ratio_median:.3f} | {log_ratio_sigma:.3f} | {log_ratio_std:.3f} | "
       "{direction_deg:.1f} | {rotation_deg:.2f} of {turned_deg:.2f} | {against} |")


def pose_section(pose: dict) -> str:
    """Markdown of the section."""
    provenance, (low, high) = pose["provenance"], pose["distance_m"]
    return "\n".join([
        HEADING, "",
        f"`pose.onnx`, trained for {provenance['steps']} steps with `{provenance['recipe']}` beside the depth network; exported "
        f"{provenance['date']} from commit `{provenance['git_commit'][:12]}`.",
        f"90 % of its pairs had cameras {low:.2f} to {high:.2f} m apart; 95 % turned less than {pose['rotation_deg']:.1f} degrees "
        "(canonical camera).", "",
        "Up to three pairs for each of at most 60 frames of a drive, of the shortest, middle and longest distance that the recipe",
        "allows and the drive has. Ratio: predicted over true distance, its median; sigma: half the distance between the 16th and",
        "84th percentile of its logarithm; std: of the logarithm, outliers included. Direction and rotation: median error,",
        "degrees. Against depth: the pose network's logarithm",
        "of scale less the depth network's own on the same frames (median, standard deviation): what the scale filter gets wrong.", "",
        "| drive | pairs | depth network size | ratio | sigma | std | direction | rotation | against depth |",
        "|---|---|---|---|---|---|---|---|---|", *(_row(name, result) for name, result in pose["measured"].items()), "",
        f"`log_norm_sigma` {pose['log_norm_sigma']:.3f} (root mean square of the std) and `log_norm_bias_sigma` "
        f"{pose['log_norm_bias_sigma']:.3f} (of the logarithms of the medians)",
        "come from these drives. Averaging over pairs removes the first, never the second: in a new place the scale that follows",
        "from this network alone is uncertain by at least the second.", ""])


def _row(name: str, result: dict) -> str:
    against = result["against_depth"]
    text = f"{against['log_median']:+.3f}, {against['log_std']:.3f}" if against else "no truth"
    return ROW.format(drive=name, width=result["size"][0], height=result["size"][1], against=text,
                      **{key: value for key, value in result.items() if key not in ("size", "against_depth")})
