"""Times our engine beside ONNX Runtime, OpenVINO, ncnn and PyTorch on the same networks.

usage: bench_peers.py [--threads 1,2] [--rounds N] [--networks a,b] [--dry-run]

Every round runs each engine in turn for a few inferences, so that a busy moment of the machine hits all of them; an
engine's time is the median over rounds of the fastest inference of a round. Each engine runs in a process of its own
with the same number of threads; waiting engines sleep. It is started several times: the lowest time to the first result
and the lowest peak memory count.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import time

from bench_engines import PEERS, Engine

FOLDER = ".cache/bench-networks"
NETWORKS = ["diffnet-640x192", "diffnet-320x96", "rpr-lite-416x128", "monodepth2-r18-640x192", "lite-mono-640x192"]
BARS = {"diffnet-640x192": 0.5}
BAR = 0.7
RUNS_PER_ROUND = 7
STARTS = 3
DEPTHCTL = ".build/release/depthctl"


def compare(network: str, threads: int, rounds: int) -> dict:
    model = f"{FOLDER}/{network}/model.onnx"
    engines = [Engine("depthd", model, threads)]
    missing = {}
    for peer in PEERS:
        try:
            engines.append(Engine(peer, model, threads))
        except Exception as error:  # a peer that cannot run a graph is a result, not a failure of the comparison
            missing[peer] = str(error)
    for _ in range(STARTS - 1):
        for engine in engines:
            engine.restart()
    for _ in range(rounds):
        for engine in engines:
            engine.measure(RUNS_PER_ROUND)
    for engine in engines:
        engine.close()
    times = {engine.name: round(statistics.median(engine.times), 2) for engine in engines}
    peers = {name: value for name, value in times.items() if name != "depthd"}
    fastest = min(peers, key=peers.get)
    memory = {engine.name: round(min(engine.peaks), 1) for engine in engines}
    return {"threads": threads, "rounds": rounds, "ms": times, "missing": missing, "fastest_peer": fastest,
            "ratio_to_fastest_peer": round(times["depthd"] / peers[fastest], 3),
            "ratios": {name: round(times["depthd"] / value, 3) for name, value in peers.items()},
            "fastest_ms": {engine.name: round(min(engine.times), 2) for engine in engines},
            "peak_rss_mb": memory, "first_result_ms": {engine.name: round(min(engine.firsts), 1) for engine in engines},
            "memory_to_leanest_peer": round(
                memory["depthd"] / min(value for name, value in memory.items() if name != "depthd"), 3)}


def product_peak() -> float:
    """GFLOP/s of one thread in a 1024 x 1024 sgemm of NumPy's BLAS: the roof of the table of layer classes."""
    script = ("import numpy as n,time\na=n.random.rand(1024,1024).astype('f');b=a.copy();m=9\nfor _ in range(40):\n"
              " t=time.perf_counter();a@b;m=min(m,time.perf_counter()-t)\nprint(2*1024**3/m/1e9)")
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    import sys

    return float(subprocess.run([sys.executable, "-c", script], env=environment, check=True, capture_output=True,
                                text=True).stdout)


def depthctl_bench(network: str) -> dict:
    """What `depthctl bench` says with one thread: the time of each kind of step, and the whole program's memory."""
    text = subprocess.run(
        [DEPTHCTL, "bench", "--model", f"{FOLDER}/{network}/model.onnx", "--size", network.rsplit("-", 1)[1], "--threads",
         "1", "--runs", "30", "--profile", "--json"], check=True, capture_output=True, text=True).stdout
    return json.loads(text.strip().splitlines()[-1])


def summarize(results: list[tuple[str, dict]], load: float) -> dict:
    by_network: dict[str, dict] = {}
    for name, result in results:
        by_network.setdefault(name, {})[str(result["threads"])] = result
    most = {name: max(runs, key=int) for name, runs in by_network.items()}
    return {"ratio_to_fastest_peer": {name: by_network[name][most[name]]["ratio_to_fastest_peer"] for name in by_network},
            "ratio_to_fastest_peer_one_thread": {
                name: runs["1"]["ratio_to_fastest_peer"] for name, runs in by_network.items() if "1" in runs},
            "networks": by_network, "load_average_at_start": load, "date": time.strftime("%Y-%m-%d")}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--networks", default=",".join(NETWORKS))
    parser.add_argument("--dry-run", action="store_true")
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    results = []
    for network in arguments.networks.split(","):
        for threads in map(int, arguments.threads.split(",")):
            results.append((network, compare(network, threads, arguments.rounds)))
            print(network, json.dumps(results[-1][1]), flush=True)
    if arguments.dry_run:
        return
    from bench_report import write_reports

    summary = summarize(results, load)
    summary["sgemm_gflops"] = round(product_peak(), 1)
    own = {name: depthctl_bench(name) for name in summary["networks"]}
    summary["layer_classes"] = {name: result["profile"] for name, result in own.items()}
    summary["depthctl_peak_rss_mb"] = {name: round(result["peak_rss_mb"], 1) for name, result in own.items()}
    write_reports(summary, BARS, BAR, pathlib.Path("docs/benchmarks"))


if __name__ == "__main__":
    main()
