"""Subscribes to depth as a program of the robot does: an ordinary user in the group `video`.

usage: subscriber.py FRAMES SECONDS    prints how many came; run by `receive`
"""
import json
import subprocess
import sys
import time

import zmq
from report import Failure, require

STREAM = "ipc:///run/depthd/stream.sock"
TOPIC = "front/depth/"
ROBOT_PROGRAM = ["setpriv", "--reuid=1000", "--regid=1000", "--groups=video", "--"]


def receive(frames: int = 3, seconds: float = 180) -> str:
    """Waits for that many new frames of metric depth."""
    done = subprocess.run(
        [*ROBOT_PROGRAM, "python3", __file__, str(frames), str(seconds)], capture_output=True, text=True, check=False
    )
    require(done.returncode == 0, f"{done.stdout}{done.stderr}")
    return done.stdout.strip()


def listen(frames: int, seconds: float) -> str:
    socket = zmq.Context.instance().socket(zmq.SUB)
    socket.connect(STREAM)
    socket.subscribe(TOPIC)
    deadline = time.monotonic() + seconds
    headers: list[dict] = []
    while len(headers) < frames:
        if not socket.poll(max(0, int((deadline - time.monotonic()) * 1000))):
            raise Failure(f"{len(headers)} of {frames} frames on {TOPIC} within {seconds} s")
        topic, header, payload = socket.recv_multipart()
        headers.append(json.loads(header))
        size = headers[-1]["width"] * headers[-1]["height"]
        require(topic == TOPIC.encode() and len(payload) == 4 * size, f"{topic}: {len(payload)} bytes")
    numbers = [header["seq"] for header in headers]
    require(numbers == sorted(set(numbers)), f"sequence numbers {numbers}")
    return f"{frames} frames of {headers[-1]['width']}x{headers[-1]['height']}"


if __name__ == "__main__":
    try:
        print(listen(int(sys.argv[1]), float(sys.argv[2])))
    except Failure as failure:
        sys.exit(str(failure))
