"""Times our engine beside ONNX Runtime, OpenVINO and ncnn on the same ONNX files.

usage: bench_peers.py [--threads N] [--rounds N] [--networks a,b] [--dry-run]

Every round runs each engine in turn for a few inferences, so that a busy moment of the machine hits all of them; an
engine's time is the median over rounds of the fastest inference of a round. Each engine runs in a process of its own,
started once and told when to run, with the same number of threads; waiting engines sleep.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

NETWORKS = ["diffnet-640x192", "monodepth2-r18-416x128", "rpr-lite-416x128"]
PEERS = ["onnxruntime", "openvino", "ncnn"]


def worker(engine: str, model: str, threads: int) -> None:
    """Reads counts from stdin, answers the fastest and the median time in milliseconds."""
    import numpy as np

    height, width = size_of(model)
    image = np.random.default_rng(7).random((1, 3, height, width), dtype=np.float32)
    run = {"onnxruntime": onnxruntime_runner, "openvino": openvino_runner, "ncnn": ncnn_runner}[engine](
        model, image, threads)
    for _ in range(3):
        run()
    print("ready", flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start = time.perf_counter()
            run()
            times.append((time.perf_counter() - start) * 1e3)
        print(json.dumps({"min_ms": min(times), "median_ms": statistics.median(times)}), flush=True)


def size_of(model: str) -> tuple[int, int]:
    width, height = pathlib.Path(model).parent.name.rsplit("-", 1)[1].split("x")
    return int(height), int(width)


def onnxruntime_runner(model, image, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: image}
    return lambda: session.run(None, feed)


def openvino_runner(model, image, threads):
    import openvino

    core = openvino.Core()
    graph = core.read_model(model)
    graph.reshape(list(image.shape))
    compiled = core.compile_model(graph, "CPU", {
        "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"})
    request = compiled.create_infer_request()
    return lambda: request.infer([image])


def ncnn_runner(model, image, threads):
    import ncnn

    folder = pathlib.Path(".cache/ncnn") / pathlib.Path(model).parent.name
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / "model.onnx"
    if not (folder / "model.ncnn.param").exists():
        copy.write_bytes(pathlib.Path(model).read_bytes())
        shape = f"[{','.join(map(str, image.shape))}]"
        import pnnx

        subprocess.run([pnnx.EXEC_PATH, str(copy), f"inputshape={shape}", "fp16=0"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder.parent.parent.parent)
    net = ncnn.Net()
    net.opt.num_threads = threads
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_storage = False
    net.load_param(str(folder / "model.ncnn.param"))
    net.load_model(str(folder / "model.ncnn.bin"))
    blob = ncnn.Mat(image[0])

    def run():
        with net.create_extractor() as extractor:
            extractor.input("in0", blob)
            return extractor.extract("out0")

    if run()[0] != 0:
        raise RuntimeError("ncnn cannot run this graph")
    return run


class Engine:
    """One engine in a process of its own."""

    def __init__(self, name: str, model: str, threads: int):
        self.name = name
        self.times: list[float] = []
        self.command = None
        self.process = None
        if name == "depthd":
            tool = next((p for p in ("bin/depthctl", ".build/release/depthctl") if os.path.exists(p)), None)
            if tool is None:
                raise RuntimeError("no depthctl: run make build first")
            height, width = size_of(model)
            self.command = [tool, "bench", "--model", model, "--size", f"{width}x{height}", "--threads", str(threads),
                            "--json", "--runs"]
            return
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--worker", name, model, str(threads)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline().strip()
        while line and line != "ready":  # converters print
            line = self.process.stdout.readline().strip()
        if line != "ready":
            raise RuntimeError(f"{name} does not run this graph")

    def measure(self, count: int) -> None:
        if self.command:
            text = subprocess.run(self.command + [str(count)], check=True, capture_output=True, text=True).stdout
            result = json.loads(text.strip().splitlines()[-1])
        else:
            self.process.stdin.write(f"{count}\n")
            self.process.stdin.flush()
            result = json.loads(self.process.stdout.readline())
        self.times.append(result["min_ms"])

    def close(self) -> None:
        if self.process:
            self.process.stdin.close()
            self.process.wait(timeout=30)


def compare(network: str, threads: int, rounds: int) -> dict:
    model = f"{os.environ.get('DEPTHD_VECTORS', '.vectors')}/{network}/model.onnx"
    engines = [Engine("depthd", model, threads)]
    missing = {}
    for peer in PEERS:
        try:
            engines.append(Engine(peer, model, threads))
        except Exception as error:  # a peer that cannot run a graph is a result, not a failure of the comparison
            missing[peer] = str(error)
    for _ in range(rounds):
        for engine in engines:
            engine.measure(7)
    for engine in engines:
        engine.close()
    times = {engine.name: round(statistics.median(engine.times), 2) for engine in engines}
    peers = {name: value for name, value in times.items() if name != "depthd"}
    fastest = min(peers, key=peers.get)
    return {"threads": threads, "rounds": rounds, "ms": times, "missing": missing, "fastest_peer": fastest,
            "ratio_to_fastest_peer": round(times["depthd"] / peers[fastest], 3),
            "ratios": {name: round(times["depthd"] / value, 3) for name, value in peers.items()}}


def write_reports(results: dict, load: float) -> None:
    folder = pathlib.Path("docs/benchmarks")
    folder.mkdir(parents=True, exist_ok=True)
    summary = {"ratio_to_fastest_peer": {name: result["ratio_to_fastest_peer"] for name, result in results.items()},
               "networks": results, "load_average_at_start": load, "date": time.strftime("%Y-%m-%d")}
    (folder / "engine.json").write_text(json.dumps(summary, indent=2) + "\n")
    lines = ["# Engine against its peers", "",
             "Written by `scripts/bench-peers`: the same ONNX file and thread count, engines alternating; the median over "
             "rounds of the fastest run of a round, milliseconds. Only the ratios (ours / theirs) carry over to another "
             f"machine. Load average of the machine at the start: {load:.1f}.", "",
             "| network | threads | depthd | onnxruntime | openvino | ncnn | ratio to the fastest |",
             "|---|---|---|---|---|---|---|"]
    for name, result in results.items():
        row = [str(result["ms"].get(engine, "does not run")) for engine in ["depthd", *PEERS]]
        lines.append(f"| {name} | {result['threads']} | {' | '.join(row)} | {result['ratio_to_fastest_peer']} |")
    (folder / "engine.md").write_text("\n".join(lines) + "\n")


def main() -> None:
    if len(sys.argv) > 1 and sys.argv[1] == "--worker":
        worker(sys.argv[2], sys.argv[3], int(sys.argv[4]))
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--networks", default=",".join(NETWORKS))
    parser.add_argument("--dry-run", action="store_true")
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    results = {}
    for network in arguments.networks.split(","):
        results[network] = compare(network, arguments.threads, arguments.rounds)
        print(network, json.dumps(results[network]), flush=True)
    if not arguments.dry_run:
        write_reports(results, load)


if __name__ == "__main__":
    main()
