"""Published checkpoints: files generated under the published names and shapes load; anything else is refused with its keys."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from depthtrain.import_checkpoint import CheckpointError, import_published

# The published layout, spelled out here and not taken from our modules.
DECODER_SHAPES = [(256, 512), (256, 512), (128, 256), (128, 256), (64, 128), (64, 128), (32, 64), (32, 96), (16, 32), (16, 16)]
HEADS = (16, 32, 64, 128)
BATCH_NORM = ("weight", "bias", "running_mean", "running_var")


def _values(shapes: dict[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {key: torch.tensor(3) if key.endswith("num_batches_tracked") else
            torch.rand(shape, generator=generator) * (0.1 if len(shape) > 1 else 1.0) for key, shape in shapes.items()}


def _norm(prefix: str, channels: int) -> dict[str, tuple[int, ...]]:
    return {**{f"{prefix}.{tail}": (channels,) for tail in BATCH_NORM}, f"{prefix}.num_batches_tracked": ()}


def resnet18_shapes(c_in: int) -> dict[str, tuple[int, ...]]:
    shapes = {"encoder.conv1.weight": (64, c_in, 7, 7), **_norm("encoder.bn1", 64), "encoder.fc.weight": (1000, 512),
              "encoder.fc.bias": (1000,)}
    for layer, (before, width) in enumerate(((64, 64), (64, 128), (128, 256), (256, 512)), 1):
        for block in range(2):
            name = f"encoder.layer{layer}.{block}"
            shapes[f"{name}.conv1.weight"] = (width, before if block == 0 else width, 3, 3)
            shapes[f"{name}.conv2.weight"] = (width, width, 3, 3)
            shapes |= _norm(f"{name}.bn1", width) | _norm(f"{name}.bn2", width)
        if layer > 1:
            shapes[f"encoder.layer{layer}.0.downsample.0.weight"] = (width, before, 1, 1)
            shapes |= _norm(f"encoder.layer{layer}.0.downsample.1", width)
    return shapes


def monodepth2_decoder_shapes() -> dict[str, tuple[int, ...]]:
    shapes = {}
    for index, (c_out, c_in) in enumerate(DECODER_SHAPES):
        shapes |= {f"decoder.{index}.conv.conv.weight": (c_out, c_in, 3, 3), f"decoder.{index}.conv.conv.bias": (c_out,)}
    for index, channels in enumerate(HEADS):
        shapes |= {f"decoder.{10 + index}.conv.weight": (1, channels, 3, 3), f"decoder.{10 + index}.conv.bias": (1,)}
    return shapes


def hrnet18_shapes() -> dict[str, tuple[int, ...]]:
    widths, shapes = (18, 36, 72, 144), {}

    def unit(conv: str, norm: str, c_in: int, c_out: int, kernel: int) -> None:
        shapes[f"{conv}.weight"] = (c_out, c_in, kernel, kernel)
        shapes.update(_norm(norm, c_out))

    unit("conv1", "bn1", 3, 64, 3)
    unit("conv2", "bn2", 64, 64, 3)
    for block in range(4):
        name = f"layer1.{block}"
        unit(f"{name}.conv1", f"{name}.bn1", 64 if block == 0 else 256, 64, 1)
        unit(f"{name}.conv2", f"{name}.bn2", 64, 64, 3)
        unit(f"{name}.conv3", f"{name}.bn3", 64, 256, 1)
    unit("layer1.0.downsample.0", "layer1.0.downsample.1", 64, 256, 1)
    for name, c_in, c_out in (("transition1.0", 256, 18), ("transition1.1.0", 256, 36), ("transition2.2.0", 36, 72),
                              ("transition3.3.0", 72, 144)):
        unit(f"{name}.0", f"{name}.1", c_in, c_out, 3)
    for stage, modules in ((2, 1), (3, 4), (4, 3)):
        for module in range(modules):
            for i in range(stage):
                for block in range(4):
                    name = f"stage{stage}.{module}.branches.{i}.{block}"
                    unit(f"{name}.conv1", f"{name}.bn1", widths[i], widths[i], 3)
                    unit(f"{name}.conv2", f"{name}.bn2", widths[i], widths[i], 3)
                for j in range(stage):
                    name = f"stage{stage}.{module}.fuse_layers.{i}.{j}"
                    if j > i:
                        unit(f"{name}.0", f"{name}.1", widths[j], widths[i], 1)
                    for k in range(i - j):
                        unit(f"{name}.{k}.0", f"{name}.{k}.1", widths[j], widths[i] if k == i - j - 1 else widths[j], 3)
    return shapes


def diffnet_decoder_shapes(suffix: str = "") -> dict[str, tuple[int, ...]]:
    parts = {"up_x9_0": {"conv.conv.weight": (16, 32, 3, 3), "conv.conv.bias": (16,)},
             "up_x9_1": {"conv.conv.weight": (16, 16, 3, 3), "conv.conv.bias": (16,)}}
    for name, c_in, hidden, c_out in (("72", 288, 18, 256), ("36", 364, 22, 128), ("18", 246, 15, 64), ("9", 128, 8, 32)):
        parts[name + suffix] = {"ca.fc.0.weight": (hidden, c_in), "ca.fc.2.weight": (c_in, hidden),
                                "conv_se.weight": (c_out, c_in, 3, 3), "conv_se.bias": (c_out,)}
    for scale, channels in enumerate(HEADS[:1] + (32, 64, 128)):
        parts[f"dispConvScale{scale}"] = {"conv.weight": (1, channels, 3, 3), "conv.bias": (1,)}
    shapes = {}
    for index, (name, tensors) in enumerate(parts.items()):
        for tail, shape in tensors.items():
            shapes |= {f"convs.{name}.{tail}": shape, f"decoder.{index}.{tail}": shape}
    return shapes


def write_published(folder: Path, architecture: str, suffix: str = "", prefix: str = "", pose: bool = False) -> None:
    """Files as their authors publish them, with random weights."""
    folder.mkdir(parents=True, exist_ok=True)
    encoder = hrnet18_shapes() if architecture == "diffnet" else resnet18_shapes(3)
    tensors = {prefix + key: value for key, value in _values(encoder).items()}
    torch.save({**tensors, "height": 192, "width": 640, "use_stereo": False}, folder / "encoder.pth")
    decoder = _values(diffnet_decoder_shapes(suffix) if architecture == "diffnet" else monodepth2_decoder_shapes())
    if architecture == "diffnet":  # the two names of a tensor share one storage
        order = {f"decoder.{i}": name for i, name in enumerate(
            ["up_x9_0", "up_x9_1", *(node + suffix for node in ("72", "36", "18", "9")), *(f"dispConvScale{s}" for s in range(4))])}
        for key in [key for key in decoder if key.startswith("decoder.")]:
            index, tail = ".".join(key.split(".")[:2]), ".".join(key.split(".")[2:])
            decoder[key] = decoder[f"convs.{order[index]}.{tail}"]
    torch.save({prefix + key: value for key, value in decoder.items()}, folder / "depth.pth")
    if pose:
        torch.save(_values(resnet18_shapes(6)), folder / "pose_encoder.pth")
        squeeze = {"net.0": (256, 512, 1), "net.1": (256, 256, 3), "net.2": (256, 256, 3), "net.3": (12, 256, 1)}
        shapes = {f"{name}.weight": (c_out, c_in, k, k) for name, (c_out, c_in, k) in squeeze.items()}
        torch.save(_values(shapes | {f"{name}.bias": (c_out,) for name, (c_out, _, _) in squeeze.items()}), folder / "pose.pth")


@pytest.mark.parametrize(("suffix", "prefix"), [("", ""), ("fSE", ""), ("", "module.")], ids=["current", "first", "parallel"])
def test_published_diffnet_is_loaded_to_the_last_tensor(tmp_path: Path, suffix: str, prefix: str) -> None:
    write_published(tmp_path, "diffnet", suffix, prefix)
    imported = import_published("diffnet", tmp_path)
    encoder, decoder = (torch.load(tmp_path / name, weights_only=True) for name in ("encoder.pth", "depth.pth"))
    state = imported.network.encoder.state_dict()
    assert len(state) == 1830 and all(torch.equal(value, encoder[prefix + key]) for key, value in state.items())
    assert torch.equal(imported.network.decoder.convs["36"].conv_se.weight, decoder[f"{prefix}convs.36{suffix}.conv_se.weight"])
    assert (imported.width, imported.height) == (640, 192) and imported.pose_network is None


def test_published_monodepth2_and_its_pose_network_are_loaded(tmp_path: Path) -> None:
    write_published(tmp_path, "monodepth2", pose=True)
    imported = import_published("monodepth2", tmp_path)
    decoder = torch.load(tmp_path / "depth.pth", weights_only=True)
    assert all(torch.equal(value, decoder[key]) for key, value in imported.network.decoder.state_dict().items())
    assert imported.pose_network is not None
    with torch.no_grad():
        assert imported.network(torch.rand(1, 3, 64, 96))["disparity"].shape == (1, 1, 64, 96)


def test_another_architecture_is_refused_with_its_keys(tmp_path: Path) -> None:
    write_published(tmp_path, "monodepth2")
    with pytest.raises(CheckpointError, match=r"encoder.pth: does not fit HRNet18; \d+ missing: .*bn1.bias.*unexpected: encoder.bn1"):
        import_published("diffnet", tmp_path)


def test_missing_extra_and_misshapen_tensors_are_listed(tmp_path: Path) -> None:
    write_published(tmp_path, "monodepth2")
    states = torch.load(tmp_path / "depth.pth", weights_only=True)
    del states["decoder.3.conv.conv.bias"]
    states |= {"decoder.14.bias": torch.zeros(1), "decoder.0.conv.conv.bias": torch.zeros(3)}
    torch.save(states, tmp_path / "depth.pth")
    with pytest.raises(CheckpointError) as error:
        import_published("monodepth2", tmp_path)
    for part in ("1 missing: decoder.3.conv.conv.bias", "1 unexpected: decoder.14.bias", "decoder.0.conv.conv.bias (3,) instead of (256,)"):
        assert part in str(error.value)


@pytest.mark.parametrize("content", [None, b"", b"not a checkpoint at all", [1, 2]], ids=["missing", "empty", "text", "list"])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path, content) -> None:
    write_published(tmp_path, "monodepth2")
    path = tmp_path / "depth.pth"
    path.unlink()
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(CheckpointError, match="depth.pth"):
        import_published("monodepth2", tmp_path)
