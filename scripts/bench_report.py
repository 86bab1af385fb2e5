"""Writes docs/benchmarks/engine.json and engine.md; what was tried is kept in engine-notes.md and joined to the latter."""

import json
import pathlib

from bench_engines import PEERS

ENGINES = ["depthd", *PEERS]


def table(header: list[str], rows: list[list]) -> list[str]:
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    return lines + [f"| {' | '.join(map(str, row))} |" for row in rows] + [""]


def each(summary: dict):
    for name, runs in summary["networks"].items():
        for threads, result in runs.items():
            yield name, threads, result


def times(summary: dict, bars: dict, bar: float) -> list[str]:
    rows = []
    for name, threads, result in each(summary):
        cells = [result["ms"].get(engine, "does not run") for engine in ENGINES]
        rows.append([name, threads, *cells, result["ratio_to_fastest_peer"], ratio_of_fastest(result), bars.get(name, bar)])
    return ["## Time per inference, milliseconds", "",
            "On a busy machine an engine with short runs is interrupted less often, which flatters it in the median; the last "
            "ratio is between the fastest runs of all rounds, ours and the best of any peer.", "",
            *table(["network", "threads", *ENGINES, "ratio to the fastest", "of fastest runs", "bar"], rows)]


def ratio_of_fastest(result: dict) -> float:
    times = result["fastest_ms"]
    return round(times["depthd"] / min(value for name, value in times.items() if name != "depthd"), 3)


def loading(summary: dict) -> list[str]:
    rows = []
    for name, threads, result in each(summary):
        rows.append([name, threads, *(result["first_result_ms"].get(engine, "-") for engine in ENGINES)])
    return ["## From opening the file to the first result, milliseconds", "",
            "The lowest of three starts. Libraries are loaded before the clock starts; PyTorch opens TorchScript, ncnn its own converted files.", "",
            *table(["network", "threads", *ENGINES], rows)]


def memory(summary: dict) -> list[str]:
    rows = []
    for name, threads, result in each(summary):
        cells = [result["peak_rss_mb"].get(engine, "-") for engine in ENGINES]
        rows.append([name, threads, *cells, result["memory_to_leanest_peer"], 0.5, summary["depthctl_peak_rss_mb"][name]])
    return ["## Peak resident memory of the process, MB", "",
            "Ours is a process with the engine alone, as the peers' are but for Python: about 30 MB of each of theirs are the "
            "interpreter and NumPy. `depthctl bench` (last column, one thread) brings everything else of depthd along.", "",
            *table(["network", "threads", *ENGINES, "ratio to the leanest", "bar", "depthctl"], rows)]


def roofline(summary: dict) -> list[str]:
    rows = []
    for name, kinds in summary["layer_classes"].items():
        total = sum(kind["ms"] for kind in kinds)
        for kind in kinds:
            if kind["ms"] < 0.02 * total:
                continue
            share = f"{100 * kind['ms'] / total:.0f} %"
            rate = round(kind["gflops"], 1) if kind["gflops"] else "-"
            of_peak = f"{kind['gflops'] / summary['sgemm_gflops']:.2f}" if kind["gflops"] else "-"
            rows.append([name, kind["kind"], kind["steps"], round(kind["ms"], 2), share, rate, of_peak,
                         round(kind["gigabytes_per_second"], 1)])
    return ["## Layer classes on one thread", "",
            f"GFLOP/s count the direct form's multiply-adds twice, for every kernel; the roof is sgemm at "
            f"{summary['sgemm_gflops']} GFLOP/s (NumPy's BLAS, one thread, same run). Winograd needs a quarter of the "
            "multiplications and may stand above it. Classes under 2 % of a network's time are left out.", "",
            *table(["network", "kind of step", "steps", "ms", "share", "GFLOP/s", "of sgemm", "GB/s of activations"], rows)]


def write_reports(summary: dict, bars: dict, bar: float, folder: pathlib.Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "engine.json").write_text(json.dumps(summary, indent=2) + "\n")
    lines = ["# Engine against its peers", "",
             "Written by `make bench-peers`: the same ONNX file and thread count, fp32, batch one, engines alternating; the "
             "median over rounds of the fastest run of a round. Only the ratios (ours / theirs) carry over to another "
             f"machine. Load average of the machine at the start: {summary['load_average_at_start']:.1f}, {summary['date']}.",
             "", *times(summary, bars, bar), *loading(summary), *memory(summary), *roofline(summary)]
    notes = folder / "engine-notes.md"
    lines.append(notes.read_text().strip() if notes.exists() else "")
    (folder / "engine.md").write_text("\n".join(lines).rstrip() + "\n")
