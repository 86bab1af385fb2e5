"""The seam at stride 16 that prior fusion needs: every depth network is an encoder that ends in F_s and a decoder from F_o.

Without fusion F_o is F_s, and the network is the plain one.
"""

from __future__ import annotations

import torch
from torch import nn


class SplitNetwork(nn.Module):
    """A depth network that can be cut where prior fusion sits; joined without fusion by `forward`."""

    feature_channels: int
    """Channels of F_s and F_o."""
    skip_names: tuple[str, ...]
    """Graph names of the skips, in the order `encode` returns them."""

    def encode(self, image: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Image (B, 3, H, W) -> F_s (B, feature_channels, H/16, W/16) and the skips."""
        raise NotImplementedError

    def decode(self, f_o: torch.Tensor, skips: list[torch.Tensor]) -> dict[str, torch.Tensor]:
        """F_o and the skips -> disparity in (0, 1) and, where the network has it, log_sigma; (B, 1, H, W) each."""
        raise NotImplementedError

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        return self.decode(*self.encode(image))
