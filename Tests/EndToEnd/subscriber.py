"""Receiving from a daemon, with timeouts that fail a test instead of hanging it."""
import time

import zmq

from wire import decode_latest, decode_status, decode_stream

PATIENCE_S = 60


class Subscriber:
    """A SUB socket on one endpoint of a daemon."""

    def __init__(self, endpoint, *topics, decode, high_water_mark=1000, conflate=False):
        self.socket = zmq.Context.instance().socket(zmq.SUB)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RCVHWM, high_water_mark)
        if conflate:
            self.socket.setsockopt(zmq.CONFLATE, 1)
        for topic in topics:
            self.socket.setsockopt(zmq.SUBSCRIBE, topic.encode())
        self.socket.connect(endpoint)
        self.decode = decode

    def receive(self, timeout=PATIENCE_S):
        """The next message; fails after `timeout` seconds."""
        assert self.socket.poll(timeout * 1000), f"nothing was received within {timeout} s"
        frames = self.socket.recv_multipart()
        return self.decode(frames if self.decode is decode_stream else frames[0])

    def receive_many(self, count, timeout=PATIENCE_S):
        return [self.receive(timeout) for _ in range(count)]

    def receive_until(self, is_right, timeout=PATIENCE_S):
        """The first message for which `is_right(message)` holds."""
        deadline = time.monotonic() + timeout
        last = None
        while time.monotonic() < deadline:
            if self.socket.poll(200):
                last = self.receive()
                if is_right(last):
                    return last
        raise AssertionError(f"not received within {timeout} s; the last message was {last}")

    def is_silent(self, seconds):
        return not self.socket.poll(seconds * 1000)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def is_down(message):
    """Whether a health message says that there is no depth, and why: not while the source is still being opened."""
    codes = {part["code"] for part in message[1].get("components", ())}
    return message[1]["verdict"] == "down" and "camera_starting" not in codes


def stream(daemon, *topics, **options):
    return Subscriber(daemon.endpoint("stream"), *topics, decode=decode_stream, **options)


def latest(daemon, topic, **options):
    return Subscriber(daemon.endpoint("latest"), topic, decode=decode_latest, **options)


def status(daemon, *topics, **options):
    return Subscriber(daemon.endpoint("status"), *topics, decode=decode_status, **options)
