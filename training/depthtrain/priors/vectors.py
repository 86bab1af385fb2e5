"""Golden vectors of prior fusion for the inference engine: banks of random references and what PyTorch makes of them.

Layout: DIR/fusion-<architecture>-m<M>[-float32]-<W>x<H>/{priors.safetensors, f_s.npy, f_o.npy, prior_disparity.npy, entropy.npy,
prior_spread.npy, best_logit.npy, meta.json}. Queries are drawn near some references, so that the softmaxes are neither flat nor
one-hot. With the columns of the compression zeroed f_o is f_s to the bit.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from depthtrain.priors.bank import open_bank, write_bank
from depthtrain.priors.fusion import PriorFusion
from depthtrain.priors.references import ReferenceWriter, open_references

COUNTS = (1, 255, 4096, 25000)
CHANNELS = {"rpr-lite": 64, "diffnet": 256}
SIZES = ((416, 128), (640, 192))
OUTPUTS = ("f_o", "prior_disparity", "entropy", "prior_spread", "best_logit")


def write_fusion_vectors(out: Path, seed: int = 7) -> None:
    """Writes a folder per architecture and M at the first size, the larger ones at the second too, and one bank in float32."""
    for architecture in CHANNELS:
        for count in COUNTS:
            for size in SIZES if count in (255, 25000) else SIZES[:1]:
                write_vector(out / f"fusion-{architecture}-m{count}-{size[0]}x{size[1]}", architecture, count, size, True, seed)
        write_vector(out / f"fusion-{architecture}-m255-float32-416x128", architecture, 255, SIZES[0], False, seed)


@torch.no_grad()
def write_vector(folder: Path, architecture: str, count: int, size: tuple[int, int], half: bool, seed: int) -> None:
    """One bank, one F_s, and the fused outputs computed from the bank's stored values."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(seed + count)
    torch.manual_seed(seed)
    channels, width, height = CHANNELS[architecture], size[0] // 16, size[1] // 16
    fusion = PriorFusion(channels, channels).eval()
    torch.nn.init.normal_(fusion.compress.weight, std=0.1)
    fusion.compress.weight[:, -1] *= 0.1
    fusion.log_temperature.fill_(0.5)
    features = torch.relu(torch.randn(count, channels, generator=generator))
    chosen = features[torch.randint(count, (width * height,), generator=generator)]
    mixed = 0.7 * chosen + 0.5 * torch.rand(width * height, channels, generator=generator)
    f_s = mixed.T.reshape(1, channels, height, width).contiguous()
    (folder / "encoder").write_bytes(b"golden vectors have no encoder")
    with ReferenceWriter(folder / "references") as writer:
        disparity = torch.exp(torch.rand(count, generator=generator) * 4 - 6).numpy()
        writer.add(features.numpy(), disparity, np.ones(count), 0, 0, np.arange(count))
        writer.finish({"teacher": "golden", "teacher_sha256": "0" * 64, "drives": '["golden"]', "min_depth_m": "0.1",
                       "max_depth_m": "100", "canonical_fx_px": "241.7"})
    references = open_references(folder / "references")
    write_bank(folder / "priors.safetensors", fusion, references, architecture, folder / "encoder", half)
    for helper in ("encoder", "references"):
        (folder / helper).unlink()
    fused = open_bank(folder / "priors.safetensors").fuse(f_s)
    np.save(folder / "f_s.npy", f_s.numpy())
    for name in OUTPUTS:
        np.save(folder / f"{name}.npy", getattr(fused, name).numpy())
    meta = {"architecture": architecture, "references": count, "width": size[0], "height": size[1], "outputs": list(OUTPUTS),
            "relative_tolerance": 1e-3, "torch": torch.__version__}
    (folder / "meta.json").write_text(json.dumps(meta, indent=2) + "\n")
