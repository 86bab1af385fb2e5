"""Depthwise convolution: the gradients made for compiling are those of PyTorch's own."""

from __future__ import annotations

import copy

import pytest
import torch

from depthtrain.networks.blocks import conv_bn
from depthtrain.networks.depthwise import DepthwiseConv2d


@pytest.fixture(autouse=True)
def _forget_compiled():
    yield
    torch.compiler.reset()


@pytest.mark.parametrize("kernel, stride, size", [(3, 1, (7, 9)), (5, 1, (8, 6)), (5, 2, (9, 12)), (3, 2, (8, 7)), (5, 2, (1, 2))])
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_traced_gradients_are_those_of_the_plain_convolution(
        kernel: int, stride: int, size: tuple[int, int], precision: torch.dtype) -> None:
    torch.manual_seed(1)
    plain = DepthwiseConv2d(16, kernel, stride)
    traced = copy.deepcopy(plain)
    traced.compile(backend="eager", dynamic=False)
    image = torch.randn(2, 16, *size).to(memory_format=torch.channels_last)
    inputs, outputs = [image.clone().requires_grad_() for _ in range(2)], []
    for module, x in zip((plain, traced), inputs):
        with torch.autocast("cpu", torch.bfloat16, enabled=module is traced and precision == torch.bfloat16):
            outputs.append(module(x))
    assert outputs[1].dtype == precision and outputs[1].grad_fn.name() != outputs[0].grad_fn.name()
    gradient = torch.randn_like(outputs[0])
    for output in outputs:
        output.backward(gradient.to(output.dtype))
    tolerance = {"rtol": 1e-5, "atol": 1e-5} if precision == torch.float32 else {"rtol": 0.02, "atol": 0.05}
    torch.testing.assert_close(outputs[1].float(), outputs[0], **tolerance)
    torch.testing.assert_close(inputs[1].grad, inputs[0].grad, **tolerance)
    torch.testing.assert_close(traced.weight.grad, plain.weight.grad, **tolerance)


def test_only_convolutions_of_each_channel_alone_are_depthwise() -> None:
    kinds = [type(conv_bn(*shape)[0]) for shape in ((8, 8, 3, 1, 8), (8, 8, 3), (8, 16, 3, 1, 8), (1, 1, 3))]
    assert [kind is DepthwiseConv2d for kind in kinds] == [True, False, False, True]
