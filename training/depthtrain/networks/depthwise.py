"""Depthwise convolution with gradients that compile well for a CPU.

A depthwise convolution does little work, and its gradients should not take longer than that of the pointwise convolutions around
it. By oneDNN, which PyTorch asks on a CPU, they do: docs/benchmarks/training.md says by how much.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class DepthwiseConv2d(nn.Conv2d):
    """Each channel convolved with its own kernel, zero padding k//2: (B, C, H, W) -> (B, C, H/s, W/s). Parameters are those of
    nn.Conv2d."""

    def __init__(self, channels: int, kernel: int, stride: int = 1) -> None:
        super().__init__(channels, channels, kernel, stride, kernel // 2, groups=channels, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not (torch.compiler.is_compiling() and self.training and x.device.type == "cpu"):
            return super().forward(x)
        if torch.is_autocast_enabled("cpu"):
            x = x.to(torch.get_autocast_dtype("cpu"))
        return _Depthwise.apply(x, self.weight, self.stride[0])


class _Depthwise(torch.autograd.Function):
    """The convolution in the precision of x; gradients summed in float32."""

    @staticmethod
    def forward(context, x: torch.Tensor, weight: torch.Tensor, stride: int) -> torch.Tensor:
        context.save_for_backward(x, weight)
        context.stride = stride
        with torch.autocast("cpu", enabled=False):
            return F.conv2d(x, weight.to(x.dtype), None, stride, weight.shape[2] // 2, 1, x.shape[1])

    @staticmethod
    def backward(context, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        x, weight = context.saved_tensors
        stride, padding, channels = context.stride, weight.shape[2] // 2, x.shape[1]
        of_x = torch.nn.grad.conv2d_input(x.shape, weight.float(), gradient.float(), stride, padding, 1, channels)
        of_weight = weight_gradient(x, gradient, weight.shape[2], stride)
        return of_x.to(x.dtype), of_weight.to(weight.dtype), None


def weight_gradient(x: torch.Tensor, gradient: torch.Tensor, kernel: int, stride: int) -> torch.Tensor:
    """Gradient (C, 1, k, k) float32 of the weights from the input (B, C, H, W) and the gradient (B, C, h, w) of the output.

    One sum per tap of the kernel, with channels innermost: a compiler makes one pass of them.
    """
    padding, (height, width) = kernel // 2, gradient.shape[2:]
    padded = F.pad(x, (padding,) * 4).permute(0, 2, 3, 1)
    last = gradient.permute(0, 2, 3, 1).float()
    taps = [(padded[:, row:row + stride * height:stride, column:column + stride * width:stride].float() * last).sum((0, 1, 2))
            for row in range(kernel) for column in range(kernel)]
    return torch.stack(taps, 1).reshape(-1, 1, kernel, kernel)
