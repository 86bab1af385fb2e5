"""Writes the networks that `make bench-peers` compares, as ONNX files and as TorchScript.

usage: PYTHONPATH=training .venv-training/bin/python scripts/bench_networks.py DIR

Architectures and file style are those of the golden vectors (training/depthtrain/vectors.py): weights are seeded noise,
because time does not depend on them.
"""

import hashlib
import pathlib
import sys

import torch
from depthtrain import vectors

NETWORKS = [("diffnet", 640, 192), ("diffnet", 320, 96), ("rpr-lite", 416, 128), ("monodepth2-r18", 640, 192),
            ("lite-mono", 640, 192)]


def sources_digest() -> str:
    files = sorted(pathlib.Path("training/depthtrain/networks").glob("*.py"))
    files += [pathlib.Path("training/depthtrain/vectors.py"), pathlib.Path(__file__)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    stamp = folder / "SOURCES"
    if stamp.exists() and stamp.read_text() == sources_digest():
        return
    for name, width, height in NETWORKS:
        fixture = next(item for item in vectors.FIXTURES if item.name == name)
        network = vectors.randomise(fixture.build(), 7, vectors.SMALL)
        target = folder / f"{name}-{width}x{height}"
        vectors.write_vector(target, None, network, fixture, (width, height), 7, False)
        image = torch.from_numpy(vectors.picture((width, height), 7, fixture.is_normalised))
        with torch.inference_mode():
            traced = torch.jit.trace(vectors.Outputs(network, fixture.outputs).eval(), (image,), check_trace=False)
            torch.jit.freeze(traced).save(str(target / "model.pt"))
        print(f"bench: {target.name} written", flush=True)
    stamp.write_text(sources_digest())


if __name__ == "__main__":
    main()
