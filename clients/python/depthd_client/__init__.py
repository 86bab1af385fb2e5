"""Receive depth from depthd: newest frame, its age, what was lost, and whether it may be trusted."""

from .client import DepthClient, FrameSubscription, StatusSubscription
from .endpoints import Endpoints, standard_directory
from .liveness import Liveness
from .message import Frame, WireError, parse_latest, parse_message, parse_status, parse_stream

__all__ = [
    "DepthClient",
    "Endpoints",
    "Frame",
    "FrameSubscription",
    "Liveness",
    "StatusSubscription",
    "WireError",
    "parse_latest",
    "parse_message",
    "parse_status",
    "parse_stream",
    "standard_directory",
]
