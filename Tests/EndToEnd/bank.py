"""Prior banks of random references, written by docs/bundle.md and nothing of ours."""
import hashlib
import json

import numpy as np

ROWS = ("key_pixel", "value_pixel", "key_heads", "value_heads")
CODES = {np.dtype("<f2"): "F16", np.dtype("<f4"): "F32", np.dtype("<i4"): "I32"}


class Bank:
    """A bank for a bundle; change `tensors` and `metadata` before `write`."""

    def __init__(self, bundle, count=64, seed=1, drive="street", gain=0.001):
        description = json.loads((bundle / "bundle.json").read_text())
        channels = {"rpr-lite": 64, "diffnet": 256}[description["architecture"]]
        random, of_model = np.random.default_rng(seed), np.random.default_rng(0)
        draw = lambda source, *shape: source.uniform(-0.2, 0.2, shape).astype("<f4")
        self.tensors = {name: draw(random, count, 64).astype("<f2") for name in ROWS}
        self.tensors["disparity"] = random.uniform(0.002, 0.1, count).astype("<f4")
        self.tensors["trust"] = np.ones(count, "<f4")
        self.tensors["drive"] = np.zeros(count, "<i4")
        self.tensors["frame"] = np.arange(count, dtype="<i4")
        self.tensors["cell"] = np.arange(count, dtype="<i4")
        # Banks of one model have one query side.
        for query in ("query_pixel", "query_heads"):
            self.tensors[f"{query}.weight"] = draw(of_model, 64, channels)
            self.tensors[f"{query}.bias"] = draw(of_model, 64)
        self.tensors["heads_output.weight"] = draw(of_model, 64, 64)
        self.tensors["heads_output.bias"] = draw(of_model, 64)
        self.tensors["compress.weight"] = gain * draw(of_model, channels, 129)
        for name in ROWS:
            self.tensors[f"reference_{name}.weight"] = draw(of_model, 64, channels)
        limits = description["disparity_to_depth"]
        self.metadata = {
            "format": "depthd-priors", "version": "1", "architecture": description["architecture"],
            "encoder_sha256": description["files"]["encoder.onnx"], "teacher": "chance", "teacher_sha256": "0" * 64,
            "drives": json.dumps([drive]), "width": "64", "heads": "4", "selection": "none",
            "min_depth_m": f"{limits['min_depth_m']:g}", "max_depth_m": f"{limits['max_depth_m']:g}",
            "canonical_fx_px": f"{description['canonical_fx_px']:g}",
        }

    def know(self, means, width, deviation=10.0):
        """Says that in the bank's domain frames have these means, within `width`."""
        around = {name: [means[key] - width, means[key], means[key] + width]
                  for name, key in (("entropy", "entropy"), ("prior_spread", "spread"), ("best_logit", "best"))}
        self.metadata["in_domain"] = json.dumps({"frames": 100, **around, "deviation": deviation})
        return self

    def bytes(self):
        header = {"__metadata__": {"references": str(len(self.tensors["disparity"])), **self.metadata}}
        data = b""
        for name, values in self.tensors.items():
            header[name] = {"dtype": CODES[values.dtype], "shape": list(values.shape),
                            "data_offsets": [len(data), len(data) + values.nbytes]}
            data += values.tobytes()
        text = json.dumps(header).encode()
        text += b" " * (-(8 + len(text)) % 64)
        return len(text).to_bytes(8, "little") + text + data

    def write(self, path):
        """Writes the bank; returns its id."""
        content = self.bytes()
        path.write_bytes(content)
        return hashlib.sha256(content).hexdigest()[:16]
