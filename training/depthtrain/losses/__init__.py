"""Loss formulae as plain functions of tensors: no network, no recipe, no batch. Methods (`depthtrain.methods`) use them.

Depth maps are (B, 1, H, W); masks and weights are (B, 1, H, W) with 0 = ignore.
"""

from depthtrain.losses.distillation import error_under_sigma, mean_sigma, self_distillation
from depthtrain.losses.hints import gated_hint
from depthtrain.losses.photometric import (min_reprojection, photometric_error, reprojection_errors, smoothness,
                                           source_errors, ssim)
from depthtrain.losses.reduction import weighted_mean
from depthtrain.losses.reprojected import reprojected_distance
from depthtrain.losses.supervised import berhu, gradient_matching, log_l1, sigma_nll, silog
from depthtrain.losses.velocity import velocity

__all__ = ["berhu", "error_under_sigma", "gated_hint", "gradient_matching", "log_l1", "mean_sigma", "min_reprojection",
           "photometric_error", "reprojected_distance", "reprojection_errors", "self_distillation", "sigma_nll", "silog",
           "smoothness", "source_errors", "ssim", "velocity", "weighted_mean"]
