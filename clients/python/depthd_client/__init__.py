"""Receive depth from depthd: newest frame, its age, what was lost, and whether it may be trusted."""

from .client import DepthClient, FrameSubscription, StatusSubscription
from .endpoints import Endpoints, standard_directory
from .liveness import Liveness
from .message import Frame, WireError, parse_latest, parse_message, parse_status, parse_stream
from .ranges import RangeSender, depth_message, points_message

__all__ = [
    "DepthClient",
    "Endpoints",
    "Frame",
    "FrameSubscription",
    "Liveness",
    "RangeSender",
    "StatusSubscription",
    "WireError",
    "depth_message",
    "parse_latest",
    "parse_message",
    "parse_status",
    "parse_stream",
    "points_message",
    "standard_directory",
]
