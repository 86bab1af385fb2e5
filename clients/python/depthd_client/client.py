"""Subscriptions that receive in the background and always know their newest frame."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from types import TracebackType
from typing import Any, Iterator

import zmq

from .endpoints import Endpoints
from .liveness import Liveness
from .message import Frame, WireError, parse_message, parse_status

_POLL_MS = 100


def _subscriber(context: zmq.Context[Any], endpoint: str, topic: bytes, *, conflate: bool) -> zmq.Socket[Any]:
    """A SUB socket that reconnects for ever.

    Deliberately without heartbeats: a subscriber that is slow does not answer them, is disconnected although it
    is healthy, and libzmq then aborts the process (libzmq issue 3937).
    """
    socket: zmq.Socket[Any] = context.socket(zmq.SUB)
    socket.linger = 0
    socket.setsockopt(zmq.RECONNECT_IVL, 100)
    socket.setsockopt(zmq.RECONNECT_IVL_MAX, 2000)
    socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
    if conflate:
        # Safe only because messages of the latest endpoint are single frames.
        socket.setsockopt(zmq.CONFLATE, 1)
    else:
        socket.rcvhwm = 100
    socket.setsockopt(zmq.SUBSCRIBE, topic)
    socket.connect(endpoint)
    return socket


class FrameSubscription:
    """One topic of one camera, received by a thread of its own until ``close()``."""

    def __init__(self, context: zmq.Context[Any], endpoints: Endpoints, topic: str, queue: int | None) -> None:
        """``queue=None``: the newest frame only, from latest. Else all frames, from stream, as long as no more
        than ``queue`` wait to be taken."""
        self.topic = topic
        #: frames received; published but never arrived; queued but never taken; unreadable; daemon restarts
        self.received = self.lost = self.displaced = self.malformed = self.restarts = 0
        self.last_error: WireError | None = None
        self.rate_hz: float | None = None
        self._conflate = queue is None
        self._pending: deque[Frame] = deque(maxlen=queue or 1)
        self._newest: Frame | None = None
        self._condition = threading.Condition()
        self._stopped = False
        endpoint = endpoints.latest if queue is None else endpoints.stream
        self._thread = threading.Thread(
            target=self._receive, args=(context, endpoint), name=f"depthd {topic}", daemon=True
        )
        self._thread.start()

    def _receive(self, context: zmq.Context[Any], endpoint: str) -> None:
        socket = _subscriber(context, endpoint, self.topic.encode(), conflate=self._conflate)
        try:
            while not self._stopped:
                if not socket.poll(_POLL_MS):
                    continue
                parts = [socket.recv(copy=False)]
                while socket.getsockopt(zmq.RCVMORE):
                    parts.append(socket.recv(copy=False))
                try:
                    self._put(parse_message([part.buffer for part in parts]))
                except WireError as error:
                    with self._condition:
                        self.malformed += 1
                        self.last_error = error
        finally:
            socket.close()

    def _put(self, frame: Frame) -> None:
        with self._condition:
            self._count(frame)
            if len(self._pending) == self._pending.maxlen and not self._conflate:
                self.displaced += 1
            self._pending.append(frame)
            self._newest = frame
            self._condition.notify_all()

    def _count(self, frame: Frame) -> None:
        self.received += 1
        if self._newest is None:
            return
        if frame.seq > self._newest.seq:
            self.lost += frame.seq - self._newest.seq - 1
        else:
            self.restarts += 1
        interval = (frame.received_ns - self._newest.received_ns) * 1e-9
        if interval > 0:
            # Averaging intervals, not rates: one late frame then counts once, not many times.
            mean = 1 / self.rate_hz if self.rate_hz else interval
            weight = 1 / self.received if self.received < 20 else 0.05
            self.rate_hz = 1 / (mean + weight * (interval - mean))

    def next(self, timeout_s: float = 1.0) -> Frame | None:
        """The next frame not yet handed out, never the same twice; None when the time is up."""
        with self._condition:
            self._condition.wait_for(lambda: self._pending or self._stopped, timeout_s)
            return self._pending.popleft() if self._pending else None

    @property
    def newest(self) -> Frame | None:
        """The newest frame, handed out or not."""
        return self._newest

    def stale(self, after_s: float) -> bool:
        """Whether the newest frame is older than that, or there is none."""
        frame = self._newest
        if frame is None:
            return True
        age = frame.age_s()
        return (self.since_frame_s or 0.0 if age is None else age) > after_s

    @property
    def since_frame_s(self) -> float | None:
        """Seconds since a frame was received; None before the first."""
        frame = self._newest
        return None if frame is None else (time.monotonic_ns() - frame.received_ns) * 1e-9

    def __iter__(self) -> Iterator[Frame]:
        """Frames until ``close()``; waits through silence."""
        while not self._stopped:
            frame = self.next()
            if frame is not None:
                yield frame

    def close(self) -> None:
        with self._condition:
            self._stopped = True
            self._condition.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join()


class StatusSubscription:
    """The daemon's status messages; holds the last of each kind."""

    def __init__(self, context: zmq.Context[Any], endpoint: str) -> None:
        self.info: dict[str, Any] | None = None
        self.calibration: dict[str, dict[str, Any]] = {}
        self.health: dict[str, dict[str, Any]] = {}
        self.events: deque[dict[str, Any]] = deque(maxlen=1000)
        self.odometry: deque[dict[str, Any]] = deque(maxlen=10_000)
        self._health_ns: dict[str, int] = {}
        self._stopped = False
        self._thread = threading.Thread(
            target=self._receive, args=(context, endpoint), name="depthd status", daemon=True
        )
        self._thread.start()

    def _receive(self, context: zmq.Context[Any], endpoint: str) -> None:
        socket = _subscriber(context, endpoint, b"", conflate=False)
        try:
            while not self._stopped:
                if socket.poll(_POLL_MS):
                    try:
                        self._take(*parse_status(socket.recv()))
                    except WireError:
                        continue  # a newer daemon may send what is unknown here
        finally:
            socket.close()

    def _take(self, topic: str, message: dict[str, Any]) -> None:
        if topic == "info/":
            self.info = message
        elif topic == "calib/":
            self.calibration[message.get("camera", "")] = message
        elif topic == "health/":
            self.health[message.get("camera", "")] = message
            self._health_ns[message.get("camera", "")] = time.monotonic_ns()
        elif topic == "event/":
            self.events.append(message)
        elif topic == "odometry/":
            self.odometry.append(message)

    def since_health_s(self, camera: str) -> float | None:
        received = self._health_ns.get(camera)
        return None if received is None else (time.monotonic_ns() - received) * 1e-9

    def close(self) -> None:
        self._stopped = True
        self._thread.join()


class DepthClient:
    """One daemon: subscriptions, status, requests. Reconnects by itself for ever.

    >>> with DepthClient() as client:
    ...     for frame in client.subscribe("front/depth/"):
    ...         print(frame.seq, frame.age_s(), frame.depth.shape)
    """

    def __init__(self, directory: str | None = None, endpoints: Endpoints | None = None) -> None:
        """A daemon on this machine by its socket directory, or any daemon by its endpoints."""
        self.endpoints = endpoints or Endpoints.in_directory(directory)
        self._context = zmq.Context()
        self._subscriptions: list[FrameSubscription] = []
        self.status = StatusSubscription(self._context, self.endpoints.status)

    def subscribe(self, topic: str, queue: int | None = None) -> FrameSubscription:
        """Receives one topic, for example ``front/depth/``.

        ``queue=None`` gives the newest frame only; a number gives every frame in order, that many waiting.
        """
        topic = topic if topic.endswith("/") else topic + "/"
        subscription = FrameSubscription(self._context, self.endpoints, topic, queue)
        self._subscriptions.append(subscription)
        return subscription

    def liveness(self, subscription: FrameSubscription) -> Liveness:
        """Whether a subscription delivers, fast enough, from a camera that works."""
        camera = subscription.topic.split("/", 1)[0]
        health = self.status.health.get(camera, {})
        cameras = (self.status.info or {}).get("cameras", [])
        configured = next((item.get("rate_hz") for item in cameras if item.get("name") == camera), None)
        return Liveness.judge(
            since_frame_s=subscription.since_frame_s,
            rate_hz=subscription.rate_hz,
            nominal_rate_hz=health.get("nominal_rate_hz", configured),
            since_health_s=self.status.since_health_s(camera),
            down=health.get("verdict") == "down",
        )

    def ask(self, request: str, timeout_s: float = 2.0, **arguments: Any) -> dict[str, Any]:
        """Sends a request such as ``status`` and returns the ``result`` of the reply.

        Raises TimeoutError when no daemon answers, RuntimeError with the daemon's words when it refuses.
        """
        socket = self._context.socket(zmq.REQ)
        socket.linger = 0
        try:
            socket.connect(self.endpoints.control)
            socket.send(json.dumps({"request": request, **arguments}).encode())
            if not socket.poll(int(timeout_s * 1000)):
                raise TimeoutError(f"{self.endpoints.control} did not answer within {timeout_s} s")
            reply = json.loads(socket.recv())
        finally:
            socket.close()
        if not reply.get("ok"):
            error = reply.get("error", {})
            raise RuntimeError(f"{error.get('code', 'error')}: {error.get('text', reply)}")
        return dict(reply["result"])

    def close(self) -> None:
        for subscription in self._subscriptions:
            subscription.close()
        self.status.close()
        self._context.term()

    def __enter__(self) -> DepthClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
