"""Loss formulae as plain functions of tensors: no network, no recipe, no batch. Methods (`depthtrain.methods`) use them.

Depth maps are (B, 1, H, W); masks and weights are (B, 1, H, W) with 0 = ignore.
"""

from depthtrain.losses.photometric import min_reprojection, photometric_error, smoothness, ssim
from depthtrain.losses.reduction import weighted_mean
from depthtrain.losses.supervised import berhu, gradient_matching, log_l1, sigma_nll, silog
from depthtrain.losses.velocity import velocity

__all__ = ["berhu", "gradient_matching", "log_l1", "min_reprojection", "photometric_error", "sigma_nll", "silog", "smoothness",
           "ssim", "velocity", "weighted_mean"]
