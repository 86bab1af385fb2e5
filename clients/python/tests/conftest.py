"""A small publisher that speaks the wire format without the client library's help."""

from __future__ import annotations

import json
import pathlib
import shutil
import struct
import tempfile
import threading
import time
from typing import Any, Iterator

import numpy as np
import pytest
import zmq

VECTORS = pathlib.Path(__file__).parent / "vectors"
BOOT_ID = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def stamp(ns: int) -> dict[str, int]:
    return {"sec": ns // 10**9, "nsec": ns % 10**9}


def single_frame(topic: str, header: dict[str, Any], payload: bytes) -> bytes:
    """The layout of the latest endpoint."""
    text = json.dumps(header).encode()
    offset = -(-(64 + len(text)) // 64) * 64
    mono = header["mono"]["sec"] * 10**9 + header["mono"]["nsec"]
    fixed = struct.pack(
        "<32s4sIIIQq", topic.encode(), b"DPT1", len(text), offset, len(payload), header["seq"], mono
    )
    return (fixed + text).ljust(offset, b"\0") + payload


class StubDaemon:
    """Publishes depth that counts up, on all four endpoints of a directory."""

    def __init__(self, directory: str, rate_hz: float = 50, verdict: str = "ok") -> None:
        self.directory, self.rate_hz, self.verdict = directory, rate_hz, verdict
        self.skip: set[int] = set()
        self.damage: set[int] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        context = zmq.Context()
        sockets = {name: context.socket(zmq.XPUB) for name in ("stream", "latest", "status")}
        sockets["control"] = context.socket(zmq.ROUTER)
        for name, socket in sockets.items():
            socket.linger = 0
            socket.bind(f"ipc://{self.directory}/{name}.sock")
        sequence = 0
        try:
            while not self._stop.wait(1 / self.rate_hz):
                sequence += 1
                self._publish(sockets, sequence)
                if sequence % 5 == 0:
                    self._report(sockets["status"])
                while sockets["control"].poll(0):
                    *route, request = sockets["control"].recv_multipart()
                    sockets["control"].send_multipart([*route, self._answer(json.loads(request))])
        finally:
            context.destroy(linger=0)

    def _publish(self, sockets: dict[str, zmq.Socket], sequence: int) -> None:
        if sequence in self.skip:
            return
        header = {
            "v": 1, "type": "depth", "topic": "front/depth/", "seq": sequence, "frame": "f",
            "stamp": stamp(time.time_ns()), "mono": stamp(time.monotonic_ns()), "boot_id": BOOT_ID,
            "width": 4, "height": 2, "encoding": "32FC1", "unit": "m", "step": 16,
            "scale": {"state": "locked", "sources": ["pose"]}, "degraded": [],
        }  # fmt: skip
        payload = np.full((2, 4), sequence, "<f4").tobytes()
        if sequence in self.damage:
            payload = payload[:-1]
        sockets["stream"].send_multipart([b"front/depth/", json.dumps(header).encode(), payload])
        sockets["latest"].send(single_frame("front/depth/", header, payload))

    def _report(self, status: zmq.Socket) -> None:
        camera = {"name": "front", "source": "stub", "rate_hz": self.rate_hz, "topics": ["front/depth/"]}
        info = {"v": 1, "type": "info", "version": "stub", "cameras": [camera]}
        health = {
            "v": 1, "type": "health", "camera": "front", "mono": stamp(time.monotonic_ns()),
            "verdict": self.verdict, "degraded": [],
            "nominal_rate_hz": self.rate_hz / 2,  # half: a loaded test machine must not look like a slow camera
        }  # fmt: skip
        status.send(b"info/" + json.dumps(info).encode())
        status.send(b"health/" + json.dumps(health).encode())

    @staticmethod
    def _answer(request: dict[str, Any]) -> bytes:
        if request["request"] == "status":
            return json.dumps({"v": 1, "ok": True, "request": "status", "result": {"up": True}}).encode()
        error = {"code": "unknown_request", "text": "no such request"}
        return json.dumps({"v": 1, "ok": False, "error": error}).encode()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture
def directory() -> Iterator[str]:
    # Short: a socket path has at most 107 bytes.
    path = tempfile.mkdtemp(prefix="dc-", dir="/tmp")
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def daemon(directory: str) -> Iterator[StubDaemon]:
    stub = StubDaemon(directory)
    yield stub
    stub.stop()
