"""Where a daemon's sockets are."""

from __future__ import annotations

import os
from dataclasses import dataclass


def standard_directory() -> str:
    """The folder in which programs on this machine look for the daemon.

    ``$DEPTHD_DIRECTORY``, else ``$RUNTIME_DIRECTORY`` (systemd), else ``/run/depthd`` if it exists, else
    ``$XDG_RUNTIME_DIR/depthd``, else ``/tmp/depthd-UID``.
    """
    for name in ("DEPTHD_DIRECTORY", "RUNTIME_DIRECTORY"):
        # systemd separates several folders by colons; ours is the first.
        value = os.environ.get(name, "").split(":")[0]
        if value:
            return os.path.abspath(value)
    if os.path.exists("/run/depthd"):
        return "/run/depthd"
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return f"{runtime}/depthd" if runtime else f"/tmp/depthd-{os.getuid()}"


@dataclass(frozen=True)
class Endpoints:
    """ZeroMQ endpoints of one daemon; give them by hand for a daemon on another machine."""

    stream: str
    latest: str
    status: str
    control: str

    @classmethod
    def in_directory(cls, directory: str | None = None) -> Endpoints:
        """The socket files of a daemon on this machine."""
        folder = os.path.abspath(directory) if directory else standard_directory()
        return cls(*(f"ipc://{folder}/{name}.sock" for name in ("stream", "latest", "status", "control")))
