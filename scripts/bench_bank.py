"""What prior fusion costs: `make bench-bank`. Prints the tables of docs/benchmarks/prior-bank.md, section "Cost".

usage: PYTHONPATH=training .venv-training/bin/python scripts/bench_bank.py [--runs N]

Bundles of random weights and banks of random references go to .cache/bench-bank: time depends on neither, so long as softmaxes
are neither flat nor one-hot. Every case is run in turn, several rounds over; of each the fastest run counts, and the lowest of the
medians over one run's frames of fusion's time over the rest's.
"""

import argparse
import ctypes
import ctypes.util
import hashlib
import json
import pathlib
import subprocess
import time

import numpy as np
import torch

from depthtrain import vectors
from depthtrain.bundle import write_description
from depthtrain.export import export_graphs
from depthtrain.priors.bank import write_bank
from depthtrain.priors.fusion import PriorFusion
from depthtrain.priors.references import ReferenceWriter, open_references

FOLDER = pathlib.Path(".cache/bench-bank")
CASES = {"diffnet": ((640, 192), 256), "rpr-lite": ((416, 128), 64)}
COUNTS = (1000, 4096, 16000, 25000)


def write_case(architecture: str, size: tuple[int, int], channels: int) -> pathlib.Path:
    """A bundle with random weights, and its banks beside it."""
    bundle = FOLDER / architecture
    bundle.mkdir(parents=True, exist_ok=True)
    fixture = next(item for item in vectors.FIXTURES if item.name == architecture)
    export_graphs(vectors.randomise(fixture.build(), 7, vectors.SMALL), bundle)
    (bundle / "MODEL_CARD.md").write_text("Random weights, for measuring time.\n")
    write_description(bundle, {
        "format_version": 1, "name": f"{architecture}-random", "architecture": architecture, "input_sizes": [list(size)],
        "normalisation": {"mean": [0.45] * 3, "std": [0.225] * 3},
        "disparity_to_depth": {"min_depth_m": 0.1, "max_depth_m": 100.0}, "canonical_fx_px": 241.7, "initial_scale": 1.0,
        "initial_scale_log_sigma": 1.0, "confidence": {"kind": "log_sigma", "a": 1.0, "b": 0.0},
        "provenance": {"recipe": "random weights", "git_commit": "none", "drives": [], "steps": 0, "date": "none"}, "measured": {}})
    for count in COUNTS:
        write_random_bank(FOLDER / f"{architecture}-{count}.safetensors", architecture, channels, count, bundle / "encoder.onnx")
    return bundle


@torch.no_grad()
def write_random_bank(path: pathlib.Path, architecture: str, channels: int, count: int, encoder: pathlib.Path) -> None:
    generator = torch.Generator().manual_seed(count)
    torch.manual_seed(7)
    fusion = PriorFusion(channels, channels).eval()
    torch.nn.init.normal_(fusion.compress.weight, std=0.01)
    features = torch.relu(torch.randn(count, channels, generator=generator))
    references = path.with_suffix(".references")
    with ReferenceWriter(references) as writer:
        disparity = torch.exp(torch.rand(count, generator=generator) * 4 - 6).numpy()
        writer.add(features.numpy(), disparity, np.ones(count), 0, 0, np.arange(count))
        writer.finish({"teacher": "random", "teacher_sha256": "0" * 64, "drives": '["random"]', "min_depth_m": "0.1",
                       "max_depth_m": "100", "canonical_fx_px": "241.7"})
    write_bank(path, fusion, open_references(references), architecture, encoder)
    references.unlink()


def prepared() -> dict[str, pathlib.Path]:
    """The bundles, written anew only when what writes them changed."""
    stamp, wanted = FOLDER / "SOURCES", hashlib.sha256(pathlib.Path(__file__).read_bytes().split(b"\ndef prepared")[0]).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        for architecture, (size, channels) in CASES.items():
            write_case(architecture, size, channels)
        stamp.write_text(wanted)
    return {architecture: FOLDER / architecture for architecture in CASES}


def bench(bundle: pathlib.Path, threads: int, runs: int, *more: str) -> dict:
    done = subprocess.run(["bin/depthctl", "bench", "--model", str(bundle), "--threads", str(threads), "--runs", str(runs), "--json",
                           *more], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def sgemm_rate(queries: int) -> float:
    """GFLOP/s of OpenBLAS on one thread, on the products of one softmax: logits of a block of references, and sums of their values."""
    blas = ctypes.CDLL(ctypes.util.find_library("openblas") or "libopenblas.so.0")
    blas.openblas_set_num_threads(1)
    pointer, block = ctypes.POINTER(ctypes.c_float), 4096
    query, key, logits, sums = (np.ones(shape, np.float32) for shape in ((queries, 64), (block, 64), (queries, block), (queries, 64)))
    at = lambda array: array.ctypes.data_as(pointer)
    one, zero, best = ctypes.c_float(1), ctypes.c_float(0), 0.0
    for _ in range(30):
        begin = time.perf_counter()
        blas.cblas_sgemm(101, 111, 112, queries, block, 64, one, at(query), 64, at(key), 64, zero, at(logits), block)
        blas.cblas_sgemm(101, 111, 111, queries, 64, block, one, at(logits), block, at(key), 64, zero, at(sums), 64)
        best = max(best, 4e-9 * queries * block * 64 / (time.perf_counter() - begin))
    return best


def measure(bundle: pathlib.Path, architecture: str, threads: int, runs: int, rounds: int) -> dict[tuple[int, str], dict]:
    """(M, search) -> the fastest of all rounds; (0, "") is the network without a bank."""
    cases = {(0, ""): ["--no-priors"]}
    for count in COUNTS:
        bank = str(FOLDER / f"{architecture}-{count}.safetensors")
        for search in ("exact", "two_level"):
            cases[count, search] = ["--bank", bank, "--search", search]
    best: dict[tuple[int, str], dict] = {}
    for _ in range(rounds):
        for case, options in cases.items():
            found = bench(bundle, threads, runs, *options)
            known = best.setdefault(case, found)
            for key in ("min_ms", "priors_min_ms", "priors_ratio", "load_ms"):
                if key in found:
                    known[key] = min(known[key], found[key])
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    arguments = parser.parse_args()
    for architecture, bundle in prepared().items():
        (width, height), _ = CASES[architecture]
        queries = width // 16 * (height // 16)
        for threads in arguments.threads:
            best, peak = measure(bundle, architecture, threads, arguments.runs, arguments.rounds), sgemm_rate(queries)
            plain = best[0, ""]
            print(f"\n**{architecture} {width}x{height}, {threads} thread(s)**: {plain['min_ms']:.2f} ms without a "
                  f"bank; sgemm on one thread reaches {peak:.0f} GFLOP/s on these products\n")
            print("| M | search | fusion ms | of the network's | same run, median | GFLOP/s | load ms |")
            print("|---|---|---|---|---|---|---|")
            for (count, search), found in best.items():
                if count:
                    rate = 8e-6 * queries * count * 64 / found["priors_min_ms"]
                    shown = f"{rate:.0f}" if search == "exact" else ""
                    print(f"| {count} | {search} | {found['priors_min_ms']:.2f} | {100 * found['priors_min_ms'] / plain['min_ms']:.1f} % | "
                          f"{100 * found['priors_ratio']:.1f} % | {shown} | {found['load_ms']:.0f} |", flush=True)


if __name__ == "__main__":
    main()
