"""The engines that bench_peers.py compares: each runs one network in a process of its own.

A process answers `ready {...}` with the time from opening the file to the first result and the peak memory, then for
each line with a count the fastest and the median time of so many runs.

usage: python bench_engines.py ENGINE MODEL THREADS    (started by bench_peers.py)

Ours is the program enginebench (Tests/EngineBench), which answers alike.
"""

import json
import pathlib
import resource
import statistics
import subprocess
import sys
import time

PROGRAMS = pathlib.Path(".build/release")
PEERS = ["onnxruntime", "openvino", "ncnn", "pytorch"]


def size_of(model: str) -> tuple[int, int]:
    """Height and width, from the folder's name."""
    width, height = pathlib.Path(model).parent.name.rsplit("-", 1)[1].split("x")
    return int(height), int(width)


def onnxruntime_runner(model, image, threads):
    import onnxruntime

    yield
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: image}
    yield lambda: session.run(None, feed)


def openvino_runner(model, image, threads):
    import openvino

    yield
    core = openvino.Core()
    graph = core.read_model(model)
    graph.reshape(list(image.shape))
    compiled = core.compile_model(graph, "CPU", {
        "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"})
    request = compiled.create_infer_request()
    yield lambda: request.infer([image])


def pytorch_runner(model, image, threads):
    import torch

    yield
    torch.set_num_threads(threads)
    network = torch.jit.optimize_for_inference(torch.jit.load(str(pathlib.Path(model).with_name("model.pt"))))
    tensor = torch.from_numpy(image)

    def run():
        with torch.inference_mode():
            return network(tensor)

    yield run


def ncnn_runner(model, image, threads):
    folder = pathlib.Path(".cache/ncnn") / pathlib.Path(model).parent.name
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "model.ncnn.param").exists():
        # In a process of its own: its memory is not ncnn's.
        copy = folder / "model.onnx"
        copy.write_bytes(pathlib.Path(model).read_bytes())
        shape = f"[{','.join(map(str, image.shape))}]"
        convert = f"import pnnx, subprocess; subprocess.run([pnnx.EXEC_PATH, '{copy}', 'inputshape={shape}', 'fp16=0'])"
        subprocess.run([sys.executable, "-c", convert], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    import ncnn

    yield
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
    yield run


def work(engine: str, model: str, threads: int) -> None:
    import numpy as np

    height, width = size_of(model)
    image = np.random.default_rng(7).random((1, 3, height, width), dtype=np.float32)
    steps = {"onnxruntime": onnxruntime_runner, "openvino": openvino_runner, "ncnn": ncnn_runner,
             "pytorch": pytorch_runner}[engine](model, image, threads)
    next(steps)  # libraries are loaded before the clock starts
    start = time.perf_counter()
    run = next(steps)
    run()
    first = (time.perf_counter() - start) * 1e3
    for _ in range(2):
        run()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print("ready", json.dumps({"first_result_ms": first, "peak_rss_mb": peak}), flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start = time.perf_counter()
            run()
            times.append((time.perf_counter() - start) * 1e3)
        print(json.dumps({"min_ms": min(times), "median_ms": statistics.median(times)}), flush=True)


def command(engine: str, model: str, threads: int) -> list[str]:
    if engine == "depthd":
        height, width = size_of(model)
        return [str(PROGRAMS / "enginebench"), model, str(width), str(height), str(threads)]
    python = ".venv-training/bin/python" if engine == "pytorch" else sys.executable
    return [python, __file__, engine, model, str(threads)]


class Engine:
    """One engine in a process of its own, ready to run."""

    def __init__(self, name: str, model: str, threads: int):
        self.name = name
        self.command = command(name, model, threads)
        self.times: list[float] = []
        self.firsts: list[float] = []
        self.peaks: list[float] = []
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in self.process.stdout:
            if line.startswith("ready "):  # converters print other lines
                answer = json.loads(line.removeprefix("ready "))
                self.firsts.append(answer["first_result_ms"])
                self.peaks.append(answer["peak_rss_mb"])
                return
        raise RuntimeError(f"{self.name} does not run this graph")

    def restart(self) -> None:
        self.close()
        self.start()

    def measure(self, count: int) -> None:
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        self.times.append(json.loads(self.process.stdout.readline())["min_ms"])

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=30)


if __name__ == "__main__":
    work(sys.argv[1], sys.argv[2], int(sys.argv[3]))
