"""Layer tables: parameter counts, published key names, shapes, and that the split network equals the whole."""

from __future__ import annotations

import pytest
import torch

from depthtrain.networks.blocks import ChannelAttention
from depthtrain.networks.diffnet import DIFFNet
from depthtrain.networks.fastdepth import FastDepth
from depthtrain.networks.hrdepth import HRDepth
from depthtrain.networks.litemono import LiteMono
from depthtrain.networks.monodepth2 import Monodepth2
from depthtrain.networks.posenet import PoseNet, PoseNetLight
from depthtrain.networks.registry import POSE_NETWORKS
from depthtrain.networks.rpr_lite import RPrLite
from depthtrain.vectors import randomise


def _count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_diffnet_parameter_counts() -> None:
    network = DIFFNet()
    assert _count(network.encoder) == 9_562_260 and _count(network.decoder) == 1_306_840 and _count(network) == 10_869_100


def test_diffnet_published_key_names() -> None:
    network = DIFFNet()
    encoder, decoder = network.encoder.state_dict(), network.decoder.state_dict()
    assert len(encoder) == 1830 and sum(key.endswith("weight") and value.ndim == 4 for key, value in encoder.items()) == 305
    for key, shape in {
        "conv1.weight": (64, 3, 3, 3), "layer1.0.downsample.0.weight": (256, 64, 1, 1), "layer1.3.conv3.weight": (256, 64, 1, 1),
        "transition1.0.0.weight": (18, 256, 3, 3), "transition1.1.0.0.weight": (36, 256, 3, 3),
        "transition2.2.0.0.weight": (72, 36, 3, 3), "transition3.3.0.1.running_var": (144,),
        "stage2.0.branches.1.3.conv2.weight": (36, 36, 3, 3), "stage3.3.fuse_layers.0.2.0.weight": (18, 72, 1, 1),
        "stage4.2.fuse_layers.3.0.0.0.weight": (18, 18, 3, 3), "stage4.2.fuse_layers.3.0.2.0.weight": (144, 18, 3, 3),
        "stage4.0.fuse_layers.0.3.1.running_mean": (18,)}.items():
        assert tuple(encoder[key].shape) == shape, key
    assert len(decoder) == 56
    order = ("up_x9_0", "up_x9_1", "72", "36", "18", "9", *(f"dispConvScale{scale}" for scale in range(4)))
    for index, name in enumerate(order):
        tails = {key.removeprefix(f"convs.{name}.") for key in decoder if key.startswith(f"convs.{name}.")}
        assert tails == {key.removeprefix(f"decoder.{index}.") for key in decoder if key.startswith(f"decoder.{index}.")}
    assert decoder["convs.36.ca.fc.0.weight"].shape == (22, 364) and decoder["convs.18.conv_se.weight"].shape == (64, 246, 3, 3)
    assert decoder["convs.up_x9_0.conv.conv.weight"].shape == (16, 32, 3, 3)


@pytest.mark.parametrize("build", [RPrLite, DIFFNet, lambda: DIFFNet(has_sigma=True), Monodepth2])
def test_the_split_network_is_the_whole(build) -> None:
    """Cut at stride 16 and joined again; DIFFNet also against its own decoder run in one piece."""
    network, image = randomise(build(), 3, (96, 64)), torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        f_s, skips = network.encode(image)
        assert f_s.shape == (1, network.feature_channels, 4, 6) and len(skips) == len(network.skip_names)
        joined, whole = network.decode(f_s, skips), network(image)
        assert joined.keys() == whole.keys() and all(torch.equal(joined[name], whole[name]) for name in whole)
        if isinstance(network, DIFFNet):
            assert torch.equal(whole["disparity"], network.decoder(network.encoder(image))[0])
            assert ("log_sigma" in whole) == (network.sigma is not None)


def test_rpr_lite_parameter_counts() -> None:
    """1,076,321 for inference of depth, 1,077,043 with the side heads; the sigma head comes on top."""
    network = RPrLite()
    sides = _count(network.decoder.head1) + _count(network.decoder.head2)
    sigma = _count(network.decoder.sigma)
    assert _count(network) - sigma == 1_077_043 and _count(network) - sigma - sides == 1_076_321


@pytest.mark.parametrize(("build", "expected"), [(Monodepth2, 14_329_236), (FastDepth, 3_960_930), (PoseNet, 13_013_492)])
def test_published_sizes(build, expected: int) -> None:
    assert _count(build()) == expected


@pytest.mark.parametrize("build", [DIFFNet, RPrLite, Monodepth2, HRDepth, FastDepth, LiteMono])
def test_output_has_the_input_size(build) -> None:
    network = build().eval()
    with torch.no_grad():
        for output in network(torch.rand(1, 3, 64, 96)).values():
            assert output.shape == (1, 1, 64, 96)


def test_lite_split_is_the_whole() -> None:
    network = RPrLite().eval()
    image = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        f_s, skips = network.encoder(image)
        assert f_s.shape == (1, 64, 4, 6) and [tuple(skip.shape[1:]) for skip in skips] == [
            (16, 32, 48), (24, 16, 24), (24, 16, 24), (40, 8, 12), (40, 8, 12)]
        assert torch.equal(network.decoder(f_s, skips)["disparity"], network(image)["disparity"])


def test_sigma_cannot_move_the_depth_features() -> None:
    network = RPrLite()
    network(torch.randn(2, 3, 64, 96))["log_sigma"].sum().backward()
    touched = {name for name, parameter in network.named_parameters() if parameter.grad is not None}
    assert touched and all(name.startswith("decoder.sigma") for name in touched)


def test_channel_attention_by_hand() -> None:
    attention, x = ChannelAttention(32), torch.randn(1, 32, 3, 5)
    gate = 1 / (1 + torch.exp(-(attention.fc[2].weight @ torch.relu(attention.fc[0].weight @ x.mean(dim=(2, 3))[0]))))
    assert torch.allclose(attention(x), x * gate[None, :, None, None], atol=1e-6)


def test_the_small_pose_network_sets_out_ahead_for_every_method_that_learns_poses() -> None:
    """Later-from-earlier translation: what is ahead comes nearer, by about half a metre."""
    _, translation = POSE_NETWORKS["small"]().eval()(torch.randn(1, 6, 64, 96))
    right, down, ahead = translation[0].tolist()
    assert ahead == pytest.approx(-0.5, abs=0.15) and max(abs(right), abs(down)) < 0.15


def test_pose_networks_start_near_identity() -> None:
    for network in (PoseNet(), PoseNetLight()):
        axis_angle, translation = network.eval()(torch.randn(1, 6, 64, 96))
        assert axis_angle.shape == (1, 3) and translation.abs().max() < 0.2
