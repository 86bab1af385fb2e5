"""The methods that a recipe can switch on. To add one: a class here (see `Method`), its weight in `config.LossWeights`, and,
if it has settings, a dataclass in config.py under the same name."""

from depthtrain.methods.base import Method, Step
from depthtrain.methods.completion import Completion
from depthtrain.methods.distillation import SelfDistillation
from depthtrain.methods.hints import DepthHints
from depthtrain.methods.guided import GradientConsistency, PriorAgreement, ViewReconstruction
from depthtrain.methods.multi_frame import MultiFrame
from depthtrain.methods.photometric import PhotometricReprojection, Smoothness, VelocitySupervision
from depthtrain.methods.reprojected import ReprojectedDistance
from depthtrain.methods.supervised import BerHu, GradientMatching, LogL1, Sigma, Silog

METHODS: dict[str, type[Method]] = {method.name: method for method in (
    LogL1, Silog, BerHu, GradientMatching, Sigma, PhotometricReprojection, Smoothness, VelocitySupervision,
    DepthHints, SelfDistillation, ReprojectedDistance, MultiFrame, ViewReconstruction, GradientConsistency, PriorAgreement,
    Completion)}

__all__ = ["METHODS", "Method", "Step"]
